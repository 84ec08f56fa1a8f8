"""Undo: what somebody did at the bench is taken back by events that name the undone ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.codes import grouped
from biobank.custody import Kind, Line
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import Input
from biobank.ledger import entries
from biobank.ledger.entries import Entry, State
from biobank.people import Actor, May
from biobank.storage.acts import (
    NO_MOVE,
    STAYS,
    UNDONE_WITHIN,
    Said,
    in_the_way,
    of_audit,
    said_of,
    undoable,
)
from biobank.storage.allowing import require_allowed, require_allowed_inside
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import occupant, taken, type_of
from biobank.storage.placing import Stored
from biobank.tables import Command, Container, CustodyEvent, Specimen
from biobank.texts import N_

_AT_ONCE = 500

Thing = Specimen | Container
Chains = Mapping[UUID, Sequence[Entry]]

# --- words ---


class Undo(Input):
    """The gesture to take back, by its command."""

    command: UUID


class Undone(msgspec.Struct, frozen=True):
    """What was taken back, and where each tube or container is now; the box is empty for one that is out."""

    command: UUID
    said: Said
    places: list[Stored]


# --- actions ---


def undo(session: Session, actor: Actor, order: Undo) -> Undone:
    """Take back a gesture of one's own, whole or not at all: everything is as if it had not happened.

    Each of its events gets one that names it and gives back what it changed; times, codes and deviations
    that came of it go too. Reservations that fell do not come back. Refused (`not_undoable`): a gesture
    older than a shift, one that did more than move things, one that something came after, one whose
    earlier slots others have taken; (`act_not_found`) one that is not the actor's.
    """
    events = _events_of(session, actor, order.command)
    _require_kinds(events)
    chains = _locked(session, events)
    things = _things(session, actor, chains)
    standing = in_the_way(session, [order.command]).get(order.command)
    if standing:
        raise Conflict("not_undoable", standing.message, field="command", **standing.facts)
    earlier = {key: _before(chains[key], order.command).after for key in chains}
    _require_room(session, actor, things, earlier)
    ours = defaultdict[UUID, list[Entry]](list)
    for key, chain in chains.items():
        ours[key] = [
            entry for entry in chain if entry.command == str(order.command) and entry.kind not in STAYS
        ]
        if isinstance(thing := things[key], Specimen):
            custody.unsay(session, thing, chain, {entry.id for entry in ours[key]})
    said = said_of(session, [order.command])[order.command]
    lines = [
        _taken_back(things[key], entry, chains[key], order.command)
        for key, some in ours.items()
        for entry in reversed(some)
    ]
    custody.record_all(session, actor, lines)
    return Undone(order.command, said, [_stored(session, things[key], earlier[key]) for key in chains])


# --- rules ---


def _require_kinds(events: Sequence[CustodyEvent]) -> None:
    """Refused: a gesture that did more than move things about, or that is an undo itself."""
    told = [entries.read(event.entry) for event in events]
    if any(custody.UNDO in entry.refs for entry in told):
        message = N_("An undo cannot be undone. Do again what was undone.")
        raise RuleBroken("not_undoable", message, field="command")
    froze = all(not entry.change for entry in told if entry.kind == Kind.PROCESSED)
    if (
        any(map(of_audit, told))
        or not froze
        or not undoable({(entry.subject["kind"], entry.kind) for entry in told})
    ):
        raise RuleBroken("not_undoable", NO_MOVE.message, field="command")


def _require_room(
    session: Session, actor: Actor, things: Mapping[UUID, Thing], earlier: Mapping[UUID, State]
) -> None:
    """Refused: an earlier slot that is gone or taken, what may no longer be there."""
    leaving = {where for key in things if (where := _slot(custody.state(session, things[key])))}
    back: defaultdict[UUID, dict[UUID, Slot]] = defaultdict(dict)
    for key in things:
        if where := _slot(earlier[key]):
            back[where[0]][key] = where[1]
    for container_id, slots in back.items():
        outer = session.get_one(Container, container_id)
        people.require(actor, May.HANDLE, outer)
        gone = {slot for slot in taken(session, outer, actor, list(things)) if slot.row is not None}
        held = {slot for slot in gone if (container_id, slot) not in leaving}
        grid = Grid.of(type_of(session, outer))
        for slot in slots.values():
            fits = grid.has(slot) if grid.size else slot.row is None
            if outer.retired or not fits or slot in held:
                _refuse_slot(session, actor, outer, grid, slot)
        _require_allowed(session, actor, outer, [things[key] for key in slots])


def _require_allowed(session: Session, actor: Actor, outer: Container, things: Iterable[Thing]) -> None:
    tubes = [thing for thing in things if isinstance(thing, Specimen)]
    if tubes:
        require_allowed(session, outer, tubes)
    for thing in things:
        if isinstance(thing, Container):
            require_allowed_inside(session, actor, outer, thing)


def _refuse_slot(session: Session, actor: Actor, outer: Container, grid: Grid, slot: Slot) -> None:
    there = occupant(session, actor, outer, slot) if slot.row is not None else ""
    message = N_("Slot %(slot)s of %(name)s is no longer free. Nothing was undone.")
    facts = {"slot": slot_name(grid, slot), "name": outer.name}
    if there:
        message = N_("Slot %(slot)s of %(name)s now holds %(occupant)s. Nothing was undone.")
        facts["occupant"] = grouped(there)
    raise Conflict("not_undoable", message, field="command", **facts)


# --- how ---


def _events_of(session: Session, actor: Actor, command_id: UUID) -> Sequence[CustodyEvent]:
    """The events of a gesture. Refused: another person's, one that wrote nothing, one of an earlier shift."""
    command = session.get(Command, command_id)
    asked = select(CustodyEvent).where(col(CustodyEvent.command_id) == command_id)
    events = session.exec(asked.order_by(col(CustodyEvent.id))).all() if command else []
    if command is None or command.person_id != actor.id or not events:
        raise NotFound("act_not_found", N_("There is no such act of yours to undo."), field="command")
    if command.recorded_at < clock.now() - UNDONE_WITHIN:
        message = N_("This was done more than %(hours)s hours ago, so it cannot be undone.")
        hours = int(UNDONE_WITHIN.total_seconds()) // 3600
        raise RuleBroken("not_undoable", message, field="command", hours=hours)
    return events


def _locked(session: Session, events: Sequence[CustodyEvent]) -> dict[UUID, list[Entry]]:
    """The histories of all that a gesture touched, locked with what they go back to."""
    subjects = list(dict.fromkeys(event.subject_id for event in events))
    holders = {where[0] for entry in _histories(session, subjects) if (where := _slot(entry.after))}
    custody.lock(session, [*subjects, *holders])
    chains: dict[UUID, list[Entry]] = {key: [] for key in subjects}
    for entry in _histories(session, subjects):
        chains[UUID(entry.subject["id"])].append(entry)
    return chains


def _histories(session: Session, subjects: Sequence[UUID]) -> list[Entry]:
    found: list[Entry] = []
    for start in range(0, len(subjects), _AT_ONCE):
        some = subjects[start : start + _AT_ONCE]
        asked = select(CustodyEvent.entry).where(col(CustodyEvent.subject_id).in_(some))
        asked = asked.order_by(col(CustodyEvent.subject_id), col(CustodyEvent.number))
        found += [entries.read(entry) for entry in session.exec(asked)]
    return found


def _things(session: Session, actor: Actor, chains: Chains) -> dict[UUID, Thing]:
    """The rows of what a gesture touched, as they are now. Refused: one that the actor may not handle."""
    found: dict[UUID, Thing] = {}
    tables: tuple[type[Any], ...] = (Specimen, Container)
    for table in tables:
        for start in range(0, len(chains), _AT_ONCE):
            asked = select(table).where(col(table.id).in_(list(chains)[start : start + _AT_ONCE]))
            found |= {row.id: row for row in session.exec(asked.execution_options(populate_existing=True))}
    for thing in found.values():
        people.require(actor, May.HANDLE, thing)
    return {key: found[key] for key in chains}


def _before(chain: Sequence[Entry], command: UUID) -> Entry:
    """The last event before the gesture's."""
    first = next(place for place, entry in enumerate(chain) if entry.command == str(command))
    return chain[first - 1]


def _taken_back(thing: Thing, entry: Entry, chain: Sequence[Entry], command: UUID) -> Line:
    before = chain[entry.number - 2].after
    return Line(
        subject=thing,
        kind=Kind(entry.kind),
        change={name: before.get(name) for name in entry.change},
        refs={custody.UNDO: str(command)},
        corrects=UUID(entry.id),
    )


def _slot(state: State) -> tuple[UUID, Slot] | None:
    """The slot that a state gives: the one something is in, or the one that is kept for it."""
    place = state.get("place")
    where = place.get("kept") if place and place["kind"] == "out" else place
    return (UUID(where["container"]), Slot(where.get("row"), where.get("col"))) if where else None


def _stored(session: Session, thing: Thing, state: State) -> Stored:
    """Where something is after all was taken back."""
    where = _slot(state)
    if where is None or state["place"]["kind"] == "out":
        return Stored(thing.code, "", "", "")
    outer = session.get_one(Container, where[0])
    return Stored(thing.code, outer.code, outer.name, slot_name(Grid.of(type_of(session, outer)), where[1]))
