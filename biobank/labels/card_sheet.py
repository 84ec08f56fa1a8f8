"""The sheet of command cards: A5, to be laminated and hung at a freezer; each card in both languages."""

from collections.abc import Sequence
from io import BytesIO

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from biobank.labels import fonts
from biobank.labels.cards import MEANINGS, NAMES, Card
from biobank.labels.shapes import POINT, Font, SymbolKind
from biobank.labels.symbols import bits
from biobank.texts import CHINESE, ENGLISH, in_language

COLUMNS, ROWS = 3, 3
"""So few on a page that a scanner cannot take the neighbour's code."""

_MARGIN = 8 / POINT
_SIDE = 26 / POINT


def sheet(cards: Sequence[Card] = tuple(Card)) -> bytes:
    """A PDF of the cards, nine on a page of A5, always the same bytes."""
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
    for language in (ENGLISH, CHINESE):
        name, meaning = (in_language(language, said[card], {}) for said in (NAMES, MEANINGS))
        _centred(canvas, name, fonts.font_for(name, bold=True), 13, (middle, line, wide - 12))
        _centred(canvas, meaning, fonts.font_for(meaning), 7, (middle, line - 12, wide - 12))
        line -= 34


def _centred(canvas: Canvas, text: str, font: Font, size: float, at: tuple[float, float, float]) -> None:
    """One line, shrunk to the width it may take."""
    middle, line, room = at
    canvas.setFont(fonts.font_name(font), size * min(1, room / (fonts.width(text, font) * size)))
    canvas.drawCentredString(middle, line, text)


def _symbol(canvas: Canvas, card: Card, x: float, y: float) -> None:
    """The QR code as squares of full black; its quiet zone is the white around it."""
    drawn = bits(SymbolKind.QR, card.value)
    module = _SIDE / drawn.width
    for row in range(drawn.height):
        for column in range(drawn.width):
            if drawn.black(column, row):
                top = y + (drawn.height - 1 - row) * module
                canvas.rect(x + column * module, top, module, module, stroke=0, fill=1)
