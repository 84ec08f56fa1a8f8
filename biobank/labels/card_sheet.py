"""The sheet of command cards: A5, to be laminated and hung at a freezer; each card in both languages."""

from collections.abc import Sequence
from io import BytesIO

from reportlab.lib.pagesizes import A5
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from biobank.labels.cards import MEANINGS, NAMES, Card
from biobank.labels.layout import POINT, Font
from biobank.labels.symbols import qr
from biobank.labels.symbols.qr import MODULES
from biobank.texts import CHINESE, ENGLISH, in_language

COLUMNS, ROWS = 3, 3
"""So few on a page that a scanner cannot take the neighbour's code."""

_MARGIN = 8 / POINT
_SIDE = 26 / POINT
_HAN = "STSong-Light"
"""A font that PDF viewers bring themselves (Adobe-GB1); nothing is embedded."""


def sheet(cards: Sequence[Card] = tuple(Card)) -> bytes:
    """A PDF of the cards, nine on a page of A5, always the same bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(_HAN))
    file = BytesIO()
    canvas = Canvas(file, pagesize=A5, invariant=True)
    canvas.setTitle(in_language(ENGLISH, "Command cards", {}))
    for start in range(0, len(cards), COLUMNS * ROWS):
        for place, card in enumerate(cards[start : start + COLUMNS * ROWS]):
            _draw(canvas, card, place)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _draw(canvas: Canvas, card: Card, place: int) -> None:
    row, column = divmod(place, COLUMNS)
    wide, high = (A5[0] - 2 * _MARGIN) / COLUMNS, (A5[1] - 2 * _MARGIN) / ROWS
    left, top = _MARGIN + column * wide, A5[1] - _MARGIN - row * high
    canvas.setLineWidth(0.5)
    canvas.roundRect(left + 3, top - high + 3, wide - 6, high - 6, 6)
    _symbol(canvas, card, left + (wide - _SIDE) / 2, top - 18 - _SIDE)
    middle, line = left + wide / 2, top - 18 - _SIDE - 24
    for language, font, large, small in ((ENGLISH, Font.BOLD.value, 13, 7), (CHINESE, _HAN, 13, 7)):
        _centred(canvas, in_language(language, NAMES[card], {}), font, large, (middle, line, wide - 12))
        plain = Font.REGULAR.value if language == ENGLISH else font
        said = in_language(language, MEANINGS[card], {})
        _centred(canvas, said, plain, small, (middle, line - 12, wide - 12))
        line -= 34


def _centred(canvas: Canvas, text: str, font: str, size: float, at: tuple[float, float, float]) -> None:
    """One line, shrunk to the width it may take."""
    middle, line, room = at
    wide = pdfmetrics.stringWidth(text, font, size)
    canvas.setFont(font, size * min(1, room / wide))
    canvas.drawCentredString(middle, line, text)


def _symbol(canvas: Canvas, card: Card, x: float, y: float) -> None:
    """The QR code as squares of full black; its quiet zone is the white around it."""
    rows, module = qr.image(card.value), _SIDE / MODULES
    for row in range(MODULES):
        bits = int.from_bytes(rows[3 * row : 3 * row + 3], "big") >> (24 - MODULES)
        for column in range(MODULES):
            if bits >> (MODULES - 1 - column) & 1:
                canvas.rect(
                    x + column * module, y + (MODULES - 1 - row) * module, module, module, stroke=0, fill=1
                )
