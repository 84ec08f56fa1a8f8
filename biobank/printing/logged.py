"""What the log is told of labels: that one was printed for a tube or a kit, and that it was not after all."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.custody import Kind
from biobank.database import table_of
from biobank.labels.shapes import Face, Of
from biobank.people import Actor
from biobank.tables import Grant, Kit, LabelState, Person, PrintedLabel, PrintJob, Specimen

VOID = "void"
"""What `refs` of a correction have that says a label of the log never came out of the printer."""

Subjects = dict[UUID | str, Specimen | Kit]


def asker(session: Session, job: PrintJob) -> Actor:
    """Who asked for a job, with the rights of this moment, for what the log says of its labels."""
    person = session.get_one(Person, job.person_id)
    grants = session.exec(select(Grant).where(col(Grant.person_id) == person.id)).all()
    held = tuple(people.Granted(each.role, each.site_id, each.study_id) for each in grants)
    return Actor(person.id, person.name, person.language, held, job.command_id, station_id=job.station_id)


def put_down(
    session: Session, actor: Actor, job: PrintJob, labels: Sequence[PrintedLabel], state: LabelState
) -> None:
    """Give labels a state in which they may be somewhere; each of a tube or a kit gets its event."""
    subjects = _subjects(session, labels)
    told = [(label, subjects[key]) for label in labels if (key := _key(label)) in subjects]
    lines = [
        custody.Line(
            subject=subject,
            kind=Kind.LABEL_PRINTED,
            refs={"stock": job.stock, "job": str(job.id), "label": str(label.id)},
        )
        for label, subject in told
    ]
    events = custody.record_all(session, actor, lines) if lines else []
    by_label = {label.id: event.id for (label, _), event in zip(told, events, strict=True)}
    settle(session, labels, state, by_label)


def take_back(
    session: Session,
    actor: Actor,
    labels: Sequence[PrintedLabel],
    state: LabelState,
    reason: str | None = None,
) -> None:
    """Give labels that are not there another state; the log says so, and why, of each that it told of."""
    subjects = _subjects(session, [label for label in labels if label.event_id])
    lines = [
        custody.Line(
            subject=subjects[key],
            kind=Kind.LABEL_PRINTED,
            refs={VOID: True, "job": str(label.job_id), "label": str(label.id)},
            corrects=label.event_id,
            reason=reason,
        )
        for label in labels
        if label.event_id and (key := _key(label)) in subjects
    ]
    if lines:
        custody.record_all(session, actor, lines)
    settle(session, labels, state, dict.fromkeys((label.id for label in labels), None))


def settle(
    session: Session,
    labels: Sequence[PrintedLabel],
    state: LabelState,
    events: dict[UUID, UUID | None] | dict[UUID, UUID] | None = None,
) -> None:
    """Give labels a state; with `events` their events too, by label."""
    if not labels:
        return
    now = clock.now()
    changes: list[dict[str, Any]] = []
    for label in labels:
        change = {"id": label.id, "state": state, "state_at": now}
        changes.append(change if events is None else {**change, "event_id": events.get(label.id)})
    session.flush()
    table = table_of(PrintedLabel)
    names = [name for name in changes[0] if name != "id"]
    statement = (
        table.update()
        .where(table.c.id == bindparam("key"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    rows = [{"key": change["id"], **{f"new_{name}": change[name] for name in names}} for change in changes]
    session.connection().execute(statement, rows)


def _key(label: PrintedLabel) -> UUID | str | None:
    """By what a label's tube or kit is found: a tube by its id, a kit by its code, others not at all."""
    if label.specimen_id:
        return label.specimen_id
    return label.code if face_of(label).of is Of.KIT else None


def face_of(label: PrintedLabel) -> Face:
    """What a label says."""
    return msgspec.json.decode(label.face, type=Face)


def _subjects(session: Session, labels: Sequence[PrintedLabel]) -> Subjects:
    """The tubes and kits of labels, locked."""
    tubes = {label.specimen_id for label in labels if label.specimen_id}
    kits = {str(key) for label in labels if isinstance(key := _key(label), str)}
    found: Subjects = {}
    if kits:
        for kit in session.exec(select(Kit).where(col(Kit.code).in_(kits))):
            found[kit.code] = kit
    custody.lock(session, {*tubes, *(kit.id for kit in found.values())})
    if tubes:
        fresh = select(Specimen).where(col(Specimen.id).in_(tubes))
        for tube in session.exec(fresh.execution_options(populate_existing=True)):
            found[tube.id] = tube
    return found
