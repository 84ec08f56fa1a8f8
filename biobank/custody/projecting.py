"""From a subject's state to the tables: the only code that assigns it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, inspect, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from biobank import clock
from biobank.amounts import from_canonical
from biobank.custody.words import SIGHTINGS, Line
from biobank.database import add_rows
from biobank.ledger.entries import State
from biobank.people import Actor
from biobank.tables import Container, Hold, HoldKind, Identifier, Keep, KeepKind, Life, Placement, Specimen

States = Mapping[UUID, State]


def assign(lines: Sequence[Line], after: States, recorded: datetime) -> None:
    """Give each subject's row the values its state has, and say when a tube was last in a hand."""
    for line in lines:
        subject = line.subject
        if isinstance(subject, Specimen):
            _assign_specimen(subject, after[subject.id])
            if line.kind in SIGHTINGS and line.corrects is None:
                _see(subject, line.occurred or recorded)
        elif isinstance(subject, Container):
            for column, value in container_columns_of(after[subject.id]).items():
                setattr(subject, column, value)


def container_columns_of(state: State) -> dict[str, Any]:
    """What a container's state columns must be, given its state; what it does not speak of, it never had."""
    return {
        "retired": state["retired"],
        "type_id": UUID(state["type"]),
        "barcode": state.get("barcode"),
        "may_hold": state.get("may_hold", {}),
        **{column: state[column] for column in ("name", "celsius") if column in state},
    }


def columns_of(state: State) -> dict[str, Any]:
    """What a specimen's state columns must be, given its state."""
    place = state["place"] or {}
    return {
        "life": Life(state["life"]),
        "end_reason": state["end_reason"],
        "amount": from_canonical(state["amount"]) if state["amount"] else None,
        "out_with": UUID(place["holder"]) if place.get("kind") == "out" else None,
        "out_since": datetime.fromisoformat(state["out_since"]) if state["out_since"] else None,
        "out_purpose": place.get("purpose", ""),
        "out_due_at": datetime.fromisoformat(place["due"]) if place.get("due") else None,
        "thaws": state["thaws"],
        "exposure_s": state["exposure_s"],
        **({"code": state["code"]} if "code" in state else {}),  # only of a tube whose label was replaced
    }


def _assign_specimen(specimen: Specimen, state: State) -> None:
    if inspect(specimen).transient:
        # A row that is not kept yet needs no record of what changed in it.
        vars(specimen).update(columns_of(state))
        return
    for column, value in columns_of(state).items():
        if getattr(specimen, column) != value:
            setattr(specimen, column, value)


def _see(specimen: Specimen, when: datetime) -> None:
    write = set_committed_value if inspect(specimen).transient else setattr
    if specimen.seen_at is None or specimen.seen_at < when:
        write(specimen, "seen_at", when)


def place(session: Session, actor: Actor, lines: Sequence[Line], before: States, after: States) -> None:
    """Move the placement rows: everything leaves first, then everything arrives."""
    moved = {line.subject.id: line.subject for line in lines if "place" in line.change}
    left = [key for key in moved if before[key].get("place")]
    if left:
        session.flush()
        keeps = select(Keep.id).where(col(Keep.specimen_id).in_(left))
        for freed in (
            delete(Placement).where(col(Placement.specimen_id).in_(left)),
            delete(Placement).where(col(Placement.child_id).in_(left)),
            delete(Placement).where(col(Placement.keep_id).in_(keeps)),
            delete(Keep).where(col(Keep.specimen_id).in_(left)),
        ):
            session.connection().execute(freed)
    arriving: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for key, subject in moved.items():
        where = after[key]["place"]
        if where and where["kind"] == "out":
            if where["kept"]:
                keep = _keep(KeepKind.OUT, actor, specimen_id=key)
                kept.append(keep)
                arriving.append(_placement(where["kept"], keep_id=keep["id"]))
        elif where:
            occupant = "specimen_id" if isinstance(subject, Specimen) else "child_id"
            arriving.append(_placement(where, **{occupant: key}))
    _give_way(session, actor, arriving)
    add_rows(session, Keep, kept)
    add_rows(session, Placement, arriving)


def _give_way(session: Session, actor: Actor, arriving: Sequence[dict[str, Any]]) -> None:
    """Reservations fall for what they were made for, for their owner, and when their time is over.

    One of somebody else stays, and breaks the rule of the slot: the act is then run again and refused.
    """
    slots = {(each["container_id"], each["row"], each["col"]): each for each in arriving}
    # What was reserved for one of them may be taken by another: it finds its place in the same act.
    these = {who for each in arriving for who in (each["specimen_id"], each["child_id"]) if who}
    containers = {container for container, row, _ in slots if row is not None}
    if not containers:
        return
    asked = (
        select(Keep.id, Keep.owner_id, Keep.reserved_for_id, Keep.ends_at)
        .add_columns(col(Placement.container_id), col(Placement.row), col(Placement.col))
        .join(Placement, col(Placement.keep_id) == col(Keep.id))
        .where(col(Placement.container_id).in_(containers), col(Keep.kind) == KeepKind.RESERVED)
    )
    now, fallen = clock.now(), []
    for keep, owner, meant, ends, *slot in session.execute(asked):
        here = slots.get((slot[0], slot[1], slot[2]))
        mine = owner == actor.id if meant is None else meant in these
        if here and (mine or ends <= now):
            fallen.append(keep)
    _drop(session, fallen)


def _drop(session: Session, keeps: Sequence[UUID]) -> None:
    if keeps:
        session.connection().execute(delete(Placement).where(col(Placement.keep_id).in_(keeps)))
        session.connection().execute(delete(Keep).where(col(Keep.id).in_(keeps)))


def _keep(kind: KeepKind, actor: Actor, **more: Any) -> dict[str, Any]:
    nothing = {"specimen_id": None, "ends_at": None, "reserved_for_id": None, "plan_id": None}
    return {"id": clock.new_key(), "kind": kind, "owner_id": actor.id, **nothing, **more}


def block(session: Session, actor: Actor, lines: Sequence[Line], after: States) -> None:
    """Make the blocked slots of containers those that their states name."""
    for line in lines:
        if "blocked" not in line.change:
            continue
        key = line.subject.id
        session.flush()
        asked = select(Keep.id).join(Placement, col(Placement.keep_id) == col(Keep.id))
        gone = asked.where(col(Placement.container_id) == key, col(Keep.kind) == KeepKind.BLOCKED)
        _drop(session, session.exec(gone).all())
        keeps = [_keep(KeepKind.BLOCKED, actor) for _ in after[key]["blocked"]]
        add_rows(session, Keep, keeps)
        slots = [
            _placement({"container": str(key), "row": row, "col": column}, keep_id=keep["id"])
            for keep, (row, column) in zip(keeps, after[key]["blocked"], strict=True)
        ]
        _give_way(session, actor, slots)
        add_rows(session, Placement, slots)


def _placement(where: State, **occupant: Any) -> dict[str, Any]:
    nobody = {"specimen_id": None, "child_id": None, "keep_id": None}
    slot = {"container_id": UUID(where["container"]), "row": where.get("row"), "col": where.get("col")}
    return {"id": clock.new_key(), **slot, **nobody, **occupant}


def identify(session: Session, lines: Sequence[Line], before: States, after: States) -> None:
    """Add the identifiers that are new, and retire those that were retired."""
    fresh: list[dict[str, Any]] = []
    now = clock.now()
    for key in dict.fromkeys(line.subject.id for line in lines if "identifiers" in line.change):
        known = {(each["scheme"], each["value"]): each for each in before[key].get("identifiers", [])}
        for each in after[key]["identifiers"]:
            name = (each["scheme"], each["value"])
            retired_at = now if each["retired"] else None
            if name not in known:
                row = {"id": clock.new_key(), "specimen_id": key, "retired_at": retired_at}
                fresh.append({**row, "scheme": each["scheme"], "value": each["value"]})
            elif known[name]["retired"] != each["retired"]:
                session.connection().execute(
                    update(Identifier)
                    .where(col(Identifier.scheme) == name[0], col(Identifier.value) == name[1])
                    .values(retired_at=retired_at)
                )
    add_rows(session, Identifier, fresh)


def hold(session: Session, actor: Actor, lines: Sequence[Line], before: States, after: States) -> None:
    """Add the holds that are new, and remove those that were lifted."""
    now = clock.now()
    fresh: list[dict[str, Any]] = []
    lifted: list[UUID] = []
    for line in lines:
        if "holds" not in line.change or not isinstance(line.subject, Specimen):
            continue
        key = line.subject.id
        was = {each["id"] for each in before[key].get("holds", [])}
        there = {each["id"]: each for each in after[key]["holds"]}
        lifted += [UUID(gone) for gone in was - there.keys()]
        for name in there.keys() - was:
            each = there[name]
            row = {
                "id": UUID(name),
                "specimen_id": key,
                "kind": HoldKind(each["kind"]),
                "reason": each["reason"],
            }
            fresh.append({**row, "person_id": actor.id, "set_at": now})
    if lifted:
        session.connection().execute(delete(Hold).where(col(Hold.id).in_(lifted)))
    add_rows(session, Hold, fresh)
