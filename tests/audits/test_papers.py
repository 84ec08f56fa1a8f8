"""The sheet that is counted by hand: every code on it is read back from its picture."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pypdfium2
import pytest
import zxingcpp

from biobank import codes
from biobank.audits.papers import Paper, PaperBox, PaperLine, line_code, line_named, sheet
from biobank.codes import CodeKind
from biobank.texts import CHINESE, ENGLISH

PAPER = Paper("Yearly", datetime(2026, 11, 22, 1, 3, tzinfo=UTC), "Asia/Shanghai", blind=False)
BLIND = Paper("Yearly", datetime(2026, 11, 22, 1, 3, tzinfo=UTC), "Asia/Shanghai", blind=True)
SLOTS = [f"{row}{column}" for row in "ABCDEFGHI" for column in range(1, 10)]
TUBES = [codes.new_code(CodeKind.SPECIMEN) for _ in range(40)]


def box(lines: Sequence[PaperLine], position: int = 3) -> PaperBox:
    return PaperBox(
        position, codes.new_code(CodeKind.CONTAINER), "Box 3", "Freezer 1 · Box 3", again=False, lines=lines
    )


def guided() -> list[PaperLine]:
    """Forty tubes, and free slots after them."""
    tubes = [*TUBES, *[""] * 41]
    return [PaperLine(n, slot, tubes[n - 1], "Plasma" if n < 41 else "") for n, slot in enumerate(SLOTS, 1)]


def read(pdf: bytes, dpi: int = 150) -> tuple[list[list[str]], list[str]]:
    """The codes in the picture of each page, and its text."""
    symbols, texts = [], []
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            picture = page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
            symbols.append([each.text for each in zxingcpp.read_barcodes(picture)])
            texts.append(page.get_textpage().get_text_bounded())
    finally:
        document.close()
    return symbols, texts


@pytest.mark.parametrize(
    ("paper", "lines"), [(PAPER, guided()), (BLIND, [PaperLine(n, s) for n, s in enumerate(SLOTS, 1)])]
)
def test_every_symbol_of_a_sheet_is_read_back_at_150_dpi(paper: Paper, lines: list[PaperLine]) -> None:
    told = box(lines)
    symbols, texts = read(sheet(paper, [told], ENGLISH))
    assert len(symbols) == 2
    for codes_of_page, some in zip(symbols, (lines[:50], lines[50:]), strict=True):
        assert sorted(codes_of_page) == sorted([told.code, *(line_code(3, line.number) for line in some)])
    written = "\n".join(texts)
    assert all(slot in written for slot in SLOTS)
    assert all((codes.grouped(tube) in written) is not paper.blind for tube in TUBES)


def test_no_symbol_of_a_sheet_passes_for_a_tube_or_anything_else_of_ours() -> None:
    symbols, _ = read(sheet(PAPER, [box(guided())], ENGLISH))
    kinds = [code[0] for page in symbols for each in page if (code := codes.read(each))]
    assert kinds == ["C", "C"]


def test_a_sheet_is_written_in_both_languages_and_tells_the_time_of_the_site() -> None:
    told = [box(guided()[:9])]
    (_, (english,)), (_, (chinese,)) = (read(sheet(PAPER, told, each)) for each in (ENGLISH, CHINESE))
    assert "2026-11-22 09:03+08:00" in english
    assert "2026-11-22 09:03+08:00" in chinese
    assert "Tick what stands in its slot" in english
    assert ("日期" in chinese, "日期" in english) == (True, False)


def test_what_lies_unplaced_has_a_line_for_each_tube_and_room_for_others_blind_alone_room() -> None:
    lines = [PaperLine(n, "", tube, "Plasma") for n, tube in enumerate(TUBES[:13], 1)]
    (symbols,), _ = read(sheet(PAPER, [box(lines)], ENGLISH))
    assert len(symbols) == 1 + 13
    (symbols,), (text,) = read(sheet(BLIND, [box([])], ENGLISH))
    assert len(symbols) == 1
    assert codes.grouped(TUBES[0]) not in text


def test_a_tube_of_another_study_is_not_told() -> None:
    _, (text,) = read(sheet(PAPER, [box([PaperLine(1, "A1", strange=True), PaperLine(2, "A2")])], ENGLISH))
    assert "of another study" in text


def test_each_box_begins_a_page_of_its_own() -> None:
    told = [box(guided()[:9], position) for position in (1, 2, 700)]
    symbols, texts = read(sheet(PAPER, told, ENGLISH))
    assert [each.code in page for each, page in zip(told, symbols, strict=True)] == [True] * 3
    assert all("1 / 1" in text for text in texts)


@pytest.mark.parametrize(("position", "number"), [(1, 1), (3, 81), (500, 384), (1_048_575, 1_048_575)])
def test_the_code_of_a_line_names_it_and_nothing_else_does(position: int, number: int) -> None:
    code = line_code(position, number)
    assert (
        line_named(code) == line_named(code.lower()) == line_named(codes.grouped(code)) == (position, number)
    )
    assert codes.read(code) is None
    for at in range(1, len(code)):
        other = "0" if code[at] != "0" else "1"
        assert line_named(code[:at] + other + code[at + 1 :]) is None
    assert line_named(code[:-1]) is None
