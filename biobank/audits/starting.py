"""Starting an audit: what should be where at this moment is written down, and a sample is drawn from it."""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import exists, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import clock, people
from biobank.audits.closing import FINDING
from biobank.audits.digests import snapshot_box, snapshot_line
from biobank.audits.planning import AuditChosen, sample_size, tell, under_way
from biobank.audits.sampling import draw, draw_weighted
from biobank.custody import Kind
from biobank.database import add_rows, one_of
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
    CustodyEvent,
    Level,
    Placement,
    Specimen,
    Weighting,
)
from biobank.texts import N_

AT_ONCE = 2_000
"""So many lines are held in memory, however many an audit has."""

RECENT = timedelta(days=90)
"""What was moved within these counts as moved of late, where a sample is drawn by risk."""

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

    Refused: an audit that was begun, a scope without tubes, a planned audit of others, tubes that are
    carried to another box at that very moment.
    """
    audit = under_way(session, actor, order.audit)
    people.require_over(actor, May.AUDIT, audit.site_id, audit.study_id)
    if audit.started_at is not None:
        raise Conflict("audit_started", N_("%(name)s has begun. Go on counting."), name=audit.name)
    audit.started_at, audit.started_by_id = clock.now(), actor.id
    audit.seed = clock.new_secret()
    audit.population = _population(session, audit)
    if not audit.population:
        message = N_("There is no tube in the scope of %(name)s. Choose another scope.")
        raise RuleBroken("nothing_to_audit", message, field="audit", name=audit.name)
    drawn = _drawn(session, audit) if audit.method is AuditMethod.SAMPLE else None
    shelf = _shelf(session, audit) if audit.method is AuditMethod.SAMPLE else {}
    expected = _expected(session, audit, drawn)
    boxes = {*expected, *shelf, *(_boxes(session, audit) if is_whole(audit) else ())}
    audit.drawn = audit.population if drawn is None else len(drawn)
    session.flush()
    rows = _box_rows(session, audit, boxes, expected)
    audit.snapshot_sha256 = _write_down(session, audit, rows, drawn, shelf)
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
    return asked.where(one_of(col(Specimen.code), audit.tubes)) if audit.tubes else asked


def is_whole(audit: Audit) -> bool:
    """Whether every slot of a box is looked at: all tubes of a container or of a site are in scope."""
    return audit.method is AuditMethod.FULL and not audit.study_id and not audit.tubes


def risks(session: Session, audit: Audit) -> Iterator[tuple[str, float]]:
    """Each tube's code and how much more often it is drawn: moved of late, never seen, wrong once."""
    held = in_scope(audit).subquery()
    wrong = exists().where(col(AuditLine.specimen_id) == held.c.tube, FINDING)
    moved = exists().where(
        col(CustodyEvent.subject_id) == held.c.tube,
        col(CustodyEvent.kind).in_((Kind.PLACED, Kind.TAKEN_OUT)),
        col(CustodyEvent.recorded_at) > clock.now() - RECENT,
    )
    asked = core_select(
        held.c.code,
        col(Specimen.seen_at).is_(None).label("unseen"),
        moved.label("moved"),
        wrong.label("wrong"),
    ).join(Specimen, col(Specimen.id) == held.c.tube)
    for row in session.execute(asked.execution_options(yield_per=AT_ONCE)):
        yield row.code, 1.0 + 2.0 * row.unseen + 2.0 * row.moved + 4.0 * row.wrong


# --- how ---


def _population(session: Session, audit: Audit) -> int:
    counted = core_select(func.count()).select_from(in_scope(audit).subquery())
    return int(session.execute(counted).scalar_one())


def _boxes(session: Session, audit: Audit) -> Sequence[UUID]:
    """The boxes of a container or of a site, empty ones too."""
    asked = (
        core_select(col(Container.id))
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(col(ContainerType.level) == Level.BOX, col(Container.retired).is_(False))
    )
    if audit.container_id:
        inside = within(audit.container_id)
        return session.scalars(asked.join(inside, inside.c.id == col(Container.id))).all()
    return session.scalars(asked.where(col(Container.site_id) == audit.site_id)).all()


def _expected(session: Session, audit: Audit, drawn: set[str] | None) -> dict[UUID, int]:
    """How many tubes are looked at in each container that holds any of them."""
    if drawn is None:
        held = in_scope(audit).subquery()
        counted = core_select(held.c.container_id, func.count()).group_by(held.c.container_id)
        return dict(iter(session.execute(counted)))
    return Counter(each.box for each in _standing(session, audit) if each.code in drawn)


def _drawn(session: Session, audit: Audit) -> set[str]:
    """The codes of the tubes of a sample."""
    size = sample_size(audit, audit.population or 0)
    if audit.weighting is Weighting.RISK:
        return set(draw_weighted(audit.seed, risks(session, audit), size))
    return set(draw(audit.seed, (each.code for each in _standing(session, audit)), size))


def _shelf(session: Session, audit: Audit) -> dict[UUID, set[Slot]]:
    """The slots that are drawn whatever they hold, by box."""
    if not audit.shelf_slots:
        return {}
    known = grids(session, _boxes(session, audit))
    every = (f"{box} {slot.row} {slot.col}" for box in sorted(known) for slot in known[box].slots())
    found: dict[UUID, set[Slot]] = {}
    for name in draw(audit.seed, every, audit.shelf_slots):
        box, row, column = name.split()
        found.setdefault(UUID(box), set()).add(Slot(int(row), int(column)))
    return found


def _box_rows(
    session: Session, audit: Audit, boxes: Collection[UUID], expected: Mapping[UUID, int]
) -> list[dict[str, Any]]:
    """A row for each box, in the order in which one walks past them."""
    ways, known = paths(session, list(boxes)), grids(session, list(boxes))
    told = {key: " · ".join(step.name for step in way) for key, way in ways.items()}
    walked = {key: " ".join(f"{step.name} {step.slot}" for step in way) for key, way in ways.items()}
    rows = [
        {
            "id": clock.new_key(),
            "audit_id": audit.id,
            "container_id": key,
            "position": position,
            "path": told[key][:400],
            "whole": is_whole(audit),
            "slots": known[key].size,
            "expected": expected.get(key, 0),
            "state": BoxState.OPEN,
        }
        for position, key in enumerate(sorted(boxes, key=lambda key: (_in_order(walked[key]), key)), 1)
    ]
    add_rows(session, AuditBox, rows)
    return rows


def _write_down(
    session: Session,
    audit: Audit,
    rows: Sequence[Mapping[str, Any]],
    drawn: set[str] | None,
    shelf: Mapping[UUID, set[Slot]],
) -> str:
    """The lines of an audit; the SHA-256 of what they and its boxes say, line by line."""
    digest = hashlib.sha256("".join(map(snapshot_box, rows)).encode())
    boxes = {box["container_id"]: box["id"] for box in rows}
    with closing(_standing(session, audit)) as tubes:
        for some in _batches(_lines(audit, boxes, tubes, drawn, shelf)):
            for _, told in some:
                digest.update(told.encode())
            add_rows(session, AuditLine, [line for line, _ in some])
    return digest.hexdigest()


def _standing(session: Session, audit: Audit) -> Generator[Stands]:
    # One statement sees one moment: a tube that is moved meanwhile stands in it once, at one place.
    asked = in_scope(audit).order_by(col(Placement.container_id), col(Placement.row), col(Placement.col))
    with session.execute(asked.execution_options(yield_per=AT_ONCE)) as found:
        for row in found:
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
            if each.box not in rows:
                message = N_("Tubes are being carried to another box at this moment. Start the audit again.")
                raise Conflict("scope_moving", message, field="audit")
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
