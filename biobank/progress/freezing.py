"""Minutes from the draw to the freezer, material by material, against what the protocol allows."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement
from sqlmodel import Session, cast, col, extract, func, select

from biobank import studies
from biobank.people import Actor
from biobank.progress import within
from biobank.tables import (
    Deviation,
    DeviationCode,
    Participant,
    Requirement,
    Specimen,
    SpecimenKind,
    Study,
)

# --- words ---


class Scale(msgspec.Struct, frozen=True):
    """Eight bins end at `edges`, the edge included, in a unit of so many minutes; a ninth has no end."""

    unit: str
    minutes: int
    edges: tuple[int, ...]


SCALES = (
    Scale("min", 1, (15, 30, 45, 60, 90, 120, 180, 240)),
    Scale("h", 60, (1, 2, 4, 8, 12, 24, 48, 72)),
    Scale("d", 1440, (1, 2, 3, 5, 7, 10, 14, 21)),
)
"""The finest on which a material's limit stands is taken; without one, that which holds nine of ten tubes."""


class Allowed(msgspec.Struct, frozen=True):
    """Minutes the protocol allows: to the first spin (0: nothing is spun), and then to the freezer."""

    to_spin: int
    to_freezer: int

    @property
    def total(self) -> int:
        """From the draw to the freezer, the run of the centrifuge itself not counted."""
        return self.to_spin + self.to_freezer


class Delay(msgspec.Struct, frozen=True):
    """One material: how many tubes took how long, in whole minutes.

    `bins` has a count for each edge of the scale and one for what took longer. `median` and
    `nine_of_ten` are by nearest rank. `allowed` is None where the protocol sets no limit. `late` is how
    many of the tubes deviate, frozen later than their own protocol allowed.
    """

    material: str
    count: int
    median: int
    nine_of_ten: int
    scale: Scale
    bins: list[int]
    allowed: Allowed | None
    late: int


# --- questions ---


def delays(session: Session, actor: Actor, study: str) -> list[Delay]:
    """The tubes of a study in the actor's scope that were frozen and whose draw is known, by material.

    Refused: `NotFound` for a study outside the actor's scope.
    """
    found = studies.by_code(session, actor, study)
    drawn, frozen = col(Specimen.collected_at), col(Specimen.frozen_at)
    minutes = (_seconds(frozen) - _seconds(drawn)) // 60
    asked = (
        select(col(Specimen.material), minutes, func.count())
        .join(Participant, col(Participant.id) == col(Specimen.participant_id))
        .where(*within.counted(actor, found), within.there(), frozen >= drawn)
        .group_by(col(Specimen.material), minutes)
    )
    taken: dict[str, Counter[int]] = {}
    for material, each, count in session.execute(asked):
        taken.setdefault(material, Counter())[int(each)] += count
    limits = allowed(within.requirements(session, found)) if taken else {}
    late = _late(session, actor, found) if taken else {}
    return [
        _delay(each, taken[each], limits.get(each), late.get(each, 0))
        for each in within.materials_in_order(taken)
    ]


# --- rules ---


def allowed(rows: Sequence[Requirement]) -> dict[str, Allowed]:
    """How long each material may take from draw to freezer, by the strictest requirement.

    The protocol limits draw to first spin (`spin`) and last spin to freezer (`freeze`), or draw to
    freezer where nothing is spun. What is derived was spun: where its spin has no limit, neither has
    the whole time.
    """
    found: dict[str, Allowed] = {}
    for row, line in within.lines(rows):
        freeze, spin = _nearest(line, "freeze"), _nearest(line, "spin")
        spun = spin is not None or any(each.kind is SpecimenKind.DERIVATIVE for each in line)
        if freeze is None or (spun and spin is None):
            continue
        told = Allowed(spin or 0, freeze)
        found[row.material] = min(told, found.get(row.material, told), key=lambda each: each.total)
    return found


# --- how ---


def _seconds(when: Any) -> ColumnElement[int]:
    return cast(extract("epoch", when), BigInteger)  # 1901 and 2038 are beyond the smaller one


def _nearest(line: Sequence[Requirement], name: str) -> int | None:
    return next((int(each.limits[name]) for each in line if name in each.limits), None)


def _late(session: Session, actor: Actor, study: Study) -> dict[str, int]:
    asked = (
        select(col(Specimen.material), func.count(col(Specimen.id).distinct()))
        .select_from(Deviation)
        .join(Specimen, col(Specimen.id) == col(Deviation.specimen_id))
        .join(Participant, col(Participant.id) == col(Specimen.participant_id))
        .where(*within.counted(actor, study), col(Deviation.code) == DeviationCode.LATE_FREEZING)
        .group_by(col(Specimen.material))
    )
    return dict(session.exec(asked).all())


def _delay(material: str, taken: Counter[int], told: Allowed | None, late: int) -> Delay:
    median, nine_of_ten = _rank(taken, 50), _rank(taken, 90)
    reach = told.total if told else nine_of_ten
    fitting = (each for each in SCALES if reach <= each.edges[-1] * each.minutes)
    scale = next(fitting, SCALES[-1])
    edges = [edge * scale.minutes for edge in scale.edges]
    bins = [0] * (len(edges) + 1)
    for minutes, count in taken.items():
        bins[bisect_left(edges, minutes)] += count
    return Delay(material, taken.total(), median, nine_of_ten, scale, bins, told, late)


def _rank(taken: Counter[int], percent: int) -> int:
    """The least number of minutes within which so many percent of the tubes were frozen."""
    before = 0
    for minutes in sorted(taken):
        before += taken[minutes]
        if before * 100 >= taken.total() * percent:
            return minutes
    raise AssertionError  # pragma: no cover - the last one holds all of them
