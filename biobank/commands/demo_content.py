"""What the demonstration holds: two sites, two freezers, people of each role, a cohort and a register."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, SQLModel, col, select

from biobank import accounts, clock, inputs, participants, specimens, storage, studies
from biobank.commands import demo_course, demo_visits
from biobank.commands.demo_boxes import Boxes
from biobank.commands.demo_course import Course, drawn
from biobank.commands.demo_visits import Bench
from biobank.people import Actor
from biobank.tables import (
    ContainerType,
    Event,
    Participant,
    Placement,
    Protocol,
    Requirement,
    Site,
    Specimen,
    SpecimenKind,
    Study,
    Vessel,
    Visit,
)

LBPB, ICBT = "LBPB", "ICBT-FUSION"
BEIJING, NANTONG = "BJ", "NT"
ZONE = "Asia/Shanghai"
BENCH, REGISTER = "technician-1", "technician-icbt"
"""Who does what is done in the cohort, and in the register."""

_SITES = ((BEIJING, "Beijing"), (NANTONG, "Nantong"))
_PEOPLE = (
    (BENCH, "technician", BEIJING, LBPB),
    ("technician-2", "technician", BEIJING, LBPB),
    (REGISTER, "technician", NANTONG, ICBT),
    ("manager-lbpb", "manager", BEIJING, LBPB),
    ("manager-icbt", "manager", NANTONG, ICBT),
    ("auditor", "auditor", None, None),
    ("researcher", "researcher", None, LBPB),
    ("administrator", "administrator", None, None),
)
IN_REGISTER = 14
_WAITING = 3
"""At one of so many of yesterday's visits the tubes still wait to be put away."""
TAKEN_OUT = 3
_ASKED_FOR: tuple[type[SQLModel], ...] = (Study, Site, Protocol, Event, Requirement, Vessel, ContainerType)
KITS = (("BL", 4), ("M3", 3), ("S-1", 2))


def set_up(session: Session, actor: Actor) -> list[str]:
    """Make sites, studies, people and freezers; the codes of the freezers."""
    for code, name in _SITES:
        sent = {"code": code, "name": name, "time_zone": ZONE}
        accounts.add_site(session, actor, inputs.read(accounts.SiteOrder, sent))
    for file in ("lbpb", "icbt-fusion"):
        studies.load(session, actor, protocol(file))
    for name, role, site, study in _PEOPLE:
        order = {"name": name, "role": role, "site": site, "study": study}
        accounts.add_person(session, actor, inputs.read(accounts.PersonOrder, order), clock.new_secret())
    return [
        storage.make_freezer(
            session, actor, inputs.read(storage.FreezerOrder, {"site": BEIJING, "name": name, "celsius": -80})
        ).code
        for name in ("Freezer 1", "Freezer 2")
    ]


def protocol(name: str) -> bytes:
    """A protocol file."""
    package = Path(__file__).parents[1]
    # In a checkout the protocols stand beside the package, in a wheel inside it.
    folder = next(place for place in (package / "protocols", package.parent / "protocols") if place.is_dir())
    return (folder / f"{name}.toml").read_bytes()


def print_kits(session: Session, actor: Actor) -> None:
    """Print kits ahead, which nobody uses yet."""
    for event, count in KITS:
        order = {"study": LBPB, "event": event, "site": BEIJING, "count": count}
        specimens.print_kits(session, actor, inputs.read(specimens.KitOrder, order))


def register(session: Session, actor: Actor, today: date) -> None:
    """The register without specimens: participants and their visits."""
    for number in range(1, IN_REGISTER + 1):
        enrolled = today - timedelta(days=3 + (IN_REGISTER - number) * 16)
        order = {
            "study": ICBT,
            "site": NANTONG,
            "pseudonym": f"ICBT-{number:02}",
            "enrolled_on": enrolled,
            "attributes": {
                "sex": ("female", "male")[drawn(2, "icbt", number, "sex")],
                "age": 27 + drawn(29, "icbt", number, "age"),
            },
            "consent": {"version": "1.0", "scopes": ["recontact"], "given_on": enrolled},
        }
        person = participants.enroll(session, actor, inputs.read(participants.Enrolment, order))
        for visit in _visits(session, person):
            _go_to_online(session, actor, number, visit, today)


def take_part(session: Session, actor: Actor, number: int, today: date, boxes: Boxes) -> None:
    """One participant of the cohort, from the enrolment to where they stand on this day."""
    # A session forgets what nobody holds, and each of a hundred acts would ask for these again.
    session.info["held"] = [list(session.exec(select(table))) for table in _ASKED_FOR]
    person = demo_course.course(number, today)
    enrolled = _enroll(session, actor, person)
    order = {"study": LBPB, "pseudonym": person.pseudonym}
    if person.changed_on:
        told = {**order, "arm": demo_course.SURGICAL, "since": person.changed_on}
        participants.change_arm(session, actor, inputs.read(participants.ArmOrder, told))
    for place, procedure in enumerate(person.procedures, 1):
        told = {**order, "name": procedure.name, "happens_on": procedure.first_said or procedure.day}
        participants.set_procedure(session, actor, inputs.read(participants.ProcedureOrder, told))
        if procedure.first_said:
            told |= {"number": place, "happens_on": procedure.day}
            participants.set_procedure(session, actor, inputs.read(participants.ProcedureOrder, told))
        if procedure.cancelled:
            told = {**order, "number": place}
            cancelled = inputs.read(participants.ProcedureCancellation, told)
            participants.cancel_procedure(session, actor, cancelled)
    for visit in _visits(session, enrolled):
        _go_to(Bench(session, actor, person, visit), today, boxes)
    if person.withdrawal:
        level, day = person.withdrawal
        told = {**order, "level": level, "withdrawn_on": day}
        participants.withdraw(session, actor, inputs.read(participants.WithdrawalOrder, told))


def take_out(session: Session, actor: Actor) -> None:
    """A few tubes are out now."""
    asked = select(Specimen.code).join(Placement, col(Placement.specimen_id) == col(Specimen.id))
    asked = asked.where(col(Specimen.material) == "plasma_edta").order_by(col(Specimen.id))
    told = {"tubes": list(session.exec(asked.limit(TAKEN_OUT))), "note": "Taken out to show it."}
    storage.take_out(session, actor, inputs.read(storage.TakeOut, told))


# --- how ---


def _enroll(session: Session, actor: Actor, person: Course) -> Participant:
    told = {"version": "1.0", "scopes": person.granted, "declined": person.declined}
    order = {
        "study": LBPB,
        "site": BEIJING,
        "pseudonym": person.pseudonym,
        "arm": person.arm,
        "enrolled_on": person.enrolled_on,
        "attributes": person.attributes,
        "consent": {**told, "given_on": person.enrolled_on},
    }
    return participants.enroll(session, actor, inputs.read(participants.Enrolment, order))


def _go_to(bench: Bench, today: date, boxes: Boxes) -> None:
    """What became of one visit."""
    session, actor, visit = bench.session, bench.actor, bench.visit
    if bench.person.under_way and visit.label == "BL":
        _begin_now(bench)
        return
    became = demo_course.fate(bench.person, visit, today)
    if became.missed:
        _miss(session, actor, visit, became.missed)
    elif became.came_on:
        came = _at(became.came_on, bench.chance(150, "came"))
        if visit.label == "RUN":
            demo_visits.come(session, actor, visit, came)
            return
        waits = became.came_on == today - timedelta(days=1) and bench.odds(_WAITING, "waits")
        demo_visits.collect(bench, demo_visits.times(bench, came, waits=waits), boxes)
        extracted = _at(became.came_on, 90) + timedelta(days=20 + bench.chance(10, "extracted"))
        if bench.person.extracted and visit.label == "BL" and extracted.date() < today:
            demo_visits.extract(bench, extracted, boxes)


def _go_to_online(session: Session, actor: Actor, number: int, visit: Visit, today: date) -> None:
    """What became of a visit of the register: some came, some were missed."""
    if visit.planned_on is None or visit.closes_on is None:
        return
    about = ("icbt", number, visit.label)
    came = visit.planned_on + timedelta(days=drawn(6, *about))
    if visit.label != "BL" and not drawn(7, *about, "missed"):
        if visit.closes_on < today - timedelta(days=7):
            _miss(session, actor, visit, participants.MissedReason.UNREACHABLE)
    elif came < today:
        demo_visits.come(session, actor, visit, _at(came, drawn(400, *about, "minutes")))


def _begin_now(bench: Bench) -> None:
    """A baseline under way: plasma waits for the freezer, serum clots, the stool is still to come."""
    now = clock.now().astimezone(ZoneInfo(ZONE))
    drawn_at, received, spun, divided = (now - timedelta(minutes=ago) for ago in (100, 75, 50, 25))
    at = demo_visits.Times(drawn_at, received, spun, divided, frozen=None)
    demo_visits.begin(bench)
    blood = bench.expected("blood_edta", "blood_serum", "blood_paxgene", kind=SpecimenKind.PRIMARY)
    demo_visits.draw(bench, at, blood)
    demo_visits.spin(bench, at, "blood_edta")
    demo_visits.divide(bench, at, "plasma_edta", "buffy_coat")


def _miss(session: Session, actor: Actor, visit: Visit, reason: participants.MissedReason) -> None:
    order = {"visit": visit.code, "reason": reason}
    participants.miss(session, actor, inputs.read(participants.MissOrder, order))


def _visits(session: Session, person: Participant) -> list[Visit]:
    """The visits that are planned and have a day, in the order of their days."""
    asked = select(Visit).where(col(Visit.participant_id) == person.id, col(Visit.status) == "planned")
    asked = asked.where(col(Visit.planned_on).is_not(None))
    return list(session.exec(asked.order_by(col(Visit.planned_on), col(Visit.id))))


def _at(day: date, minutes: int) -> datetime:
    """So many minutes after half past seven in the morning."""
    return datetime.combine(day, time(7, 30), ZoneInfo(ZONE)) + timedelta(minutes=minutes)
