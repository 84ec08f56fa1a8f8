"""Brother's raster, read by what the maker's manual says."""

import pytest

from biobank.errors import RuleBroken
from biobank.labels import brother
from biobank.labels.dots import dots
from biobank.labels.shapes import INCH, Arranged
from biobank.labels.stock import STOCKS, Stock
from tests.labels import printers
from tests.labels.handmade import arranged, codes

ROLLS = [code for code in STOCKS if code.startswith("dk-")]
DOT = INCH / 300


def _labels(stock: Stock, count: int) -> list[Arranged]:
    return [arranged(code, 300, width=stock.width, height=stock.height) for code in codes(count, seed=1)]


@pytest.mark.parametrize("code", ROLLS)
def test_every_roll_burns_the_dots_that_were_proofed_where_it_can_be_printed(code: str) -> None:
    stock = STOCKS[code]
    labels = _labels(stock, 3)
    stream = b"".join(brother.written(labels, stock=stock))
    burned = printers.brother_labels(stream, stock)
    assert [printers.read(image) for image in burned] == [[label.code] for label in labels]
    assert [image.tobytes() for image in burned] == [dots(label).image.tobytes() for label in labels]
    assert len({(page.media, page.rows) for page in printers.brother(stream)}) == 1


def test_rolls_are_told_to_the_printer_as_its_sensor_knows_them() -> None:
    told = {}
    for code in ROLLS:
        stock = STOCKS[code]
        (page,) = printers.brother(b"".join(brother.written(_labels(stock, 1), stock=stock)))
        told[code] = (*page.media, page.rows, page.margin)
    assert told["dk-62"] == (0x0A, 62, 0, 295, 35)
    assert told["dk-12"] == (0x0A, 12, 0, 354, 35)
    assert told["dk-29x90"] == (0x0B, 29, 90, 991, 0)
    assert told["dk-62x29"] == (0x0B, 62, 29, 271, 0)
    assert told["dk-dot-12"] == (0x0B, 12, 12, 94, 0)


def test_every_roll_lies_within_the_head() -> None:
    for code in ROLLS:
        roll = brother.roll(STOCKS[code])
        assert roll.across + roll.right <= brother.PINS


def test_only_the_first_label_begins_a_job_and_only_the_last_ends_it() -> None:
    stock = STOCKS["dk-62x29"]
    streams = list(brother.written(_labels(stock, 3), stock=stock))
    pages = list(printers.brother(b"".join(streams)))
    assert [page.follows for page in pages] == [False, True, True]
    assert [page.last for page in pages] == [False, False, True]
    assert len(streams) == len(pages)
    assert list(brother.written([], stock=stock)) == []


def test_a_job_of_one_label_is_byte_for_byte_as_the_manual_orders_it() -> None:
    stock = STOCKS["dk-62x29"]
    (stream,) = brother.written([Arranged("S000000000", stock.width, stock.height, 300, (), ())], stock=stock)
    order = (
        "1b 40",  # initialise
        "1b 69 61 01",  # raster mode
        "1b 69 7a ce 0b 3e 1d 0f 01 00 00 00 00",  # labels of 62 x 29 mm, 271 rows, first page
        "1b 69 4d 40 1b 69 41 01 1b 69 4b 08",  # cut by itself, each, and at the end
        "1b 69 64 00 00 4d 00",  # no margin, no compression
    )
    row = bytes.fromhex("67 00 5a") + bytes(90)
    assert stream == bytes(400) + b"".join(map(bytes.fromhex, order)) + 271 * row + b"\x1a"


def test_a_piece_of_tape_is_never_shorter_than_the_cutter_lets_go() -> None:
    stock = STOCKS["dk-12"]
    short = Stock("own", "Short", 8, stock.height, 8, stock.height, turned=True, continuous=True)
    label = Arranged("S000000000", 8, stock.height, 300, (), ())
    (page,) = printers.brother(b"".join(brother.written([label], stock=short)))
    assert page.rows == 150


def test_stock_that_is_no_roll_of_the_maker_is_refused() -> None:
    for code in ("roll-33x13", "roll-100x50"):
        with pytest.raises(RuleBroken) as refused:
            brother.written([], stock=STOCKS[code])
        assert refused.value.slug == "label_stock_not_brother"


def test_another_resolution_is_refused() -> None:
    stock = STOCKS["dk-62"]
    label = arranged("SM9S346Q35", 203, width=stock.width, height=stock.height)
    with pytest.raises(RuleBroken) as refused:
        list(brother.written([label], stock=stock))
    assert refused.value.slug == "label_resolution_unfit"


def test_the_offset_of_the_printer_moves_every_label() -> None:
    stock = STOCKS["dk-62x29"]
    (label,) = _labels(stock, 1)
    streams = (brother.written([label], stock=stock, offset_x_um=x, offset_y_um=0) for x in (0, 1000))
    still, moved = (next(printers.brother(b"".join(stream))).picture for stream in streams)
    assert moved.crop((12, 0, 720, 271)).tobytes() == still.crop((0, 0, 708, 271)).tobytes()
