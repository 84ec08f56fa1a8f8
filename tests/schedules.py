"""What a schedule must be: derived once more, from the calendar alone, and held against the database."""

from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from biobank.people import Actor
from biobank.tables import Participant, Specimen, Visit
from tests.test_planning import protocol
from tests.world import MANAGER, World


class Plan(NamedTuple):
    """An event as this test knows it, beside the file that says the same."""

    code: str
    months: int = 0
    days: int = 0
    before: int = 0
    after: int = 0
    arms: tuple[str, ...] = ()
    procedure: bool = False


RUN, BL = Plan("RUN", days=-14, before=3, after=7), Plan("BL", after=3)
M1, M3 = Plan("M1", 1, before=7, after=7), Plan("M3", 3, before=14, after=14)
SIX = Plan("SIX", 6, 1, 10, 10, arms=("other",))
PRE = Plan("PRE", days=-1, arms=("surgical",), procedure=True)
POST = Plan("POST", days=1, after=2, arms=("surgical",), procedure=True)
VERSIONS: tuple[tuple[Plan, ...], ...] = (
    (RUN, BL, M1, M3, SIX, PRE, POST),
    (BL, M1._replace(before=3), M3._replace(months=4, days=-2), SIX._replace(arms=()), PRE, POST),
    (RUN, BL, M3, Plan("M12", 12, after=30), PRE._replace(arms=()), POST._replace(months=1, before=20)),
)
Days = tuple[date | None, date | None, date | None]
Key = tuple[str, int]


def months_on(day: date, months: int) -> date:
    """The day so many months on, found by trying: the derivation of this test alone."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for back in range(4):
        try:
            return date(year, month, day.day - back)
        except ValueError:
            continue
    raise AssertionError(day)


def days_of(plan: Plan, anchor: date | None) -> Days:
    """The planned day of a visit and its window."""
    if anchor is None:
        return None, None, None
    due = date.fromordinal(months_on(anchor, plan.months).toordinal() + plan.days)
    first, last = due.toordinal() - plan.before, due.toordinal() + plan.after
    return due, date.fromordinal(first), date.fromordinal(last)


class Known:
    """What the test knows of one participant."""

    def __init__(self, site: str, arm: str, enrolled_on: date | None) -> None:
        self.site = site
        self.arm = arm
        self.enrolled_on = enrolled_on
        self.procedures: dict[int, tuple[date | None, bool]] = {}

    def wanted(self, plans: tuple[Plan, ...]) -> dict[Key, Days]:
        """What must be planned, had nothing been done yet."""
        found: dict[Key, Days] = {}
        for plan in plans:
            if plan.arms and self.arm not in plan.arms:
                continue
            if not plan.procedure:
                found[plan.code, 0] = days_of(plan, self.enrolled_on)
                continue
            for number, (day, cancelled) in self.procedures.items():
                if not cancelled:
                    found[plan.code, number] = days_of(plan, day)
        return found


class Kept(NamedTuple):
    """A visit as the database has it, with its tubes."""

    whose: str
    key: Key
    event: object
    days: Days
    status: str
    came: date | None
    tubes: tuple[tuple[str, str, str], ...]


def read(world: World) -> dict[str, Kept]:
    """Every visit there is, by its code."""

    def question(session: Session, _: Actor) -> dict[str, Kept]:
        tubes: dict[Any, list[tuple[str, str, str]]] = {}
        for tube in session.exec(select(Specimen).order_by(col(Specimen.id))):
            facts = (tube.code, tube.life.value, str(tube.requirement_id))
            tubes.setdefault(tube.visit_id, []).append(facts)
        asked = select(Visit, Participant).join(Participant, col(Participant.id) == col(Visit.participant_id))
        return {
            visit.code: Kept(
                whose.pseudonym,
                (visit.label, visit.occasion),
                visit.event_id,
                (visit.planned_on, visit.opens_on, visit.closes_on),
                visit.status.value,
                visit.came_on,
                tuple(tubes.get(visit.id, ())),
            )
            for visit, whose in session.exec(asked)
        }

    return world.ask(question, MANAGER)


def check(
    found: dict[str, Kept],
    people: dict[str, Known],
    plans: tuple[Plan, ...],
    done: dict[str, Kept],
) -> None:
    """Whether the database says what must be so."""
    for code, was in done.items():
        assert found.get(code) == was, f"what was done at {was.key} changed"
    keys = [(each.whose, each.key) for each in found.values()]
    assert len(keys) == len(set(keys)), "a visit is there twice"
    for name, known in people.items():
        mine = {each.key: each for each in found.values() if each.whose == name}
        wanted = known.wanted(plans)
        if known.enrolled_on is None and not any(
            each.status in ("planned", "cancelled") for key, each in mine.items() if key[1] == 0
        ):
            # With no day to count from and nothing to come, nothing further is counted from enrolment.
            wanted = {key: days for key, days in wanted.items() if key[1] or key in mine}
        for key, days in wanted.items():
            if mine[key].status not in ("done", "missed"):
                assert (mine[key].status, mine[key].days) == ("planned", days), f"{name} {key}"
        for key, each in mine.items():
            if key not in wanted and not each.tubes:
                assert each.status in ("cancelled", "missed"), f"{name} {key} is not wanted"


def written(plans: tuple[Plan, ...]) -> bytes:
    """These events as a protocol file."""
    lines = []
    for plan in plans:
        said = {"month": plan.months, "day": plan.days, "before": plan.before, "after": plan.after}
        parts = [f"code='{plan.code}'", *(f"{name}={value}" for name, value in said.items())]
        if plan.procedure:
            parts.append("anchor='procedure'")
        if plan.arms:
            parts.append(f"arms={list(plan.arms)}".replace(" ", ""))
        lines.append(" ".join(parts))
    return protocol(*lines)
