"""Minutes from the draw to the freezer, material by material, against what the protocol allows."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer
from sqlmodel import Session, cast, col, extract, func, select

from biobank import studies
from biobank.people import Actor
from biobank.progress import within
from biobank.tables import Participant, Requirement, Specimen, SpecimenKind

# --- words ---

EDGES = (15, 30, 45, 60, 90, 120, 180, 240)
"""The bins end here, in minutes, the edge included; one more holds what took longer."""


class Delay(msgspec.Struct, frozen=True):
    """One material: how many tubes took how long, in whole minutes.

    `bins` has a count for each of EDGES and one for what took longer. `median` and `nine_of_ten` are
    by nearest rank. `limit` is the longest time from draw to freezer that the protocol allows, `late`
    how many tubes took longer; both None where it sets none.
    """

    material: str
    count: int
    median: int
    nine_of_ten: int
    bins: list[int]
    limit: int | None
    late: int | None


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
    return [_delay(each, taken[each], limits.get(each)) for each in within.materials_in_order(taken)]


# --- rules ---


def allowed(rows: Sequence[Requirement]) -> dict[str, int]:
    """The longest time from draw to freezer of each material, in minutes, by the strictest requirement.

    The protocol limits draw to first spin (`spin`) and last spin to freezer (`freeze`), or draw to
    freezer where nothing is spun. What is derived was spun: where its spin has no limit, neither has
    the whole time.
    """
    found: dict[str, int] = {}
    for row, line in within.lines(rows):
        freeze, spin = _nearest(line, "freeze"), _nearest(line, "spin")
        spun = spin is not None or any(each.kind is SpecimenKind.DERIVATIVE for each in line)
        if freeze is None or (spun and spin is None):
            continue
        found[row.material] = min(freeze + (spin or 0), found.get(row.material, freeze + (spin or 0)))
    return found


# --- how ---


def _seconds(when: Any) -> ColumnElement[int]:
    return cast(extract("epoch", when), Integer)


def _nearest(line: Sequence[Requirement], name: str) -> int | None:
    return next((int(each.limits[name]) for each in line if name in each.limits), None)


def _delay(material: str, taken: Counter[int], limit: int | None) -> Delay:
    bins = [0] * (len(EDGES) + 1)
    for minutes, count in taken.items():
        bins[bisect_left(EDGES, minutes)] += count
    late = None if limit is None else sum(count for each, count in taken.items() if each > limit)
    median, nine_of_ten = _rank(taken, 50), _rank(taken, 90)
    return Delay(material, taken.total(), median, nine_of_ten, bins, limit, late)


def _rank(taken: Counter[int], percent: int) -> int:
    """The least number of minutes within which so many percent of the tubes were frozen."""
    before = 0
    for minutes in sorted(taken):
        before += taken[minutes]
        if before * 100 >= taken.total() * percent:
            return minutes
    raise AssertionError  # pragma: no cover - the last one holds all of them
