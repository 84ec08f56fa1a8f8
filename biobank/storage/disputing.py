"""Late scans: what was done at a bench without the network, set against what the log says meanwhile."""

from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, custody, inputs, people, tasks
from biobank.custody import Kind
from biobank.errors import NotAllowed, NotSignedIn, Refusal, RuleBroken
from biobank.inputs import Deadline, Flag, Input, Line, Scanned, Whole
from biobank.ledger import entries
from biobank.people import Actor, Credentials, May
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, type_of
from biobank.storage.numbering import number
from biobank.storage.placing import PutAway, put_away
from biobank.storage.taking import TakeOut, take_out
from biobank.tables import (
    Command,
    Container,
    CustodyEvent,
    HoldKind,
    Person,
    Placement,
    Site,
    Specimen,
    Station,
    TaskKind,
)
from biobank.texts import N_

DISPUTED = "place_disputed"
"""Why a tube is in quarantine whose place two people tell differently."""

OUT = N_("taken out")
"""What a claim and the log call a tube that is with somebody."""

AT_ONCE = timedelta(seconds=2)
"""How far two clocks may be apart that were set by each other; nobody moves a tube twice in that time."""


# --- words ---


class LateMode(StrEnum):
    """What may be done to a tube without the network."""

    STORE = "store"
    TAKE = "take"


class LateScan(Input):
    """A scan that a device kept while it could not reach us.

    `at` is the slot that was shown for the tube; none where the device knew no map. `occurred` is by the
    device's clock, and `skew` the seconds to add to it for ours, as measured when both last spoke.
    `person` scanned it, who may be another one than hands it in; `seq` counts the scans of `station`.
    """

    scan: Scanned
    mode: LateMode
    occurred: Deadline  # a clock that runs ahead must not cost the scan: it is looked at here
    box: Scanned | None = None
    at: Scanned | None = None
    skew: Whole = 0
    person: Line | None = None
    station: Line | None = None
    seq: Annotated[Whole, Field(ge=1)] | None = None
    source: Annotated[Line, Field(max_length=10)] = "scan"
    corrected: Flag = False


class Came(StrEnum):
    """What came of a late scan."""

    DONE = "done"
    SEEN = "seen"
    DISPUTED = "disputed"
    KEPT = "kept"


class Late(msgspec.Struct, frozen=True):
    """What came of a late scan: `place` is where the log has the tube, `task` what somebody looks into."""

    code: str
    came: Came = Came.DONE
    place: str = ""
    task: UUID | None = None


class Claim(msgspec.Struct, frozen=True):
    """What a late scan says of a tube: in a slot of a box, or out (without a box)."""

    box: Container | None
    slot: Slot | None
    words: str


# --- actions ---


def hand_in(session: Session, actor: Actor, code: str, scan: LateScan) -> Late:
    """Do what a late scan says, unless somebody else has handled the tube since, or its slot is taken.

    Such a scan moves nothing. Where it says what the log says, the tube was seen there. Else the tube
    (and who is in its slot) goes into quarantine, and a task names both claims.
    Refused besides what storing and taking refuse: somebody who may not do this any more, a clock that
    is ahead of ours; then `keep` keeps it for somebody to look at.
    """
    _require_past(scan)
    tube, other, claim = _locked(session, actor, code, scan)
    actor = _in_their_name(session, actor, scan, tube)
    place = custody.state(session, tube)["place"]
    if _is_true(place, claim):
        custody.record(session, actor, tube, Kind.SIGHTED, occurred=scan.occurred)
        came = Late(tube.code, Came.SEEN, _told(session, place))
    elif other or _handled_since(session, tube, scan):
        came = _dispute(session, actor, scan, tube, other, claim)
    else:
        came = Late(tube.code, Came.DONE, _carry_out(session, actor, tube.code, scan))
    number(session, actor, scan.station, scan.seq)
    return came


def keep(session: Session, actor: Actor, code: str, scan: LateScan, refusal: Refusal) -> Late:
    """Keep a late scan that cannot be done as a task: it is never thrown away. Refuses nothing."""
    tube = session.exec(select(Specimen).where(col(Specimen.code) == code)).first()
    box = session.exec(select(Container).where(col(Container.code) == (scan.box or ""))).first()
    task = tasks.open_task(
        session,
        actor,
        TaskKind.LATE_SCAN,
        site_id=_site(session, actor, tube, box),
        study_id=tube.study_id if tube else None,
        specimen_id=tube.id if tube else None,
        container_id=box.id if box else None,
        code=code,
        facts={
            **_facts(actor, scan),
            "why": str(refusal),
            "refused": refusal.slug,
            "refusal": {"message": refusal.message, "facts": refusal.facts},
        },
    )
    number(session, actor, scan.station, scan.seq)
    return Late(code, Came.KEPT, task=task.id)


def was_done(session: Session, actor: Actor, command_id: UUID, code: str, scan: LateScan) -> bool:
    """Whether this very scan counted when it was first sent, though its answer was lost on the way."""
    command = session.get(Command, command_id)
    named = select(Person.id).where(col(Person.name) == (scan.person or actor.name))
    who = {actor.id, session.exec(named).first()}
    return command is not None and command.person_id in who and code.encode() in (command.outcome or b"")


def went_elsewhere(session: Session, command_id: UUID, code: str, scan: LateScan) -> bool:
    """Whether that first try put the tube into another slot than the device told meanwhile."""
    if scan.mode is not LateMode.STORE or not scan.at:
        return False
    asked = select(CustodyEvent.entry).join(Specimen, col(Specimen.id) == col(CustodyEvent.subject_id))
    found = session.exec(asked.where(col(Specimen.code) == code, col(CustodyEvent.command_id) == command_id))
    places = [place for entry in found if (place := entries.read(entry).change.get("place"))]
    return any(not _is_told(session, place, scan) for place in places)


def note(session: Session, actor: Actor, code: str, scan: LateScan) -> Late:
    """Count the number of a scan that was done when it was first sent; nothing else is to be done."""
    number(session, actor, scan.station, scan.seq)
    return Late(code)


# --- how ---


def _in_their_name(session: Session, actor: Actor, scan: LateScan, tube: Specimen) -> Actor:
    """Who hands it in, for who scanned it. Refused: somebody who may not handle the tube any more."""
    if not scan.person or scan.person == actor.name:
        return actor
    theirs = None
    with suppress(NotSignedIn):
        theirs = people.resolve(session, Credentials(name=scan.person))
    if theirs is None or theirs.name == people.CONSOLE or not people.allowed(theirs, May.HANDLE, tube):
        message = N_("%(person)s may not do this any more.")
        raise NotAllowed("performer_not_allowed", message, person=scan.person)
    return msgspec.structs.replace(actor, performer=theirs.id)


def _require_past(scan: LateScan) -> None:
    if scan.occurred > clock.now() + clock.FUTURE_TOLERANCE:
        message = N_("The clock of the device is ahead: it says %(when)s.")
        raise RuleBroken("clock_ahead", message, field="occurred", when=scan.occurred.isoformat())


def _locked(
    session: Session, actor: Actor, code: str, scan: LateScan
) -> tuple[Specimen, Specimen | None, Claim]:
    """The tube, who else is in the slot it claims, and the claim; all locked, in one order."""
    box, slot = None, None
    if scan.mode is LateMode.STORE:
        box = by_code(session, actor, scan.box or "", May.HANDLE)
        slot = slot_named(Grid.of(type_of(session, box)), scan.at, "at") if scan.at else None
    tube_id = session.exec(select(Specimen.id).where(col(Specimen.code) == code)).first()
    while True:
        there = _in_slot(session, box, slot, tube_id)
        custody.lock(session, [each for each in (tube_id, box and box.id, there) if each])
        if there == _in_slot(session, box, slot, tube_id):
            break
    (tube,) = custody.load(session, actor, [code])
    people.require(actor, May.HANDLE, tube)
    other = session.get(Specimen, there) if there else None
    return tube, other, Claim(box, slot, _claimed(session, box, slot))


def _is_told(session: Session, place: dict[str, Any], scan: LateScan) -> bool:
    if place["kind"] != "slot":
        return False
    box = session.get_one(Container, UUID(place["container"]))
    name = slot_name(Grid.of(type_of(session, box)), Slot(place.get("row"), place.get("col")))
    return (box.code, name) == (scan.box, scan.at)


def _in_slot(session: Session, box: Container | None, slot: Slot | None, tube: UUID | None) -> UUID | None:
    """Another tube that stands where this one is said to."""
    if box is None or slot is None:
        return None
    asked = select(Placement.specimen_id).where(
        col(Placement.container_id) == box.id,
        col(Placement.row) == slot.row,
        col(Placement.col) == slot.col,
        col(Placement.specimen_id).is_not(None),
        col(Placement.specimen_id) != tube,
    )
    return session.exec(asked).first()


def _is_true(place: dict[str, Any] | None, claim: Claim) -> bool:
    """Whether the log says the same. A device without the map said the box alone."""
    if claim.box is None:
        return bool(place) and place is not None and place["kind"] == "out"
    if place is None or place.get("container") != str(claim.box.id):
        return False
    return claim.slot is None or claim.slot == (place.get("row"), place.get("col"))


def _handled_since(session: Session, tube: Specimen, scan: LateScan) -> bool:
    """Whether the tube was moved after this scan. What was done before it, and told later, is in order."""
    after = scan.occurred + timedelta(seconds=scan.skew) + AT_ONCE
    asked = select(CustodyEvent.entry).where(
        col(CustodyEvent.subject_id) == tube.id, col(CustodyEvent.occurred_at) > after
    )
    return any(entries.read(entry).change.get("place") for entry in session.exec(asked))


def _carry_out(session: Session, actor: Actor, code: str, scan: LateScan) -> str:
    when = scan.occurred.isoformat()
    if scan.mode is LateMode.TAKE:
        told = {"tubes": [code], "occurred": when, "holder": scan.person}
        (taken,) = take_out(session, actor, inputs.read(TakeOut, told))
        return _words(taken.box_name, taken.slot)
    told = {"box": scan.box, "tubes": [code], "slot": scan.at, "occurred": when}
    (stored,) = put_away(session, actor, inputs.read(PutAway, told))
    return _words(stored.box_name, stored.slot)


def _dispute(
    session: Session,
    actor: Actor,
    scan: LateScan,
    tube: Specimen,
    other: Specimen | None,
    claim: Claim,
) -> Late:
    place = _told(session, custody.state(session, tube)["place"])
    held = [each for each in (tube, other) if each]
    holds = {each.code: str(clock.new_key()) for each in held}
    facts = {**_facts(actor, scan), "claimed": claim.words, "logged": place, "holds": holds}
    task = tasks.open_task(
        session,
        actor,
        TaskKind.PLACE_DISPUTED,
        site_id=tube.site_id,
        study_id=tube.study_id,
        specimen_id=tube.id,
        container_id=claim.box.id if claim.box else None,
        slot=claim.slot,
        code=tube.code,
        facts={**facts, "occupant": other.code if other and _alike(tube, other) else ""},
    )
    said = {"task": str(task.id), "claim": {"mode": scan.mode.value, "box": scan.box, "at": scan.at}}
    lines = [
        custody.Line(
            subject=each,
            kind=Kind.HOLD_SET,
            change={"holds": [*custody.state(session, each)["holds"], _hold(holds[each.code])]},
            refs=said,
            occurred=scan.occurred,
            reason=DISPUTED,
        )
        for each in held
    ]
    custody.record_all(session, actor, lines)
    return Late(tube.code, Came.DISPUTED, place, task.id)


def _alike(tube: Specimen, other: Specimen) -> bool:
    """Whether whoever sees one sees the other: else a task about the one may not name the other."""
    return (tube.site_id, tube.study_id) == (other.site_id, other.study_id)


def _hold(key: str) -> dict[str, str]:
    return {"id": key, "kind": HoldKind.QUARANTINE.value, "reason": DISPUTED}


def _facts(actor: Actor, scan: LateScan) -> dict[str, Any]:
    """What was scanned, as a task tells it and as it can be done later."""
    return {
        "person": scan.person or actor.name,
        "mode": scan.mode.value,
        "box": scan.box or "",
        "slot": scan.at or "",
        "occurred": scan.occurred.isoformat(),
        "skew": scan.skew,
    }


def _site(session: Session, actor: Actor, tube: Specimen | None, box: Container | None) -> UUID:
    """Whose people look into it: those of the tube's site, the box's, the bench's, or of one's own."""
    for thing in (tube, box):
        if thing:
            return thing.site_id
    if actor.station_id:
        return session.get_one(Station, actor.station_id).site_id
    own = next((grant.site_id for grant in actor.grants if grant.site_id), None)
    return own or session.exec(select(Site.id).order_by(col(Site.id)).limit(1)).one()


def _told(session: Session, place: dict[str, Any] | None) -> str:
    """A place in words: `B7 · Box 12`, a dash for nowhere."""
    if not place:
        return "–"
    if place["kind"] == "out":
        return OUT
    box = session.get_one(Container, UUID(place["container"]))
    return _claimed(session, box, Slot(place.get("row"), place.get("col")))


def _claimed(session: Session, box: Container | None, slot: Slot | None) -> str:
    if box is None:
        return OUT
    return _words(box.name, slot_name(Grid.of(type_of(session, box)), slot) if slot else "")


def _words(box: str, slot: str) -> str:
    return f"{slot} · {box}" if slot else box
