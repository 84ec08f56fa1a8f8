"""Audits as people see them: lists, and one audit with its boxes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import ColumnElement, case, func, tuple_
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import people
from biobank.audits.closing import FINDING, OPEN
from biobank.audits.intervals import ErrorRate, error_rate
from biobank.audits.planning import by_id, shown
from biobank.custody.records import audit_status
from biobank.database import by_id as rows_by_id
from biobank.errors import NotFound
from biobank.inputs import Flag, Input, Line, Whole
from biobank.people import Actor, May
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    AuditMethod,
    AuditScan,
    BoxState,
    Container,
    Person,
    Result,
    Site,
    Study,
)
from biobank.texts import N_

UNDER_WAY = (BoxState.COUNTING, BoxState.AGAIN)
"""The states of a box in which somebody may be at it."""

# --- words ---


class SoughtAudits(Input):
    """Which audits: those that are not closed by due day, or closed ones, newest first; at a site.

    `after` is the id of the last row of the page before.
    """

    closed: Flag = False
    site: Line | None = None
    after: UUID | None = None
    limit: Annotated[Whole, Field(ge=1, le=1001)] = 200


class AuditRow(msgspec.Struct, frozen=True):
    """An audit in a list. `scope` is the container's name, the study's code, how many tubes, or the site."""

    id: UUID
    name: str
    site: str
    scope: str
    container: str
    study: str
    status: str
    method: str
    trigger: str
    due_on: date
    owner: str
    boxes: int
    counted: int
    findings: int
    open_findings: int


class BoxRow(msgspec.Struct, frozen=True):
    """A box of an audit: where it stands, how far its count is, and how its slots ended.

    While it is counted, `counted_by` are all who scanned in it so far, `second_by` those of a second count.
    """

    code: str
    name: str
    path: str
    state: BoxState
    slots: int | None
    expected: int
    scanned: int
    results: dict[str, int]
    counted_by: str
    second_by: str


class AuditBoard(msgspec.Struct, frozen=True):
    """An audit with all its boxes, in the order in which one walks past them.

    A draw without an error shows that fewer than `shows_limit` of all are wrong, at `shows_confidence`
    (shares of 1, see `planning.shown`). `rate` is of what was looked at: of a sample what was drawn alone.
    """

    row: AuditRow
    blind: bool
    second_count: bool
    started_at: datetime | None
    started_by: str
    performed_at: datetime | None
    performed_by: str
    closed_at: datetime | None
    reviewed_by: str
    seed: str
    snapshot: str
    result: str
    share_ppm: int | None
    limit_ppm: int | None
    confidence_ppm: int | None
    weighting: str
    shows_limit: float
    shows_confidence: float
    population: int | None
    drawn: int | None
    results: dict[str, int]
    rate: ErrorRate
    boxes: list[BoxRow]


# --- questions ---


def listing(session: Session, actor: Actor, sought: SoughtAudits) -> list[AuditRow]:
    """Audits in the actor's scope."""
    over = col(Audit.closed_at).is_not(None) | col(Audit.cancelled_at).is_not(None)
    asked = _rows().where(people.visible(actor, May.SEE, Audit), over if sought.closed else ~over)
    if sought.site:
        asked = asked.where(col(Site.code) == sought.site)
    if sought.after:
        asked = asked.where(_beyond(by_id(session, actor, sought.after), closed=sought.closed))
    order = [col(Audit.id).desc()] if sought.closed else [col(Audit.due_on), col(Audit.id)]
    found = session.execute(asked.order_by(*order).limit(sought.limit)).all()
    counts = _counts(session, [each[0].id for each in found])
    return [_row(*each, counts=counts) for each in found]


def board(session: Session, actor: Actor, key: UUID) -> AuditBoard:
    """One audit, box by box. Refused: `NotFound` out of scope."""
    audit = by_id(session, actor, key)
    found = session.execute(_rows().where(col(Audit.id) == audit.id)).one()
    names = rows_by_id(session, Person, [audit.started_by_id, audit.performed_by_id, audit.reviewed_by_id])

    def named(person: UUID | None) -> str:
        return names[person].name if person else ""

    boxes = _boxes(session, audit)
    results: dict[str, int] = defaultdict(int)
    for box in boxes:
        for word, often in box.results.items():
            results[word] += often
    limit, confidence = shown(audit, audit.population or 0, audit.drawn or 0)
    return AuditBoard(
        row=_row(*found, counts=_counts(session, [audit.id])),
        blind=audit.blind,
        second_count=audit.second_count,
        started_at=audit.started_at,
        started_by=named(audit.started_by_id),
        performed_at=audit.performed_at,
        performed_by=named(audit.performed_by_id),
        closed_at=audit.closed_at,
        reviewed_by=named(audit.reviewed_by_id),
        seed=audit.seed,
        snapshot=audit.snapshot_sha256,
        result=audit.result_sha256,
        share_ppm=audit.share_ppm,
        limit_ppm=audit.limit_ppm,
        confidence_ppm=audit.confidence_ppm,
        weighting=audit.weighting.value,
        population=audit.population,
        drawn=audit.drawn,
        results=dict(results),
        shows_limit=float(limit),
        shows_confidence=float(confidence),
        rate=error_rate(*_errors(session, audit)),
        boxes=boxes,
    )


def box_of(session: Session, audit: Audit, container: Container, *, locked: bool = True) -> AuditBox:
    """A box of an audit, locked where one writes. Refused: a container that is no part of it."""
    asked = select(AuditBox).where(
        col(AuditBox.audit_id) == audit.id, col(AuditBox.container_id) == container.id
    )
    found = session.exec(asked.with_for_update() if locked else asked).first()
    if found is None:
        message = N_("%(name)s is no part of this audit. Scan a box of its list.")
        raise NotFound("box_not_audited", message, field="box", name=container.name)
    return found


# --- how ---

_owner, _counter, _second = aliased(Person), aliased(Person), aliased(Person)


def _rows() -> Any:
    return (
        core_select(Audit, col(Site.code), col(Study.code), Container, col(_owner.name))
        .join(Site, col(Site.id) == col(Audit.site_id))
        .outerjoin(Study, col(Study.id) == col(Audit.study_id))
        .outerjoin(Container, col(Container.id) == col(Audit.container_id))
        .outerjoin(_owner, col(_owner.id) == col(Audit.owner_id))
    )


def _beyond(last: Audit, *, closed: bool) -> ColumnElement[bool]:
    """What follows an audit in its list."""
    if closed:
        return col(Audit.id) < last.id
    return tuple_(col(Audit.due_on), col(Audit.id)) > tuple_(last.due_on, last.id)


def _often(what: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((what, 1), else_=0)), 0)


def _counts(session: Session, ids: Sequence[UUID]) -> dict[UUID, tuple[int, int, int, int]]:
    """Boxes, counted boxes, findings and open findings of audits."""
    found = dict.fromkeys(ids, (0, 0, 0, 0))
    boxes = core_select(
        col(AuditBox.audit_id), func.count(), _often(col(AuditBox.state) == BoxState.COUNTED)
    ).where(col(AuditBox.audit_id).in_(ids))
    for key, every, counted in session.execute(boxes.group_by(col(AuditBox.audit_id))):
        found[key] = (every, counted, 0, 0)
    lines = core_select(col(AuditLine.audit_id), func.count(), _often(OPEN)).where(
        col(AuditLine.audit_id).in_(ids), FINDING
    )
    for key, findings, left in session.execute(lines.group_by(col(AuditLine.audit_id))):
        found[key] = (*found[key][:2], findings, left)
    return found


def _errors(session: Session, audit: Audit) -> tuple[int, int]:
    """How many errors among how many lines that say anything: of a sample, those that were drawn."""
    asked = core_select(_often(FINDING), func.count()).where(
        col(AuditLine.audit_id) == audit.id,
        col(AuditLine.result).is_not(None),
        col(AuditLine.result) != Result.EMPTY,
    )
    if audit.method is AuditMethod.SAMPLE:
        asked = asked.where(col(AuditLine.in_snapshot))
    wrong, looked_at = session.execute(asked).one()
    return int(wrong), int(looked_at)


def _row(
    audit: Audit,
    site: str,
    study: str | None,
    container: Container | None,
    owner: str | None,
    *,
    counts: dict[UUID, tuple[int, int, int, int]],
) -> AuditRow:
    boxes, counted, findings, left = counts[audit.id]
    return AuditRow(
        id=audit.id,
        name=audit.name,
        site=site,
        scope=container.name if container else study or (str(len(audit.tubes)) if audit.tubes else site),
        container=container.code if container else "",
        study=study or "",
        status=audit_status(audit),
        method=audit.method.value,
        trigger=audit.trigger.value,
        due_on=audit.due_on,
        owner=owner or "",
        boxes=boxes,
        counted=counted,
        findings=findings,
        open_findings=left,
    )


def _busy(session: Session, audit: Audit) -> dict[tuple[UUID, int], str]:
    """Who scanned in the boxes whose first or second count is under way."""
    asked = (
        core_select(col(AuditScan.box_id), col(AuditScan.counting), col(Person.name))
        .join(AuditBox, col(AuditBox.id) == col(AuditScan.box_id))
        .join(Person, col(Person.id) == col(AuditScan.person_id))
        .where(col(AuditScan.audit_id) == audit.id, col(AuditBox.state).in_(UNDER_WAY))
        .distinct()
    )
    found: dict[tuple[UUID, int], str] = defaultdict(str)
    for box, number, name in session.execute(asked.order_by(col(Person.name))):
        found[box, number] += f", {name}" if found[box, number] else name
    return found


def _boxes(session: Session, audit: Audit) -> list[BoxRow]:
    asked = (
        core_select(AuditBox, Container, col(_counter.name), col(_second.name))
        .join(Container, col(Container.id) == col(AuditBox.container_id))
        .outerjoin(_counter, col(_counter.id) == col(AuditBox.counted_by_id))
        .outerjoin(_second, col(_second.id) == col(AuditBox.second_by_id))
        .where(col(AuditBox.audit_id) == audit.id)
        .order_by(col(AuditBox.position))
    )
    words = core_select(col(AuditLine.box_id), col(AuditLine.result), func.count()).where(
        col(AuditLine.audit_id) == audit.id, col(AuditLine.result).is_not(None)
    )
    results: dict[UUID, dict[str, int]] = defaultdict(dict)
    for box, word, often in session.execute(words.group_by(col(AuditLine.box_id), col(AuditLine.result))):
        results[box][Result(word).value] = often
    scans = core_select(col(AuditScan.box_id), func.count()).where(col(AuditScan.audit_id) == audit.id)
    scanned = dict(iter(session.execute(scans.group_by(col(AuditScan.box_id)))))
    busy = _busy(session, audit)
    return [
        BoxRow(
            code=container.code,
            name=container.name,
            path=box.path,
            state=box.state,
            slots=box.slots,
            expected=box.expected,
            scanned=scanned.get(box.id, 0),
            results={**results[box.id], **({"empty": box.empty} if box.empty else {})},
            counted_by=counter or busy[box.id, 1],
            second_by=second or busy[box.id, 2],
        )
        for box, container, counter, second in session.execute(asked)
    ]
