"""TSPL, read by what the maker's manual says."""

import random
import re

import pytest

from biobank.labels import tspl
from biobank.labels.dots import Dots, dots
from biobank.labels.stock import STOCKS
from tests.labels import printers
from tests.labels.handmade import arranged, codes, noise

ROLL = STOCKS["roll-33x13"]


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_printer_burns_the_dots_that_were_proofed_and_they_read_as_the_same_ids(dpi: int) -> None:
    labels = [arranged(code, dpi, "EDTA plasma") for code in codes(5, seed=dpi)]
    burned = list(printers.tspl(b"".join(tspl.written(labels, stock=ROLL)), dpi))
    assert [printers.read(image) for image in burned] == [[label.code] for label in labels]
    assert [image.tobytes() for image in burned] == [dots(label).image.tobytes() for label in labels]


def test_hostile_texts_are_printed_and_inject_nothing() -> None:
    for text in ('"\r\nCLS\r\nPRINT 9,9', "\x1b!R", "~!T", "BITMAP 0,0,1,1,0,", "\u202e^XZ"):
        label = arranged("SM9S346Q35", 203, text)
        (stream,) = tspl.written([label], stock=ROLL)
        (image,) = printers.tspl(stream, 203)
        assert image.tobytes() == dots(label).image.tobytes()
        assert stream.count(b"PRINT") == 1


def test_no_picture_spells_what_a_printer_acts_on_at_once() -> None:
    chance = random.Random(7)  # noqa: S311 (a test's seeded chance)
    for width in (8, 16, 48, 264):
        inverted = bytes(255 - each for each in b"\x1b!~!\x1b\x1b!!~~!\xff")
        rows = bytes(chance.choices(inverted, k=width // 8 * 60))
        label = Dots("S000000000", 203, width, 60, rows)
        (image,) = printers.tspl(tspl.label(label), 203)
        assert image.tobytes() == label.image.tobytes()


def test_a_picture_that_spells_nothing_is_sent_whole() -> None:
    for seed in range(5):
        label = noise(264, 40, seed)
        stream = tspl.label(label)
        (image,) = printers.tspl(stream, 203)
        assert image.tobytes() == label.image.tobytes()
    stream = tspl.label(dots(arranged("SM9S346Q35", 203)))
    assert len(re.findall(b"BITMAP", stream)) == 1
    assert stream.startswith(
        b"\r\nSIZE 33.03 mm,13.01 mm\r\nDIRECTION 0,0\r\nREFERENCE 0,0\r\nCLS\r\nBITMAP 0,0,33,104,0,"
    )


def test_the_offset_of_the_printer_moves_every_label() -> None:
    label = arranged("SM9S346Q35", 300)
    (stream,) = tspl.written([label], stock=ROLL, offset_x_um=1000, offset_y_um=500)
    (image,) = printers.tspl(stream, 300)
    assert image.tobytes() == dots(label).moved(1000, 500).image.tobytes()
