"""Settling what late scans left open: who was right, or whether a scan that was kept counts after all."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import custody, inputs, people, tasks
from biobank.custody import Kind
from biobank.errors import NotAllowed, NotFound, RuleBroken
from biobank.inputs import Input, Note
from biobank.people import Actor, May
from biobank.storage.placing import PutAway, put_away
from biobank.storage.taking import TakeOut, take_out
from biobank.tables import Specimen, Task, TaskKind
from biobank.tasks import TaskRow
from biobank.texts import N_

# --- words ---


class Decision(StrEnum):
    """What is right: the log as it stands, or what the late scan says."""

    LOG = "log"
    SCAN = "scan"


class Settlement(Input):
    """What somebody who went and looked decides about a late scan."""

    task: UUID
    decision: Decision
    note: Note | None = None


class Settled(msgspec.Struct, frozen=True):
    """A task that was settled, about which tube, and how."""

    task: UUID
    code: str
    resolution: str


# --- actions ---


def settle(session: Session, actor: Actor, order: Settlement) -> Settled:
    """Decide about a late scan: lift what it put into quarantine, and do what it says where it was right.

    A disputed place is settled by whoever may handle the tube, and the other one that is in the slot; a scan
    that was kept because it could not be done, by who sets up the site. Refused: a task that is closed or
    no late scan, and whatever storing and taking refuse, such as a slot that is still taken.
    """
    task = _task(session, actor, order.task)
    if task.kind is TaskKind.PLACE_DISPUTED:
        people.require(actor, May.HANDLE, task)
        _lift(session, actor, task, order)
    elif task.kind is TaskKind.LATE_SCAN:
        people.require(actor, May.SET_UP, task)
    else:
        message = N_("This task is no late scan. Close it on the list of tasks.")
        raise RuleBroken("not_a_late_scan", message, field="task")
    if order.decision is Decision.SCAN:
        _carry_out(session, actor, task, order)
    how = tasks.Settle(task=task.id, resolution=_HOW[order.decision])
    tasks.close(session, actor, how, decided=True)
    return Settled(task.id, task.code, _HOW[order.decision])


# --- questions ---


def task_card(session: Session, actor: Actor, key: UUID) -> TaskRow:
    """One task. Refused: `NotFound` out of scope."""
    task = session.get(Task, key)
    if task is None or not people.allowed(actor, May.SEE, task):
        raise _unknown()
    return tasks.row(session, task)


# --- how ---

_HOW = {Decision.LOG: N_("the log was right"), Decision.SCAN: N_("the scan was right")}


def _task(session: Session, actor: Actor, key: UUID) -> Task:
    task = session.exec(select(Task).where(col(Task.id) == key).with_for_update()).first()
    if task is None or not people.allowed(actor, May.SEE, task):
        raise _unknown()
    return task


def _unknown() -> NotFound:
    return NotFound("task_unknown", N_("There is no such task in your scope."), field="task")


def _lift(session: Session, actor: Actor, task: Task, order: Settlement) -> None:
    holds: dict[str, str] = task.facts["holds"]
    held = session.exec(select(Specimen).where(col(Specimen.code).in_(holds))).all()
    if not all(people.allowed(actor, May.HANDLE, tube) for tube in held):
        message = N_("The other tube of this dispute is not in your scope. Ask a manager of the site.")
        raise NotAllowed("other_tube_beyond", message, field="task")
    custody.lock(session, [*(tube.id for tube in held), *([task.container_id] if task.container_id else [])])
    lines = []
    for tube in custody.load(session, actor, list(holds)):
        before = custody.state(session, tube)["holds"]
        after = [each for each in before if each["id"] != holds[tube.code]]
        said: dict[str, Any] = {"task": str(task.id), "decision": order.decision.value}
        if after != before:
            lines.append(
                custody.Line(
                    subject=tube,
                    kind=Kind.HOLD_LIFTED,
                    change={"holds": after},
                    refs=said,
                    reason="place_settled",
                    note=order.note,
                )
            )
    custody.record_all(session, actor, lines)


def _carry_out(session: Session, actor: Actor, task: Task, order: Settlement) -> None:
    """What the scan said, done now and by whoever decided it: the log has it as the decision that it is."""
    if task.specimen_id is None:
        message = N_("“%(code)s” names no tube. Find out what it is first.")
        raise RuleBroken("no_tube", message, field="task", code=task.code)
    told = {"tubes": [task.code], "note": order.note}
    if task.facts["mode"] == "take":
        take_out(session, actor, inputs.read(TakeOut, told))
        return
    where = {"box": task.facts["box"], "slot": task.facts["slot"] or None}
    put_away(session, actor, inputs.read(PutAway, {**told, **where}))
