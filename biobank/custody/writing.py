"""The one writer: a change of state and its event, together or not at all."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Engine, inspect
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import Session, col, select

from biobank import clock, people
from biobank.custody import projecting
from biobank.custody.relabelled import require_not_old
from biobank.custody.words import MISSING, NOUNS, SIGHTINGS, Kind, Line, Subject
from biobank.database import add_rows, table_of
from biobank.errors import NotFound, RuleBroken
from biobank.ledger import entries
from biobank.ledger.entries import Entry, State
from biobank.people import Actor, May
from biobank.tables import (
    Container,
    CustodyEvent,
    CustodyNote,
    CustodySubject,
    LedgerOrigin,
    Posting,
    Specimen,
)
from biobank.texts import N_

_AT_ONCE = 1000
_origins: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()

_AT_BIRTH: dict[type[Any], State] = {
    Specimen: {
        "life": "expected",
        "end_reason": None,
        "place": None,
        "out_since": None,
        "holds": [],
        "amount": None,
        "thaws": 0,
        "exposure_s": 0,
        "identifiers": [],
    },
    Container: {"place": None, "retired": False, "holds": []},
    **{noun: {"noun": name} for noun, name in NOUNS.items()},
}


class Head:
    """Where a locked subject's chain stands, and its state there."""

    __slots__ = ("after", "kind", "link", "number")

    def __init__(self, kind: str, number: int, link: bytes, after: State) -> None:
        self.kind = kind
        self.number = number
        self.link = link
        self.after = after


class Written(msgspec.Struct, frozen=True):
    """An event that now stands in the log."""

    id: UUID
    number: int
    leaf_hash: bytes


# --- locking ---


def lock(session: Session, ids: Iterable[UUID]) -> dict[UUID, State]:
    """Lock these subjects, in the order of their ids so that nobody waits in a circle; their states."""
    heads = _heads(session)
    wanted = sorted(set(ids) - heads.keys())
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        locking = select(CustodySubject.id, CustodySubject.kind, CustodySubject.number, CustodySubject.hash)
        locking = locking.where(col(CustodySubject.id).in_(some)).order_by(col(CustodySubject.id))
        locked = session.exec(locking.with_for_update()).all()
        # Only now, when nobody can add to them, are the newest entries the newest.
        newest = session.exec(
            select(CustodyEvent.subject_id, CustodyEvent.entry)
            .join(CustodySubject, col(CustodySubject.id) == col(CustodyEvent.subject_id))
            .where(col(CustodySubject.id).in_(some), col(CustodyEvent.number) == col(CustodySubject.number))
        )
        after = {subject: entries.read(entry).after for subject, entry in newest}
        for subject, kind, number, link in locked:
            heads[subject] = Head(kind, number, link, after.get(subject, {}))
    return {subject: heads[subject].after for subject in ids if subject in heads}


def load(session: Session, actor: Actor, codes: Sequence[str]) -> list[Specimen]:
    """These specimens, locked and as they are now, in the order asked.

    Refused: `NotFound` for one that does not exist or is out of the actor's scope, alike; a code whose
    label was replaced (`label_old`).
    """
    asked = select(Specimen.code, Specimen.id).where(col(Specimen.code).in_(codes))
    ids = dict(session.exec(asked.where(people.visible(actor, May.SEE, Specimen))).all())
    for code in codes:
        if code not in ids:
            require_not_old(session, actor, code)
            raise NotFound(
                "specimen_not_found", N_("There is no specimen %(code)s in your scope."), code=code
            )
    lock(session, ids.values())
    fresh = (
        select(Specimen).where(col(Specimen.id).in_(ids.values())).execution_options(populate_existing=True)
    )
    by_code = {specimen.code: specimen for specimen in session.exec(fresh)}
    return [by_code[code] for code in codes]


def state(session: Session, subject: Subject) -> State:
    """The state of a locked subject, as its newest event has it."""
    return _heads(session)[subject.id].after


# --- writing ---


def record(session: Session, actor: Actor, subject: Subject, kind: Kind, **line: Any) -> Written:
    """Change a subject's state and write the event, as one. See `Line` for what may be said of it."""
    return record_all(session, actor, [Line(subject=subject, kind=kind, **line)])[0]


def record_all(session: Session, actor: Actor, lines: Sequence[Line]) -> list[Written]:
    """Write many events at once. A subject that is new is inserted here; others must be locked.

    All places are left before any is taken, so that a swap is two lines of one call.
    """
    recorded = clock.now()
    heads = _heads(session)
    born = _born(lines, heads)
    before = {line.subject.id: heads[line.subject.id].after for line in lines}
    lines = [_turned_up(line, before[line.subject.id]) for line in lines]
    told = _told(session, actor, recorded)
    events = [_event(line, heads[line.subject.id], told) for line in lines]
    projecting.assign(lines, {line.subject.id: heads[line.subject.id].after for line in lines}, recorded)
    _insert_subjects(session, born)
    after = {line.subject.id: heads[line.subject.id].after for line in lines}
    projecting.place(session, actor, lines, before, after)
    projecting.identify(session, lines, before, after)
    projecting.hold(session, actor, lines, before, after)
    projecting.block(session, actor, lines, after)
    add_rows(session, CustodyEvent, [event for event, _ in events])
    add_rows(session, CustodyNote, [note for _, note in events if note])
    add_rows(session, Posting, _postings(lines, events))
    return [Written(event["id"], event["number"], event["leaf_hash"]) for event, _ in events]


def open_chain(session: Session, subject: Subject) -> None:
    """Begin the chain of a record whose row is in the database already."""
    empty = {"id": subject.id, "kind": "record", "number": 0, "hash": bytes(32)}
    add_rows(session, CustodySubject, [empty])
    _heads(session)[subject.id] = Head("record", 0, bytes(32), {})


def begin_log(session: Session, name: str) -> None:
    """Name this log, once, when the database is made."""
    session.add(LedgerOrigin(name=name))
    session.flush()


def origin(session: Session) -> str:
    """The name of this log."""
    engine = session.get_bind()
    engine = engine if isinstance(engine, Engine) else engine.engine
    if engine not in _origins:
        _origins[engine] = session.exec(select(LedgerOrigin.name)).one()
    return _origins[engine]


# --- how ---


def _heads(session: Session) -> dict[UUID, Head]:
    heads: dict[UUID, Head] = session.info.setdefault("heads", {})
    return heads


def _born(lines: Sequence[Line], heads: dict[UUID, Head]) -> list[Subject]:
    born: list[Subject] = []
    for line in lines:
        if line.subject.id in heads:
            continue
        if not inspect(line.subject).transient:
            raise AssertionError(f"{line.subject!r} was not locked before it was changed")
        kind = {Specimen: "specimen", Container: "container"}.get(type(line.subject), "record")
        heads[line.subject.id] = Head(kind, 0, bytes(32), {})
        born.append(line.subject)
    return born


class _Told(msgspec.Struct, frozen=True):
    """What all events of one call have alike: as their entries say it, and as their rows do."""

    entry: dict[str, Any]
    row: dict[str, Any]
    refs: dict[str, str]
    recorded: datetime


def _told(session: Session, actor: Actor, recorded: datetime) -> _Told:
    command = str(actor.command_id)
    entry = {
        "v": entries.VERSION,
        "log": origin(session),
        "command": command,
        "actor": str(actor.id),
        "role": actor.role,
        "station": str(actor.station_id) if actor.station_id else None,
        "gesture": command,
        "recorded": entries.utc_text(recorded),
    }
    row = {
        "command_id": actor.command_id,
        "actor_id": actor.id,
        "station_id": actor.station_id,
        "recorded_at": recorded,
    }
    return _Told(entry, row, _by_way_of(actor), recorded)


def _event(line: Line, head: Head, told: _Told) -> tuple[dict[str, Any], dict[str, Any] | None]:
    key, subject, occurred = clock.new_key(), line.subject.id, line.occurred or told.recorded
    change = {**_AT_BIRTH[type(line.subject)], **line.change} if head.number == 0 else line.change
    salt = secrets.token_bytes(16) if line.note else b""
    number, after = head.number + 1, entries.apply(head.after, change)
    kept = _canonical(
        Entry(
            **told.entry,
            id=str(key),
            kind=line.kind,
            subject={"kind": head.kind, "id": str(subject)},
            number=number,
            prev=head.link.hex(),
            occurred=entries.local_text(occurred),
            reason=line.reason,
            corrects=str(line.corrects) if line.corrects else None,
            refs={**line.refs, **told.refs},
            change=change,
            after=after,
            note=entries.commitment(salt, line.note) if line.note else None,
            sig=line.sig,
        )
    )
    link = entries.leaf_hash(kept)
    place = change.get("place") or {}
    row = {
        **told.row,
        "id": key,
        "subject_id": subject,
        "number": number,
        "kind": line.kind,
        "occurred_at": occurred,
        "corrects_id": line.corrects,
        "container_id": UUID(place["container"]) if "container" in place else None,
        "prev_hash": head.link,
        "leaf_hash": link,
        "entry": kept,
    }
    head.number, head.link, head.after = number, link, after
    note = {"event_id": key, "salt": salt, "text": line.note} if line.note else None
    return row, note


def _turned_up(line: Line, before: State) -> Line:
    """What was missing and is in somebody's hand is missing no more: the same event says both."""
    holds = before.get("holds", ()) if line.kind in SIGHTINGS and "holds" not in line.change else ()
    left = [hold for hold in holds if hold["reason"] != MISSING]
    if len(left) == len(holds):
        return line
    return msgspec.structs.replace(line, change={**line.change, "holds": left})


def _by_way_of(actor: Actor) -> dict[str, str]:
    """Who really did it, where another person hands it in, and that a code was typed where it was."""
    told = {"performer": str(actor.performer) if actor.performer else "", "source": actor.source}
    return {name: value for name, value in told.items() if value}


def _canonical(entry: Entry) -> bytes:
    try:
        return entries.canonical(entry)
    except entries.Unsound:
        message = N_("This is more than one entry of the log can hold. Do it in smaller parts.")
        raise RuleBroken("entry_too_large", message) from None


def _insert_subjects(session: Session, born: Sequence[Subject]) -> None:
    heads = _heads(session)
    empty = [
        {"id": subject.id, "kind": heads[subject.id].kind, "number": 0, "hash": bytes(32)} for subject in born
    ]
    add_rows(session, CustodySubject, empty)
    for table in dict.fromkeys(type(subject) for subject in born):
        columns = table_of(table).c.keys()
        # Straight from what each object holds: the attributes' own way costs more than all the rest here.
        held = itemgetter(*columns)
        rows = [
            dict(zip(columns, held(vars(subject)), strict=True)) for subject in born if type(subject) is table
        ]
        add_rows(session, table, rows)
    for subject in born:
        # It is in the database now: let the session know it as such, without a second INSERT.
        make_transient_to_detached(subject)
        session.add(subject)


def _postings(lines: Sequence[Line], events: Sequence[tuple[dict[str, Any], object]]) -> list[dict[str, Any]]:
    return [
        {
            "id": clock.new_key(),
            "specimen_id": line.subject.id,
            "delta": delta,
            "other_id": other,
            "event_id": event["id"],
        }
        for line, (event, _) in zip(lines, events, strict=True)
        for delta, other in line.postings
    ]
