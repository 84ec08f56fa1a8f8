"""A machine that plans, moves and collects at random: nothing collected moves, and every day is derived."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlmodel import Session

from biobank import accounts, custody, inputs, participants, specimens
from biobank.accounts import SiteOrder
from biobank.database import Database
from biobank.people import Actor
from biobank.tables import Life, SpecimenKind
from tests.schedules import VERSIONS, Kept, Known, check, read, written
from tests.world import MANAGER, World, copy_sqlite

MONTH_ENDS = ("2023-12-31", "2024-01-31", "2024-02-29", "2024-08-31", "2024-11-30")
CLOCKS_CHANGE = ("2024-03-10", "2024-03-31", "2024-10-27", "2024-11-03")
ENROLMENTS = [date.fromisoformat(day) for day in MONTH_ENDS + CLOCKS_CHANGE]
DAYS = st.sampled_from(ENROLMENTS) | st.dates(date(2023, 6, 1), date(2024, 12, 31))
LATER_DAYS = (
    st.none()
    | st.sampled_from([date(2025, 1, 31), date(2025, 3, 1), date(2025, 3, 30)])
    | st.dates(date(2025, 1, 1), date(2026, 6, 30))
)
ARMS = st.sampled_from(["surgical", "other"])
SITES = {"BJ": "Asia/Shanghai", "DE": "Europe/Berlin", "NY": "America/New_York"}

MOMENTS = {
    # Around the nights on which clocks change; the days on the walls are written down, not computed.
    "2025-03-09T04:30": ("2025-03-09", "2025-03-09", "2025-03-08"),
    "2025-03-10T03:30": ("2025-03-10", "2025-03-10", "2025-03-09"),
    "2025-03-10T04:30": ("2025-03-10", "2025-03-10", "2025-03-10"),
    "2025-03-29T23:30": ("2025-03-30", "2025-03-30", "2025-03-29"),
    "2025-03-30T21:30": ("2025-03-31", "2025-03-30", "2025-03-30"),
    "2025-03-30T22:30": ("2025-03-31", "2025-03-31", "2025-03-30"),
    "2025-10-25T22:30": ("2025-10-26", "2025-10-26", "2025-10-25"),
    "2025-10-26T22:30": ("2025-10-27", "2025-10-26", "2025-10-26"),
    "2025-11-02T04:30": ("2025-11-02", "2025-11-02", "2025-11-02"),
    "2025-11-03T04:30": ("2025-11-03", "2025-11-03", "2025-11-02"),
}


class Schedule(RuleBasedStateMachine):
    """Participants at three sites whose plans change while some visits are done."""

    world: World
    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Known] = {}
        self.done: dict[str, Kept] = {}
        self.plans = VERSIONS[0]
        self.numbers = count(1)

    # --- how it acts ---

    def act(self, work: Callable[[Session, Actor], Any]) -> Any:
        return self.world.act(work, person=MANAGER)

    def order(self, act: Callable[..., Any], order: type[Any], pseudonym: str, **told: Any) -> None:
        sent = inputs.read(order, {"study": "DEMO", "pseudonym": pseudonym} | told)
        self.act(lambda s, a: act(s, a, sent).id)

    def visits(self, name: str, *statuses: str) -> list[str]:
        """The codes of visits in one of these states, in the order of their keys."""
        found = read(self.world).items()
        mine = [(each.key, code) for code, each in found if each.whose == name and each.status in statuses]
        return [code for _, code in sorted(mine)]

    # --- what happens ---

    @rule(target=names, site=st.sampled_from(sorted(SITES)), arm=ARMS, day=st.none() | DAYS)
    @precondition(lambda self: len(self.people) < 4)
    def enrol(self, site: str, arm: str, day: date | None) -> str:
        name = f"P-{next(self.numbers)}"
        consent = {"version": "1", "scopes": ["storage"]}
        told = {"site": site, "arm": arm, "enrolled_on": day, "consent": consent}
        self.order(participants.enroll, participants.Enrolment, name, **told)
        self.people[name] = Known(site, arm, day)
        return name

    @rule(name=names, day=LATER_DAYS)
    def operate(self, name: str, day: date | None) -> None:
        known = self.people[name].procedures
        if len(known) < 3:
            told = {"name": "Surgery", "happens_on": day}
            self.order(participants.set_procedure, participants.ProcedureOrder, name, **told)
            known[len(known) + 1] = (day, False)

    @rule(name=names, number=st.integers(1, 3), day=LATER_DAYS)
    def move(self, name: str, number: int, day: date | None) -> None:
        known = self.people[name].procedures
        if number in known:
            told = {"number": number, "name": "Surgery", "happens_on": day}
            self.order(participants.set_procedure, participants.ProcedureOrder, name, **told)
            known[number] = (day, False)

    @rule(name=names, number=st.integers(1, 3))
    def cancel(self, name: str, number: int) -> None:
        known = self.people[name].procedures
        if number in known:
            order = participants.ProcedureCancellation
            self.order(participants.cancel_procedure, order, name, number=number)
            known[number] = (known[number][0], True)

    @rule(name=names, arm=ARMS)
    def change_arm(self, name: str, arm: str) -> None:
        self.order(participants.change_arm, participants.ArmOrder, name, arm=arm)
        self.people[name].arm = arm

    @rule(name=names, day=DAYS)
    def date_enrolment(self, name: str, day: date) -> None:
        order = participants.EnrolmentDateOrder
        self.order(participants.set_enrolment_date, order, name, enrolled_on=day)
        self.people[name].enrolled_on = day

    @rule(version=st.sampled_from(range(len(VERSIONS))))
    def adopt(self, version: int) -> None:
        text_of = written(VERSIONS[version])
        told = self.world.ask(lambda s, a: participants.preview(s, a, text_of), MANAGER)
        adopted = self.act(lambda s, a: participants.adopt(s, a, text_of))
        assert adopted.changes == told.changes
        self.plans = VERSIONS[version]

    @rule(name=names, which=st.integers(0, 20), when=st.sampled_from(sorted(MOMENTS)))
    def collect(self, name: str, which: int, when: str) -> None:
        open_ones = self.visits(name, "planned", "missed", "cancelled")
        if not open_ones:
            return
        code = open_ones[which % len(open_ones)]
        moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
        new = {"material": "blood_edta", "amount": "10 mL", "collected": moment.isoformat()}
        order = inputs.read(specimens.Registration, {"visit": code, "specimens": [new]})
        self.act(lambda s, a: specimens.register(s, a, order)[0].code)
        kept = read(self.world)[code]
        day = dict(zip(("BJ", "DE", "NY"), MOMENTS[when], strict=True))[self.people[name].site]
        assert (kept.status, str(kept.came)) == ("done", day)
        assert kept.tubes
        self.done[code] = kept

    @rule(name=names, which=st.integers(0, 20))
    def begin(self, name: str, which: int) -> None:
        planned = self.visits(name, "planned")
        if planned:
            self.act(lambda s, a: expect(s, a, planned[which % len(planned)]))

    @rule(name=names, which=st.integers(0, 20))
    def miss(self, name: str, which: int) -> None:
        found = read(self.world)
        planned = [code for code in self.visits(name, "planned") if not found[code].tubes]
        if planned:
            sent = {"visit": planned[which % len(planned)], "reason": "ill"}
            order = inputs.read(participants.MissOrder, sent)
            self.act(lambda s, a: participants.miss(s, a, order).code)

    @rule(name=names, which=st.integers(0, 20))
    def plan_again(self, name: str, which: int) -> None:
        missed = self.visits(name, "missed")
        if missed:
            code = missed[which % len(missed)]
            self.act(lambda s, a: participants.plan_again(s, a, code).code)

    # --- what must be so ---

    @invariant()
    def nothing_collected_moved_and_every_day_is_derived(self) -> None:
        check(read(self.world), self.people, self.plans, self.done)

    def teardown(self) -> None:
        assert self.world.unproved() == []
        self.world.database.close()


def expect(session: Session, actor: Actor, code: str) -> None:
    """Begin a visit: a tube is expected of it."""
    visit, participant = participants.visit_by_code(session, actor, code)
    kind, material = SpecimenKind.PRIMARY, "blood_edta"
    tube = specimens.new_specimen(visit=visit, participant=participant, kind=kind, material=material)
    custody.record_all(session, actor, [specimens.registration_of(tube, life=Life.EXPECTED)])


@pytest.fixture
def template(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database with three sites that follows the first version, closed, to copy from."""
    path = copy_sqlite(sqlite_template, tmp_path / "template.db")
    world = furnished(path)
    orders = [SiteOrder(code=code, name=code, time_zone=zone) for code, zone in SITES.items() if code != "BJ"]

    def furnish(session: Session, actor: Actor) -> None:
        for order in orders:
            accounts.add_site(session, actor, order)
        participants.adopt(session, actor, written(VERSIONS[0]))

    world.act(furnish, person=MANAGER)
    world.database.close()
    return path


def furnished(path: Path) -> World:
    return World(Database(f"sqlite:///{path}"))


def run(template: Path, folder: Path, examples: int, steps: int) -> None:
    """Let the machine run so many times, each on a database of its own."""
    copies = count()

    class OnACopy(Schedule):
        @initialize()
        def begin_on_a_copy(self) -> None:
            self.world = furnished(copy_sqlite(template, folder / f"{next(copies)}.db"))

    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=examples < 100,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(OnACopy, settings=chosen)


@pytest.mark.slow
def test_whatever_happens_nothing_collected_moves_and_every_day_is_derived(
    template: Path, tmp_path: Path
) -> None:
    run(template, tmp_path, 12, 30)


@pytest.mark.prove
def test_whatever_happens_for_long_nothing_collected_moves(template: Path, tmp_path: Path) -> None:
    run(template, tmp_path, 300, 60)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE visit SET planned_on = '2025-01-01' WHERE status = 'done'", "what was done"),
        ("UPDATE visit SET status = 'cancelled' WHERE status = 'done'", "what was done"),
        ("UPDATE visit SET event_id = NULL WHERE status = 'done'", "what was done"),
        ("UPDATE visit SET closes_on = '2024-03-09' WHERE label = 'M1'", "M1"),
        ("UPDATE visit SET planned_on = NULL WHERE label = 'PRE'", "PRE"),
        ("UPDATE visit SET status = 'cancelled' WHERE label = 'M3'", "M3"),
        ("UPDATE visit SET label = 'M1', event_id = NULL WHERE label = 'M3'", "twice"),
        ("UPDATE specimen SET life = 'ended'", "what was done"),
        ("UPDATE specimen SET visit_id = (SELECT id FROM visit WHERE label = 'M3')", "what was done"),
    ],
)
def test_the_same_check_finds_a_visit_that_was_moved(
    template: Path, tmp_path: Path, harm: str, said: str
) -> None:
    """The control: what the machine relies on is not blind."""
    machine = Schedule()
    machine.world = furnished(copy_sqlite(template, tmp_path / "b.db"))
    name = machine.enrol("DE", "surgical", date(2024, 1, 31))
    machine.operate(name, date(2025, 3, 1))
    machine.collect(name, 0, "2025-03-29T23:30")
    machine.nothing_collected_moved_and_every_day_is_derived()
    with machine.world.database.writing.begin() as connection:
        connection.execute(text(harm))
    with pytest.raises(AssertionError, match=said):
        machine.nothing_collected_moved_and_every_day_is_derived()
    machine.world.database.close()
