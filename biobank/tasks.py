"""Tasks: what a scan or a rule could not settle by itself, until somebody has looked after it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, Select, and_, false, func, or_
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from biobank import clock, people, texts
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import Flag, Input, Naming, Whole
from biobank.people import Actor, May
from biobank.tables import Container, Person, Site, Specimen, Station, Study, Task, TaskKind
from biobank.texts import N_

# --- words ---


class Position(Protocol):
    """A slot of a container, as storage has it."""

    @property
    def row(self) -> int | None:
        """From 0; None where things lie unplaced."""

    @property
    def col(self) -> int | None:
        """From 0; None where things lie unplaced."""


class Settle(Input):
    """A task that somebody looked after, and what came of it in a few words."""

    task: UUID
    resolution: Annotated[Naming, StringConstraints(max_length=40)] = "done"


class Sought(Input):
    """Which tasks: open ones or closed ones, at one site, of one kind, about one code; newest first."""

    closed: Flag = False
    site: str | None = None
    kind: TaskKind | None = None
    code: str | None = None
    after: UUID | None = None
    limit: Annotated[Whole, Field(ge=1, le=1001)] = 200


class TaskRow(msgspec.Struct, frozen=True):
    """A task in a list. `code` is what was scanned; `specimen` and `container` are our codes, or empty.

    `slot` is the name of the slot where the facts tell it; `time_zone` is the site's.
    """

    id: UUID
    kind: TaskKind
    site: str
    time_zone: str
    study: str
    code: str
    specimen: str
    container: str
    container_name: str
    row: int | None
    col: int | None
    facts: dict[str, Any]
    station: str
    opened_by: str
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None
    resolution: str

    @property
    def slot(self) -> str:
        """The slot's name, empty where there is none."""
        return str(self.facts.get("slot", ""))


NAMES: Mapping[TaskKind, str] = {
    TaskKind.RACK_WELL: N_("Well of a rack file"),
    TaskKind.PLACE_DISPUTED: N_("Place in dispute"),
    TaskKind.UNRESOLVED_SCAN: N_("Unknown code"),
    TaskKind.LATE_SCAN: N_("Late scan not done"),
    TaskKind.SCAN_GAP: N_("Scans missing"),
    TaskKind.UNREADABLE: N_("Code unreadable"),
    TaskKind.MISSING: N_("Tube missing"),
    TaskKind.RULE_BROKEN: N_("Rule broken"),
}
"""What lists call each kind."""

SENTENCES: Mapping[TaskKind, str] = {
    TaskKind.RACK_WELL: N_("Well %(slot)s of the file %(file)s: %(verdict)s. Look what is really there."),
    TaskKind.PLACE_DISPUTED: N_("A late scan says %(claimed)s, the log says %(logged)s. See where it is."),
    TaskKind.UNRESOLVED_SCAN: N_("“%(code)s” was scanned, and nothing is known by it. Find out what it is."),
    TaskKind.LATE_SCAN: N_("A scan of %(person)s came in late and was not done: %(why)s"),
    TaskKind.SCAN_GAP: N_(
        "After scan %(last)s came scan %(found)s: ask at the station for what lies between."
    ),
    TaskKind.UNREADABLE: N_("The code cannot be read. Identify it by its place, and print a new label."),
    TaskKind.MISSING: N_("It was not where it should be. Look around that place, then in the boxes beside."),
    TaskKind.RULE_BROKEN: N_("A rule does not hold any more: %(why)s"),
}
"""What each kind asks somebody to do. The places are filled by the code and the facts."""


# --- actions ---


def open_task(  # noqa: PLR0913 - what a task is about is told by name
    session: Session,
    actor: Actor,
    kind: TaskKind,
    *,
    site_id: UUID,
    study_id: UUID | None = None,
    specimen_id: UUID | None = None,
    container_id: UUID | None = None,
    slot: Position | None = None,
    code: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Task:
    """Ask somebody to look. The very same task that is open already is answered instead of a second one.

    Refuses nothing: whoever found it may say so. `facts` are plain values, named as in `SENTENCES`;
    `slot` there is the slot's name.
    """
    task = Task(
        kind=kind,
        site_id=site_id,
        study_id=study_id,
        specimen_id=specimen_id,
        container_id=container_id,
        row=slot.row if slot else None,
        col=slot.col if slot else None,
        code=code[:100],
        facts=dict(facts or {}),
        station_id=actor.station_id,
        opened_by_id=actor.id,
        opened_at=clock.now(),
    )
    for open_one in session.exec(_alike(task)).all():
        if open_one.facts == task.facts:
            return open_one
    session.add(task)
    session.flush()
    return task


def close(session: Session, actor: Actor, order: Settle, *, decided: bool = False) -> Task:
    """Say that a task was looked after.

    Refused: one that is not there or in scope, one that is closed, and a place in dispute before it was
    `decided` who is right: its tube would stay in quarantine with nobody to look after it.
    """
    asked = select(Task).where(col(Task.id) == order.task).with_for_update()
    task = session.exec(asked).first()
    if task is None:
        raise NotFound("task_unknown", N_("There is no such task in your scope."), field="task")
    people.require(actor, May.HANDLE, task)
    if task.closed_at is not None and task.closed_by_id is not None:
        message = N_("%(name)s has looked after this already: %(resolution)s.")
        name = session.get_one(Person, task.closed_by_id).name
        raise Conflict("task_closed", message, name=name, resolution=task.resolution)
    if task.kind is TaskKind.PLACE_DISPUTED and not decided:
        message = N_("Settle who is right first: the tube is in quarantine until then.")
        raise RuleBroken("not_settled", message, field="task")
    task.closed_by_id, task.closed_at, task.resolution = actor.id, clock.now(), order.resolution
    session.flush()
    return task


# --- questions ---


def listing(session: Session, actor: Actor, sought: Sought) -> list[TaskRow]:
    """Tasks in the actor's scope, newest first; one site, kind or code alone where that is asked."""
    closed = col(Task.closed_at).is_not(None) if sought.closed else col(Task.closed_at).is_(None)
    asked = _rows().where(_in_scope(actor), closed)
    if sought.site:
        asked = asked.where(col(Site.code) == sought.site)
    if sought.kind:
        asked = asked.where(col(Task.kind) == sought.kind)
    if sought.code:
        asked = asked.where(col(Task.code) == sought.code)
    if sought.after:
        asked = asked.where(col(Task.id) < sought.after)
    found = session.execute(asked.order_by(col(Task.id).desc()).limit(sought.limit)).all()
    return [_row(*each) for each in found]


def row(session: Session, task: Task) -> TaskRow:
    """One task as lists show it."""
    return _row(*session.execute(_rows().where(col(Task.id) == task.id)).one())


def open_counts(session: Session, actor: Actor) -> dict[TaskKind, int]:
    """How many open tasks of each kind are in the actor's scope; a kind without one is left out."""
    asked = select(Task.kind, func.count(col(Task.id)))
    asked = asked.where(_in_scope(actor), col(Task.closed_at).is_(None)).group_by(col(Task.kind))
    return {TaskKind(kind): count for kind, count in session.exec(asked).all()}


def said(row: TaskRow) -> tuple[str, dict[str, Any]]:
    """What a task asks: the message id, and the facts that fill it. What was not noted is a dash."""
    message = SENTENCES[row.kind]
    facts = {"code": row.code, **row.facts}
    return message, {name: facts.get(name) or "–" for name in _PLACES.findall(message)}


def sentence(row: TaskRow) -> str:
    """What a task asks in the reader's language, and so why a scan was refused."""
    message, facts = said(row)
    mine = texts.language.get()
    if refusal := row.facts.get("refusal"):
        facts["why"] = texts.in_language(mine, refusal["message"], refusal["facts"])
    return texts.in_language(mine, message, facts)


# --- how ---

_PLACES = re.compile(r"%\((\w+)\)s")
_UNTOLD = frozenset({"holds"})
"""Facts that settling needs and nobody reads: they name tubes that a reader may not see."""
_opener, _closer = aliased(Person), aliased(Person)


def _alike(task: Task) -> SelectOfScalar[Task]:
    same = ("kind", "site_id", "specimen_id", "container_id", "row", "col", "code")
    columns = [getattr(Task, name) for name in same]
    values = [getattr(task, name) for name in same]
    matches = [
        col(column).is_(None) if value is None else col(column) == value
        for column, value in zip(columns, values, strict=True)
    ]
    return select(Task).where(col(Task.closed_at).is_(None), *matches)


def _in_scope(actor: Actor) -> ColumnElement[bool]:
    """What belongs to no study is seen by everybody of the site, as rights have it for one thing."""
    covered: list[ColumnElement[bool]] = []
    for grant in actor.grants:
        if May.SEE not in people.WHO_MAY[grant.role]:
            continue
        site = col(Task.site_id).is_not(None) if grant.site_id is None else col(Task.site_id) == grant.site_id
        of_study = or_(col(Task.study_id).is_(None), col(Task.study_id) == grant.study_id)
        covered.append(site if grant.study_id is None else and_(site, of_study))
    return or_(*covered) if covered else false()


def _rows() -> Select[Any]:
    return (
        core_select(Task, Site, col(Study.code), col(Specimen.code), col(Container.code), col(Container.name))
        .add_columns(col(Station.name), col(_opener.name), col(_closer.name))
        .join(Site, col(Site.id) == col(Task.site_id))
        .join(_opener, col(_opener.id) == col(Task.opened_by_id))
        .outerjoin(Study, col(Study.id) == col(Task.study_id))
        .outerjoin(Specimen, col(Specimen.id) == col(Task.specimen_id))
        .outerjoin(Container, col(Container.id) == col(Task.container_id))
        .outerjoin(Station, col(Station.id) == col(Task.station_id))
        .outerjoin(_closer, col(_closer.id) == col(Task.closed_by_id))
    )


def _row(task: Task, site: Site, *named: str | None) -> TaskRow:
    study, specimen, container, container_name, station, opener, closer = (each or "" for each in named)
    return TaskRow(
        id=task.id,
        kind=task.kind,
        site=site.code,
        time_zone=site.time_zone,
        study=study,
        code=task.code,
        specimen=specimen,
        container=container,
        container_name=container_name,
        row=task.row,
        col=task.col,
        facts={name: fact for name, fact in task.facts.items() if name not in _UNTOLD},
        station=station,
        opened_by=opener,
        opened_at=task.opened_at,
        closed_by=closer,
        closed_at=task.closed_at,
        resolution=task.resolution,
    )
