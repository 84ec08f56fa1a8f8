"""Freezing: what follows when tubes are put into the cold."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from biobank import custody
from biobank.custody.facts import deviation_said
from biobank.ledger.entries import State
from biobank.preanalytics.deviations import deviation
from biobank.preanalytics.limits import passed, since_rest
from biobank.preanalytics.lineage import (
    Lineage,
    celsius_of,
    freezers_unsaid,
    handling,
    lineages,
    reached,
)
from biobank.preanalytics.sprec import VERSION, sprec
from biobank.tables import Deviation, DeviationCode, Specimen

FREEZES_BELOW = 0
"""Degrees Celsius."""


def freeze(session: Session, placed: Sequence[tuple[Specimen, UUID]], when: datetime) -> dict[UUID, State]:
    """Note what becomes of locked tubes that are put, each into its container, at this time.

    Where that stands in the cold: a tube's freezing time where it has none, its SPREC code where that
    is new or another one, and at the first time a deviation where the limit `freeze` was passed. Answers
    what the event of each tube must say of it in its `refs`; nothing for those of which nothing is new.
    """
    celsius = celsius_of(session, {container for _, container in placed})
    cold = [(tube, there) for tube, at in placed if (there := celsius.get(at, 0)) < FREEZES_BELOW]
    known = lineages(session, [tube for tube, _ in cold])
    frozen_before = _frozen_before(session, [tube for tube, _ in cold])
    said: dict[UUID, State] = {}
    late: list[Deviation] = []
    for tube, there in cold:
        lineage, refs = known[tube.id], State()
        if tube.frozen_at is None and tube.id not in frozen_before:
            _freeze(tube, when)
            refs["times"] = custody.times_said(tube)  # all of them: an old log does not say them yet
        if not tube.sprec and (deviating := _late(lineage)):
            late.append(deviating)
            refs["deviations"] = [deviation_said(deviating)]
        code = sprec(handling(lineage, there))
        if code != tube.sprec:
            tube.sprec, tube.sprec_version = code, VERSION
            refs["sprec"] = code
        if refs:
            said[tube.id] = refs
    session.add_all(late)
    return said


def _frozen_before(session: Session, tubes: Sequence[Specimen]) -> set[UUID]:
    """Tubes frozen nobody knows when.

    In the cold before, in a freezer that never said how cold it is, or come without any time of their own
    (another system's stock): that they are put away now does not say that they are frozen now.
    """
    left: dict[UUID, UUID] = {}
    for tube in tubes:
        place = custody.state(session, tube)["place"] or {}
        where = place.get("kept") or place if place.get("kind") == "out" else place
        if tube.frozen_at is None and where.get("container"):
            left[tube.id] = UUID(where["container"])
    unsaid = freezers_unsaid(session, left.values()) if left else set()
    coded = {tube.id for tube in tubes if tube.sprec or not (tube.collected_at or tube.processed_at)}
    return coded | {key for key, container in left.items() if container in unsaid}


def _freeze(tube: Specimen, when: datetime) -> None:
    """Never before it was drawn and made: a bench's clock may run ahead of ours."""
    known = [at for name in custody.TIMES if (at := getattr(tube, f"{name}_at"))]
    offset = when.utcoffset()
    tube.frozen_at = max([when, *known])
    tube.frozen_offset = int(offset.total_seconds() // 60) if offset else 0


def _late(lineage: Lineage) -> Deviation | None:
    came = reached(lineage)
    over = passed("freeze", since_rest(came), came.frozen, lineage.limits)
    return deviation(lineage.specimen, DeviationCode.LATE_FREEZING, *over) if over else None
