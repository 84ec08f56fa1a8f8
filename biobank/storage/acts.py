"""What somebody did lately, in words, and whether it can still be undone."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, case, func
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import clock, custody
from biobank.codes import grouped
from biobank.custody import Kind
from biobank.database import by_id
from biobank.ledger import entries
from biobank.ledger.entries import Entry
from biobank.people import Actor
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.tables import Command, Container, ContainerType, CustodyEvent, CustodySubject, Person, Specimen
from biobank.texts import N_

UNDONE_WITHIN = timedelta(hours=8)
"""A shift. What is older is put right by doing something new."""

UNDOABLE: Mapping[str, frozenset[Kind]] = {
    "specimen": frozenset({Kind.PLACED, Kind.TAKEN_OUT, Kind.THAWED, Kind.SIGHTED, Kind.LABEL_APPLIED}),
    "container": frozenset({Kind.PLACED, Kind.SIGHTED}),
}
"""What can be taken back, by the kind of subject; what left the building, or was signed, never can."""

STAYS = frozenset({Kind.LABEL_APPLIED.value})
"""What an undo leaves as it is: a label does not come off its tube by that."""

_NO_BAR = frozenset({Kind.LABEL_PRINTED, Kind.LABEL_APPLIED})
"""What stands in no undo's way: it changed nothing of where a tube is."""

_DONE: Mapping[str, str] = {
    "placed": N_("Stored"),
    "taken_out": N_("Taken out"),
    "sighted": N_("Seen in its place"),
    "label_applied": N_("Label applied"),
    "hold_set": N_("Put on hold"),
    "hold_lifted": N_("Hold lifted"),
    "processed": N_("Processed"),
    "amount_posted": N_("Amount changed"),
    "ended": N_("Ended"),
    "retired": N_("Retired"),
    "changed": N_("Changed"),
}
_OTHERWISE = N_("Changed")
_CAME_AFTER = N_("%(code)s: “%(fact)s” (%(person)s) came after it and stands in the way.")

# --- words ---


class Said(msgspec.Struct, frozen=True):
    """A sentence for people: an English message id and the facts that fill it."""

    message: str
    facts: dict[str, str | int] = {}


UNDONE_ALREADY = Said(N_("This was undone already."))
NO_MOVE = Said(N_("This did more than move things, so it cannot be undone. Correct it where it was done."))


class Act(msgspec.Struct, frozen=True):
    """One gesture: what it was and when, whether it was undone, and what stands in the way of undoing it."""

    command: UUID
    at: datetime
    said: Said
    undone: bool = False
    in_the_way: Said | None = None


class _Gesture(msgspec.Struct, frozen=True):
    """The most telling event of a gesture, and what it was all about."""

    first: Entry
    things: int
    boxes: int
    kinds: frozenset[tuple[str, str]]


# --- rules ---


def undoable(kinds: Collection[tuple[str, str]]) -> bool:
    """Whether events of these kinds, each with the kind of its subject, are nothing but moves.

    A tube that froze in a box that was carried into the cold did so by the move. That a label was scanned
    on its tube by the way is no more a move than it stands in the way of one.
    """
    moved = ("container", Kind.PLACED) in kinds
    return any(kind not in STAYS for _, kind in kinds) and all(
        kind in UNDOABLE.get(subject, ()) or (moved and (subject, kind) == ("specimen", Kind.PROCESSED))
        for subject, kind in kinds
    )


def of_audit(entry: Entry) -> bool:
    """Whether an event is of an audit: its scans stay, and a wrong one is followed by the right one."""
    return "audit" in entry.refs


# --- questions ---


def last_acts(session: Session, actor: Actor, limit: int = 20) -> list[Act]:
    """What the actor did in this shift, newest first; of somebody at a station, what was done there.

    An undo is no act of its own: what it undid is told as undone.
    """
    happened = core_select(col(CustodyEvent.id)).where(col(CustodyEvent.command_id) == col(Command.id))
    if actor.station_id:
        happened = happened.where(col(CustodyEvent.station_id) == actor.station_id)
    asked = (
        select(Command.id, Command.recorded_at)
        .where(
            col(Command.person_id) == actor.id,
            col(Command.recorded_at) > clock.now() - UNDONE_WITHIN,
            happened.exists(),
        )
        .order_by(col(Command.recorded_at).desc(), col(Command.id).desc())
        .limit(2 * limit)  # as many may be undone as undid them
    )
    times = dict(session.exec(asked).all())
    gestures = _gestures(session, list(times))
    ours = [key for key in times if custody.UNDO not in gestures[key].first.refs][:limit]
    told, standing = said_of(session, ours), in_the_way(session, ours)
    return [
        Act(
            command=key,
            at=times[key],
            said=told[key],
            undone=standing.get(key) == UNDONE_ALREADY,
            in_the_way=standing.get(key) if _may_undo(gestures[key]) else NO_MOVE,
        )
        for key in ours
    ]


def said_of(session: Session, commands: Sequence[UUID]) -> dict[UUID, Said]:
    """Gestures in words."""
    gestures = _gestures(session, commands)
    firsts = [gesture.first for gesture in gestures.values()]
    codes = _codes(session, {UUID(entry.subject["id"]) for entry in firsts})
    places = [entry.change.get("place") or {} for entry in firsts]
    holders = by_id(
        session, Container, [UUID(place["container"]) for place in places if "container" in place]
    )
    kinds = by_id(session, ContainerType, [holder.type_id for holder in holders.values()])
    return {
        key: _said(gesture, codes.get(UUID(gesture.first.subject["id"]), ""), holders, kinds)
        for key, gesture in gestures.items()
    }


def in_the_way(session: Session, commands: Sequence[UUID]) -> dict[UUID, Said]:
    """What came after gestures and stands in the way of undoing them; that they were undone is one reason.

    What was undone itself stands in nobody's way, so that acts can be undone one after the other; nor do
    labels, of which no place depends.
    """
    later = _later(session, commands)
    found: dict[UUID, Said] = {}
    codes = _codes(session, {UUID(entry.subject["id"]) for some in later.values() for entry, _ in some})
    for key, some in later.items():
        chain = [entry for entry, _ in some]
        if any(entry.refs.get(custody.UNDO) == str(key) for entry in chain):
            found[key] = UNDONE_ALREADY
            continue
        gone = custody.undone(chain)
        for entry, person in some:
            if entry.id not in gone and custody.UNDO not in entry.refs and entry.kind not in _NO_BAR:
                done = _DONE.get(entry.kind, _OTHERWISE)
                code = grouped(codes.get(UUID(entry.subject["id"]), ""))
                found[key] = Said(_CAME_AFTER, {"code": code, "fact": done, "person": person})
                break
    return found


# --- how ---


def _may_undo(gesture: _Gesture) -> bool:
    return undoable(gesture.kinds) and not of_audit(gesture.first)


def _gestures(session: Session, commands: Sequence[UUID]) -> dict[UUID, _Gesture]:
    grouping = (col(CustodyEvent.command_id), col(CustodySubject.kind), col(CustodyEvent.kind))
    counted = (
        core_select(
            *grouping,
            func.count(func.distinct(CustodyEvent.subject_id)),
            func.count(func.distinct(CustodyEvent.container_id)),
        )
        .join(CustodySubject, col(CustodySubject.id) == col(CustodyEvent.subject_id))
        .where(col(CustodyEvent.command_id).in_(commands))
        .group_by(*grouping)
    )
    counts: defaultdict[UUID, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    for command, subject, kind, things, boxes in session.execute(counted):
        counts[command][subject, kind] = things, boxes
    found: dict[UUID, _Gesture] = {}
    for command, written in session.execute(_most_telling(commands)):
        first = entries.read(written)
        things, boxes = counts[command][first.subject["kind"], first.kind]
        found[command] = _Gesture(first, things, boxes, frozenset(counts[command]))
    return found


def _most_telling(commands: Sequence[UUID]) -> Select[Any]:
    """One event of each gesture: its first, but a sighting or a label beside a move says little."""
    says_little = case((col(CustodyEvent.kind).in_([Kind.SIGHTED, Kind.LABEL_APPLIED]), 1), else_=0)
    ranked = (
        core_select(
            col(CustodyEvent.command_id),
            col(CustodyEvent.entry),
            func.row_number()
            .over(partition_by=col(CustodyEvent.command_id), order_by=(says_little, col(CustodyEvent.id)))
            .label("rank"),
        )
        .where(col(CustodyEvent.command_id).in_(commands))
        .subquery()
    )
    return core_select(ranked.c.command_id, ranked.c.entry).where(ranked.c.rank == 1)


def _later(session: Session, commands: Sequence[UUID]) -> dict[UUID, list[tuple[Entry, str]]]:
    """What happened to the things of each gesture after it, with who did it, in order."""
    last = (
        core_select(
            col(CustodyEvent.command_id),
            col(CustodyEvent.subject_id),
            func.max(CustodyEvent.number).label("number"),
        )
        .where(col(CustodyEvent.command_id).in_(commands))
        .group_by(col(CustodyEvent.command_id), col(CustodyEvent.subject_id))
        .subquery()
    )
    after = aliased(CustodyEvent)
    asked = (
        core_select(last.c.command_id, col(after.entry), col(Person.name))
        .join(CustodySubject, col(CustodySubject.id) == last.c.subject_id)
        .join(after, and_(col(after.subject_id) == last.c.subject_id, col(after.number) > last.c.number))
        .outerjoin(Person, col(Person.id) == col(after.actor_id))
        .where(col(CustodySubject.number) > last.c.number)
        .order_by(last.c.command_id, col(after.id))
    )
    found: defaultdict[UUID, list[tuple[Entry, str]]] = defaultdict(list)
    for command, written, person in session.execute(asked):
        found[command].append((entries.read(written), person or ""))
    return dict(found)


def _codes(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """The printed codes of tubes, and the names of containers."""
    tubes = select(Specimen.id, Specimen.code).where(col(Specimen.id).in_(ids))
    names = select(Container.id, Container.name).where(col(Container.id).in_(ids))
    return {**dict(session.exec(tubes).all()), **dict(session.exec(names).all())}


def _said(
    gesture: _Gesture, code: str, holders: Mapping[Any, Container], kinds: Mapping[Any, ContainerType]
) -> Said:
    first, count = gesture.first, gesture.things
    place = first.change.get("place") or {}
    holder = holders.get(UUID(place["container"])) if "container" in place else None
    name = holder.name if holder else ""
    if first.kind == Kind.PLACED and first.subject["kind"] == "container":
        return Said(N_("%(code)s moved into %(name)s"), {"code": code, "name": name})
    code = grouped(code)
    if first.kind == Kind.PLACED and count == 1:
        slot = (
            slot_name(Grid.of(kinds[holder.type_id]), Slot(place.get("row"), place.get("col")))
            if holder
            else ""
        )
        where = f"{name} · {slot}" if slot else name
        return Said(_arrived(first), {"code": code, "place": where})
    if first.kind == Kind.PLACED and gesture.boxes == 1:
        return Said(N_("%(count)s tubes stored in %(name)s"), {"count": count, "name": name})
    if first.kind == Kind.PLACED:
        return Said(N_("%(count)s tubes stored in several boxes"), {"count": count})
    done = _DONE.get(first.kind, _OTHERWISE)
    if count == 1:
        return Said(N_("%(code)s: %(fact)s"), {"code": code, "fact": done})
    return Said(N_("%(count)s tubes: %(fact)s"), {"count": count, "fact": done})


def _arrived(first: Entry) -> str:
    left = first.refs.get("left")
    if not left:
        return N_("%(code)s stored: %(place)s")
    out = left["kind"] == "out"
    return N_("%(code)s brought back: %(place)s") if out else N_("%(code)s moved: %(place)s")
