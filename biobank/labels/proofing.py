"""Proofing: a page as the printer will put it on paper, dot by dot, and every label on it read back.

pdfium may be used by one thread at a time, so whoever renders waits for the lock.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

import pypdfium2
import zxingcpp
from msgspec import Struct
from PIL import Image

from biobank.errors import RuleBroken
from biobank.labels import drawing, fitting, layouts
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Arranged, Face, SymbolKind
from biobank.labels.stock import Stock
from biobank.labels.symbols.encoded import NAMES
from biobank.texts import N_

_INK = 128
"""A printer of labels has no grey: what is darker than the middle becomes a dot."""

_RENDERING = Lock()
_THRESHOLD = [0] * _INK + [255] * (256 - _INK)


class Verdict(Struct, frozen=True):
    """What a label, by its place in the order, reads as; good where every symbol on it reads as its code."""

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
    found = zxingcpp.read_barcodes(image, formats=_formats(SymbolKind), try_downscale=False, try_invert=False)
    return [each.text for each in found]


def verdict(serial: int, label: Arranged, image: Image.Image) -> Verdict:
    """Whether a picture of one label reads as its code, once for each symbol on it and nothing else."""
    if not label.symbols:
        return Verdict(serial, label.code, (), good=True)
    kinds = [symbol.kind for symbol in label.symbols]
    found = zxingcpp.read_barcodes(image, formats=_formats(kinds), try_downscale=False, try_invert=False)
    reads = tuple(each.text for each in found)
    good = set(reads) <= {label.code} and Counter(each.format.name for each in found) == Counter(
        NAMES[kind] for kind in kinds
    )
    return Verdict(serial, label.code, reads, good)


def _formats(kinds: Iterable[SymbolKind]) -> zxingcpp.BarcodeFormats:
    return zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, NAMES[kind]) for kind in set(kinds)])


def judged(
    pdf: bytes,
    labels: Sequence[Arranged],
    stock: Stock,
    *,
    skip: int = 0,
    offset_x: float = 0,
    offset_y: float = 0,
) -> Iterator[Verdict]:
    """What each label of a sheet reads as, in their order; the settings are those it was drawn with."""
    waiting = iter(enumerate(labels, 1))
    dpi = labels[0].dpi
    first = skip
    for page in rasters(pdf, dpi):
        for index in range(first, stock.per_page):
            serial, label = next(waiting, (0, None))
            if label is None:
                return
            yield verdict(serial, label, page.crop(cell(stock, index, label, offset_x, offset_y)))
        first = 0


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
    pdf = drawing.sheet(faces, stock, layout, dpi=dpi, skip=skip, offset_x=offset_x, offset_y=offset_y)
    arranging = {
        of: fitting.Arranging(layout or layouts.layout_for(of, stock), stock, dpi)
        for of in {face.of for face in faces}
    }
    labels = [arranging[face.of].arranged(face) for face in faces]
    return list(judged(pdf, labels, stock, skip=skip, offset_x=offset_x, offset_y=offset_y))


def require_readable(verdicts: Iterable[Verdict]) -> None:
    """Refused: the first label that does not read as its own code; nothing of its job may be sent."""
    for each in verdicts:
        if not each.good:
            raise RuleBroken(
                "label_unreadable",
                N_(
                    "Label %(serial)s (%(code)s) would not scan back as it would be printed, so nothing was "
                    "printed. Choose a larger stock, a printer with more dots or another layout."
                ),
                field="stock",
                serial=each.serial,
                code=each.code,
            )


def cell(
    stock: Stock, index: int, label: Arranged, offset_x: float = 0, offset_y: float = 0
) -> tuple[int, int, int, int]:
    """A label on its page in dots, from the whole dot that its corner stands on; none of it off the page."""
    x, y = stock.corner(index)
    left, top = round((x + offset_x) / label.dot), round((y + offset_y) / label.dot)
    right, bottom = left + round(label.width / label.dot), top + round(label.height / label.dot)
    across, down = round(stock.page_width / label.dot), round(stock.page_height / label.dot)
    return max(left, 0), max(top, 0), min(right, across), min(bottom, down)
