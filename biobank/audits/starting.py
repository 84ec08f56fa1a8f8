"""Starting an audit: what should be where at this moment is written down, and a sample is drawn from it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import clock, people
from biobank.audits.digests import snapshot_box, snapshot_line
from biobank.audits.planning import AuditChosen, shares, tell, under_way
from biobank.audits.sampling import draw, zero_error_size
from biobank.custody import Kind
from biobank.database import add_rows
from biobank.errors import Conflict, RuleBroken
from biobank.people import Actor, May
from biobank.storage.geometry import Slot
from biobank.storage.seen import within
from biobank.storage.ways import grids, paths
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    AuditMethod,
    BoxState,
    Container,
    ContainerType,
    Level,
    Placement,
    Result,
    Specimen,
    Weighting,
)
from biobank.texts import N_

AT_ONCE = 2_000
"""So many lines are held in memory, however many an audit has."""

RECENT = timedelta(days=90)
"""What was in a hand so lately counts as moved of late, where a sample is drawn by risk."""

Line = TypeVar("Line")

# --- words ---


class Stands(msgspec.Struct, frozen=True):
    """A tube where its record has it."""

    box: UUID
    slot: Slot
    tube: UUID
    code: str


# --- actions ---


def start(session: Session, actor: Actor, order: AuditChosen) -> Audit:
    """Write down what should be where, and draw the sample; from now on it is counted.

    Refused: an audit that was begun, a scope without tubes, a planned audit of others.
    """
    audit = under_way(session, actor, order.audit)
    people.require_over(actor, May.AUDIT, audit.site_id, audit.study_id)
    if audit.started_at is not None:
        raise Conflict("audit_started", N_("%(name)s has begun. Go on counting."), name=audit.name)
    audit.started_at, audit.started_by_id = clock.now(), actor.id
    audit.seed = clock.new_secret()
    boxes = _boxes(session, audit)
    audit.population = _population(session, audit)
    if not audit.population:
        message = N_("There is no tube in the scope of %(name)s. Choose another scope.")
        raise RuleBroken("nothing_to_audit", message, field="audit", name=audit.name)
    drawn = _drawn(session, audit) if audit.method is AuditMethod.SAMPLE else None
    shelf = _shelf(session, audit, boxes)
    audit.drawn = len(drawn) if drawn is not None else audit.population
    session.flush()
    audit.snapshot_sha256 = _write_down(session, audit, boxes, drawn, shelf)
    tell(session, actor, audit, Kind.CHANGED, boxes=len(boxes), tubes=audit.population, drawn=audit.drawn)
    return audit


# --- questions ---


def in_scope(audit: Audit) -> Any:
    """The boxes and tubes of an audit's scope, as their records have them now: one row for each tube."""
    asked: Any = (
        core_select(
            col(Placement.container_id),
            col(Placement.row),
            col(Placement.col),
            col(Specimen.id).label("tube"),
            col(Specimen.code),
        )
        .select_from(Placement)
        .join(Specimen, col(Specimen.id) == col(Placement.specimen_id))
    )
    if audit.container_id:
        inside = within(audit.container_id)
        return asked.join(inside, inside.c.id == col(Placement.container_id))
    asked = asked.where(col(Specimen.site_id) == audit.site_id)
    if audit.study_id:
        return asked.where(col(Specimen.study_id) == audit.study_id)
    return asked.where(col(Specimen.code).in_(audit.tubes))


# --- how ---


def _population(session: Session, audit: Audit) -> int:
    counted = core_select(func.count()).select_from(in_scope(audit).subquery())
    return int(session.execute(counted).scalar_one())


def _boxes(session: Session, audit: Audit) -> dict[UUID, Container]:
    """The containers that hold tubes in the scope; of a container all of them, empty ones too."""
    if audit.container_id:
        inside = within(audit.container_id)
        asked = (
            select(Container)
            .join(inside, inside.c.id == col(Container.id))
            .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
            .where(col(ContainerType.level) == Level.BOX)
        )
    else:
        held = in_scope(audit).subquery()
        asked = select(Container).where(col(Container.id).in_(core_select(held.c.container_id)))
    return {container.id: container for container in session.exec(asked)}


def _drawn(session: Session, audit: Audit) -> set[str]:
    """The codes of the tubes of a sample."""
    limit, confidence = shares(audit)
    size = zero_error_size(limit, confidence, audit.population)
    codes = (row.code for row in session.execute(in_scope(audit).execution_options(yield_per=AT_ONCE)))
    weights = _risks(session, audit) if audit.weighting is Weighting.RISK else None
    return set(draw(audit.seed, codes, size, weights))


def _risks(session: Session, audit: Audit) -> Mapping[str, float]:
    """How much more often a tube at risk is drawn: moved of late, never seen, wrong in an earlier audit."""
    held = in_scope(audit).subquery()
    wrong = select(AuditLine.specimen_id).where(col(AuditLine.result) != Result.FOUND)
    lately = clock.now() - RECENT
    asked = (
        core_select(col(Specimen.code), col(Specimen.seen_at), col(Specimen.id).in_(wrong).label("wrong"))
        .join(held, held.c.tube == col(Specimen.id))
        .where(
            or_(col(Specimen.seen_at).is_(None), col(Specimen.seen_at) > lately, col(Specimen.id).in_(wrong))
        )
    )
    return {row.code: _risk(row.seen_at, lately, wrong=row.wrong) for row in session.execute(asked)}


def _never_or_since(moment: datetime) -> ColumnElement[bool]:
    return or_(col(Specimen.seen_at).is_(None), col(Specimen.seen_at) > moment)


def _risk(seen: datetime | None, lately: datetime, *, wrong: bool) -> float:
    return 1.0 + 2.0 * (seen is None) + 2.0 * (seen is not None and seen > lately) + 4.0 * wrong


def _shelf(session: Session, audit: Audit, boxes: Mapping[UUID, Container]) -> dict[UUID, set[Slot]]:
    """The slots that are drawn whatever they hold, by box."""
    if not audit.shelf_slots:
        return {}
    known = grids(session, list(boxes))
    every = {
        f"{boxes[key].code} {slot.row} {slot.col}": (key, slot)
        for key in boxes
        for slot in known[key].slots()
    }
    found: dict[UUID, set[Slot]] = {}
    for name in draw(audit.seed, every, audit.shelf_slots):
        key, slot = every[name]
        found.setdefault(key, set()).add(slot)
    return found


def _write_down(
    session: Session,
    audit: Audit,
    boxes: Mapping[UUID, Container],
    drawn: set[str] | None,
    shelf: Mapping[UUID, set[Slot]],
) -> str:
    """The boxes and lines of an audit; the SHA-256 of what they say, line by line."""
    told = _box_rows(session, audit, boxes, whole=drawn is None)
    digest = hashlib.sha256("".join(map(snapshot_box, told)).encode())
    rows = {box["container_id"]: box["id"] for box in told}
    for some in _batches(_lines(audit, rows, _standing(session, audit), drawn, shelf)):
        for _, told in some:
            digest.update(told.encode())
        add_rows(session, AuditLine, [line for line, _ in some])
    return digest.hexdigest()


def _box_rows(
    session: Session, audit: Audit, boxes: Mapping[UUID, Container], *, whole: bool
) -> list[dict[str, Any]]:
    """A row for each box, in the order in which one walks past them."""
    ways, known = paths(session, list(boxes)), grids(session, list(boxes))
    told = {key: " · ".join(f"{step.name} {step.slot}".strip() for step in way) for key, way in ways.items()}
    held = in_scope(audit).subquery()
    counted = core_select(held.c.container_id, func.count()).group_by(held.c.container_id)
    expected = dict(iter(session.execute(counted)))
    rows = [
        {
            "id": clock.new_key(),
            "audit_id": audit.id,
            "container_id": key,
            "position": position,
            "path": told[key][:400],
            "whole": whole,
            "slots": known[key].size,
            "expected": expected.get(key, 0),
            "state": BoxState.OPEN,
        }
        for position, key in enumerate(sorted(boxes, key=lambda key: _in_order(told[key])), 1)
    ]
    add_rows(session, AuditBox, rows)
    return rows


def _standing(session: Session, audit: Audit) -> Iterator[Stands]:
    # One statement sees one moment: a tube that is moved meanwhile stands in it once, at one place.
    asked = in_scope(audit).order_by(col(Placement.container_id), col(Placement.row), col(Placement.col))
    for row in session.execute(asked.execution_options(yield_per=AT_ONCE)):
        yield Stands(row.container_id, Slot(row.row, row.col), row.tube, row.code)


def _lines(
    audit: Audit,
    rows: Mapping[UUID, UUID],
    standing: Iterable[Stands],
    drawn: set[str] | None,
    shelf: Mapping[UUID, set[Slot]],
) -> Iterator[tuple[dict[str, Any], str]]:
    """Each line of the snapshot, and what is hashed of it: first the tubes, then drawn slots without one."""
    empty = {key: set(slots) for key, slots in shelf.items()}
    for each in standing:
        by_shelf = each.slot in shelf.get(each.box, ())
        empty.get(each.box, set()).discard(each.slot)
        if drawn is None or each.code in drawn or by_shelf:
            yield _line(audit, rows[each.box], each.slot, each.tube, by_shelf=by_shelf)
    for key in sorted(empty):
        for slot in sorted(empty[key]):
            yield _line(audit, rows[key], slot, None, by_shelf=True)


def _line(
    audit: Audit, box: UUID, slot: Slot, tube: UUID | None, *, by_shelf: bool
) -> tuple[dict[str, Any], str]:
    line = {
        "id": clock.new_key(),
        "audit_id": audit.id,
        "box_id": box,
        "specimen_id": tube,
        "row": slot.row,
        "col": slot.col,
        "by_shelf": by_shelf,
        "in_snapshot": True,
        "text": "",
        "reason": "",
    }
    return line, snapshot_line(box, slot.row, slot.col, tube)


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    some = iter(lines)
    while batch := list(islice(some, AT_ONCE)):
        yield batch


def _in_order(way: str) -> list[tuple[int, str]]:
    """So that Box 2 comes before Box 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", way)]
