"""Applying labels: one counts as on its tube once its code was scanned there; until then it waits."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import BindParameter, Select, bindparam, func, or_, tuple_
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from biobank import codes, custody, people
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.database import by_id
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Input, Scanned
from biobank.labels.shapes import Of
from biobank.people import Actor, May
from biobank.printing import jobs, logged
from biobank.printing.copies import Reason
from biobank.tables import (
    PRESENT,
    LabelState,
    Life,
    PrintedLabel,
    PrintJob,
    Specimen,
    Study,
)
from biobank.texts import N_

WAITS = (LabelState.SENT, LabelState.PRINTED)
"""The states of a label that may be in somebody's hand and was not scanned on its tube yet."""

TYPED = "typed"
"""The source of a code that came from a keyboard: it tells nothing of what a scanner makes of the label."""

_WRITTEN_OUT: BindParameter[LabelState] = bindparam("waits", WAITS, expanding=True, literal_execute=True)
"""The same for a statement that finds them by their partial index: SQLite reads no sent values for that."""

# --- words ---


class Apply(Input):
    """Codes that were scanned on their tubes, to say that the labels are there."""

    tubes: Annotated[list[Scanned], Field(min_length=1, max_length=500)]


class Applied(msgspec.Struct, frozen=True):
    """A tube whose code was scanned; `label` is what came to stand on it by that, None where none waited."""

    code: str
    label: UUID | None


class WaitingLabel(msgspec.Struct, frozen=True):
    """A label that was printed and not scanned on its tube yet; `sure` where it came out for certain."""

    label: UUID
    job: UUID
    serial: int
    code: str
    of: str
    study: str
    since: datetime
    sure: bool


class LabelVoids(Input):
    """Labels that were printed and are not to be used: thrown away, or not to be found."""

    labels: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    reason: Reason


# --- actions ---


def apply(session: Session, actor: Actor, order: Apply) -> list[Applied]:
    """Say of each tube whose code was scanned that its label is on it; who has none waiting is told so.

    Refused: a code of another kind, a tube out of scope.
    """
    wanted = [codes.require(text, CodeKind.SPECIMEN, "tubes") for text in order.tubes]
    for tube in custody.load(session, actor, list(dict.fromkeys(wanted))):
        people.require(actor, May.HANDLE, tube)
    done = apply_scanned(session, actor, wanted)
    return [Applied(code, done.get(code)) for code in dict.fromkeys(wanted)]


def apply_scanned(session: Session, actor: Actor, scanned: Sequence[str]) -> dict[str, UUID]:
    """Take the scan of these codes of tubes, within what is being done with them, as that of their labels.

    Of each the newest label that waits is applied, that of the tube before that of its cap. One that is
    older than what stands on the tube already stays: no scan tells it from that. A code that was typed
    applies nothing. One statement where nothing waits. The labels that were applied, by code.
    """
    if actor.source == TYPED or not scanned:
        return {}
    waiting = _waiting(session, scanned)
    if not waiting:
        return {}
    tubes = custody.load(session, actor, list(waiting))
    # Only now, when nobody else can apply them, is it certain that they still wait.
    still = set(session.exec(_still(waiting.values())))
    tubes = [tube for tube in tubes if waiting[tube.code].id in still]
    lines = [
        custody.Line(subject=tube, kind=Kind.LABEL_APPLIED, refs={"label": str(waiting[tube.code].id)})
        for tube in tubes
    ]
    if lines:
        custody.record_all(session, actor, lines)
        logged.settle(session, [waiting[tube.code] for tube in tubes], LabelState.APPLIED)
    return {tube.code: waiting[tube.code].id for tube in tubes}


def void_labels(session: Session, actor: Actor, order: LabelVoids) -> int:
    """Note that labels are no more: thrown away or lost. How many there were that were not void already.

    The log says so of each that it told of. Refused: one out of scope, one that was not printed yet.
    """
    asked = select(PrintedLabel).where(col(PrintedLabel.id).in_(order.labels)).with_for_update()
    found = {row.id: row for row in session.exec(asked.execution_options(populate_existing=True))}
    things = _things(session, list(found.values()))
    for key in order.labels:
        if key not in found or not _covers(actor, May.SEE, things[key]):
            raise NotFound("label_not_found", N_("There is no such label in your scope."), field="labels")
        if not _covers(actor, May.PRINT, things[key]):
            people.require(actor, May.PRINT, things[key])
        if found[key].state is LabelState.QUEUED:
            message = N_("The label of %(code)s is not printed yet. Take it out of its print job.")
            raise RuleBroken(
                "label_not_printed", message, field="labels", code=codes.grouped(found[key].code)
            )
    gone = [label for label in found.values() if label.state is not LabelState.VOID]
    logged.take_back(session, actor, gone, LabelState.VOID, reason=order.reason.value)
    return len(gone)


# --- questions ---


def waiting(
    session: Session, actor: Actor, *, after: UUID | None = None, limit: int = 50
) -> list[WaitingLabel]:
    """Labels of tubes in the actor's scope that were printed and not scanned on them yet, the oldest first.

    `after` is the last one shown. A kit's labels wait once there is something in their tubes.
    """
    shown = _of_tubes(actor, PrintedLabel, col(PrintJob.of), col(Study.code)).join(
        Study, col(Study.id) == col(Specimen.study_id)
    )
    order = tuple_(col(PrintedLabel.job_id), col(PrintedLabel.serial))
    # By the sum no index leads but that of the labels that wait, which are few.
    shown = shown.order_by(col(PrintedLabel.job_id), col(PrintedLabel.serial) + 0)
    if after is not None:
        last = session.get(PrintedLabel, after)
        if last is None:
            return []
        shown = shown.where(order > tuple_(last.job_id, last.serial))
    return [
        WaitingLabel(
            label=label.id,
            job=label.job_id,
            serial=label.serial,
            code=label.code,
            of=Of.CAP if of == Of.CAP else Of.SPECIMEN,
            study=study,
            since=label.state_at,
            sure=label.state is LabelState.PRINTED,
        )
        for label, of, study in session.execute(shown.limit(limit))
    ]


def count_waiting(session: Session, actor: Actor, most: int = 1000) -> int:
    """How many there are, counted to `most`."""
    some = _of_tubes(actor, col(PrintedLabel.id)).limit(most).subquery()
    return int(session.execute(core_select(func.count()).select_from(some)).scalar_one())


# --- how ---


def _of_tubes(actor: Actor, *columns: Any) -> Select[Any]:
    there = or_(col(PrintedLabel.specimen_id).is_not(None), col(Specimen.life).in_(PRESENT))
    return (
        core_select(*columns)
        .select_from(PrintedLabel)
        .join(PrintJob, col(PrintJob.id) == col(PrintedLabel.job_id))
        .join(Specimen, col(Specimen.code) == col(PrintedLabel.code))
        .where(col(PrintedLabel.state).in_(_WRITTEN_OUT))
        .where(col(Specimen.life) != Life.ENDED, there, people.visible(actor, May.SEE, Specimen))
    )


def _waiting(session: Session, scanned: Sequence[str]) -> dict[str, PrintedLabel]:
    """For each code the label that its scan applies."""
    wanted = list(dict.fromkeys(scanned))
    asked = select(PrintedLabel).where(col(PrintedLabel.code).in_(wanted), col(PrintedLabel.state).in_(WAITS))
    rows = session.exec(asked).all()
    if not rows:
        return {}
    made = select(PrintJob.id, PrintJob.of).where(col(PrintJob.id).in_({row.job_id for row in rows}))
    caps = {key for key, of in session.exec(made) if of == Of.CAP}
    newest = _newest_applied(session, {row.code for row in rows})
    chosen: dict[str, PrintedLabel] = {}
    for row in sorted(rows, key=lambda row: (row.job_id not in caps, _age(row))):
        if _age(row) > newest.get((row.code, row.job_id in caps), (UUID(int=0), 0)):
            chosen[row.code] = row
    return chosen


def _still(labels: Iterable[PrintedLabel]) -> SelectOfScalar[UUID]:
    ids = [label.id for label in labels]
    asked = select(PrintedLabel.id).where(col(PrintedLabel.id).in_(ids), col(PrintedLabel.state).in_(WAITS))
    return asked.with_for_update()


def _things(session: Session, labels: Sequence[PrintedLabel]) -> dict[UUID, Specimen | PrintJob]:
    """What rights to each label go by: its tube, or else the job it was printed in."""
    asked = select(Specimen).where(col(Specimen.code).in_({label.code for label in labels}))
    by_code = {tube.code: tube for tube in session.exec(asked)}
    tubes = by_id(session, Specimen, {label.specimen_id for label in labels})
    made = by_id(session, PrintJob, {label.job_id for label in labels})
    return {
        label.id: tubes.get(label.specimen_id) or by_code.get(label.code) or made[label.job_id]
        for label in labels
    }


def _covers(actor: Actor, may: May, thing: Specimen | PrintJob) -> bool:
    return (
        jobs.covers(actor, may, thing) if isinstance(thing, PrintJob) else people.allowed(actor, may, thing)
    )


def _newest_applied(session: Session, some: set[str]) -> dict[tuple[str, bool], tuple[UUID, int]]:
    """The newest label on each tube and on its cap."""
    asked = (
        select(PrintedLabel, PrintJob.of)
        .join(PrintJob, col(PrintJob.id) == col(PrintedLabel.job_id))
        .where(col(PrintedLabel.code).in_(some), col(PrintedLabel.state) == LabelState.APPLIED)
    )
    found: dict[tuple[str, bool], tuple[UUID, int]] = {}
    for row, of in session.exec(asked):
        key = row.code, of == Of.CAP
        found[key] = max(_age(row), found.get(key, _age(row)))
    return found


def _age(label: PrintedLabel) -> tuple[UUID, int]:
    """Labels in the order they were asked for: the keys of jobs begin with their time."""
    return label.job_id, label.serial
