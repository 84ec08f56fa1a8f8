"""What suggests an audit: a loss, a change of custodian, somebody who left, a move that is planned.

The triggers and how much each asks for are those of the select agent rules (42 CFR 73): after a theft or a
loss everything within 48 hours, at a change of custodian everything, before a move and after somebody left
a tenth. Nothing is kept of it: each is read from the rows and the log, and is answered by an audit that
was planned for that reason, of that scope, since it came up.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import and_, exists, func
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import clock, people
from biobank.audits.planning import AuditOrder
from biobank.audits.waiting import sought_still
from biobank.custody import SIGHTINGS, Kind
from biobank.database import one_of
from biobank.ledger import entries
from biobank.ledger.entries import State
from biobank.people import WHO_MAY, Actor, May
from biobank.storage.ways import paths
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    AuditMethod,
    Command,
    Container,
    CustodyEvent,
    Evacuation,
    Person,
    Role,
    Site,
    Specimen,
    Trigger,
)
from biobank.texts import N_

LOOKED_BACK = timedelta(days=30)
"""For so long somebody who left, or gave up the management of a site, suggests an audit."""

A_TENTH = 10
"""Percent of the tubes that are looked at where not all must be."""

DUE_AFTER: Mapping[Trigger, timedelta] = {
    Trigger.LOSS: timedelta(hours=48),
    Trigger.PLANNED_MOVE: timedelta(days=7),
    Trigger.LEAVER: LOOKED_BACK,
    Trigger.CUSTODIAN_CHANGE: LOOKED_BACK,
}
"""By when it is due. The targets of a move are reserved for seven days."""

REASONS: Mapping[Trigger, str] = {
    Trigger.LOSS: N_(
        "Tubes are missing from %(name)s: %(count)s. Then everything in it is looked at, within 48 hours."
    ),
    Trigger.PLANNED_MOVE: N_("%(name)s is to be emptied. Before a move a tenth of it is looked at."),
    Trigger.LEAVER: N_("%(person)s left and had tubes of %(name)s in hand. Then a tenth is looked at."),
    Trigger.CUSTODIAN_CHANGE: N_("%(person)s no longer manages %(name)s. Then everything is looked at."),
}

# --- words ---


class AuditSuggestion(msgspec.Struct, frozen=True):
    """Why an audit should be planned, of what, how much and by when; `order` plans it.

    `reason` is a message that takes `facts`; `since` is when it came up. The scope is the container of that
    code, or the whole site where it is empty; `share` is in percent, None where everything is looked at.
    """

    trigger: Trigger
    reason: str
    facts: dict[str, str]
    since: datetime
    name: str
    container: str
    site: str
    share: int | None
    due: date

    @property
    def order(self) -> AuditOrder:
        """The audit that answers it, ready to be planned."""
        return AuditOrder(
            name=self.name,
            container=self.container or None,
            site=None if self.container else self.site,
            trigger=self.trigger,
            method=AuditMethod.SAMPLE if self.share else AuditMethod.FULL,
            share=Decimal(self.share) if self.share else None,
            due=self.due,
        )


class _Cause(msgspec.Struct, frozen=True):
    """What came up when, of a container or of a whole site."""

    trigger: Trigger
    since: datetime
    site: Site
    facts: dict[str, str]
    container_id: UUID | None = None
    code: str = ""


# --- questions ---


def suggestions(session: Session, actor: Actor) -> list[AuditSuggestion]:
    """What suggests an audit at the sites that the actor may audit, what is due first before the rest."""
    every = session.exec(select(Site).order_by(col(Site.code))).all()
    sites = {site.id: site for site in every if people.reaches(actor, May.AUDIT, site.id, None)}
    if not sites:
        return []
    causes = [*_losses(session, sites), *_moves(session, sites), *_left(session, sites)]
    found = [_suggestion(cause) for cause in _unanswered(session, causes)]
    return sorted(found, key=lambda each: (each.due, each.trigger, each.name, str(each.facts)))


# --- how ---


def _suggestion(cause: _Cause) -> AuditSuggestion:
    zone = ZoneInfo(cause.site.time_zone)
    all_of_it = cause.trigger in {Trigger.LOSS, Trigger.CUSTODIAN_CHANGE}
    return AuditSuggestion(
        trigger=cause.trigger,
        reason=REASONS[cause.trigger],
        facts=cause.facts,
        since=cause.since,
        name=f"{cause.facts['name']} {cause.since.astimezone(zone).date()}",
        container=cause.code,
        site=cause.site.code,
        share=None if all_of_it else A_TENTH,
        due=(cause.since + DUE_AFTER[cause.trigger]).astimezone(zone).date(),
    )


def _unanswered(session: Session, causes: Sequence[_Cause]) -> Iterator[_Cause]:
    """Those since which no audit was planned for that reason, of that scope or of the whole site."""
    if not causes:
        return
    asked = select(Audit).where(
        one_of(col(Audit.site_id), {cause.site.id for cause in causes}),
        col(Audit.opened_at) >= min(cause.since for cause in causes),
        col(Audit.cancelled_at).is_(None),
        col(Audit.study_id).is_(None),
    )
    planned = {
        (audit.trigger, audit.site_id, audit.container_id): audit.opened_at
        for audit in session.exec(asked.order_by(col(Audit.opened_at)))
        if not audit.tubes
    }
    for cause in causes:
        scopes = {(cause.trigger, cause.site.id, each) for each in (cause.container_id, None)}
        if not any(planned[scope] >= cause.since for scope in scopes & planned.keys()):
            yield cause


def _losses(session: Session, sites: Mapping[UUID, Site]) -> Iterator[_Cause]:
    """Freezers from which tubes are missing, unless it was an audit of all of it that missed them."""
    asked: Any = (
        core_select(
            col(AuditBox.container_id),
            col(Audit.container_id).label("scope"),
            col(Audit.method),
            func.max(col(AuditLine.decided_at)).label("since"),
            func.count().label("count"),
        )
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
        .join(Audit, col(Audit.id) == col(AuditLine.audit_id))
        .where(sought_still())
        .group_by(col(AuditBox.container_id), col(Audit.container_id), col(Audit.method))
    )
    rows = session.execute(asked).all()
    ways = paths(session, [row.container_id for row in rows]) if rows else {}
    outer = {ways[row.container_id][0].code for row in rows}
    freezers = {
        each.code: each for each in session.exec(select(Container).where(col(Container.code).in_(outer)))
    }
    lost: dict[str, tuple[datetime, int]] = {}
    for row in rows:
        code = ways[row.container_id][0].code
        if row.method is AuditMethod.FULL and row.scope == freezers[code].id:
            continue
        since, count = lost.get(code, (row.since, 0))
        lost[code] = max(since, row.since), count + row.count
    for code, (since, count) in lost.items():
        freezer = freezers[code]
        if freezer.site_id in sites:
            facts = {"name": freezer.name, "count": str(count)}
            yield _Cause(Trigger.LOSS, since, sites[freezer.site_id], facts, freezer.id, code)


def _moves(session: Session, sites: Mapping[UUID, Site]) -> Iterator[_Cause]:
    """Containers that are to be emptied."""
    asked = (
        select(Evacuation, Container)
        .join(Container, col(Container.id) == col(Evacuation.container_id))
        .where(
            one_of(col(Evacuation.site_id), sites),
            col(Evacuation.closed_at).is_(None),
            col(Evacuation.returning_at).is_(None),
        )
    )
    for begun, container in session.exec(asked):
        facts = {"name": container.name}
        site = sites[begun.site_id]
        yield _Cause(Trigger.PLANNED_MOVE, begun.opened_at, site, facts, container.id, container.code)


def _left(session: Session, sites: Mapping[UUID, Site]) -> Iterator[_Cause]:
    """Sites that somebody no longer manages, or at which somebody no longer works who had tubes in hand."""
    before = aliased(CustodyEvent)
    asked = (
        core_select(Person, col(CustodyEvent.recorded_at), col(CustodyEvent.entry), col(before.entry))
        .join(CustodyEvent, col(CustodyEvent.subject_id) == col(Person.id))
        .join(
            before,
            and_(
                col(before.subject_id) == col(CustodyEvent.subject_id),
                col(before.number) == col(CustodyEvent.number) - 1,
            ),
        )
        .where(
            col(CustodyEvent.kind) == Kind.CHANGED, col(CustodyEvent.recorded_at) > clock.now() - LOOKED_BACK
        )
        .order_by(col(CustodyEvent.recorded_at).desc())
    )
    told: set[tuple[UUID, UUID]] = set()
    for person, at, now, then in session.execute(asked):
        for key, site in sites.items():
            gone = _roles(entries.state_after(then), key) - _roles(entries.state_after(now), key)
            gone -= _roles_now(session, person, key)
            if not gone or (person.id, key) in told:
                continue
            facts = {"person": person.name, "name": site.name}
            if Role.MANAGER in gone and _holds_tubes(session, key):
                told.add((person.id, key))
                yield _Cause(Trigger.CUSTODIAN_CHANGE, at, site, facts)
            elif any(May.HANDLE in WHO_MAY[role] for role in gone) and _handled(session, person, key):
                told.add((person.id, key))
                yield _Cause(Trigger.LEAVER, at, site, facts)


def _roles(state: State, site: UUID) -> set[Role]:
    """The roles that a person's state gives at a site; none of one whose account ended."""
    if not state["active"]:
        return set()
    held: Sequence[dict[str, Any]] = state["grants"]
    return {Role(each["role"]) for each in held if each["site"] in {None, str(site)}}


def _roles_now(session: Session, person: Person, site: UUID) -> set[Role]:
    newest = (
        core_select(col(CustodyEvent.entry))
        .where(col(CustodyEvent.subject_id) == person.id)
        .order_by(col(CustodyEvent.number).desc())
        .limit(1)
    )
    return _roles(entries.state_after(session.execute(newest).scalar_one()), site)


def _holds_tubes(session: Session, site: UUID) -> bool:
    return bool(session.exec(select(exists().where(col(Specimen.site_id) == site))).one())


def _handled(session: Session, person: Person, site: UUID) -> bool:
    """Whether somebody ever had a tube of a site in hand."""
    asked = (
        core_select(col(CustodyEvent.id))
        .join(Command, col(Command.id) == col(CustodyEvent.command_id))
        .join(Specimen, col(Specimen.id) == col(CustodyEvent.subject_id))
        .where(
            col(Command.person_id) == person.id,
            col(Specimen.site_id) == site,
            col(CustodyEvent.kind).in_(SIGHTINGS),
        )
        .limit(1)
    )
    return session.execute(asked).first() is not None
