"""What the demonstration holds: two sites, two freezers, people of each role, a cohort and a register."""

from datetime import date, timedelta
from pathlib import Path

from sqlmodel import Session, SQLModel, col, select

from biobank import accounts, clock, inputs, participants, specimens, storage, studies
from biobank.commands.demo import course as demo_course
from biobank.commands.demo.boxes import Boxes
from biobank.commands.demo.course import drawn
from biobank.commands.demo.life import BEIJING, LBPB, ZONE, Life, at
from biobank.commands.demo.visits import tell
from biobank.people import Actor
from biobank.tables import (
    ContainerType,
    Event,
    Hold,
    Placement,
    Protocol,
    Requirement,
    Site,
    Specimen,
    Study,
    Vessel,
    Visit,
)

ICBT, NANTONG = "ICBT-FUSION", "NT"
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
BEFORE = timedelta(days=470)
"""So long before the day it is made the demonstration begins."""
IN_REGISTER = 14
TAKEN_OUT = 3
_ASKED_FOR: tuple[type[SQLModel], ...] = (Study, Site, Protocol, Event, Requirement, Vessel, ContainerType)
KITS = (("BL", 4), ("M3", 3), ("S-1", 2))


def set_up(session: Session, actor: Actor) -> list[str]:
    """Make sites, studies, people and freezers, before anybody came; the codes of the freezers."""
    tell(clock.now() - BEFORE)
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
    package = Path(__file__).parents[2]
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
    hold(session)
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
        tell(at(enrolled, -30))
        person = participants.enroll(session, actor, inputs.read(participants.Enrolment, order))
        asked = select(Visit).where(col(Visit.participant_id) == person.id)
        for visit in session.exec(asked.order_by(col(Visit.planned_on))).all():
            _go_to_online(session, actor, number, visit, today)


def take_part(session: Session, actor: Actor, number: int, today: date, boxes: Boxes) -> None:
    """One participant of the cohort, from the enrolment to where they stand on this day."""
    hold(session)
    Life(session, actor, demo_course.course(number, today), today, boxes).live()


def hold(session: Session) -> None:
    """A session forgets what nobody holds, and each of a hundred acts would ask for these again."""
    session.info["held"] = [list(session.exec(select(table))) for table in _ASKED_FOR]


def take_out(session: Session, actor: Actor) -> None:
    """A few tubes are out now."""
    asked = select(Specimen.code).join(Placement, col(Placement.specimen_id) == col(Specimen.id))
    asked = asked.where(col(Specimen.material) == "plasma_edta").order_by(col(Specimen.id))
    asked = asked.where(col(Specimen.id).not_in(select(Hold.specimen_id)))
    told = {"tubes": list(session.exec(asked.limit(TAKEN_OUT))), "note": "Taken out to show it."}
    told |= {"purpose": "quality_control"}
    storage.take_out(session, actor, inputs.read(storage.TakeOut, told))


# --- how ---


def _go_to_online(session: Session, actor: Actor, number: int, visit: Visit, today: date) -> None:
    """What became of a visit of the register: some came, some were missed."""
    if visit.planned_on is None or visit.closes_on is None:
        return
    about = ("icbt", number, visit.label)
    came = visit.planned_on + timedelta(days=drawn(6, *about))
    if visit.label != "BL" and not drawn(7, *about, "missed"):
        known = visit.closes_on + timedelta(days=7)
        if known < today:
            tell(at(known, 0))
            order = {"visit": visit.code, "reason": participants.MissedReason.UNREACHABLE}
            participants.miss(session, actor, inputs.read(participants.MissOrder, order))
    elif came < today:
        when = at(came, drawn(400, *about, "minutes"))
        tell(when)
        participants.mark_done(session, actor, visit, when)
