from pathlib import Path

import pytest

from biobank.errors import RuleBroken
from biobank.labels import fonts
from biobank.labels.shapes import Font

HAN = "血浆 冻存盒 十二号"


def gbk() -> str:
    """Every sign of GBK with two bytes; single bytes are ASCII."""
    trails = [byte for byte in range(0x40, 0xFF) if byte != 0x7F]
    signs = (bytes([lead, trail]).decode("gbk", "ignore") for lead in range(0x81, 0xFF) for trail in trails)
    return "".join(sign for sign in signs if len(sign) == 1)


def test_the_embedded_font_draws_all_of_gbk() -> None:
    signs = gbk()
    assert len(signs) > 21_000
    assert fonts.missing(signs, Font.CHINESE) == ""


def test_a_standard_font_is_taken_where_it_can_draw_the_text() -> None:
    assert fonts.font_for("EDTA plasma, 500 \u03bcL") is Font.REGULAR
    assert fonts.font_for("RNA", bold=True) is Font.BOLD
    assert fonts.font_for(HAN, bold=True) is Font.CHINESE


def test_widths_are_those_of_the_font() -> None:
    assert fonts.width("冻存", Font.CHINESE) == 2
    assert fonts.width("AW", Font.REGULAR) == pytest.approx(0.667 + 0.944)


def test_a_sign_that_a_font_lacks_is_said_and_stays_visible() -> None:
    text = "a\u202eb \U0001f9ca 5℃ ≒"
    assert fonts.missing(text, Font.CHINESE) == "\u202e\U0001f9ca"
    assert fonts.drawable(text, Font.CHINESE) == "a?b ? 5℃ \u2248"
    assert fonts.missing(HAN, Font.REGULAR) == "血浆冻存盒十二号"
    assert fonts.drawable("5 ℃\n血", Font.REGULAR) == "5 °C ?"


def test_a_site_may_bring_its_own_font_and_is_told_when_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.ttf"
    own.write_bytes(b"no font")
    monkeypatch.setenv("BIOBANK_PDF_FONT", str(own))
    assert fonts.font_file() == own
    with pytest.raises(RuleBroken) as refused:
        fonts.read(own)
    assert (refused.value.slug, refused.value.facts) == ("label_font_unreadable", {"file": "own.ttf"})
    own.write_bytes(fonts.BUILT.read_bytes())
    assert fonts.read(own).face.charWidths[ord("冻")] == 1000
