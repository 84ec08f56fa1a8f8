"""Inputs: strict with programs, forgiving with forms, and nobody's identity."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from biobank import clock, inputs, participants
from biobank.errors import Malformed, Refusal, Refusals, RuleBroken
from biobank.inputs import (
    AmountText,
    DueDay,
    Flag,
    Input,
    Line,
    Moment,
    Note,
    Percent,
    Pseudonym,
    Scanned,
    Vessel,
    Whole,
)


class Order(Input):
    line: Line = "x"
    scanned: Scanned = "x"
    pseudonym: Pseudonym = "P-1"
    note: Note = ""
    vessel: Vessel = ""
    amount: AmountText = "1 uL"
    whole: Whole = 0
    small: Annotated[Whole, Field(ge=1, le=5)] = 1
    flag: Flag = False
    when: Moment | None = None
    due: DueDay | None = None
    percent: Percent | None = None
    some: list[str] = []
    choice: Literal["a", "b"] = "a"


class Needed(Input):
    line: Line
    whole: Whole


def fault(sent: Any, *, form: bool = False) -> Any:
    """The one refusal of what was sent."""
    with pytest.raises(Refusals) as refused:
        inputs.read(Order, sent, form=form)
    assert refused.value.slug == "input_refused"
    assert len(refused.value.each) == 1, refused.value.each
    assert str(refused.value.each[0])
    return refused.value.each[0]


def said(sent: Any, *, form: bool = False) -> tuple[str, str | None]:
    refusal = fault(sent, form=form)
    return refusal.slug, refusal.field


# --- shape ---


@pytest.mark.parametrize("sent", [None, [], "text", 5, True, [{"line": "x"}]])
def test_what_is_no_object_at_all_is_refused(sent: object) -> None:
    with pytest.raises(Refusals):
        inputs.read(Order, sent)


def test_a_field_nobody_knows_is_refused_by_name() -> None:
    assert said({"lime": "x"}) == ("extra_forbidden", "lime")


def test_every_field_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(Refusals) as refused:
        inputs.read(Needed, {})
    assert [(each.slug, each.field) for each in refused.value.each] == [
        ("missing", "line"),
        ("missing", "whole"),
    ]


def test_of_a_thousand_faults_the_first_fifty_are_told() -> None:
    with pytest.raises(Refusals) as refused:
        inputs.read(Order, {f"field{number}": 1 for number in range(1000)})
    assert len(refused.value.each) == 50


@pytest.mark.parametrize(
    ("sent", "slug"),
    [
        ({"line": ""}, "string_too_short"),
        ({"line": "   "}, "string_too_short"),
        ({"line": "x" * 201}, "string_too_long"),
        ({"vessel": "x" * 41}, "string_too_long"),
        ({"note": "x" * 2001}, "string_too_long"),
        ({"line": 5}, "string_type"),
        ({"line": None}, "string_type"),
        ({"small": 0}, "greater_than_equal"),
        ({"small": 6}, "less_than_equal"),
        ({"choice": "c"}, "literal_error"),
        ({"whole": 2**31}, "less_than_equal"),
        ({"whole": -(2**31) - 1}, "greater_than_equal"),
        ({"whole": 10**400}, "less_than_equal"),
    ],
)
def test_the_wrong_length_kind_or_size_is_refused(sent: dict[str, object], slug: str) -> None:
    assert said(sent) == (slug, next(iter(sent)))


@pytest.mark.parametrize("sent", ["5", 5.0, 5.5, True, None, [], float("nan"), "٥"])
def test_a_program_sends_whole_numbers_as_such(sent: object) -> None:
    assert said({"whole": sent}) == ("not_whole", "whole")


@pytest.mark.parametrize("sent", ["true", "on", 1, 0, None])
def test_a_program_sends_true_and_false_as_such(sent: object) -> None:
    assert said({"flag": sent}) == ("not_flag", "flag")


@pytest.mark.parametrize(
    "sent", ["20261231", "2026-12-31T00:00:00Z", "", "0", 0, True, 1.5, [2026], "\uff12026"]
)
def test_a_day_is_written_as_a_day(sent: object) -> None:
    assert said({"due": sent}) == ("not_day", "due")
    assert inputs.read(Order, {"due": "2026-12-31"}).due == date(2026, 12, 31)


@pytest.mark.parametrize("sent", ["1899-12-31", "2200-01-01", "9999-12-31"])
def test_a_day_too_far_away_is_refused(sent: str) -> None:
    assert said({"due": sent}) == ("not_due", "due")


@pytest.mark.parametrize(
    "sent", ["0", 0, "100", 100, -1, "0.00001", 1e-30, "nan", "1e1", "1,5", "\uff11", True, [1], float("inf")]
)
def test_a_share_in_percent_is_above_0_and_below_100(sent: object) -> None:
    assert said({"percent": sent}) == ("not_percent", "percent")


@pytest.mark.parametrize("sent", ["0.5", 0.5, " 0.5 ", Decimal("0.5")])
def test_a_share_in_percent_is_written_as_people_do(sent: object) -> None:
    assert inputs.read(Order, {"percent": sent}).percent == Decimal("0.5")


def test_a_form_may_send_texts_one_value_and_empty_fields() -> None:
    order = inputs.read(
        Order,
        {"whole": "-5", "flag": "on", "some": "one", "note": "", "when": "", "line": " spaces "},
        form=True,
    )
    assert (order.whole, order.flag, order.some, order.when, order.line) == (
        -5,
        True,
        ["one"],
        None,
        "spaces",
    )
    assert inputs.read(Order, {"flag": "false"}, form=True).flag is False
    assert inputs.read(Order, {"some": ["one", "two"]}, form=True).some == ["one", "two"]


@pytest.mark.parametrize("sent", ["５", "1_000", "5.0", "0x10", "5 ", "9" * 16])
def test_a_form_is_forgiven_no_other_number(sent: str) -> None:
    assert said({"whole": sent}, form=True)[1] == "whole"


# --- texts ---

UNSEEN = [
    "a\x00b", "a\x1bb", "a\x7fb", "a\u200bb", "a\u202eb", "a\u2066b", "a\ufeffb", "a\u2028b", "a\u2029b",
    "a\ud800b", "a\ue000b", "a\U000e0041b", "a\u00adb", "a\u0378b",
]  # fmt: skip


@pytest.mark.parametrize("text", UNSEEN, ids=[f"U+{ord(text[1]):04X}" for text in UNSEEN])
@pytest.mark.parametrize("field", ["line", "note", "vessel"])
def test_a_character_that_cannot_be_seen_is_refused(field: str, text: str) -> None:
    slug, named = said({field: text})
    assert slug in {"not_printable", "string_unicode"}
    assert named == field


@pytest.mark.parametrize(
    "text",
    [
        "腰椎间盘突出", "𠮷野家", "é", "ß", "<script>alert(1)</script>", "'; DROP TABLE specimen;--", "=1+1",
        "../../etc/passwd", "{{7*7}}", "%s%n%(name)s", "🧊", "a" * 200, "مرحبا",
    ],
)  # fmt: skip
def test_any_visible_text_is_kept_as_it_is(text: str) -> None:
    assert inputs.read(Order, {"line": text}).line == text


def test_texts_are_composed_and_stripped() -> None:
    assert inputs.read(Order, {"line": " e\u0301 "}).line == "é"


@given(st.text(max_size=100))
def test_no_text_breaks_the_reader(text: str) -> None:
    faults: list[Refusal] = []
    try:
        order = inputs.read(Order, {"line": text, "scanned": text, "pseudonym": text, "note": text})
        assert "\x00" not in order.line + order.scanned + order.note
    except Refusals as refused:
        faults = refused.each
    assert all(each.field and str(each) for each in faults)


def test_a_note_has_lines_and_a_line_has_not() -> None:
    assert inputs.read(Order, {"note": "one\ntwo\tthree"}).note == "one\ntwo\tthree"
    assert said({"line": "one\ntwo"}) == ("not_printable", "line")


def test_a_scan_ends_as_scanners_end_it() -> None:
    assert inputs.read(Order, {"scanned": "]Q1S123\x1d45\r\n"}).scanned == "]Q1S123\x1d45"


# --- nobody's identity ---


@pytest.mark.parametrize(
    "text",
    ["11010519491231002X", "110105194912310021", "13800138000", "1990-01-31", "19900131", "P-1990.01.31",
     "86-138-0013-8000", "A20260504", "020-8888-8888"],
)  # fmt: skip
def test_a_pseudonym_that_looks_like_somebody_is_refused(text: str) -> None:
    refusal = fault({"pseudonym": text})
    assert (refusal.slug, refusal.field) == ("looks_like_identity", "pseudonym")
    assert isinstance(refusal, RuleBroken)


@pytest.mark.parametrize("text", ["LB-0001", "CN.BJ/17", "p1", "A_b-3", "0042", "S-199913"])
def test_a_pseudonym_of_a_study_is_let_in(text: str) -> None:
    assert inputs.read(Order, {"pseudonym": text}).pseudonym == text


@pytest.mark.parametrize("text", ["", "-x", "x y", "王小明", "x" * 41, "x\n", "x;y", "<b>"])
def test_a_pseudonym_is_plain(text: str) -> None:
    assert isinstance(fault({"pseudonym": text}), Malformed)


@pytest.mark.parametrize("text", ["ID 11010519491231002X.", "call 13800138000", "13800138000"])
def test_a_note_that_names_somebody_is_refused(text: str) -> None:
    assert said({"note": text}) == ("note_names_somebody", "note")


@pytest.mark.parametrize("text", ["seen on 2026-05-04", "lot 110105194912310021", "12345678901", "溶血 +"])
def test_a_note_with_a_date_or_another_number_is_let_in(text: str) -> None:
    assert inputs.read(Order, {"note": text}).note == text


# --- times ---


@pytest.mark.parametrize(
    "text",
    ["2026-05-04T09:30:00+08:00", "2026-05-04 09:30+08:00", "2026-05-04T01:30:00.123456Z"],
)
def test_a_time_with_its_offset_is_kept_as_it_was_told(text: str) -> None:
    when = inputs.read(Order, {"when": text}).when
    assert when is not None
    assert when == datetime.fromisoformat(text)
    assert when.utcoffset() == datetime.fromisoformat(text).utcoffset()


@pytest.mark.parametrize(
    ("sent", "slug"),
    [
        ("2026-05-04T09:30:00", "timezone_aware"),
        ("2026-05-04", "not_time"),
        ("04/05/2026 09:30", "not_time"),
        (1777858200, "not_time"),
        ("1777858200", "not_time"),
        ("yesterday", "not_time"),
        ("2026-05-04T09:30:00+08:00:30", "not_time"),
        ("1899-12-31T23:59:00+00:00", "not_time"),
        ("9999-12-31T23:59:59-23:59", "time_in_future"),
        ("２026-05-04T09:30:00Z", "not_time"),
    ],
)
def test_a_time_without_sense_is_refused(sent: object, slug: str) -> None:
    assert said({"when": sent}) == (slug, "when")


@pytest.mark.parametrize(
    "text", ["2026-02-30T09:30:00Z", "2026-05-04T25:30:00Z", "2026-05-04T09:30:00+99:00"]
)
def test_a_time_that_no_calendar_has_is_refused(text: str) -> None:
    assert said({"when": text})[1] == "when"


def test_two_minutes_ahead_is_a_fast_clock_and_more_is_the_future() -> None:
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    clock.set_clock(lambda: now)
    try:
        inputs.read(Order, {"when": (now + timedelta(minutes=2)).isoformat()})
        assert said({"when": (now + timedelta(minutes=2, seconds=1)).isoformat()})[0] == "time_in_future"
    finally:
        clock.set_clock()


@pytest.mark.parametrize("named", ["Resection, 13812345678", "Stent 11010519491231002X"])
def test_what_is_named_in_free_words_names_nobody(named: str) -> None:
    order = {"study": "DEMO", "pseudonym": "D-1", "name": named}
    with pytest.raises(Refusals) as refused:
        inputs.read(participants.ProcedureOrder, order)
    assert [each.slug for each in refused.value.each] == ["note_names_somebody"]
    assert inputs.read(participants.ProcedureOrder, order | {"name": "Resection"}).name == "Resection"
