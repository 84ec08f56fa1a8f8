"""What people and programs see of a specimen: a card, a row, a timeline, a visit with its tubes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping
from sqlmodel import Session, col, select

from biobank import amounts, codes, custody, participants, people, studies
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.database import by_id
from biobank.errors import NotFound
from biobank.participants import datasets
from biobank.participants.datasets import DatasetRow
from biobank.people import Actor, May
from biobank.specimens import noted, statements
from biobank.specimens.listing import SpecimenRow, rows
from biobank.specimens.noted import CollectionFacts, DeviationRow, ExtractCard, Held, SpinRow
from biobank.storage import Exposure, Grid, Slot, Step, clock_of, slot_name
from biobank.tables import (
    Container,
    ContainerType,
    Event,
    Participant,
    Protocol,
    Requirement,
    Specimen,
    Study,
    Visit,
)
from biobank.texts import N_


class Recent(msgspec.Struct, frozen=True):
    """One of the newest events, as the card lists them."""

    kind: str
    recorded: datetime
    actor: str


class SpecimenCard(msgspec.Struct, frozen=True):
    """All that a scan answers: what it is, where it is, how much is left, what happened last.

    `custody` is slot, unplaced, out or none; for a tube that is out, `place` is the slot kept for it.
    `clock` runs while it is out; `exposure_s` is what all its times out came to before. `seen` is when it was
    last in somebody's hand. `time_zone` is its site's, an IANA name: there people read its times.
    """

    code: str
    kind: str
    material: str
    container: str
    life: str
    end_reason: str | None
    amount: str
    study: str
    site: str
    time_zone: str
    participant: str
    visit: str
    event: str
    serial: int
    total: int
    parent: str | None
    custody: str
    place: list[Step]
    holder: str | None
    out_since: datetime | None
    available: bool
    identifiers: list[str]
    holds: list[Held]
    thaws: int
    exposure_s: int
    collected: datetime | None
    received: datetime | None
    processed: datetime | None
    frozen: datetime | None
    recent: list[Recent]
    sprec: str
    sprec_version: str
    deviations: list[DeviationRow]
    spins: list[SpinRow]
    facts: CollectionFacts | None
    extract: ExtractCard | None
    seen: datetime | None = None
    out_purpose: str = ""
    out_due: datetime | None = None
    clock: Exposure | None = None


class Face(msgspec.Struct, frozen=True):
    """What stands on the label of a tube."""

    code: str
    material: str
    event: str
    amount: str
    number: str
    participant: str


class TimelineRow(msgspec.Struct, frozen=True):
    """One event of a tube, or of the container that held it (`held_by`); an `undone` one counts no more.

    `code` is what the tube is called from then on, or was called until then.
    """

    number: int
    kind: str
    occurred: datetime
    recorded: datetime
    actor: str
    role: str
    place: str
    amount: str
    note: str | None
    corrects: str | None
    held_by: str | None
    leaf_hash: str
    id: str = ""
    undone: bool = False
    undoes: str = ""
    code: str = ""
    station: str = ""
    source: str = ""
    reason: str = ""


class Expected(msgspec.Struct, frozen=True):
    """What the protocol expects of a visit, one row of its tree."""

    kind: str
    material: str
    container: str
    amount: str
    count: int
    depth: int


class VisitCard(msgspec.Struct, frozen=True):
    """A visit: whose, when, what is expected and what there is."""

    code: str
    study: str
    participant: str
    event: str
    status: str
    planned_on: date | None
    took_place: datetime | None
    expected: list[Expected]
    specimens: list[SpecimenRow]
    opens_on: date | None
    closes_on: date | None
    came_on: date | None
    occasion: int
    missed_reason: str
    datasets: list[DatasetRow]


# --- rules ---


def is_available(life: str, place: str, amount: int | None, holds: Sequence[object]) -> bool:
    """Whether a specimen could be given: active, in its place, some of it left, nothing holding it."""
    return life == "active" and place in ("slot", "unplaced") and bool(amount) and not holds


# --- questions ---


def card(session: Session, actor: Actor, text: str) -> SpecimenCard:
    """The card of a scanned code; an old label leads to its tube, which is called otherwise now.

    Refused: a code of another kind, `NotFound` out of scope.
    """
    code = codes.require(text, CodeKind.SPECIMEN)
    connection = session.connection()
    first = connection.execute(statements.CARD, {"code": code}).mappings().first()
    if first is None and (now := custody.of_old_label(session, actor, code)):
        return card(session, actor, now)
    if first is None or not people.allowed(actor, May.SEE, statements.scope(first)):
        raise _no_specimen(code)
    return _card(session, code, first)


def family(session: Session, actor: Actor, text: str) -> list[SpecimenRow]:
    """What was made of a specimen, directly."""
    parent = require_seen(session, actor, codes.require(text, CodeKind.SPECIMEN))
    asked = select(Specimen).where(col(Specimen.parent_id) == parent.id).order_by(col(Specimen.id))
    return rows(session, session.exec(asked).all())


def timeline(session: Session, actor: Actor, text: str) -> list[TimelineRow]:
    """Everything that happened to a specimen and to what held it, oldest first."""
    specimen = require_seen(session, actor, codes.require(text, CodeKind.SPECIMEN))
    lines = custody.history(session, specimen.id)
    places = [line.change.get("place") or {} for line in lines]
    wanted = {UUID(place["container"]) for place in places if "container" in place}
    boxes = _containers(session, wanted)
    return [
        TimelineRow(
            number=line.number,
            kind=line.kind,
            occurred=line.occurred,
            recorded=line.recorded,
            actor=line.actor,
            role=line.role,
            place=_place_words(place, boxes),
            amount=_amount_words(line),
            note=line.note,
            corrects=line.corrects,
            held_by=line.held_by,
            leaf_hash=line.leaf_hash,
            id=str(line.id),
            undone=line.undone_by is not None,
            undoes=line.undoes or "",
            code=_code_of(line),
            station=line.station,
            source=line.source,
            reason=line.reason or "",
        )
        for line, place in zip(lines, places, strict=True)
    ]


def faces(session: Session, actor: Actor, wanted: Sequence[str]) -> list[Face]:
    """The label faces of specimens, in the order asked; a pseudonym only where the study asks."""
    found = _seen(session, actor, wanted, May.PRINT)
    visits = by_id(session, Visit, {each.visit_id for each in found})
    whose = by_id(session, Participant, {each.participant_id for each in found})
    shows: dict[UUID, bool] = {}
    for study in by_id(session, Study, {each.study_id for each in found}).values():
        shows[study.id] = session.get_one(Protocol, study.protocol_id).label_shows_participant
    return [
        Face(
            code=each.code,
            material=amounts.MATERIALS[each.material].label,
            event=visits[each.visit_id].label,
            amount=amounts.shown(each.amount, each.material),
            number=f"{each.serial}/{each.total}" if each.total > 1 else "",
            participant=whose[each.participant_id].pseudonym if shows[each.study_id] else "",
        )
        for each in found
    ]


def visit_card(session: Session, actor: Actor, text: str) -> VisitCard:
    """A visit with what the protocol expects of it and what was collected."""
    visit, participant = participants.visit_by_code(session, actor, text)
    asked = select(Specimen).where(col(Specimen.visit_id) == visit.id).order_by(col(Specimen.id))
    return VisitCard(
        code=visit.code,
        study=session.get_one(Study, participant.study_id).code,
        participant=participant.pseudonym,
        event=visit.label,
        status=visit.status.value,
        planned_on=visit.planned_on,
        took_place=visit.took_place_at,
        expected=_expected(session, visit),
        specimens=rows(session, session.exec(asked).all()),
        opens_on=visit.opens_on,
        closes_on=visit.closes_on,
        came_on=visit.came_on,
        occasion=visit.occasion,
        missed_reason=visit.missed_reason,
        datasets=datasets.of(session, [visit.id]).get(visit.id, []),
    )


# --- how ---


_AS_ASKED = (
    *("kind", "material", "container", "life", "end_reason", "study", "site", "time_zone", "visit", "event"),
    *("serial", "total", "parent", "holder", "out_since", "out_purpose", "thaws", "exposure_s"),
    *("sprec", "sprec_version"),
)
"""What a card tells as its statement names it."""


def _card(session: Session, code: str, first: RowMapping) -> SpecimenCard:
    state, newest = statements.newest(session.connection(), code)
    where = (state["place"] or {}).get("kind", "none")
    beside = noted.read(first["noted"])
    told: dict[str, Any] = {name: first[name] for name in _AS_ASKED}
    told |= {name: _local(first[f"{name}_at"], first[f"{name}_offset"]) for name in custody.TIMES}
    return SpecimenCard(
        **told,
        code=code,
        amount=amounts.shown(first["amount"], first["material"]),
        participant=first["pseudonym"],
        custody=where,
        place=statements.way(first["way"]),
        available=is_available(first["life"], where, first["amount"], state["holds"]),
        identifiers=[each["value"] for each in state["identifiers"]],
        holds=[Held(each["kind"], each["reason"]) for each in state["holds"]],
        recent=[Recent(*event) for event in newest],
        deviations=beside.deviations,
        spins=beside.spins,
        facts=beside.facts,
        extract=beside.extract,
        seen=first["seen_at"],
        out_due=first["out_due_at"],
        clock=clock_of(session, code) if first["out_since"] else None,
    )


def _expected(session: Session, visit: Visit) -> list[Expected]:
    if visit.event_id is None or session.get(Event, visit.event_id) is None:
        return []
    depth: dict[UUID, int] = {}
    found: list[Expected] = []
    for each in studies.requirements(session, visit.event_id):
        depth[each.id] = depth[each.parent_id] + 1 if each.parent_id else 0
        found.append(_expected_row(each, depth[each.id]))
    return found


def _expected_row(each: Requirement, depth: int) -> Expected:
    shown = amounts.shown(each.amount, each.material)
    return Expected(each.kind.value, each.material, each.container, shown, each.count, depth)


def require_seen(session: Session, actor: Actor, code: str) -> Specimen:
    """The specimen of a code, or of its old label. Refused: `NotFound` out of scope."""
    return _seen(session, actor, [custody.of_old_label(session, actor, code) or code], May.SEE)[0]


def _seen(session: Session, actor: Actor, wanted: Sequence[str], may: May) -> list[Specimen]:
    asked = select(Specimen).where(col(Specimen.code).in_(wanted))
    by_code = {each.code: each for each in session.exec(asked)}
    for code in wanted:
        if code not in by_code or not people.allowed(actor, May.SEE, by_code[code]):
            raise _no_specimen(code)
        people.require(actor, may, by_code[code])
    return [by_code[code] for code in wanted]


def _no_specimen(code: str) -> NotFound:
    message = N_("There is no specimen %(code)s in your scope.")
    return NotFound("specimen_not_found", message, code=codes.grouped(code))


def _containers(session: Session, ids: set[UUID]) -> dict[str, tuple[str, Grid]]:
    asked = select(Container, ContainerType).join(
        ContainerType, col(ContainerType.id) == col(Container.type_id)
    )
    found = session.exec(asked.where(col(Container.id).in_(ids)))
    return {str(container.id): (container.name, Grid.of(kind)) for container, kind in found}


def _place_words(place: dict[str, Any], boxes: dict[str, tuple[str, Grid]]) -> str:
    if place.get("container") not in boxes:
        return ""
    name, grid = boxes[place["container"]]
    slot = slot_name(grid, Slot(place.get("row"), place.get("col")))
    return f"{name} · {slot}" if slot else name


def _amount_words(line: custody.HistoryLine) -> str:
    said = line.refs.get("posted") or line.change.get("amount")
    return amounts.canonical_read_as(said) if said else ""


def _code_of(line: custody.HistoryLine) -> str:
    if line.kind == Kind.IDENTIFIER_RETIRED:
        old = [
            each["value"] for each in line.change.get("identifiers", []) if each["scheme"] == custody.LABEL
        ]
        return str(old[-1]) if old else ""
    return str(line.change.get("code", "")) if line.kind == Kind.IDENTIFIED else ""


def _local(when: datetime | None, offset: int | None) -> datetime | None:
    """A kept time with the offset it was told in."""
    return when.astimezone(timezone(timedelta(minutes=offset or 0))) if when else None
