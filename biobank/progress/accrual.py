"""How many were enrolled, month by month and arm by arm."""

from collections import Counter
from itertools import accumulate

import msgspec
from sqlmodel import Session, col, extract, func, select

from biobank import clock, studies
from biobank.people import Actor
from biobank.progress import within
from biobank.tables import Participant

# --- words ---


class Month(msgspec.Struct, frozen=True):
    """One month, such as 2026-03: enrolled in it, enrolled until its end, and that by arm."""

    month: str
    enrolled: int
    total: int
    arms: list[int]


class Accrual(msgspec.Struct, frozen=True):
    """Every month from the first enrolment to this one. `undated` have no day of enrolment yet."""

    arms: list[str]
    months: list[Month]
    undated: int


# --- questions ---


def accrual(session: Session, actor: Actor, study: str) -> Accrual:
    """The participants in the actor's scope, by the month and the arm (of now) they were enrolled in.

    Refused: `NotFound` for a study outside the actor's scope.
    """
    found = studies.by_code(session, actor, study)
    day = col(Participant.enrolled_on)
    year, month, arm = extract("year", day), extract("month", day), col(Participant.arm)
    asked = (
        select(year, month, arm, func.count()).where(*within.counted(actor, found)).group_by(year, month, arm)
    )
    rows = session.execute(asked).all()
    enrolled = Counter({(int(row[0]) * 12 + int(row[1]) - 1, row[2]): row[3] for row in rows if row[0]})
    arms = within.in_order({row[2] for row in rows if row[0]}, within.arms(session, found))
    return Accrual(arms, _months(enrolled, arms), sum(row[3] for row in rows if not row[0]))


# --- how ---


def _months(enrolled: Counter[tuple[int, str]], arms: list[str]) -> list[Month]:
    """Months are counted through, so that one in which nobody came stands there too."""
    if not enrolled:
        return []
    now = clock.now()
    first, last = min(enrolled)[0], max(max(enrolled)[0], now.year * 12 + now.month - 1)
    span = range(first, last + 1)
    by_arm = [list(accumulate(enrolled[each, arm] for each in span)) for arm in arms]
    totals = [sum(at) for at in zip(*by_arm, strict=True)]
    return [
        Month(
            month=f"{each // 12:04}-{each % 12 + 1:02}",
            enrolled=totals[place] - (totals[place - 1] if place else 0),
            total=totals[place],
            arms=[arm[place] for arm in by_arm],
        )
        for place, each in enumerate(span)
    ]
