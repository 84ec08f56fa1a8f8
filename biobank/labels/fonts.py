"""Fonts: how wide a text is, and the one font that labels embed, for Chinese."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biobank.errors import RuleBroken
from biobank.labels.shapes import Font
from biobank.settings import from_environment
from biobank.texts import N_

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont, TTFontFace

BUILT = Path(__file__).parent / "font" / "NotoSansSC-Regular.ttf"
"""Laid here by `biobank.pages.build_assets`."""

_LOOKALIKES = str.maketrans("\u03bc\u2212\u2010\u2011\u2044\u2252", "\u00b5---/\u2248")
"""Common signs that a font has only under another code: Greek mu, minus, two hyphens, a slash, and what
East Asia writes for approximately equal."""


def font_file() -> Path:
    """The font embedded for Chinese: the site's own (`BIOBANK_PDF_FONT`, a TrueType file), else ours."""
    return Path(from_environment().pdf_font or BUILT)


def font_name(font: Font) -> str:
    """What reportlab knows the font as; the embedded one is read when it is asked for. Refused as `read`."""
    if font is Font.CHINESE:
        _embedded()
    return font.value


def embedded() -> "TTFontFace":
    """The embedded font's file: its glyphs, their widths, and subsets of it."""
    face: TTFontFace = _embedded().face
    return face


def font_for(text: str, *, bold: bool = False) -> Font:
    """The font that draws a text: a standard one where it can, else the embedded one, which is never bold."""
    plain = Font.BOLD if bold else Font.REGULAR
    if text.isascii() or not missing(text, plain):
        return plain
    return Font.CHINESE


def missing(text: str, font: Font) -> str:
    """The signs of a text that a font cannot draw, even under another code, each once."""
    return "".join(
        dict.fromkeys(sign for sign in _composed(text) if "?" in _sign(sign, font) and sign != "?")
    )


def drawable(text: str, font: Font) -> str:
    """A text in what a font can draw, white space folded.

    A sign it lacks is written in its compatible form (`℃` as `°C`) or, failing that, as a visible
    `?`. It is never dropped: a label that hides a sign reads as a different label.
    """
    folded = " ".join(text.split())
    if folded.isascii() and folded.isprintable():
        return folded
    return "".join(_sign(sign, font) for sign in _composed(folded))


def width(text: str, font: Font) -> float:
    """The width of a `drawable` text in em, as the PDF's own font measures it."""
    return sum(map(_widths(font).__getitem__, text)) / 1000


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split())).translate(_LOOKALIKES)


def _sign(sign: str, font: Font) -> str:
    if _has(sign, font):
        return sign
    compatible = unicodedata.normalize("NFKC", sign).translate(_LOOKALIKES)
    return "".join(each if _has(each, font) else "?" for each in compatible)


def _has(sign: str, font: Font) -> bool:
    return sign.isprintable() and sign in _widths(font)


@cache
def _widths(font: Font) -> Mapping[str, float]:
    """Width of every sign the font draws, in thousandths of an em."""
    from reportlab.pdfbase import pdfmetrics

    if font is Font.CHINESE:
        face: Any = _embedded().face
        return {chr(code): face.charWidths[code] for code, glyph in face.charToGlyph.items() if glyph}
    signs = (bytes([code]).decode("cp1252", "ignore") for code in range(256))
    known = dict(zip(signs, pdfmetrics.getFont(font.value).widths, strict=True))
    return {sign: wide for sign, wide in known.items() if sign}


def read(file: Path) -> "TTFont":
    """A TrueType font from its file, not yet known to reportlab.

    Refused: a file that is not there, or that is no TrueType font.
    """
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        return TTFont(Font.CHINESE.value, file)
    except (OSError, TTFError) as fault:
        raise RuleBroken(
            "label_font_unreadable",
            N_(
                "The font for Chinese labels cannot be read (%(file)s). It has to be a TrueType file: build "
                "the assets, or set BIOBANK_PDF_FONT."
            ),
            file=file.name,
        ) from fault


@cache
def _embedded() -> "TTFont":
    from reportlab.pdfbase import pdfmetrics

    font = read(font_file())
    pdfmetrics.registerFont(font)
    return font
