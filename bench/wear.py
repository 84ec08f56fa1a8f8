"""The wear test of labels: what still reads when frost, dirt, a curve and a scanner have had their way.

`python -m bench.wear` prints the tables of docs/labels-wear.md. A symbol is drawn at 60 dots a millimetre,
soiled with round specks, half of them white and half black, laid around a vial, turned, blurred, and seen
by a camera whose pixels are 0.1 mm. zxing-cpp reads what is left. All chance is seeded.
"""

from collections.abc import Iterator, Mapping
from math import asin, pi, sin
from random import Random

import zxingcpp
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from qrcode import ERROR_CORRECT_M, ERROR_CORRECT_Q, QRCode

from biobank import codes
from biobank.codes import CodeKind
from biobank.labels import symbols
from biobank.labels.shapes import INCH, SymbolKind

FINE = 60
"""Dots a millimetre that labels are drawn in."""
PIXELS = 10
"""Pixels a millimetre of the camera."""
TRIALS = 40
WHITE = 255
VIAL = 12.5
"""Diameter of a 2 mL cryovial (mm)."""


class Wear(Struct, frozen=True):
    """What is done to a symbol: the share of it under specks of these diameters (mm), and how it is seen."""

    specks: float = 0.0
    sizes: tuple[float, float] = (0.1, 0.25)
    blur: float = 0.0
    turn: float = 0.0
    curve: bool = False


SMALL, LARGE = (0.1, 0.25), (0.3, 0.7)
SEEN = Wear(blur=0.08, turn=10, curve=True)
SOILED: Mapping[str, tuple[float, tuple[float, float]]] = {
    "clean": (0.0, SMALL),
    "3 % small": (0.03, SMALL),
    "6 % small": (0.06, SMALL),
    "3 % large": (0.03, LARGE),
    "6 % large": (0.06, LARGE),
}
VIEWS: Mapping[str, Wear] = {
    "flat": Wear(),
    "blur": Wear(blur=0.08),
    "10 degrees": Wear(turn=10),
    "vial": Wear(curve=True),
    "all three": SEEN,
}
KINDS = ("QR, level H", "QR, level Q", "QR, level M", "Data Matrix")
DOTS = (3, 4, 5, 6)
"""Dots of 300 dpi in a module."""


def drawn(kind: str, code: str, module: float) -> Image.Image:
    """A symbol with its quiet zone, at so many mm a module."""
    if kind == "Data Matrix" or kind.endswith("H"):
        which = SymbolKind.DATA_MATRIX if kind == "Data Matrix" else SymbolKind.QR
        matrix = symbols.bits(which, code)
        ink = Image.frombytes("1", (matrix.width, matrix.height), matrix.rows).convert("L")
        paper = ImageOps.expand(ImageOps.invert(ink), symbols.quiet(which), WHITE)
    else:
        level = ERROR_CORRECT_Q if kind.endswith("Q") else ERROR_CORRECT_M
        plain = QRCode(version=1, error_correction=level, border=4)
        plain.add_data(code)
        plain.make(fit=False)
        rows = [[0 if black else WHITE for black in row] for row in plain.get_matrix()]
        paper = Image.new("L", (len(rows), len(rows)))
        paper.putdata([value for row in rows for value in row])
    side = round(paper.width * module * FINE)
    return paper.resize((side, side), Image.Resampling.NEAREST)


def worn(label: Image.Image, wear: Wear, chance: Random) -> Image.Image:
    """What the camera sees of it."""
    seen = soiled(label, wear, chance)
    if wear.curve:
        seen = curved(seen)
    seen = ImageOps.expand(seen, 2 * FINE, WHITE)
    seen = seen.rotate(wear.turn, Image.Resampling.BICUBIC, expand=True, fillcolor=WHITE)
    if wear.blur:
        seen = seen.filter(ImageFilter.GaussianBlur(wear.blur * FINE))
    step = FINE // PIXELS
    left, top = chance.randrange(step), chance.randrange(step)
    return seen.crop((left, top, seen.width, seen.height)).reduce(step)


def soiled(label: Image.Image, wear: Wear, chance: Random) -> Image.Image:
    """Specks thrown at random until their areas add up to the share."""
    paper = label.copy()
    brush, left = ImageDraw.Draw(paper), wear.specks * label.width * label.height
    while left > 0:
        radius = chance.uniform(*wear.sizes) * FINE / 2
        x, y = chance.uniform(0, label.width), chance.uniform(0, label.height)
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=chance.choice((0, WHITE)))
        left -= pi * radius**2
    return paper


def curved(label: Image.Image) -> Image.Image:
    """A flat label as it looks around a vial that stands upright, the symbol in front."""
    radius = VIAL / 2 * FINE
    half = radius * sin(min(label.width / 2 / radius, pi / 2))
    seen, strip = Image.new("L", (round(2 * half), label.height), WHITE), 4
    for x in range(0, seen.width, strip):
        ends = (max(-1.0, min(1.0, (each - half) / radius)) for each in (x, x + strip))
        left, right = (label.width / 2 + radius * asin(each) for each in ends)
        source = (max(left, 0.0), 0, min(right, label.width), label.height)
        piece = label.resize((strip, label.height), Image.Resampling.BOX, source)
        seen.paste(piece, (x, 0))
    return seen


def share(kind: str, dots: int, wear: Wear, trials: int = TRIALS) -> float:
    """Of so many different labels, the part that reads as its own code and as nothing else."""
    chance, read = Random(f"{kind} {dots} {wear}"), 0  # noqa: S311 (a trial is to be repeatable)
    for _ in range(trials):
        code = codes.new_code(CodeKind.SPECIMEN, chance.randrange)
        image = worn(drawn(kind, code, dots * INCH / 300), wear, chance)
        texts = [each.text for each in zxingcpp.read_barcodes(image)]
        read += texts == [code]
    return read / trials


def soiled_table() -> Iterator[str]:
    """Every symbol and size, blurred, turned and on a vial, by how soiled it is."""
    yield _row("symbol", "module", "side with quiet zone", *SOILED)
    yield _row(*["---"] * 2, *["---:"] * (1 + len(SOILED)))
    for kind in KINDS:
        for dots in DOTS:
            module = dots * INCH / 300
            side = (14 + 2 if kind == "Data Matrix" else 21 + 8) * module
            cells = (
                share(kind, dots, replace(SEEN, specks=part, sizes=sizes)) for part, sizes in SOILED.values()
            )
            yield _row(kind, f"{module:.2f} mm", f"{side:.1f} mm", *(f"{each:.0%}" for each in cells))


def view_table() -> Iterator[str]:
    """Each harm by itself: every symbol at four dots of 300 dpi, 6 % of it under large specks."""
    yield _row("symbol", *VIEWS)
    yield _row("---", *["---:"] * len(VIEWS))
    for kind in KINDS:
        cells = (share(kind, 4, replace(view, specks=0.06, sizes=LARGE)) for view in VIEWS.values())
        yield _row(kind, *(f"{each:.0%}" for each in cells))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join([*soiled_table(), "", *view_table()]))
