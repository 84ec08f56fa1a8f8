"""Codes and times as people read them: in their language, on the clock of their site with its offset."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import pytest

from biobank import custody, storage, texts
from biobank.pages.words import WORDS, moment, why, word
from biobank.participants.agenda import Of
from biobank.participants.visits import MissedReason
from biobank.people import May
from biobank.printing import copies
from biobank.specimens import ending
from biobank.storage.disputing import DISPUTED
from biobank.tables import (
    DeviationCode,
    HoldKind,
    Kept,
    Level,
    Life,
    Role,
    Scope,
    Source,
    SpecimenKind,
    Taken,
    VisitStatus,
    WithdrawalLevel,
)
from tests.pages.visitor import Visitor
from tests.world import World

SHOWN: list[tuple[type[StrEnum], str]] = [
    (custody.Kind, ""),
    (Life, "life"),
    (SpecimenKind, ""),
    (HoldKind, "hold"),
    (DeviationCode, "deviation"),
    (Kept, "kept"),
    (Source, "source"),
    (Taken, "taken"),
    (Scope, ""),
    (WithdrawalLevel, ""),
    (VisitStatus, ""),
    (Of, ""),
    (MissedReason, ""),
    (Level, ""),
    (May, ""),
    (Role, ""),
]
ENDS = ("not_collected", "depleted", "replaced")
FAMILIES = ("cryotube", "pp", "original")


@contextmanager
def reading(language: str) -> Iterator[None]:
    token = texts.language.set(language)
    try:
        yield
    finally:
        texts.language.reset(token)


def codes() -> list[tuple[str, str]]:
    members = [(member.value, about) for kind, about in SHOWN for member in kind]
    return [*members, *((end, "end") for end in ENDS), *((name, "family") for name in FAMILIES)]


def test_every_code_that_pages_show_has_a_word() -> None:
    assert [code for code, about in codes() if f"{about}.{code}" not in WORDS and code not in WORDS] == []
    assert all("_" not in word(code, about) for code, about in codes())


def test_every_reason_of_an_event_has_a_word() -> None:
    written = [DISPUTED, "place_settled", "withdrawn", *copies.Reason, *ending.Reason, *ENDS, *MissedReason]
    assert [each for each in written if why(each) == each and "_" in each] == []
    assert (why("depleted"), why("frost"), why("")) == ("used up", "Frost", "")


def test_every_word_is_chinese_for_who_reads_chinese() -> None:
    with reading(texts.CHINESE):
        assert [each for each in codes() if not re.search(r"[\u4e00-\u9fff]", word(*each))] == []


def test_a_word_is_of_what_it_is_said_of() -> None:
    with reading(texts.CHINESE):
        assert (word("collected"), word("collected", "life")) == ("采集", "已采集")
        assert (word("late_spin", "deviation"), word("depleted", "end")) == ("离心超时", "已用尽")
    assert (word("late_spin", "deviation"), word("kept"), word("room", "kept")) == (
        "spun late",
        "taken out, slot kept",
        "at room temperature",
    )


def test_a_code_of_a_study_stays_as_it_is() -> None:
    with reading(texts.CHINESE):
        assert (word("surgical"), word("")) == ("surgical", "")


@pytest.mark.parametrize(
    ("message", "facts", "english", "chinese"),
    [
        ("%(scope)s", {"scope": "foreign_release"}, "release abroad", "境外提供"),
        ("%(scopes)s", {"scopes": "storage, recontact"}, "storage, contact again", "存储、再次联系"),
        ("%(level)s", {"level": "no_further_use"}, "no further use", "不再使用"),
        ("%(level)s", {"level": "rack"}, "rack", "冻存架"),
        ("%(life)s", {"life": "collected"}, "collected", "已采集"),
        ("%(status)s", {"status": "cancelled"}, "cancelled", "已取消"),
        ("%(fact)s", {"fact": "ppi"}, "Proton-pump inhibitor", "质子泵抑制剂"),
        (
            "%(later)s, %(earlier)s",
            {"later": "frozen", "earlier": "collected"},
            "freezing, collection",
            "冻存, 采集",
        ),
        ("%(known)s", {"known": "done, box"}, "done, box", "done、box"),
        ("%(count)s", {"count": 3}, "3", "3"),
    ],
)
def test_a_fact_that_is_a_word_of_ours_is_put_into_the_language(
    message: str, facts: dict[str, object], english: str, chinese: str
) -> None:
    assert texts.in_language(texts.ENGLISH, message, facts) == english
    assert texts.in_language(texts.CHINESE, message, facts) == chinese


def test_a_time_is_told_on_the_clock_of_the_site() -> None:
    when = datetime(2026, 11, 21, 13, 22, 59, tzinfo=UTC)
    assert moment(when, "Asia/Shanghai") == "2026-11-21 21:22 +08:00"
    assert moment(when, "America/St_Johns") == "2026-11-21 09:52 -03:30"
    assert moment(when, "UTC") == moment(when) == "2026-11-21 13:22 +00:00"


def test_without_a_zone_a_time_keeps_its_offset_and_a_day_stays_a_day() -> None:
    told = datetime(2026, 7, 1, 8, 0, tzinfo=timezone(timedelta(hours=9)))
    assert moment(told) == "2026-07-01 08:00 +09:00"
    assert moment(date(2026, 7, 1), "Asia/Shanghai") == "2026-07-01"
    assert moment(None) == ""


def test_home_card_and_bench_tell_times_on_the_clock_of_the_site(world: World, visitor: Visitor) -> None:
    tube = world.tubes(1)[0]
    world.put(world.boxes()[0], [tube])
    order = storage.TakeOut(tubes=[tube])
    world.act(lambda session, actor: storage.take_out(session, actor, order), answer=list[storage.Stored])
    for page in (visitor.get("/").text, visitor.get(f"/specimens/{tube}").text, visitor.scan(tube)):
        assert "+08:00" in page
        assert "+00:00</" not in page
        assert " UTC" not in page
