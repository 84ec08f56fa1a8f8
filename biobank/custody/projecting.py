"""From a subject's state to the tables: the only code that assigns it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, inspect
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from biobank import clock
from biobank.amounts import from_canonical
from biobank.custody.words import Line
from biobank.database import add_rows
from biobank.ledger.entries import State
from biobank.people import Actor
from biobank.tables import Container, Hold, HoldKind, Identifier, Keep, Life, Placement, Specimen

States = Mapping[UUID, State]


def assign(lines: Sequence[Line], after: States) -> None:
    """Give each subject's row the values its state has."""
    for line in lines:
        subject = line.subject
        if isinstance(subject, Specimen):
            _assign_specimen(subject, after[subject.id])
        elif isinstance(subject, Container):
            subject.retired = after[subject.id]["retired"]


def columns_of(state: State) -> dict[str, Any]:
    """What a specimen's state columns must be, given its state."""
    place = state["place"] or {}
    return {
        "life": Life(state["life"]),
        "end_reason": state["end_reason"],
        "amount": from_canonical(state["amount"]) if state["amount"] else None,
        "out_with": UUID(place["holder"]) if place.get("kind") == "out" else None,
        "out_since": datetime.fromisoformat(state["out_since"]) if state["out_since"] else None,
        "thaws": state["thaws"],
        "exposure_s": state["exposure_s"],
    }


def _assign_specimen(specimen: Specimen, state: State) -> None:
    # A row that is not kept yet needs no record of what changed in it.
    write = set_committed_value if inspect(specimen).transient else setattr
    for column, value in columns_of(state).items():
        if getattr(specimen, column) != value:
            write(specimen, column, value)


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
                keep = {"id": clock.new_key(), "kind": "out", "owner_id": actor.id, "specimen_id": key}
                kept.append({**keep, "ends_at": None})
                arriving.append(_placement(where["kept"], keep_id=keep["id"]))
        elif where:
            occupant = "specimen_id" if isinstance(subject, Specimen) else "child_id"
            arriving.append(_placement(where, **{occupant: key}))
    add_rows(session, Keep, kept)
    add_rows(session, Placement, arriving)


def _placement(where: State, **occupant: Any) -> dict[str, Any]:
    nobody = {"specimen_id": None, "child_id": None, "keep_id": None}
    slot = {"container_id": UUID(where["container"]), "row": where.get("row"), "col": where.get("col")}
    return {"id": clock.new_key(), **slot, **nobody, **occupant}


def identify(session: Session, lines: Sequence[Line], before: States, after: States) -> None:
    """Add the identifiers that are new."""
    fresh: list[dict[str, Any]] = []
    for key in dict.fromkeys(line.subject.id for line in lines if "identifiers" in line.change):
        known = {(each["scheme"], each["value"]) for each in before[key].get("identifiers", [])}
        for each in after[key]["identifiers"]:
            if (each["scheme"], each["value"]) not in known:
                row = {"id": clock.new_key(), "specimen_id": key, "retired_at": None}
                fresh.append({**row, "scheme": each["scheme"], "value": each["value"]})
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
