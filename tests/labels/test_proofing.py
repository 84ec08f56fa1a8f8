from collections.abc import Sequence
from io import BytesIO

import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from biobank.errors import RuleBroken
from biobank.labels import proofing
from biobank.labels.drawing import sheet
from biobank.labels.fitting import Arranging
from biobank.labels.layouts import layout_for
from biobank.labels.preview import preview
from biobank.labels.proofing import Verdict, judged, prove, require_readable, verdict
from biobank.labels.shapes import Arranged, Face, Of
from biobank.labels.stock import STOCKS, Stock
from tests.effort import takes_less
from tests.labels.paper import codes

TUBES, BOXES = STOCKS["ttlw-2016"], STOCKS["dk-29x90"]


def labels(count: int, of: Of = Of.SPECIMEN, seed: int = 1) -> list[Face]:
    fields = {"material": "EDTA plasma", "event": "V03", "amount": "500 \u00b5L", "name": "Plasma 血浆 12"}
    return [Face(code, of, fields) for code in codes(count, seed)]


def arranged(faces: Sequence[Face], stock: Stock, dpi: int = 300) -> list[Arranged]:
    arranging = Arranging(layout_for(faces[0].of, stock), stock, dpi)
    return [arranging.arranged(face) for face in faces]


def test_every_label_of_a_part_used_sheet_reads_as_its_own_code() -> None:
    faces = labels(100)
    verdicts = prove(faces, TUBES, skip=80, offset_x=0.7, offset_y=-0.4)
    assert verdicts == [Verdict(at, face.code, (face.code,), good=True) for at, face in enumerate(faces, 1)]
    require_readable(verdicts)


def test_a_label_with_two_symbols_is_good_when_both_read() -> None:
    (face,) = labels(1, Of.BOX)
    (whole,) = arranged([face], BOXES)
    assert len(whole.symbols) == 2
    assert prove([face], BOXES) == [Verdict(1, face.code, (face.code, face.code), good=True)]
    (picture,) = proofing.rasters(sheet([face], BOXES), 300)
    for symbol in whole.symbols:
        box, harmed = symbol.box, picture.copy()
        edges = [each / whole.dot for each in (box.x, box.y, box.x + box.width * 0.7, box.bottom)]
        ImageDraw.Draw(harmed).rectangle(edges, fill=255)
        assert verdict(1, whole, harmed) == Verdict(1, face.code, (face.code,), good=False)


def test_a_label_that_reads_as_another_or_as_none_is_named_and_nothing_may_be_sent() -> None:
    faces = labels(3)
    wrong = [*arranged(faces[:1], TUBES), *arranged(labels(1, seed=9), TUBES), *arranged(faces[2:], TUBES)]
    verdicts = list(judged(sheet(faces, TUBES), wrong, TUBES))
    assert [each.good for each in verdicts] == [True, False, True]
    assert verdicts[1].reads == (faces[1].code,)
    with pytest.raises(RuleBroken) as refused:
        require_readable(verdicts)
    assert refused.value.slug == "label_unreadable"
    assert refused.value.facts == {"serial": 2, "code": wrong[1].code}


def test_a_symbol_with_a_blackened_corner_does_not_pass() -> None:
    (face,) = labels(1)
    (label,) = arranged([face], TUBES)
    (picture,) = proofing.rasters(sheet([face], replace(TUBES, columns=1, rows=1)), 300)
    cell = proofing.cell(TUBES, 0, label)
    assert verdict(1, label, picture.crop(cell)).good
    box = label.symbols[0].box
    corner = [each / label.dot for each in (box.x, box.y, box.x + 3, box.y + 3)]
    harmed = picture.crop(cell)
    ImageDraw.Draw(harmed).rectangle(corner, fill=0)
    assert verdict(1, label, harmed) == Verdict(1, face.code, (), good=False)


def test_a_page_is_black_and_white_in_the_dots_of_the_printer() -> None:
    file = BytesIO()
    canvas = Canvas(file, pagesize=(72, 36))
    canvas.setFillGray(0.4)
    canvas.rect(0, 0, 36, 36, stroke=0, fill=1)
    canvas.setFillGray(0.6)
    canvas.rect(36, 0, 36, 36, stroke=0, fill=1)
    canvas.save()
    (picture,) = proofing.rasters(file.getvalue(), 203)
    assert picture.size == (203, 102)
    assert (picture.getpixel((50, 50)), picture.getpixel((150, 50))) == (0, 255)


def test_a_preview_shows_the_label_in_the_dots_of_the_printer_and_says_what_it_reads_as() -> None:
    (face,) = labels(1)
    shown = preview(face, TUBES, dpi=203)
    picture = Image.open(BytesIO(shown.png))
    assert (shown.reads_as, shown.width, shown.height) == (face.code, TUBES.width, TUBES.height)
    assert picture.size == (round(TUBES.width / 25.4 * 203), round(TUBES.height / 25.4 * 203))
    assert proofing.read(picture.convert("L")) == [face.code]
    assert preview(labels(1, Of.BOX)[0], BOXES).reads_as == face.code


def test_proofing_a_sheet_is_quick() -> None:
    faces = labels(85)
    assert takes_less(lambda: prove(faces, TUBES), 85 * 0.04)
