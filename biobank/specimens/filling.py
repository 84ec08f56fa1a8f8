"""How expected tubes come to be there: by a scan or by what was made of them, with times and amounts."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session, col, select

from biobank import amounts, clock, custody, participants
from biobank.codes import grouped
from biobank.custody import Kind
from biobank.errors import RuleBroken
from biobank.participants.visits import require_not_before
from biobank.people import Actor, May
from biobank.specimens.registering import (
    filling_of,
    giving_of,
    require_not_older,
    require_order_of_times,
    times_of,
)
from biobank.tables import PRESENT, Life, Participant, Requirement, Site, Specimen, SpecimenKind, Visit
from biobank.texts import N_

REPLACED = "replaced"
"""Why an expected tube ended whose label gave way to a kit's: it counts nowhere."""

# --- words ---


class Bench(msgspec.Struct):
    """A visit under way, locked with its participant and its tubes, each before what is made of it."""

    visit: Visit
    participant: Participant
    site: Site
    tubes: list[Specimen]
    requirements: dict[UUID, Requirement]

    def tube(self, key: UUID | None) -> Specimen | None:
        """One of its tubes."""
        return next((each for each in self.tubes if each.id == key), None)

    def requirement(self, tube: Specimen) -> Requirement | None:
        """What the protocol asks of a tube."""
        return self.requirements.get(tube.requirement_id) if tube.requirement_id else None


class Told(msgspec.Struct, frozen=True):
    """What is told of tubes that were scanned together: when they were filled, when drawn, how much."""

    occurred: datetime | None = None
    collected: datetime | None = None
    amount: str | None = None


class Ticked(msgspec.Struct, frozen=True):
    """A tube that is there. `changed` where it was not before; `implied` where it was not scanned itself."""

    code: str
    kind: str
    material: str
    serial: int
    total: int
    life: str
    amount: str
    changed: bool
    implied: bool


# --- rules ---


def require_not_replaced(tube: Specimen) -> None:
    """Refused: a tube whose label gave way to a kit's."""
    if tube.end_reason == REPLACED:
        message = N_("The label %(code)s was replaced by that of a kit. Throw it away.")
        raise RuleBroken("label_replaced", message, field="codes", code=grouped(tube.code))


def require_not_given_up(tube: Specimen) -> None:
    """Refused: a tube that was noted as not collected."""
    if tube.life is Life.ENDED and tube.end_reason == Kind.NOT_COLLECTED.value:
        message = N_("%(code)s was noted as not collected. Register the tube anew if it is there after all.")
        raise RuleBroken("tube_given_up", message, field="codes", code=grouped(tube.code))


def require_enough_of(parent: Specimen, held: int, wanted: int) -> None:
    """Refused: tubes that hold more together than there was."""
    if wanted > held:
        message = N_(
            "%(code)s has %(held)s left, and %(wanted)s are needed. Say which tube has a low volume."
        )
        facts = {
            "held": amounts.shown(held, parent.material),
            "wanted": amounts.shown(wanted, parent.material),
        }
        raise RuleBroken("not_enough", message, field="amount", code=grouped(parent.code), **facts)


# --- questions ---


def bench(session: Session, actor: Actor, text: str, *, collects: bool = True) -> Bench:
    """A visit with its tubes, locked, its participant first. Refused: to collect without consent."""
    visit, participant = participants.visit_by_code(session, actor, text, May.REGISTER)
    if collects:
        participants.require_cover(session, participant, ())
    custody.lock(session, [participant.id])
    custody.lock(session, [visit.id])
    session.refresh(visit)
    custody.lock(session, session.exec(_of_visit(Specimen.id, visit)).all())
    tubes = rows_of(session, visit)
    wanted = {tube.requirement_id for tube in tubes if tube.requirement_id}
    asked = select(Requirement).where(col(Requirement.id).in_(wanted))
    requirements = {each.id: each for each in session.exec(asked)} if wanted else {}
    site = session.get_one(Site, participant.site_id)
    return Bench(visit, participant, site, tubes, requirements)


def rows_of(session: Session, visit: Visit) -> list[Specimen]:
    """The tubes of a visit as they are now, each before what is made of it; not those that were replaced."""
    asked = _of_visit(Specimen, visit).order_by(col(Specimen.id)).execution_options(populate_existing=True)
    return [tube for tube in session.exec(asked) if tube.end_reason != REPLACED]


# --- actions ---


def fill(
    session: Session,
    actor: Actor,
    on: Bench,
    chosen: Sequence[Specimen],
    told: Told,
    more: Sequence[custody.Line] = (),
) -> list[Ticked]:
    """The chosen tubes are there, and all that they were made of; with these further lines, in one act.

    The visit is done by that. Answers the chosen ones in their order, then those that are implied.
    """
    for tube in chosen:
        require_not_given_up(tube)
    scanned = {tube.id for tube in chosen}
    fresh = _fresh(on, chosen)
    participants.require_cover(session, on.participant, {tube.material for tube in fresh})
    amounts_of = {tube.id: _amount(on, tube, told, scanned=tube.id in scanned) for tube in fresh}
    occurred = told.occurred or clock.now().astimezone(ZoneInfo(on.site.time_zone))
    _require_times(on, told, occurred)
    lines = [*_drawn_after_all(on, chosen, told)]
    for tube in fresh:
        times = _times(on, tube, told, occurred, scanned=tube.id in scanned)
        lines.append(filling_of(tube, amounts_of[tube.id], times))
    lines += _giving(on, fresh, amounts_of, told, occurred)
    custody.record_all(session, actor, [*lines, *more])
    if fresh:
        drawn = [tube.collected_at for tube in fresh if tube.collected_at]
        participants.mark_done(session, actor, on.visit, min(drawn, default=occurred))
    new = {tube.id for tube in fresh}
    implied = [tube for tube in fresh if tube.id not in scanned]
    return [
        *(ticked(tube, changed=tube.id in new) for tube in chosen),
        *(ticked(tube, changed=True, implied=True) for tube in implied),
    ]


def ticked(tube: Specimen, *, changed: bool, implied: bool = False) -> Ticked:
    """A tube as ticking answers it."""
    return Ticked(
        code=tube.code,
        kind=tube.kind.value,
        material=tube.material,
        serial=tube.serial,
        total=tube.total,
        life=tube.life.value,
        amount=amounts.shown(tube.amount, tube.material),
        changed=changed,
        implied=implied,
    )


# --- how ---


def _of_visit(what: Any, visit: Visit) -> Any:
    return select(what).where(col(Specimen.visit_id) == visit.id)


def _fresh(on: Bench, chosen: Sequence[Specimen]) -> list[Specimen]:
    """The expected tubes among the chosen ones and all they are made of, each before what is made of it."""
    wanted: set[UUID] = set()
    for tube in chosen:
        here: Specimen | None = tube
        while here is not None and here.life is Life.EXPECTED:
            wanted.add(here.id)
            here = on.tube(here.parent_id)
    return [tube for tube in on.tubes if tube.id in wanted]


def _amount(on: Bench, tube: Specimen, told: Told, *, scanned: bool) -> int | None:
    if scanned and told.amount:
        return amounts.parse(told.amount, amounts.MATERIALS[tube.material].dimension)
    requirement = on.requirement(tube)
    return requirement.amount if requirement else None


def _require_times(on: Bench, told: Told, occurred: datetime) -> None:
    require_order_of_times([("collected", told.collected), ("occurred", occurred)], "")
    first = told.collected or occurred
    day = first.astimezone(ZoneInfo(on.site.time_zone)).date()
    require_not_before(on.participant, on.visit.opens_on, day)


def _times(
    on: Bench, tube: Specimen, told: Told, occurred: datetime, *, scanned: bool
) -> dict[str, datetime | None]:
    """When a tube was drawn or filled. That another was made of it does not tell when it was drawn."""
    if tube.kind is SpecimenKind.PRIMARY:
        return {"collected": told.collected or (occurred if scanned else None)}
    parents = _parents(on, tube)
    known = [at for each in parents if (at := each.processed_at or each.collected_at)]
    since = max(known, default=None)
    parent = next((each for each in parents if each.collected_at), None)
    if told.occurred:
        require_not_older(told.occurred, since, "occurred")
    # A bench computer that runs fast may have told of a moment that our own clock has still to reach.
    return {
        "collected": _local(parent.collected_at, parent.collected_offset) if parent else None,
        "processed": max(occurred, since) if since else occurred,
    }


def _drawn_after_all(on: Bench, chosen: Sequence[Specimen], told: Told) -> list[custody.Line]:
    """The lines that add a draw's time, told now, to what was there by implication before."""
    if told.collected is None:
        return []
    roots = {root(on, tube).id for tube in chosen}
    lines: list[custody.Line] = []
    for tube in on.tubes:
        missing = tube.collected_at is None and tube.life in PRESENT
        if not missing or root(on, tube).id not in roots:
            continue
        require_not_older(tube.processed_at, told.collected, "collected")
        later = [(name, getattr(tube, f"{name}_at")) for name in ("received", "frozen")]
        require_order_of_times([("collected", told.collected), *later], "")
        for column, value in times_of({"collected": told.collected}).items():
            setattr(tube, column, value)
        refs = {"times": custody.times_said(tube, ["collected"])}
        lines.append(custody.Line(subject=tube, kind=Kind.NOTED, refs=refs))
    return lines


def root(on: Bench, tube: Specimen) -> Specimen:
    here = tube
    while (parent := on.tube(here.parent_id)) is not None:
        here = parent
    return here


def _giving(
    on: Bench, fresh: Sequence[Specimen], amounts_of: dict[UUID, int | None], told: Told, occurred: datetime
) -> list[custody.Line]:
    """The lines by which parents give; one whose amount is not known gives nothing."""
    held = {tube.id: amounts_of.get(tube.id, tube.amount) for tube in on.tubes}
    taken: dict[UUID, list[tuple[int, UUID | None]]] = {}
    for tube in fresh:
        wanted = _takes(on, tube, amounts_of[tube.id], told)
        gets = (amounts_of[tube.id] or 0) if tube.kind is SpecimenKind.ALIQUOT else wanted
        parents = [parent for parent in _parents(on, tube) if held[parent.id] is not None]
        for parent in parents:
            there = held[parent.id] or 0
            given = wanted if parent is parents[-1] else min(wanted, there)
            require_enough_of(parent, there, given)
            wanted, held[parent.id] = wanted - given, there - given
            kept = min(given, gets)
            gets -= kept
            # What an aliquot takes and does not get is a loss, which is nobody's.
            moved = ((kept, tube.id), (given - kept, None))
            taken.setdefault(parent.id, []).extend((-each, to) for each, to in moved if each)
    return [
        giving_of(tube, tuple(taken[tube.id]), held[tube.id] or 0, occurred)
        for tube in on.tubes
        if taken.get(tube.id)
    ]


def _takes(on: Bench, tube: Specimen, amount: int | None, told: Told) -> int:
    """What is taken of the parent: for an aliquot what it holds, for the rest what the protocol uses."""
    requirement = on.requirement(tube)
    used = (requirement.used if requirement else None) or 0
    if tube.kind is not SpecimenKind.ALIQUOT:
        return used
    return (amount or 0) if told.amount else max(amount or 0, used)


def _parents(on: Bench, tube: Specimen) -> list[Specimen]:
    """What a tube is made of: its parent, and where it is pooled, the others like that which are there."""
    parent, requirement = on.tube(tube.parent_id), on.requirement(tube)
    if parent is None or not requirement or not requirement.pooled:
        return [parent] if parent else []
    return [each for each in alike(on, parent) if each is parent or each.life in PRESENT]


def alike(on: Bench, tube: Specimen) -> list[Specimen]:
    """The tubes of a visit that are there for the same requirement, this one first."""
    return [
        tube,
        *(each for each in on.tubes if each.requirement_id == tube.requirement_id and each is not tube),
    ]


def _local(when: datetime | None, offset: int | None) -> datetime | None:
    return when.astimezone(timezone(timedelta(minutes=offset or 0))) if when else None
