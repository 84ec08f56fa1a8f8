"""ZPL, read by an interpreter that is not ours."""

import re
import string
from collections.abc import Sequence

from biobank.labels import zpl
from biobank.labels.dots import dots
from biobank.labels.shapes import Arranged
from biobank.labels.stock import STOCKS
from tests.labels import printers
from tests.labels.handmade import arranged, codes, noise

ROLL = STOCKS["roll-33x13"]
BOX = "x^FS^FO150,30^GB60,60,60"
HOSTILE = (
    BOX,
    "^XZ^XA",
    "~JR",
    "^FN1^FDx^FS",
    "_5E_58_5A",
    "\\&\\5E",
    "one\ntwo\r\n^XA",
    "\u202e^ZX \u200f",
    "^FX ~DGR:A.GRF,1,1,FF",
)
COMMAND = re.compile(r"[\^~][A-Z@]{1,2}")


def _spoken(labels: Sequence[Arranged], **offset: int) -> list[bytes]:
    return list(zpl.written(labels, stock=ROLL, **offset))


def test_an_interpreter_draws_the_dots_that_were_proofed_and_they_read_as_the_same_ids() -> None:
    jobs = {
        dpi: [arranged(code, dpi, "EDTA plasma", "\u8840\u6d46") for code in codes(3, seed=dpi)]
        for dpi in (203, 300, 600)
    }
    shown = printers.zpl([(b"".join(_spoken(labels)), dpi) for dpi, labels in jobs.items()])
    for labels, drawn in zip(jobs.values(), shown, strict=True):
        assert [printers.read(image) for image in drawn] == [[label.code] for label in labels]
        assert [image.tobytes() for image in drawn] == [dots(label).image.tobytes() for label in labels]


def test_hostile_texts_are_printed_and_inject_nothing() -> None:
    plain, *hostile = [arranged("SM9S346Q35", 203, text) for text in ("EDTA plasma", *HOSTILE)]
    (expected,) = [COMMAND.findall(each.decode()) for each in _spoken([plain])]
    streams = _spoken(hostile)
    for stream in streams:
        assert COMMAND.findall(stream.decode()) == expected
        assert set(stream.decode()) <= {*string.ascii_letters, *string.digits, *"^,:\n"}
    assert len(set(streams)) == len(HOSTILE)
    control = b"^XA^PW264^LL104^FO10,10^A0N,20,20^FD%s^FS^XZ"
    spoken = [*streams, control % b"x", control % BOX.encode()]
    *shown, (unboxed,), (boxed,) = printers.zpl([(stream, 203) for stream in spoken])
    for label, (image,) in zip(hostile, shown, strict=True):
        assert printers.read(image) == ["SM9S346Q35"]
        assert image.tobytes() == dots(label).image.tobytes()
    in_box = (180, 60)
    assert (unboxed.getpixel(in_box), boxed.getpixel(in_box)) == (printers.WHITE, 0), "such texts do work"


def test_any_picture_survives_the_compression() -> None:
    noises = [noise(width, 20, seed) for seed, width in enumerate((8, 264, 3500))]
    for label in noises:
        assert _unpacked(zpl.packed(label), label.stride) == label.rows.hex().upper()
    drawn = printers.zpl([(zpl.label(each), 203) for each in noises])
    assert [image.tobytes() for (image,) in drawn] == [each.image.tobytes() for each in noises]


def test_a_printer_that_was_turned_mirrored_or_moved_prints_upright() -> None:
    (stream,) = _spoken([arranged("SM9S346Q35", 300)])
    assert stream.startswith(b"^XA^PON^PMN^LRN^LH0,0^PW390^LL154^FO0,0^GFA,7546,7546,49,")
    assert stream.endswith(b"^FS^PQ1^XZ\n")


def test_the_offset_of_the_printer_moves_every_label() -> None:
    label = arranged("SM9S346Q35", 300)
    still, moved = _spoken([label])[0], _spoken([label], offset_x_um=1000, offset_y_um=500)[0]
    assert moved == zpl.label(dots(label).moved(1000, 500))
    assert moved != still


def _unpacked(text: str, stride: int) -> str:
    """What the programming guide says the letters and signs stand for."""
    rows: list[str] = []
    row, count = "", 0
    for sign in text:
        if sign == ":":
            assert not row
            row = rows[-1]
        elif sign == ",":
            row = row.ljust(2 * stride, "0")
        elif sign in "0123456789ABCDEF":
            row, count = row + sign * (count or 1), 0
        elif sign.isupper():
            count += ord(sign) - ord("F")
        else:
            count += 20 * (ord(sign) - ord("f"))
        if len(row) == 2 * stride:
            rows.append(row)
            row = ""
    assert not row
    return "".join(rows)
