"""What the demonstration holds: two sites, a freezer, twelve invented pseudonyms with blood and stool."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from sqlmodel import Session

from biobank import accounts, inputs, participants, specimens, storage, studies
from biobank.people import Actor
from biobank.tables import Specimen

STUDY = "DEMO"
PARTICIPANTS = 12
CAME_BACK = 8
"""So many of them had their second visit."""
TAKEN_OUT = 3
_BEGIN = datetime(2026, 1, 5, 0, 30, tzinfo=UTC).astimezone(timezone(timedelta(hours=8)))


def fill(session: Session, actor: Actor) -> None:
    """Most aliquots stand in boxes, three are out, and the last participant's wait to be put away."""
    for code, name in (("NORTH", "North site"), ("SOUTH", "South site")):
        sent = {"code": code, "name": name, "time_zone": "Asia/Shanghai"}
        accounts.add_site(session, actor, inputs.read(accounts.SiteOrder, sent))
    studies.load(session, actor, protocol())
    freezer = {"site": "NORTH", "name": "Freezer 1", "shelves": 3, "racks": 3, "boxes": 5}
    made = storage.make_freezer(session, actor, inputs.read(storage.FreezerOrder, freezer))
    stored: list[Specimen] = []
    for number in range(PARTICIPANTS):
        tubes = _participant(session, actor, number)
        if number < PARTICIPANTS - 1:
            storage.fill_boxes(session, actor, made.code, tubes)
            stored += tubes
    out = {"tubes": [tube.code for tube in stored[:TAKEN_OUT]], "note": "Taken out to show it."}
    storage.take_out(session, actor, inputs.read(storage.TakeOut, out))


def protocol() -> bytes:
    """The demonstration's protocol file."""
    package = Path(__file__).parents[1]
    # In a checkout the protocols stand beside the package, in a wheel inside it.
    folder = next(place for place in (package / "protocols", package.parent / "protocols") if place.is_dir())
    return (folder / "demo.toml").read_bytes()


def _participant(session: Session, actor: Actor, number: int) -> Sequence[Specimen]:
    """Enrol one and register what was collected; the aliquots made of it."""
    pseudonym, came = f"DEMO-{number + 1:03}", _BEGIN + timedelta(days=7 * number)
    enrolment = {
        "study": STUDY,
        "site": "SOUTH" if number % 3 == 2 else "NORTH",
        "pseudonym": pseudonym,
        "enrolled_on": came.date(),
        "attributes": {"sex": ("female", "male")[number % 2]},
        "consent": {"version": "1.0", "scopes": ["storage", "genetics"], "given_on": came.date()},
    }
    participants.enroll(session, actor, inputs.read(participants.Enrolment, enrolment))
    made = _visit(session, actor, pseudonym, "BL", came)
    if number < CAME_BACK:
        made += _visit(session, actor, pseudonym, "M3", came + timedelta(days=91))
    return made


def _visit(session: Session, actor: Actor, pseudonym: str, event: str, came: datetime) -> list[Specimen]:
    """Collect what the protocol asks at a visit, and make of it what the protocol asks."""
    order = {"study": STUDY, "pseudonym": pseudonym, "event": event}
    visit = participants.open_visit(session, actor, inputs.read(participants.VisitOrder, order))
    drawn = [{"material": "blood_edta", "container": "EDTA 10 mL", "amount": "10 mL", "collected": came}]
    if event == "BL":
        drawn.append({"material": "stool", "container": "stool pot", "amount": "2 g", "collected": came})
    registration = {"visit": visit.code, "specimens": drawn}
    blood, *stool = specimens.register(session, actor, inputs.read(specimens.Registration, registration))
    spun = came + timedelta(minutes=50)
    wanted = {"parent": blood.code, "material": "plasma_edta", "used": "10 mL", "amount": "4 mL"}
    plasma = specimens.derive(
        session, actor, inputs.read(specimens.Derivative, {**wanted, "processed": spun})
    )
    made = _aliquots(session, actor, plasma, 8, "450 uL", spun + timedelta(minutes=20))
    for pot in stool:
        made += _aliquots(session, actor, pot, 4, "400 mg", spun)
    return made


def _aliquots(
    session: Session, actor: Actor, parent: Specimen, count: int, amount: str, made: datetime
) -> list[Specimen]:
    order = {"parent": parent.code, "count": count, "amount": amount, "processed": made}
    return specimens.aliquot(session, actor, inputs.read(specimens.Aliquots, order))
