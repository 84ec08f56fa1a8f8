"""How long frozen tubes are out of the cold, and the thaw that is written when one comes back too late."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import clock, preanalytics
from biobank.custody import Kind, Line
from biobank.ledger.entries import State
from biobank.tables import ExposureLimit, Keep, Placement, Specimen, Study

Level = Literal["none", "ok", "amber", "red"]
"""How a clock stands: `none` for a tube that was not frozen, whose clock warns of nothing."""

# --- words ---


class Allowed(msgspec.Struct, frozen=True):
    """How many minutes a frozen tube may be out: from `warn` on it is late, past `limit` it has thawed."""

    warn: int = 5
    limit: int = 15


USUAL = Allowed()
"""Where a study's protocol says nothing. Five minutes follow what biobanks train people to; fifteen are our
own judgement of when a small tube on a bench can no longer be called frozen. No standard sets either."""


class Away(Protocol):
    """What is asked of a tube that is out: a row of it will do."""

    @property
    def id(self) -> UUID:
        """Its key."""

    @property
    def study_id(self) -> UUID:
        """The study whose protocol sets the limits."""

    @property
    def material(self) -> str:
        """The code of its material."""

    @property
    def frozen_at(self) -> datetime | None:
        """When it was frozen, where that is known."""


class Exposure(msgspec.Struct, frozen=True):
    """The clock of a tube that is out: whole minutes, what its protocol allows, and how it stands."""

    minutes: int
    warn: int
    limit: int
    level: Level


# --- rules ---


def level(seconds: int, allowed: Allowed) -> Level:
    """How the clock of a frozen tube stands: amber from the warning, red past the limit."""
    if seconds > allowed.limit * 60:
        return "red"
    return "amber" if seconds >= allowed.warn * 60 else "ok"


def seconds_out(since: datetime, until: datetime) -> int:
    """Whole seconds, never below none: a bench's clock may run ahead of ours."""
    return max(0, int((until - since).total_seconds()))


def exposure(since: datetime, allowed: Allowed, now: datetime, *, frozen: bool) -> Exposure:
    """The clock of a tube that has been out since then."""
    seconds = seconds_out(since, now)
    stands: Level = level(seconds, allowed) if frozen else "none"
    return Exposure(seconds // 60, allowed.warn, allowed.limit, stands)


# --- actions ---


def came_in(
    session: Session, tubes: Sequence[Specimen], occurred: datetime | None = None
) -> tuple[dict[UUID, State], list[Line]]:
    """What locked tubes that come to a place at this time (now, where none is told) say of having been out.

    The first answer is for the `change` of the event that places each tube: nothing of one that was not out.
    The second are lines to be written after all those events: a thaw for each frozen tube that was out for
    longer than its limit. Ask before `preanalytics.freeze`, which may freeze what was never frozen.
    """
    out = [tube for tube in tubes if tube.out_since is not None]
    if not out:
        return {}, []
    when, allowed, were_frozen = occurred or clock.now(), limits_of(session, out), frozen(session, out)
    changes: dict[UUID, State] = {}
    thaws: list[Line] = []
    for tube in out:
        seconds = seconds_out(tube.out_since or when, when)
        changes[tube.id] = {"out_since": None, "exposure_s": tube.exposure_s + seconds}
        limit = allowed[tube.study_id, tube.material]
        if tube.id in were_frozen and level(seconds, limit) == "red":
            refs = {"exposure": {"minutes": seconds // 60, "limit": limit.limit}}
            change = {"thaws": tube.thaws + 1}
            thaws.append(Line(subject=tube, kind=Kind.THAWED, change=change, refs=refs, occurred=occurred))
    return changes, thaws


# --- questions ---


def clock_of(session: Session, code: str) -> Exposure | None:
    """The clock of the tube of that code; None where it is not out."""
    tube = session.exec(select(Specimen).where(col(Specimen.code) == code)).one()
    if tube.out_since is None:
        return None
    allowed = limits_of(session, [tube])[tube.study_id, tube.material]
    return exposure(tube.out_since, allowed, clock.now(), frozen=tube.id in frozen(session, [tube]))


def limits_of(session: Session, tubes: Sequence[Away]) -> dict[tuple[UUID, str], Allowed]:
    """What the protocols in force allow, by study and material; the usual where they say nothing."""
    wanted = {(tube.study_id, tube.material) for tube in tubes}
    asked = (
        select(Study.id, ExposureLimit.material, ExposureLimit.warn_minutes, ExposureLimit.limit_minutes)
        .join(ExposureLimit, col(ExposureLimit.protocol_id) == col(Study.protocol_id))
        .where(col(Study.id).in_({study for study, _ in wanted}))
    )
    said = {(study, material): Allowed(warn, limit) for study, material, warn, limit in session.exec(asked)}
    return {key: said.get(key, USUAL) for key in wanted}


def frozen(session: Session, tubes: Sequence[Away]) -> set[UUID]:
    """Those of some tubes that are out which came out of the cold.

    As the slot that is kept for each says; where none is kept, or nobody said how cold it is there (its box
    may stand on a bench itself), those of which it is known when they were frozen.
    """
    kept = (
        select(Keep.specimen_id, Placement.container_id)
        .join(Placement, col(Placement.keep_id) == col(Keep.id))
        .where(col(Keep.specimen_id).in_([tube.id for tube in tubes]))
    )
    stood = dict(session.exec(kept).all())
    celsius = preanalytics.celsius_of(session, set(stood.values())) if stood else {}
    cold = {tube: celsius[box] < preanalytics.FREEZES_BELOW for tube, box in stood.items() if box in celsius}
    return {tube.id for tube in tubes if cold.get(tube.id, tube.frozen_at is not None)}
