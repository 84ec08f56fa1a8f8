"""What was where at a past moment: any map, count or list, from the log alone.

A moment is one of the log: what was recorded by then counts, as anybody would have seen it then. What was
told late (`occurred` long before `recorded`) shows from when it was told. Reservations are in no log, so no
past map has any.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import people
from biobank.database import by_id
from biobank.errors import RuleBroken
from biobank.inputs import Input, Moment
from biobank.ledger import entries
from biobank.ledger.entries import State
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import BoxMap, SlotRow, by_code, map_of
from biobank.storage.seen import TubeRow
from biobank.storage.standing import Branch, ContainerRow, branch
from biobank.storage.ways import DEEPEST, Step
from biobank.tables import Container, ContainerType, CustodyEvent, CustodySubject, Specimen
from biobank.texts import N_

# --- words ---


class AsOf(Input):
    """A past moment, with its offset."""

    at: Moment | None = None


class PastCount(msgspec.Struct, frozen=True):
    """How much was in a container at a moment: tubes in their slots, tubes out of them, containers."""

    code: str
    at: datetime
    tubes: int
    out: int
    containers: int


class _Held(msgspec.Struct, frozen=True):
    """Something that was in a container, or for which a slot of it was kept: where, and its state then."""

    id: UUID
    container: UUID
    slot: Slot
    kept: bool
    tube: bool
    state: State


class _Then(msgspec.Struct, frozen=True):
    """A container with all that was in it: what was directly in each container, and the state of each."""

    inside: dict[UUID, list[_Held]]
    states: dict[UUID, State]

    def everything(self) -> Iterator[_Held]:
        """All that was in it, however deep."""
        return (each for some in self.inside.values() for each in some)


# --- questions ---


def box_map_at(session: Session, actor: Actor, text: str, at: datetime) -> BoxMap:
    """A container slot by slot as it was. Refused: one that was not made by then, or that is out of scope."""
    container, state = _made(session, actor, text, at)
    kind = session.get_one(ContainerType, UUID(state["type"]))
    here = _held(session, [container.id], at)
    within = _held(session, [each.id for each in here if not each.tube], at)
    used = Counter(each.container for each in within if not each.kept)
    rows = _rows(session, actor, here, Grid.of(kind), used)
    for row, column in state.get("blocked", []):
        rows.append(SlotRow(slot_name(Grid.of(kind), Slot(row, column)), row, column, "blocked"))
    gone = {Slot(row.row, row.col) for row in rows}
    return map_of(container, kind, _way(session, container, state, at), rows, gone)


def inside_at(session: Session, actor: Actor, text: str, at: datetime) -> list[Branch]:
    """What stood in a container, down to its boxes, with the tubes and slots of each, as they were."""
    container, state = _made(session, actor, text, at)
    then = _then(session, container.id, state, at)
    rows, kinds = by_id(session, Container, then.states), _kinds(session)

    def grown(key: UUID) -> list[Branch]:
        grid = Grid.of(kinds[then.states[key]["type"]])
        found = []
        for each in sorted((each for each in then.inside[key] if not each.tube), key=_in_order):
            row, own = rows[each.id], sum(1 for one in then.inside[each.id] if one.tube and not one.kept)
            found.append(branch(row, kinds[each.state["type"]], (grid, each.slot), own, grown(each.id)))
        return found

    return grown(container.id)


def contents_at(session: Session, actor: Actor, text: str, at: datetime) -> list[ContainerRow]:
    """The containers that were directly inside one, in slot order."""
    return [each.row for each in inside_at(session, actor, text, at)]


def tubes_at(session: Session, actor: Actor, text: str, at: datetime) -> list[TubeRow]:
    """The tubes that were in a container, however deep, of those which the actor may see now; by code."""
    container, state = _made(session, actor, text, at)
    then = _then(session, container.id, state, at)
    held = [each for each in then.everything() if each.tube]
    known, boxes, kinds = (
        _visible(session, actor, held),
        by_id(session, Container, then.states),
        _kinds(session),
    )
    rows = []
    for each in held:
        if each.id in known:
            (code, material), box = known[each.id], boxes[each.container]
            slot = slot_name(Grid.of(kinds[then.states[each.container]["type"]]), each.slot)
            what = "kept" if each.kept else "occupied"
            rows.append(TubeRow(code, material, box.code, box.name, slot, what))
    return sorted(rows, key=lambda row: row.code)


def count_at(session: Session, actor: Actor, text: str, at: datetime) -> PastCount:
    """How much was in a container, however deep."""
    container, state = _made(session, actor, text, at)
    held = list(_then(session, container.id, state, at).everything())
    out = sum(1 for each in held if each.kept)
    tubes = sum(1 for each in held if each.tube)
    return PastCount(container.code, at, tubes - out, out, len(held) - tubes)


# --- how ---


def _made(session: Session, actor: Actor, text: str, at: datetime) -> tuple[Container, State]:
    """A container and its state then. Refused: one that was made later."""
    container = by_code(session, actor, text, field="code")
    state = _states(session, [container.id], at).get(container.id)
    if state is None:
        message = N_("%(name)s was not there yet. Choose a later time.")
        raise RuleBroken("not_made_yet", message, field="at", name=container.name)
    return container, state


def _then(session: Session, container: UUID, state: State, at: datetime) -> _Then:
    """All that was in a container, level by level."""
    then = _Then({container: []}, {container: state})
    level = [container]
    for _ in range(DEEPEST):
        deeper: list[UUID] = []
        for each in _held(session, level, at):
            then.inside[each.container].append(each)
            if not each.tube and each.id not in then.states:
                then.states[each.id], then.inside[each.id] = each.state, []
                deeper.append(each.id)
        level = deeper
    return then


def _held(session: Session, containers: Sequence[UUID], at: datetime) -> list[_Held]:
    """What was directly in some containers, as the newest event of all that ever was in them says."""
    found: list[_Held] = []
    for some in _some(containers):
        ever = (
            core_select(col(CustodyEvent.subject_id).label("id"))
            .where(col(CustodyEvent.container_id).in_(some), col(CustodyEvent.recorded_at) <= at)
            .distinct()
            .subquery()
        )
        sought = set(some)
        for key, kind, entry in session.execute(_newest(at, ever.c.id)):
            state = entries.state_after(entry)
            place = state["place"] or {}
            kept = place.get("kind") == "out"
            where = (place["kept"] or {}) if kept else place
            if where and (container := UUID(where["container"])) in sought:
                slot = Slot(where.get("row"), where.get("col"))
                found.append(_Held(key, container, slot, kept, kind == "specimen", state))
    return found


def _states(session: Session, ids: Sequence[UUID], at: datetime) -> dict[UUID, State]:
    """The states of some subjects at a moment; nothing of one that was not there yet."""
    asked = _newest(at, col(CustodySubject.id)).where(col(CustodySubject.id).in_(ids))
    return {key: entries.state_after(entry) for key, _, entry in session.execute(asked) if entry}


def _newest(at: datetime, subject: Any) -> Select[Any]:
    """Each subject, what kind of thing it is, and its newest entry by a moment, if it had one."""
    # Each is looked up on its own: a join would have PostgreSQL read every event there is.
    entry = (
        core_select(col(CustodyEvent.entry))
        .where(col(CustodyEvent.subject_id) == subject, col(CustodyEvent.recorded_at) <= at)
        .order_by(col(CustodyEvent.number).desc())
        .limit(1)
        .correlate(subject.table)
        .scalar_subquery()
    )
    of = aliased(CustodySubject)
    kind = core_select(col(of.kind)).where(col(of.id) == subject).correlate(subject.table).scalar_subquery()
    return core_select(subject, kind, entry).order_by(subject)


def _way(session: Session, container: Container, state: State, at: datetime) -> list[Step]:
    """The way to a container from the outside in, as it was, itself last."""
    kinds = _kinds(session)
    steps = [Step(container.code, container.name, kinds[state["type"]].level.value)]
    for _ in range(DEEPEST):
        place = state["place"]
        if not place:
            break
        outer = session.get_one(Container, UUID(place["container"]))
        known = _states(session, [outer.id], at).get(outer.id)
        if known is None:
            break  # the server's clock was set back after that one was made
        state = known
        kind = kinds[state["type"]]
        slot = slot_name(Grid.of(kind), Slot(place.get("row"), place.get("col")))
        steps.insert(0, Step(outer.code, outer.name, kind.level.value, slot))
    return steps


def _rows(
    session: Session, actor: Actor, held: Sequence[_Held], grid: Grid, used: Mapping[UUID, int]
) -> list[SlotRow]:
    known = _visible(session, actor, [each for each in held if each.tube])
    inner, kinds = by_id(session, Container, [each.id for each in held if not each.tube]), _kinds(session)
    rows = []
    for each in held:
        state = "kept" if each.kept else "occupied"
        row = SlotRow(slot_name(grid, each.slot), each.slot.row, each.slot.col, state)
        if each.id in inner:
            box, size = inner[each.id], Grid.of(kinds[each.state["type"]]).size
            told = {"code": box.code, "label": box.name, "used": used.get(each.id, 0), "size": size}
            row = msgspec.structs.replace(row, **told)
        elif each.id in known:
            code, material = known[each.id]
            row = msgspec.structs.replace(row, code=code, material="" if each.kept else material)
        rows.append(row)
    return rows


def _visible(session: Session, actor: Actor, held: Sequence[_Held]) -> dict[UUID, tuple[str, str]]:
    """Code and material of the tubes that the actor may see."""
    found: dict[UUID, tuple[str, str]] = {}
    for some in _some([each.id for each in held]):
        asked = select(Specimen.id, Specimen.code, Specimen.material).where(col(Specimen.id).in_(some))
        rows = session.exec(asked.where(people.visible(actor, May.SEE, Specimen)))
        found |= {key: (code, material) for key, code, material in rows}
    return found


def _in_order(held: _Held) -> tuple[int, int]:
    return held.slot.row or 0, held.slot.col or 0


def _kinds(session: Session) -> dict[str, ContainerType]:
    return {str(kind.id): kind for kind in session.exec(select(ContainerType))}


def _some(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """So many at a time as one statement takes on both databases."""
    for start in range(0, len(ids), 5000):
        yield ids[start : start + 5000]
