"""Events as rows that people and programs read: what happened, to what, by whom, where, from where."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import amounts
from biobank.custody.histories import source_of
from biobank.custody.words import UNDO
from biobank.database import by_id
from biobank.ledger import entries
from biobank.ledger.entries import Entry
from biobank.storage import Grid, Slot, slot_name
from biobank.tables import (
    Audit,
    Container,
    ContainerType,
    CustodyEvent,
    CustodyNote,
    CustodySubject,
    Kit,
    Participant,
    Person,
    Specimen,
    Station,
    Study,
    Visit,
)

_NOT_NAMED = frozenset(
    {
        "noun",
        "place",
        "amount",
        "out_since",
        "exposure_s",
        "life",
        "end_reason",
        "identifiers",
        "holds",
        "thaws",
    }
)
"""Keys of a state that `what` does not name: they are told otherwise, or by what happened."""

WAYS_IN = ("link", "badge", "badge_ended", "pin", "token", "token_ended", "sign_ins_ended")
"""What `refs` of a person's events have: ways in are no part of the state, and `what` names them."""


class LogRow(msgspec.Struct, frozen=True):
    """An event: what happened to which thing, by whom, and where it was put.

    `about` is the kind of thing; `code` its code, the pseudonym of a participant (of `study`), or the name of
    a person, a station or an audit. `what` names the parts of its state that changed, of a person also the
    ways to come in; `status` is a visit's new one. `source` is `typed`, `scanned` or `file`, empty for a page
    or a program; `performer` is who scanned what another person handed in. `undoes` is the event that this
    one undid, `corrects` one it corrects.
    """

    id: UUID
    recorded: datetime
    occurred: datetime
    kind: str
    about: str
    code: str
    study: str
    actor: str
    role: str
    station: str
    source: str
    performer: str
    place: str
    box: str
    amount: str
    what: list[str]
    status: str
    reason: str
    note: str
    corrects: str
    undoes: str
    undone: bool
    command: UUID
    number: int
    leaf_hash: str


class Thing(msgspec.Struct, frozen=True):
    """What an event is about, by the names people have for it."""

    about: str
    code: str
    study: str = ""


def rows(session: Session, ids: Sequence[UUID]) -> list[LogRow]:
    """Events as rows, in the order given; a handful of statements, however many there are."""
    asked = (
        core_select(CustodyEvent, col(Person.name), col(Station.name), col(CustodyNote.text))
        .add_columns(col(CustodySubject.kind), Container, ContainerType)
        .join(CustodySubject, col(CustodySubject.id) == col(CustodyEvent.subject_id))
        .outerjoin(Person, col(Person.id) == col(CustodyEvent.actor_id))
        .outerjoin(Station, col(Station.id) == col(CustodyEvent.station_id))
        .outerjoin(CustodyNote, col(CustodyNote.event_id) == col(CustodyEvent.id))
        .outerjoin(Container, col(Container.id) == col(CustodyEvent.container_id))
        .outerjoin(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(col(CustodyEvent.id).in_(ids))
    )
    found = {row.CustodyEvent.id: row for row in session.execute(asked)}
    read = {key: entries.read(row.CustodyEvent.entry) for key, row in found.items()}
    things = _things(session, {row.CustodyEvent.subject_id: row.kind for row in found.values()})
    performers = {UUID(entry.refs["performer"]) for entry in read.values() if "performer" in entry.refs}
    people = by_id(session, Person, performers)
    undone = _undone(session, list(found.values()))
    return [
        _row(found[key], read[key], things[found[key].CustodyEvent.subject_id], people, key in undone)
        for key in ids
    ]


def of_subject(session: Session, subject_id: UUID) -> list[LogRow]:
    """Everything that happened to one record, newest first; whether somebody may see it is asked before."""
    asked = select(CustodyEvent.id).where(col(CustodyEvent.subject_id) == subject_id)
    return rows(session, session.exec(asked.order_by(col(CustodyEvent.number).desc())).all())


# --- how ---


def _row(found: Any, entry: Entry, thing: Thing, people: dict[UUID | None, Person], undone: bool) -> LogRow:  # noqa: FBT001
    event, (actor, station, note) = found.CustodyEvent, tuple(found)[1:4]
    place = entry.change.get("place") or {}
    slot = Slot(place.get("row"), place.get("col"))
    named = slot_name(Grid.of(found.ContainerType), slot) if found.ContainerType else ""
    said = entry.refs.get("posted") or entry.change.get("amount")
    performer = people.get(UUID(entry.refs["performer"])) if "performer" in entry.refs else None
    status = entry.change.get("status")
    return LogRow(
        id=event.id,
        recorded=event.recorded_at,
        occurred=datetime.fromisoformat(entry.occurred),
        kind=event.kind,
        about=thing.about,
        code=thing.code,
        study=thing.study,
        actor=actor or "",
        role=entry.role,
        station=station or "",
        source=source_of(entry.refs, station),
        performer=performer.name if performer else "",
        place=" · ".join(part for part in (found.Container.name, named) if part) if found.Container else "",
        box=found.Container.code if found.Container else "",
        amount=amounts.canonical_read_as(said) if said else "",
        what=_what(entry, thing) if entry.number > 1 else [],
        status=status if isinstance(status, str) and entry.number > 1 else "",
        reason=entry.reason or entry.change.get("end_reason") or "",
        note=note or "",
        corrects=entry.corrects or "",
        undoes=entry.corrects or "" if UNDO in entry.refs else "",
        undone=undone,
        command=event.command_id,
        number=event.number,
        leaf_hash=event.leaf_hash.hex(),
    )


def _what(entry: Entry, thing: Thing) -> list[str]:
    ways = [name for name in WAYS_IN if name in entry.refs] if thing.about == "person" else []
    return [*(name for name in entry.change if name not in _NOT_NAMED), *ways]


def _undone(session: Session, found: Sequence[Any]) -> set[UUID]:
    """Those that a later event of the same subject undid: chains are short, and have an index."""
    subjects = {row.CustodyEvent.subject_id for row in found}
    asked = select(CustodyEvent.corrects_id, CustodyEvent.entry).where(
        col(CustodyEvent.subject_id).in_(subjects), col(CustodyEvent.corrects_id).is_not(None)
    )
    return {key for key, entry in session.exec(asked) if key and UNDO in entries.read(entry).refs}


def _things(session: Session, kinds: dict[UUID, str]) -> dict[UUID, Thing]:
    """What events are about, by its key: a statement for each kind of thing that is among them."""
    found: dict[UUID, Thing] = {}
    records = {key for key, kind in kinds.items() if kind == "record"}
    studies = {study.id: study.code for study in session.exec(select(Study))}
    for specimen in by_id(session, Specimen, kinds.keys() - records).values():
        found[specimen.id] = Thing("specimen", specimen.code, studies[specimen.study_id])
    for container in by_id(session, Container, kinds.keys() - records - found.keys()).values():
        found[container.id] = Thing("container", container.code)
    for participant in by_id(session, Participant, records).values():
        found[participant.id] = Thing("participant", participant.pseudonym, studies[participant.study_id])
    visits = by_id(session, Visit, records - found.keys())
    whose = by_id(session, Participant, {visit.participant_id for visit in visits.values()})
    for visit in visits.values():
        found[visit.id] = Thing("visit", visit.code, studies[whose[visit.participant_id].study_id])
    for kit in by_id(session, Kit, records - found.keys()).values():
        found[kit.id] = Thing("kit", kit.code, studies[kit.study_id])
    found |= {key: Thing("study", code, code) for key, code in studies.items() if key in records}
    for named, table in (("person", Person), ("station", Station), ("audit", Audit)):
        left = records - found.keys()
        found |= {row.id: Thing(named, row.name) for row in by_id(session, table, left).values()}
    return found
