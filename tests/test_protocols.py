"""Protocols whole: what makes them sound, what loading keeps, and what our own files say."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlmodel import Session, col, select

from biobank import amounts, studies
from biobank.errors import Refusal, Refusals
from biobank.people import Actor
from biobank.studies import RequirementPart
from biobank.studies.file import (
    LIMITS,
    CollectingPart,
    ConsentPart,
    EventPart,
    ExposurePart,
    ProtocolFile,
    VesselPart,
)
from biobank.studies.windows import overlapping
from biobank.tables import Anchor, Event, Protocol, Requirement, Scope, SpecimenKind, Study
from tests.world import MANAGER, World

PROTOCOLS = Path(__file__).parent.parent / "protocols"
LBPB = (PROTOCOLS / "lbpb.toml").read_bytes()
ICBT = (PROTOCOLS / "icbt-fusion.toml").read_bytes()

STUDY = '[study]\ncode = "S"\ntitle = "T"\n'
BASELINE = '[[events]]\ncode = "BL"\ntitle = "Baseline"\nday = 0\n'
BLOOD = '[[collections.x]]\nmaterial = "blood_edta"\namount = "10 mL"\n'
PLASMA = '[[collections.x.derivatives]]\nmaterial = "plasma_edta"\n'
ALIQUOT = '[[collections.x.derivatives.aliquots]]\nmaterial = "plasma_edta"\n'


def refused(text: str) -> Refusal:
    with pytest.raises(Refusal) as found:
        studies.read_protocol((STUDY + text).encode())
    return found.value


def event(code: str, **words: Any) -> str:
    said = {"code": code, "title": code, **words}
    return "[[events]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in said.items())


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).replace("'", '"')


# --- what is refused ---


@pytest.mark.parametrize(
    ("text", "slug", "field", "facts"),
    [
        (event("BL"), "protocol_event_undated", "events.0", {"event": "BL"}),
        (
            BASELINE + '[[consents]]\nversion = "1"\nscopes = ["storage"]\n' * 2,
            "protocol_twice",
            "consents.1.version",
            {"code": "1"},
        ),
        (
            BASELINE + '[vessels."EDTA"]\n[vessels."edta"]\n',
            "protocol_twice",
            "vessels.edta",
            {"code": "edta"},
        ),
        (BASELINE + '[vessels."EDTA"]\n[vessels."EDTA "]\n', "protocol_twice", "vessels.EDTA ", {}),
        (
            BASELINE + '[collecting]\ndatasets = ["fmri", "psg", "fmri"]\n',
            "protocol_twice",
            "collecting.datasets.2",
            {"code": "fmri"},
        ),
        (BASELINE + '[needs]\ngold = "genetics"\n', "material_unknown", "needs.gold", {"code": "gold"}),
        (
            BASELINE + '[needs]\ndna = "everything"\n',
            "protocol_scope_unknown",
            "needs.dna",
            {"name": "everything"},
        ),
        (
            BASELINE + '[[consents]]\nversion = "1"\nscopes = ["storage", "all"]\n',
            "protocol_scope_unknown",
            "consents.0.scopes",
            {"name": "all"},
        ),
        (
            BASELINE + '[vessels."EDTA"]\nprimary = "EDTA"\n',
            "protocol_primary_code",
            "vessels.EDTA.primary",
            {"code": "EDTA"},
        ),
        (
            BASELINE + '[vessels."EDTA"]\nvolume = "10 g"\n',
            "amount_of_other_dimension",
            "vessels.EDTA.volume",
            {},
        ),
        (
            BASELINE + BLOOD + "limits = { thaw = 10 }\n",
            "protocol_limit_unknown",
            "collections.x.0.limits.thaw",
            {"name": "thaw", "known": "receive, spin, freeze"},
        ),
        (
            BASELINE + BLOOD + PLASMA + 'amount = "4 mL"\n' + ALIQUOT + 'amount = "500 uL"\ncount = 9\n',
            "protocol_too_much",
            "collections.x.0.derivatives.0.aliquots.0.amount",
            {"of": "EDTA plasma", "room": "4 mL", "asked": "4.5 mL"},
        ),
        (
            BASELINE + BLOOD + PLASMA + 'amount = "4 mL"\nused = "6 mL"\ncount = 2\n',
            "protocol_too_much",
            "collections.x.0.derivatives.0.used",
            {"asked": "12 mL"},
        ),
        (
            BASELINE + BLOOD + PLASMA + 'amount = "4 mL"\n' + ALIQUOT + 'amount = "2 mL"\nused = "1 mL"\n',
            "protocol_used_too_small",
            "collections.x.0.derivatives.0.aliquots.0.used",
            {},
        ),
        (
            BASELINE + BLOOD + PLASMA + ALIQUOT + ALIQUOT.replace("s.aliquots", "s.aliquots.aliquots"),
            "protocol_of_an_aliquot",
            "collections.x.0.derivatives.0.aliquots.0.aliquots",
            {},
        ),
        (
            BASELINE
            + '[[collections.x]]\nmaterial = "stool"\n[[collections.x.aliquots]]\nmaterial = "stool"\n'
            + '[[collections.x.aliquots.derivatives]]\nmaterial = "dna"\n',
            "protocol_of_an_aliquot",
            "collections.x.0.aliquots.0.derivatives",
            {},
        ),
        (BASELINE + BLOOD + "pooled = true\n", "protocol_of_nothing", "collections.x.0.pooled", {}),
        (BASELINE + BLOOD + 'used = "1 mL"\n', "protocol_of_nothing", "collections.x.0.used", {}),
        (
            BASELINE + '[[attributes]]\nname = "age"\nlowest = 85\nhighest = 18\n',
            "protocol_range",
            "attributes.0.lowest",
            {"name": "age"},
        ),
    ],
)
def test_what_does_not_hold_together_is_refused_where_it_stands(
    text: str, slug: str, field: str, facts: dict[str, str]
) -> None:
    found = refused(text)
    assert (found.slug, found.field) == (slug, field)
    assert facts.items() <= found.facts.items()
    assert found.line
    assert "%(" not in str(found)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (BASELINE + "before = -1\n", "events.0.before", "at least 0"),
        (BASELINE + "after = -3\n", "events.0.after", "at least 0"),
        (BASELINE + 'anchor = "birth"\n', "events.0.anchor", "'enrolment', 'procedure'"),
        (BASELINE + BLOOD + "count = 0\n", "collections.x.0.count", "at least 1"),
        (BASELINE + BLOOD + "limits = { spin = 0 }\n", "collections.x.0.limits.spin", "at least 1"),
        (BASELINE + '[vessels."a"]\nfamily = "bag"\n', "vessels.a.family", "one of"),
        (BASELINE + '[[consents]]\nversion = "1"\nscopes = []\n', "consents.0.scopes", "At least 1"),
    ],
)
def test_what_a_field_cannot_be_is_refused_in_words(text: str, field: str, words: str) -> None:
    found = refused(text)
    assert isinstance(found, Refusals)
    assert [(each.field, words in str(each)) for each in found.each] == [(field, True)]


def test_a_pooled_derivative_may_take_of_all_the_tubes_that_are_pooled() -> None:
    text = BASELINE + BLOOD + "count = 2\n" + PLASMA + 'amount = "12 mL"\n'
    assert refused(text).slug == "protocol_too_much"
    pooled = studies.read_protocol((STUDY + text + "pooled = true\n").encode())
    assert pooled.collections["x"][0].derivatives[0].pooled


# --- windows ---


@pytest.mark.parametrize(
    "events",
    [
        event("A", day=0, after=7) + event("B", day=14, before=7),
        event("A", day=0) + event("B", day=0),
        event("A", day=30) + event("B", month=1),  # the same day wherever a month has 30 days
        event("A", month=1) + event("B", day=28),  # only from February of most years
        event("A", month=1) + event("B", day=29),  # only from February of a leap year, and of the 30th
        event("A", month=12) + event("B", day=366),  # only across a leap day
        event("A", month=1, day=1) + event("B", month=2, before=27),  # only where a month is short
        event("A", day=-1, anchor="procedure") + event("B", day=1, before=2, anchor="procedure"),
    ],
)
def test_two_windows_that_share_a_day_for_some_anchor_are_refused_with_both_names(events: str) -> None:
    found = refused(events)
    assert (found.slug, found.field) == ("protocol_windows_overlap", "events.1")
    assert {found.facts["event"], found.facts["other"]} == {"A", "B"}


@pytest.mark.parametrize(
    "events",
    [
        event("A", day=0, after=6) + event("B", day=14, before=7),
        event("A", month=1) + event("B", day=27) + event("C", day=32),
        event("A", month=12) + event("B", day=364) + event("C", day=367),
        event("A", day=1) + event("B", day=1, anchor="procedure"),
        '[[arms]]\ncode = "X"\ntitle = "X"\n[[arms]]\ncode = "Y"\ntitle = "Y"\n'
        + event("A", day=1, arms=["X"])
        + event("B", day=1, arms=["Y"]),
    ],
)
def test_windows_that_share_no_day_are_sound(events: str) -> None:
    assert studies.read_protocol((STUDY + events).encode()).events


def test_windows_of_an_event_for_all_arms_overlap_those_of_each_arm() -> None:
    arms = '[[arms]]\ncode = "X"\ntitle = "X"\n[[arms]]\ncode = "Y"\ntitle = "Y"\n'
    found = refused(arms + event("A", day=1) + event("B", day=1, arms=["Y"]))
    assert found.slug == "protocol_windows_overlap"


some_event = some.builds(
    EventPart,
    code=some.sampled_from("ABC"),
    title=some.just("A visit"),
    month=some.integers(0, 3),
    day=some.integers(-31, 31),
    before=some.integers(0, 5),
    after=some.integers(0, 5),
)


@settings(deadline=None, max_examples=40)
@given(events=some.lists(some_event, min_size=2, max_size=3))
def test_windows_overlap_exactly_where_some_day_of_four_years_says_so(events: list[EventPart]) -> None:
    def days(event: EventPart, anchor: date) -> set[date]:
        planned = studies.counted(anchor, event.month or 0, event.day or 0)
        return {planned + timedelta(days=each) for each in range(-event.before, event.after + 1)}

    shared = any(
        days(one, anchor) & days(other, anchor)
        for anchor in (date(2028, 1, 1) + timedelta(days=each) for each in range(4 * 365 + 1))
        for one, other in combinations(events, 2)
    )
    assert (overlapping(events, []) is not None) == shared


@given(
    day=some.dates(date(2020, 1, 1), date(2040, 12, 31)),
    months=some.integers(-50, 50),
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int) -> None:
    later = studies.add_months(day, months)
    assert later.year * 12 + later.month == day.year * 12 + day.month + months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


# --- loading ---


def load(world: World, text: bytes) -> studies.StudyCard:
    return world.act(lambda s, a: studies.load(s, a, text), person=MANAGER, answer=studies.StudyCard)  # type: ignore[no-any-return]


def everything_of(world: World, code: str, version: int) -> list[str]:
    """All rows of one version of a protocol, as text."""

    def rows(session: Session) -> Iterator[str]:
        study = session.exec(select(Study).where(col(Study.code) == code)).one()
        asked = select(Protocol).where(col(Protocol.study_id) == study.id, col(Protocol.version) == version)
        protocol = session.exec(asked).one()
        yield protocol.model_dump_json()
        for found in session.exec(select(Event).where(col(Event.protocol_id) == protocol.id)):
            yield found.model_dump_json()
            of_event = select(Requirement).where(col(Requirement.event_id) == found.id)
            yield from (each.model_dump_json() for each in session.exec(of_event))

    return sorted(world.database.read(lambda session: list(rows(session))))


@pytest.mark.parametrize(
    ("text", "code", "changed"),
    [(LBPB, "LBPB", (b"after = 30", b"after = 28")), (ICBT, "ICBT-FUSION", (b"month = 6", b"month = 7"))],
    ids=["lbpb", "icbt-fusion"],
)
def test_our_protocols_load_once_and_a_change_is_a_version_that_rewrites_nothing(
    world: World, text: bytes, code: str, changed: tuple[bytes, bytes]
) -> None:
    first = load(world, text)
    assert (first.code, first.version) == (code, 1)
    kept = everything_of(world, code, 1)
    assert load(world, text) == first
    second = load(world, text.replace(*changed))
    assert (second.id, second.version) == (first.id, 2)
    assert everything_of(world, code, 1) == kept
    assert len(everything_of(world, code, 2)) == len(kept)
    assert world.unproved() == []


def test_what_a_protocol_says_is_kept_and_asked_for(world: World) -> None:
    load(world, LBPB)

    def asked(session: Session, actor: Actor) -> None:
        study = studies.by_code(session, actor, "LBPB")
        assert studies.protocol_of(session, study).source.encode() == LBPB
        assert studies.protocol_of(session, study).all_present
        assert studies.arms(session, study) == ["surgical", "non-surgical"]
        assert studies.dataset_kinds(session, study) == ["fmri", "psg", "hrv", "qst", "microbiota"]
        assert studies.needs(session, study.id)["stool_stabilised"] == "microbiome"
        (consent,) = studies.consent_versions(session, study)
        assert (consent.version, consent.approved_on, "storage" in consent.scopes) == ("1.0", None, True)
        vessels = {vessel.name: vessel for vessel in studies.vessels(session, study)}
        assert vessels["EDTA 10 mL"].primary == "PED"
        assert (vessels["cryovial 1 mL"].family, vessels["cryovial 1 mL"].volume) == ("cryotube", 1_000_000)
        events = {event.code: event for event in studies.events(session, study)}
        assert (events["RUN"].offset_days, studies.requirements(session, events["RUN"].id)) == (-7, [])
        assert (events["M12"].offset_months, events["M12"].offset_days) == (12, 0)
        assert (events["S-1"].anchor, events["S-1"].arms) == (Anchor.PROCEDURE, ["surgical"])
        assert studies.event_by_id(session, events["M1"].id).code == "M1"
        serum = next(
            each for each in studies.requirements(session, events["BL"].id) if each.material == "serum"
        )
        assert (serum.kind, serum.used, serum.amount) == (SpecimenKind.DERIVATIVE, 8_000_000, 3_000_000)

    world.ask(asked, person=MANAGER)
    assert world.unproved() == []


def test_consent_and_flags_of_a_requirement_are_kept(world: World) -> None:
    more = '[[consents]]\nversion = "2"\napproved = 2026-05-04\nscopes = ["storage"]\n'
    flags = BLOOD + "count = 2\n" + PLASMA + 'amount = "12 mL"\npooled = true\nsplit = true\n'
    text = STUDY + BASELINE + 'collects = ["x"]\n' + more + flags
    load(world, text.encode())

    def asked(session: Session, actor: Actor) -> None:
        study = studies.by_code(session, actor, "S")
        assert studies.consent_versions(session, study)[0].approved_on == date(2026, 5, 4)
        drawn, plasma = studies.requirements(session, studies.events(session, study)[0].id)
        assert (drawn.pooled, drawn.split, plasma.pooled, plasma.split) == (False, False, True, True)

    world.ask(asked, person=MANAGER)


def labelled(parts: list[RequirementPart]) -> int:
    """How many tubes of these carry a label: what is drawn, and what nothing more is made of."""

    def leaves(part: RequirementPart) -> int:
        children = [*part.derivatives, *part.aliquots]
        return part.count * (sum(map(leaves, children)) if children else 1)

    drawn = sum(part.count for part in parts if part.derivatives or part.aliquots)
    return drawn + sum(map(leaves, parts))


def test_a_visit_of_the_cohort_has_ten_to_twenty_labelled_tubes() -> None:
    protocol = studies.read_protocol(LBPB)
    counts = {
        event.code: labelled([part for name in event.collects for part in protocol.collections[name]])
        for event in protocol.events
    }
    assert counts == {"RUN": 0, "BL": 19, "M1": 19, "M3": 19, "M6": 19, "M12": 19, "S-1": 12, "S+1": 12}


def test_every_tube_that_our_cohort_names_is_described() -> None:
    protocol = studies.read_protocol(LBPB)

    def containers(parts: list[RequirementPart]) -> Iterator[str]:
        for part in parts:
            yield part.container
            yield from containers([*part.derivatives, *part.aliquots])

    named = {each for parts in protocol.collections.values() for each in containers(parts) if each}
    assert named == set(protocol.vessels)


def test_the_examples_of_the_document_are_one_sound_protocol_and_name_every_word() -> None:
    document = (PROTOCOLS.parent / "docs" / "protocols.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", document, re.DOTALL)
    protocol = studies.read_protocol("".join(blocks).encode())
    assert [event.code for event in protocol.events] == ["M3"]
    parts = (RequirementPart, EventPart, ConsentPart, CollectingPart, VesselPart, ExposurePart, ProtocolFile)
    words = {field.alias or name for part in parts for name, field in part.model_fields.items()}
    assert {word for word in words if not re.search(rf"\b{word}\b", document)} == set()
    for known in (*LIMITS, *amounts.MATERIALS, *Scope):
        assert f"`{known}`" in document
