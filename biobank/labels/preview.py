"""The preview: one label in the printer's dots, and what a scanner would read from it."""

from io import BytesIO

from msgspec import Struct

from biobank.labels import dots, layouts, proofing
from biobank.labels.fitting import Arranging
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Face
from biobank.labels.stock import Stock


class Preview(Struct, frozen=True):
    """A picture to be shown as large as the label is (mm), a pixel for each dot of the printer.

    `reads_as` is the code that every symbol on it reads as; None where one does not, so that it would not
    be printed. Warnings are message ids.
    """

    png: bytes
    reads_as: str | None
    warnings: tuple[str, ...]
    width: float
    height: float


def preview(face: Face, stock: Stock, layout: Layout | None = None, *, dpi: int = 300) -> Preview:
    """What one label will look like, with what stands on its cap dot. Refused like a drawing."""
    label = Arranging(layout or layouts.layout_for(face.of, stock), stock, dpi).arranged(face)
    image = dots.dots(label).image
    good = proofing.verdict(1, label, image).good
    file = BytesIO()
    image.convert("1").save(file, "PNG", dpi=(dpi, dpi))
    return Preview(file.getvalue(), face.code if good else None, label.warnings, label.width, label.height)
