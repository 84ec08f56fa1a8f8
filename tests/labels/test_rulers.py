import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from biobank.labels import inventory, rulers
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import STOCKS, Stock
from biobank.texts import CHINESE, in_language, language
from tests.labels.paper import SAID, codes

TOUGH_TAGS = STOCKS["ttlw-2016"]
JOB = "0192f0c1-7e2a-7cc1-9d3e-2f4b8a9c0d11"
DPI = 300


def images(pdf: bytes) -> list[Image.Image]:
    return [
        page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
        for page in pypdfium2.PdfDocument(pdf)
    ]


def text(pdf: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))


def has_ink(image: Image.Image, x: float, y: float) -> bool:
    """Whether there is ink within a tenth of a millimetre of a place in mm."""
    across, down = round(x * DPI / 25.4), round(y * DPI / 25.4)
    return min(image.crop((across - 1, down - 1, across + 2, down + 2)).tobytes()) < 160


@pytest.mark.parametrize("code", ["herma-4100", "ttlw-2016", "avery-l4730"])
def test_the_outline_of_every_label_is_drawn_where_it_is_cut(code: str) -> None:
    stock = STOCKS[code]
    (image,) = images(rulers.page(stock))
    for index in range(1, stock.per_page):
        x, y = stock.corner(index)
        for share in (0.25, 0.5, 0.75):
            assert has_ink(image, x + share * stock.width, y)
            assert has_ink(image, x, y + share * stock.height)
            assert has_ink(image, x + stock.width, y + share * stock.height)
        assert not has_ink(image, x + stock.width / 2, y + stock.height / 2)


def test_round_labels_and_dots_beside_labels_are_drawn_as_circles() -> None:
    (image,) = images(rulers.page(STOCKS["ol32"]))
    x, y = STOCKS["ol32"].corner(20)
    for place in ((x, y + 6.35), (x + 6.35, y), (x + 12.7, y + 6.35), (x + 6.35, y + 12.7)):
        assert has_ink(image, *place)
    assert has_ink(image, x + 6.35 - 4.49, y + 6.35 - 4.49)
    assert not has_ink(image, x + 0.5, y + 0.5)
    dotted = STOCKS["roll-33x13-cap-9"]
    (image,) = images(rulers.page(dotted))
    assert has_ink(image, dotted.dot_x, dotted.height / 2)


def test_rulers_count_millimetres_along_all_four_edges() -> None:
    (image,) = images(rulers.page(TOUGH_TAGS))
    wide, high = TOUGH_TAGS.page_width, TOUGH_TAGS.page_height
    for at in range(1, 200):
        assert has_ink(image, at, 0.6)
        assert has_ink(image, at, high - 0.6)
        assert has_ink(image, 0.6, at)
        assert has_ink(image, wide - 0.6, at)
        assert not has_ink(image, at + 0.5, high - 0.6)
        assert has_ink(image, at, high - 2.5) is (at % 10 == 0)


def test_the_offset_moves_the_outlines_and_leaves_the_rulers() -> None:
    (image,) = images(rulers.page(TOUGH_TAGS, offset_x=1.3, offset_y=-0.7))
    x, y = TOUGH_TAGS.corner(42)
    assert has_ink(image, x + 1.3, y + 5)
    assert has_ink(image, x + 10, y - 0.7)
    assert not has_ink(image, x, y + 5)
    assert has_ink(image, 100, 2.5)
    assert "1.3, -0.7 mm" in text(rulers.page(TOUGH_TAGS, offset_x=1.3, offset_y=-0.7))


@pytest.mark.parametrize("stock", [STOCKS["ttlw-2016"], STOCKS["roll-cap-9"], STOCKS["roll-100x50"]])
def test_the_page_says_which_stock_it_is_for(stock: Stock) -> None:
    assert stock.name in text(rulers.page(stock))
    assert rulers.page(stock) == rulers.page(stock)


def faces(count: int) -> list[Face]:
    kinds = [of for of in Of if of is not Of.CAP]
    return [
        Face(code, kinds[at % len(kinds)], SAID[kinds[at % len(kinds)]])
        for at, code in enumerate(codes(count))
    ]


def test_the_list_of_a_job_has_every_label_in_order_with_what_it_says() -> None:
    labels = faces(70)
    pdf = inventory.sheet(labels, job=JOB, about=["Zebra at bench 2", "\u738b\u82b3"])
    said = text(pdf)
    places = [said.index(f"{face.code[:4]} {face.code[4:8]} {face.code[8:]}") for face in labels]
    assert places == sorted(places)
    for shown in ("EDTA plasma", "\u8840\u6d46 12", "LOOK UP", "Zebra at bench 2", "\u738b\u82b3", JOB):
        assert shown in said
    assert len(images(pdf)) == 3
    assert "3/3" in said


def test_each_page_of_the_list_has_the_jobs_id_as_a_symbol() -> None:
    for image in images(inventory.sheet(faces(40), job=JOB)):
        assert [each.text for each in zxingcpp.read_barcodes(image)] == [JOB.upper()]


def test_a_long_text_stays_clear_of_the_box_to_tick() -> None:
    labels = [Face("SM9S346Q35", Of.SPECIMEN, {"material": "W" * 300})]
    (image,) = images(inventory.sheet(labels, job=JOB))
    top, bottom = (round(edge * DPI / 25.4) for edge in (49, 54.5))
    left, right = (round(edge * DPI / 25.4) for edge in (187.3, 188.7))
    assert image.crop((left, top, right, bottom)).getextrema() == (255, 255)


def test_both_are_said_in_the_readers_language() -> None:
    token = language.set(CHINESE)
    try:
        listed, ruled = text(inventory.sheet(faces(1), job=JOB)), text(rulers.page(STOCKS["roll-100x50"]))
    finally:
        language.reset(token)
    assert in_language(CHINESE, "Labels of one job", {}) in listed
    assert in_language(CHINESE, "offset %(x)s, %(y)s mm", {"x": "0", "y": "0"}) in ruled
