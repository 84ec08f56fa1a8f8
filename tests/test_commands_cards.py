"""The sheet of command cards on the command line."""

from pathlib import Path

from biobank.labels import card_sheet
from biobank.labels.cards import Card
from tests.terminal import Terminal


def test_the_cards_are_drawn_without_a_database_the_same_each_time(empty: Terminal, tmp_path: Path) -> None:
    sheet = tmp_path / "cards.pdf"
    assert str(len(Card)) in empty.says("cards", "--out", str(sheet))
    assert sheet.read_bytes() == card_sheet.sheet()
