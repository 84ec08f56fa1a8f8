"""What happens to one participant of the demonstration, moment after moment, each recorded when it was."""

import heapq
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from biobank import clock, inputs, participants
from biobank.commands.demo import course as demo_course
from biobank.commands.demo import visits as demo_visits
from biobank.commands.demo.boxes import Boxes
from biobank.commands.demo.course import Course, Procedure
from biobank.commands.demo.visits import Bench, tell
from biobank.people import Actor
from biobank.tables import Participant, SpecimenKind, Visit, VisitStatus

LBPB, BEIJING = "LBPB", "BJ"
ZONE = "Asia/Shanghai"
_WAITING = 3
"""At one of so many of yesterday's visits the tubes still wait to be put away."""
_AHEAD = timedelta(days=14)
"""How long before a procedure it is planned."""


class Life:
    """The moments of one participant that are still to come, the next one first."""

    def __init__(self, session: Session, actor: Actor, person: Course, today: date, boxes: Boxes) -> None:
        self.session, self.actor, self.person = session, actor, person
        self.today, self.boxes, self.now = today, boxes, clock.now()
        self._moments: list[tuple[datetime, int, Callable[[], None]]] = []
        self._places = count()
        self._known: set[UUID] = set()
        self._order = {"study": LBPB, "pseudonym": person.pseudonym}

    def live(self) -> None:
        """Everything from the enrolment to this day, in the order of time."""
        enrolled = at(self.person.enrolled_on, -30)
        tell(enrolled)
        who = self._enroll()
        self._expect_visits(who)
        if self.person.changed_on:
            self._on(at(self.person.changed_on, 60), lambda: self._change_arm(who))
        for number, procedure in enumerate(self.person.procedures, 1):
            day = (procedure.first_said or procedure.day) if procedure.day else None
            planned = at(day, 0) - _AHEAD if day else enrolled + timedelta(days=1)
            self._on(planned, self._planning(who, number, procedure))
        if self.person.withdrawal:
            self._on(at(self.person.withdrawal[1], 400), self._withdraw)
        while self._moments:
            moment, _, happens = heapq.heappop(self._moments)
            tell(moment)
            happens()

    # --- what comes when ---

    def _on(self, moment: datetime, happens: Callable[[], None]) -> None:
        heapq.heappush(self._moments, (min(moment, self.now), next(self._places), happens))

    def _expect_visits(self, who: Participant) -> None:
        """What became of each planned visit that was not there before."""
        asked = select(Visit).where(
            col(Visit.participant_id) == who.id, col(Visit.status) == VisitStatus.PLANNED
        )
        for visit in self.session.exec(asked.order_by(col(Visit.planned_on), col(Visit.id))).all():
            if visit.id not in self._known and visit.planned_on:
                self._known.add(visit.id)
                self._expect(Bench(self.session, self.actor, self.person, visit))

    def _expect(self, bench: Bench) -> None:
        visit = bench.visit
        if self.person.under_way and visit.label == "BL":
            self._on(self.now, lambda: self._begin_now(bench))
            return
        became = demo_course.fate(self.person, visit, self.today)
        if became.missed and visit.closes_on:
            why = became.missed
            self._on(at(demo_course.known_on(visit.closes_on), 0), lambda: miss(bench, why))
        elif became.came_on:
            came = at(became.came_on, bench.chance(150, "came"))
            if visit.label == "RUN":  # it was before the enrolment, and is recorded after it
                self._on(at(self.person.enrolled_on, -25), lambda: demo_visits.come(bench, came))
            else:
                self._on(came, lambda: self._collect(bench, came))

    # --- what happens ---

    def _enroll(self) -> Participant:
        person = self.person
        told = {"version": "1.0", "scopes": person.granted, "declined": person.declined}
        order = {
            **self._order,
            "site": BEIJING,
            "arm": person.arm,
            "enrolled_on": person.enrolled_on,
            "attributes": person.attributes,
            "consent": {**told, "given_on": person.enrolled_on},
        }
        read = inputs.read(participants.Enrolment, order)
        return participants.enroll(self.session, self.actor, read)

    def _change_arm(self, who: Participant) -> None:
        told = {**self._order, "arm": demo_course.SURGICAL, "since": self.person.changed_on}
        participants.change_arm(self.session, self.actor, inputs.read(participants.ArmOrder, told))
        self._expect_visits(who)

    def _planning(self, who: Participant, number: int, procedure: Procedure) -> Callable[[], None]:
        """The procedure is planned; moved or cancelled some days later; its visits follow."""

        def plan() -> None:
            told = {
                **self._order,
                "name": procedure.name,
                "happens_on": procedure.first_said or procedure.day,
            }
            self._set(told)
            if procedure.first_said:
                tell(clock.now() + timedelta(days=3))
                self._set({**told, "number": number, "happens_on": procedure.day})
            if procedure.cancelled:
                tell(clock.now() + timedelta(days=5))
                cancelled = inputs.read(participants.ProcedureCancellation, {**self._order, "number": number})
                participants.cancel_procedure(self.session, self.actor, cancelled)
            self._expect_visits(who)

        return plan

    def _set(self, told: Mapping[str, object]) -> None:
        participants.set_procedure(self.session, self.actor, inputs.read(participants.ProcedureOrder, told))

    def _collect(self, bench: Bench, came: datetime) -> None:
        yesterday = came.date() == self.today - timedelta(days=1)
        waits = yesterday and bench.odds(_WAITING, "waits")
        demo_visits.collect(bench, demo_visits.times(bench, came, waits=waits), self.boxes)
        extracted = at(came.date(), 90) + timedelta(days=20 + bench.chance(10, "extracted"))
        if self.person.extracted and bench.visit.label == "BL" and extracted.date() < self.today:
            self._on(extracted, lambda: demo_visits.extract(bench, extracted, self.boxes))

    def _begin_now(self, bench: Bench) -> None:
        """A baseline under way: plasma waits for the freezer, serum clots, the stool is still to come."""
        now = self.now.astimezone(ZoneInfo(ZONE))
        drawn_at, received, spun, divided = (now - timedelta(minutes=ago) for ago in (100, 75, 50, 25))
        steps = demo_visits.Times(drawn_at, received, spun, divided, frozen=None)
        demo_visits.begin(bench, steps)
        blood = bench.expected("blood_edta", "blood_serum", "blood_paxgene", kind=SpecimenKind.PRIMARY)
        demo_visits.draw(bench, steps, blood)
        demo_visits.spin(bench, steps, "blood_edta")
        demo_visits.divide(bench, steps, "plasma_edta", "buffy_coat")

    def _withdraw(self) -> None:
        level, day = self.person.withdrawal or (None, None)
        told = {**self._order, "level": level, "withdrawn_on": day}
        participants.withdraw(self.session, self.actor, inputs.read(participants.WithdrawalOrder, told))


def miss(bench: Bench, reason: participants.MissedReason) -> None:
    """A visit did not take place."""
    bench.do(participants.miss, participants.MissOrder, visit=bench.visit.code, reason=reason)


def at(day: date, minutes: int) -> datetime:
    """So many minutes after half past seven in the morning."""
    return datetime.combine(day, time(7, 30), ZoneInfo(ZONE)) + timedelta(minutes=minutes)
