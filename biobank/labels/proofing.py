"""Proofing: a page as the printer will put it on paper, dot by dot, and every label on it read back.

pdfium may be used by one thread at a time, so whoever renders waits for the lock.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock

import pypdfium2
import zxingcpp
from msgspec import Struct
from PIL import Image

from biobank.labels import drawing, fitting, layouts
from biobank.labels.layouts import Layout
from biobank.labels.shapes import INCH, Arranged, Face, SymbolKind
from biobank.labels.stock import Stock

_INK = 128
"""A printer of labels has no grey: what is darker than the middle becomes a dot."""

_FORMATS = {
    SymbolKind.QR: zxingcpp.BarcodeFormat.QRCode,
    SymbolKind.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    SymbolKind.CODE_128: zxingcpp.BarcodeFormat.Code128,
}
_KINDS = {code: kind for kind, code in _FORMATS.items()}
_ALL = tuple(_FORMATS.values())
_RENDERING = Lock()
_THRESHOLD = [0] * _INK + [255] * (256 - _INK)


class Verdict(Struct, frozen=True):
    """What one label, by its place in the order, reads as; good where every symbol on it reads as its code."""

    serial: int
    code: str
    reads: tuple[str, ...]
    good: bool


def rasters(pdf: bytes, dpi: int) -> Iterator[Image.Image]:
    """Each page in black (0) and white (255), a pixel for each dot of the printer."""
    with _RENDERING:
        document = pypdfium2.PdfDocument(pdf)
    try:
        for number in range(len(document)):
            with _RENDERING:
                page = document[number]
                bitmap = page.render(scale=dpi / 72, grayscale=True)
                grey = Image.frombytes(
                    "L", (bitmap.width, bitmap.height), bytes(bitmap.buffer), "raw", "L", bitmap.stride
                )
                bitmap.close()
                page.close()
            yield grey.point(_THRESHOLD)
    finally:
        with _RENDERING:
            document.close()


def read(image: Image.Image) -> list[str]:
    """The codes that a scanner held to it reads: QR, Data Matrix and Code 128, in any direction."""
    return [text for _kind, text in symbols(image)]


def symbols(image: Image.Image) -> list[tuple[SymbolKind, str]]:
    """What `read` reads, each with the kind of its symbol."""
    found = zxingcpp.read_barcodes(image, formats=_ALL, try_downscale=False, try_invert=False)
    return [(_KINDS[each.format], each.text) for each in found]


def prove(
    faces: Sequence[Face],
    stock: Stock,
    layout: Layout | None = None,
    *,
    dpi: int = 300,
    skip: int = 0,
    offset_x: float = 0,
    offset_y: float = 0,
) -> list[Verdict]:
    """Draws the faces as `drawing.sheet` does and reads every label back, in their order.

    Refused like a drawing.
    """
    chosen = dict(dpi=dpi, skip=skip, offset_x=offset_x, offset_y=offset_y)
    pdf = drawing.sheet(faces, stock, layout, **chosen)
    return list(judged(pdf, faces, stock, layout, **chosen))


def judged(
    pdf: bytes,
    faces: Sequence[Face],
    stock: Stock,
    layout: Layout | None = None,
    *,
    dpi: int = 300,
    skip: int = 0,
    offset_x: float = 0,
    offset_y: float = 0,
) -> Iterator[Verdict]:
    """What each label of a drawn sheet reads as."""
