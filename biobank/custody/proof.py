"""Whether the tables say what the log says: every chain, every fold, every row."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, SQLModel, col, select

from biobank.custody import facts, records
from biobank.custody.projecting import columns_of, container_columns_of
from biobank.custody.words import NOUNS
from biobank.database import table_of
from biobank.ledger import entries
from biobank.ledger.entries import Entry, State, Unsound
from biobank.tables import (
    Container,
    CustodyEvent,
    CustodyNote,
    CustodySubject,
    Hold,
    Identifier,
    Keep,
    KeepKind,
    Participant,
    Placement,
    Posting,
    Specimen,
)

_AT_ONCE = 500


class Unproved(msgspec.Struct, frozen=True):
    """Something that the log does not bear out: which subject, and what is wrong with it."""

    subject: UUID
    kind: str
    what: str


class Chain(msgspec.Struct, frozen=True):
    """Whether one subject's history holds: how many entries it has, the hash of the last, what is wrong.

    `fault` is empty where every number, link, hash and state is as it should be.
    """

    events: int
    head: str
    fault: str


def chain(session: Session, subject_id: UUID) -> Chain:
    """Prove the history of one subject, its columns and notes, and that its head is its newest entry.

    Whether its row says the same is asked with all others by `unproved`.
    """
    subject = session.get_one(CustodySubject, subject_id)
    events = _events_by_subject(session, [subject_id]).get(subject_id, [])
    try:
        proved = entries.proved(event.entry for event in events)
    except entries.Unsound as error:
        return Chain(len(events), subject.hash.hex(), str(error))
    wrong = list(_columns(events, proved, _notes(session, [subject_id])))
    if _head(proved) != (subject.number, subject.hash):
        wrong.append("the head is not its newest event")
    return Chain(len(events), subject.hash.hex(), "; ".join(wrong))


def unproved(session: Session, progress: Callable[[int], None] = lambda _: None) -> list[Unproved]:
    """Everything in the tables that the log does not prove; empty when state equals the fold.

    Proves each chain (numbers, links, hashes, canonical bytes, fold), that each event's columns say
    what its bytes say, that each head is its newest event, and that specimens, containers, slots,
    keeps, identifiers, holds, amounts and what is noted beside them (`facts.wrong`) are exactly what the
    last state of each chain says, and that the text of each protocol in force is the one that was loaded.
    `progress` is told how many subjects were checked.
    """
    faults: list[Unproved] = []
    checked = 0
    for subjects in _chunks(session):
        faults += _check_chunk(session, subjects)
        checked += len(subjects)
        progress(checked)
    return faults + _orphans(session)


def _chunks(session: Session) -> Iterator[Sequence[CustodySubject]]:
    last: UUID | None = None
    while True:
        asked = select(CustodySubject).order_by(col(CustodySubject.id)).limit(_AT_ONCE)
        if last is not None:
            asked = asked.where(col(CustodySubject.id) > last)
        some = session.exec(asked).all()
        if not some:
            return
        yield some
        last = some[-1].id
        session.expunge_all()


def _check_chunk(session: Session, subjects: Sequence[CustodySubject]) -> list[Unproved]:
    faults: list[Unproved] = []
    ids = [subject.id for subject in subjects]
    states: dict[UUID, State] = {}
    chains: dict[UUID, list[Entry]] = {}
    events = _events_by_subject(session, ids)
    notes = _notes(session, ids)
    for subject in subjects:
        chain = events.get(subject.id, [])
        try:
            proved = entries.proved(event.entry for event in chain)
        except Unsound as error:
            faults.append(Unproved(subject.id, subject.kind, str(error)))
            continue
        faults += [Unproved(subject.id, subject.kind, what) for what in _columns(chain, proved, notes)]
        if _head(proved) != (subject.number, subject.hash):
            faults.append(Unproved(subject.id, subject.kind, "the head is not its newest event"))
        if not proved:
            faults.append(Unproved(subject.id, subject.kind, "it was begun and has no history"))
            continue
        states[subject.id] = proved[-1][0].after
        chains[subject.id] = [entry for entry, _ in proved]
    kinds = {subject.id: subject.kind for subject in subjects}
    faults += [Unproved(key, kinds[key], what) for key, what in _tables(session, ids, kinds, states, chains)]
    return faults


_EVENTS = core_select(
    *(
        col(column)
        for column in (
            CustodyEvent.id,
            CustodyEvent.subject_id,
            CustodyEvent.number,
            CustodyEvent.kind,
            CustodyEvent.command_id,
            CustodyEvent.actor_id,
            CustodyEvent.station_id,
            CustodyEvent.corrects_id,
            CustodyEvent.container_id,
            CustodyEvent.occurred_at,
            CustodyEvent.recorded_at,
            CustodyEvent.prev_hash,
            CustodyEvent.leaf_hash,
            CustodyEvent.entry,
        )
    )
).order_by(col(CustodyEvent.subject_id), col(CustodyEvent.number))
"""Plain rows: a log has many events, and an object for each takes longer than to prove it."""


def _events_by_subject(session: Session, ids: list[UUID]) -> dict[UUID, list[Any]]:
    rows = session.execute(_EVENTS.where(col(CustodyEvent.subject_id).in_(ids)))
    return {key: list(chain) for key, chain in groupby(rows, lambda event: event.subject_id)}


def _head(proved: Sequence[tuple[Entry, bytes]]) -> tuple[int, bytes]:
    return (len(proved), proved[-1][1]) if proved else (0, bytes.fromhex(entries.NO_HASH))


def _notes(session: Session, ids: list[UUID]) -> dict[UUID, CustodyNote]:
    asked = select(CustodyNote).join(CustodyEvent, col(CustodyEvent.id) == col(CustodyNote.event_id))
    return {note.event_id: note for note in session.exec(asked.where(col(CustodyEvent.subject_id).in_(ids)))}


def _columns(
    chain: Sequence[Any], proved: Sequence[tuple[Entry, bytes]], notes: dict[UUID, CustodyNote]
) -> Iterator[str]:
    """Where the columns of an event, or the note beside it, do not say what its bytes say."""
    for event, (entry, link) in zip(chain, proved, strict=True):
        place = entry.change.get("place") or {}
        said = (
            entry.id == str(event.id)
            and entry.subject["id"] == str(event.subject_id)
            and entry.number == event.number
            and entry.kind == event.kind
            and entry.command == str(event.command_id)
            and entry.actor == (str(event.actor_id) if event.actor_id else None)
            and entry.station == (str(event.station_id) if event.station_id else None)
            and entry.corrects == (str(event.corrects_id) if event.corrects_id else None)
            and entry.prev == event.prev_hash.hex()
            and datetime.fromisoformat(entry.occurred) == event.occurred_at
            and entry.recorded == entries.utc_text(event.recorded_at)
            and place.get("container") == (str(event.container_id) if event.container_id else None)
            and link == event.leaf_hash
        )
        note = notes.get(event.id)
        if note and entries.commitment(note.salt, note.text) != entry.note:
            yield f"the note of entry {event.number} is not the one that was written"
        if not said:
            yield f"the columns of entry {event.number} do not say what its bytes say"


def _tables(
    session: Session,
    ids: list[UUID],
    kinds: dict[UUID, str],
    states: dict[UUID, State],
    chains: dict[UUID, list[Entry]],
) -> Iterator[tuple[UUID, str]]:
    said = records.states(session, [key for key in states if kinds[key] == "record"])
    for key, state in states.items():
        if kinds[key] == "record" and not records.bears_out(said.get(key, {}), state):
            yield key, "its row does not say what the log says"
    yield from _things(
        session, ids, {key: kept for key, kept in states.items() if kinds[key] != "record"}, chains
    )


def _things(
    session: Session, ids: list[UUID], states: dict[UUID, State], chains: dict[UUID, list[Entry]]
) -> Iterator[tuple[UUID, str]]:
    """What is wrong with specimens and containers."""
    tubes = {row.id: row for row in _all(session, Specimen, col(Specimen.id).in_(ids))}
    boxes = {row.id: row for row in _all(session, Container, col(Container.id).in_(ids))}
    places = _places(session, ids)
    codes, holds, sums = _identifiers(session, ids), _holds(session, ids), _sums(session, ids)
    blocked = _blocked(session, ids)
    yield from ((key, "it is of another study than its participant") for key in _strays(session, ids))
    for key, state in states.items():
        row: Specimen | Container | None = tubes.get(key) or boxes.get(key)
        if row is None:
            yield key, "it has a history but no row"
            continue
        where, birth = _slot(state["place"]), chains[key][0]
        if places[key] != ([where] if where else []):
            yield key, "it is not where the log says"
        if state.get("code", birth.refs.get("code", row.code)) != row.code:
            yield key, "it bears another code than the log says"
        if isinstance(row, Specimen):
            found = _specimen(row, state, birth, codes[key], holds[key], sums.get(key))
        else:
            found = _container(row, state, blocked[key])
        yield from ((key, what) for what in found)
    yield from facts.wrong(session, {key: tube for key, tube in tubes.items() if key in states}, chains)


def _container(row: Container, state: State, blocked: set[tuple[int, int]]) -> Iterator[str]:
    wrong = [name for name, value in container_columns_of(state).items() if getattr(row, name) != value]
    if wrong:
        yield f"the log says otherwise of {', '.join(wrong)}"
    if blocked != {(row, column) for row, column in state.get("blocked", [])}:
        yield "its blocked slots are not those of the log"
    if str(row.site_id) != state["site"]:
        yield "it is of another site than the log says"


def _specimen(
    row: Specimen,
    state: State,
    birth: Entry,
    codes: set[tuple[str, str, bool]],
    holds: set[tuple[str, str, str]],
    total: int | None,
) -> Iterator[str]:
    wrong = [name for name, value in columns_of(state).items() if getattr(row, name) != value]
    if wrong:
        yield f"the log says otherwise of {', '.join(wrong)}"
    if codes != {(each["scheme"], each["value"], each["retired"]) for each in state["identifiers"]}:
        yield "its identifiers are not those of the log"
    if holds != {(each["id"], each["kind"], each["reason"]) for each in state["holds"]}:
        yield "its holds are not those of the log"
    if row.amount != total:
        yield "its amount is not the sum of its postings"
    facts = {"participant": row.participant_id, "visit": row.visit_id, "parent": row.parent_id}
    if any(birth.refs.get(name) != (str(value) if value else None) for name, value in facts.items()):
        yield "it belongs to another participant, visit or parent than the log says"
    if (birth.refs.get("material"), birth.refs.get("kind")) != (row.material, row.kind):
        yield "it is of another material or kind than the log says"


_Where = tuple[str, int | None, int | None, bool]


def _slot(place: State | None) -> _Where | None:
    """What the placement rows must show for a place: the slot, and whether it is only kept."""
    if place and place["kind"] == "out":
        kept = place["kept"]
        return (kept["container"], kept.get("row"), kept.get("col"), True) if kept else None
    return (place["container"], place.get("row"), place.get("col"), False) if place else None


def _places(session: Session, ids: list[UUID]) -> defaultdict[UUID, list[_Where]]:
    """Every slot that each has: a tube that is in one and has another kept for it is in two places."""
    found: defaultdict[UUID, list[_Where]] = defaultdict(list)
    for occupant in (Placement.specimen_id, Placement.child_id):
        for row in _all(session, Placement, col(occupant).in_(ids)):
            found[row.specimen_id or row.child_id].append((str(row.container_id), row.row, row.col, False))
    asked = select(Keep.specimen_id, Placement).join(Placement, col(Placement.keep_id) == col(Keep.id))
    for key, row in session.exec(asked.where(col(Keep.specimen_id).in_(ids))):
        if key is not None:
            found[key].append((str(row.container_id), row.row, row.col, True))
    return found


def _identifiers(session: Session, ids: list[UUID]) -> defaultdict[UUID, set[tuple[str, str, bool]]]:
    found: defaultdict[UUID, set[tuple[str, str, bool]]] = defaultdict(set)
    for row in _all(session, Identifier, col(Identifier.specimen_id).in_(ids)):
        found[row.specimen_id].add((row.scheme, row.value, row.retired_at is not None))
    return found


def _holds(session: Session, ids: list[UUID]) -> defaultdict[UUID, set[tuple[str, str, str]]]:
    found: defaultdict[UUID, set[tuple[str, str, str]]] = defaultdict(set)
    for row in _all(session, Hold, col(Hold.specimen_id).in_(ids)):
        found[row.specimen_id].add((str(row.id), row.kind.value, row.reason))
    return found


def _strays(session: Session, ids: list[UUID]) -> Sequence[UUID]:
    """Tubes whose study, by which rights go, is not that of whom they are of."""
    asked = select(Specimen.id).join(Participant, col(Participant.id) == col(Specimen.participant_id))
    asked = asked.where(col(Specimen.id).in_(ids), col(Specimen.study_id) != col(Participant.study_id))
    return session.exec(asked).all()


def _sums(session: Session, ids: list[UUID]) -> dict[UUID, int]:
    asked = select(Posting.specimen_id, func.sum(col(Posting.delta))).where(col(Posting.specimen_id).in_(ids))
    return {key: int(total) for key, total in session.exec(asked.group_by(col(Posting.specimen_id)))}


def _all(session: Session, table: type[Any], where: ColumnElement[bool]) -> Sequence[Any]:
    return session.exec(select(table).where(where)).all()


def _orphans(session: Session) -> list[Unproved]:
    """Rows that have no history at all."""
    tables: list[tuple[type[SQLModel], str]] = [(Specimen, "specimen"), (Container, "container")]
    tables += [(table, "record") for table in NOUNS]
    faults: list[Unproved] = []
    for table, kind in tables:
        key = table_of(table).c.id
        asked = select(key).outerjoin(CustodySubject, col(CustodySubject.id) == key)
        lost = session.exec(asked.where(col(CustodySubject.id).is_(None)))
        faults += [Unproved(orphan, kind, "it has a row but no history") for orphan in lost]
    return faults + _unfounded_keeps(session)


def _blocked(session: Session, ids: list[UUID]) -> defaultdict[UUID, set[tuple[int, int]]]:
    found: defaultdict[UUID, set[tuple[int, int]]] = defaultdict(set)
    asked = select(Placement.container_id, Placement.row, Placement.col)
    asked = asked.join(Keep, col(Keep.id) == col(Placement.keep_id)).where(col(Keep.kind) == KeepKind.BLOCKED)
    for key, row, column in session.exec(asked.where(col(Placement.container_id).in_(ids))):
        if row is not None and column is not None:
            found[key].add((row, column))
    return found


def _unfounded_keeps(session: Session) -> list[Unproved]:
    """Keeps that no history gives a reason for: of no tube that is out, or in no slot.

    A reservation is none of these: it ends by itself, and no history speaks of it.
    """
    asked = select(Keep.id).outerjoin(Placement, col(Placement.keep_id) == col(Keep.id))
    of_no_tube = and_(col(Keep.kind) == KeepKind.OUT, col(Keep.specimen_id).is_(None))
    of_a_tube = and_(col(Keep.kind) != KeepKind.OUT, col(Keep.specimen_id).is_not(None))
    lost = session.exec(asked.where(or_(of_no_tube, of_a_tube, col(Placement.id).is_(None))))
    return [Unproved(keep, "keep", "it keeps a slot that no history speaks of") for keep in lost]
