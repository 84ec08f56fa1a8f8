"""Collecting at a visit: its expected tubes, ticked as they are scanned, or said to be otherwise."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import codes, custody, participants, people, studies
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind, records
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import AmountText, Input, Moment, Scanned
from biobank.people import Actor, May
from biobank.specimens import filling, kits
from biobank.specimens.filling import Bench, Ticked, Told
from biobank.specimens.registering import new_specimen, not_begun, registration_of
from biobank.tables import (
    Event,
    Kit,
    Life,
    Participant,
    Requirement,
    Specimen,
    Study,
    Visit,
    VisitStatus,
)
from biobank.texts import N_

# --- words ---


class Begin(Input):
    """Begin to collect at a visit: its tubes are expected from now on. A kit brings their labels."""

    visit: Scanned
    kit: Scanned | None = None


class Tick(Input):
    """Tubes of a visit that were scanned: they are there. A tube of which another is made is there by that.

    `collected` is when the blood or stool was drawn, `occurred` when these tubes were filled (now, where
    it is not told); `amount` is told where it is not the protocol's.
    """

    visit: Scanned
    codes: Annotated[list[Scanned], Field(min_length=1, max_length=500)]
    occurred: Moment | None = None
    collected: Moment | None = None
    amount: AmountText | None = None


class AllPresent(Input):
    """Every tube that a visit still expects is there."""

    visit: Scanned
    occurred: Moment | None = None
    collected: Moment | None = None


# --- rules ---


def require_open(visit: Visit) -> UUID:
    """The event of a visit. Refused: one that is not planned, and one that was missed or cancelled."""
    if visit.event_id is None:
        message = N_("This visit is not planned, so nothing is expected of it. Register what was drawn.")
        raise RuleBroken("visit_unscheduled", message, field="visit")
    if visit.status in (VisitStatus.MISSED, VisitStatus.CANCELLED):
        message = N_("This visit is %(status)s. Plan it again first.")
        raise RuleBroken("visit_not_open", message, field="visit", status=visit.status.value)
    return visit.event_id


def require_kit_of(kit: Kit, event: Event, visit: Visit, participant: Participant) -> None:
    """Refused: a kit of another study or event, and one that is in use at another visit."""
    if kit.study_id != participant.study_id or event.code != visit.label:
        message = N_("Kit %(kit)s is for %(event)s of its study, and this visit is %(label)s.")
        facts = {"kit": grouped(kit.code), "event": event.code, "label": visit.label}
        raise RuleBroken("kit_of_other_event", message, field="kit", **facts)
    if kit.visit_id not in (None, visit.id):
        message = N_("Kit %(kit)s is in use at another visit.")
        raise Conflict("kit_bound", message, field="kit", kit=grouped(kit.code))


# --- actions ---


def begin(session: Session, actor: Actor, order: Begin) -> list[Specimen]:
    """Make the tubes that a visit expects, in the order of the protocol; those that are there are answered.

    Refused: a visit that is not planned, no consent for storage, a kit of another event or visit or of
    another version of the protocol, and a kit for a visit at which tubes with other labels were ticked.
    """
    visit, participant = participants.visit_by_code(session, actor, order.visit, May.REGISTER)
    participants.require_not_withdrawn(session, participant)
    event_id = require_open(visit)
    _require_cover(session, participant, event_id)
    kit = kits.kit_by_code(session, actor, order.kit) if order.kit else _kit_made_for(session, visit)
    custody.lock(session, [visit.id, *([kit.id] if kit else [])])
    session.refresh(visit)
    event_id = require_open(visit)
    there = filling.rows_of(session, visit)
    if there and order.kit is None:
        return there
    wanted = kits.walk(studies.requirements(session, event_id))
    labels = _labels(session, kit, visit, participant, wanted) if kit else []
    if there and {each.code for each in there} >= set(labels):
        return there
    lines = _replaced(session, there)
    if kit and kit.visit_id is None:
        kit.visit_id = visit.id
        lines.append(
            custody.Line(subject=kit, kind=Kind.CHANGED, change={"visit": records.kit_said(kit)["visit"]})
        )
    made = _expected(visit, participant, wanted, labels)
    lines += [registration_of(specimen, life=Life.EXPECTED) for specimen in made]
    custody.record_all(session, actor, lines)
    return made


def tick(session: Session, actor: Actor, order: Tick) -> list[Ticked]:
    """Scanned tubes are there, and with them what they were made of. Scans may come in any order, and twice.

    Answers the tubes scanned, in their order, then those that are there by implication. Refused: a tube
    of another visit or of a kit that was not begun, one that was noted as not collected, more than a
    parent holds, no consent that covers the material, a time before the draw or the enrolment.
    """
    bench = filling.bench(session, actor, order.visit)
    by_code = {tube.code: tube for tube in bench.tubes}
    scanned = list(dict.fromkeys(codes.require(text, CodeKind.SPECIMEN, "codes") for text in order.codes))
    for code in scanned:
        if code not in by_code:
            raise _not_of_visit(session, actor, code)
    told = Told(order.occurred, order.collected, order.amount)
    return filling.fill(session, actor, bench, [by_code[code] for code in scanned], told)


def all_present(session: Session, actor: Actor, order: AllPresent) -> list[Ticked]:
    """All tubes that remain are there, scanned or not.

    Refused besides what `tick` refuses: where the protocol wants each tube scanned, and a visit that was
    not begun.
    """
    bench = filling.bench(session, actor, order.visit)
    study = session.get_one(Study, bench.participant.study_id)
    if not studies.protocol_of(session, study).all_present:
        message = N_("The protocol of %(study)s wants every tube scanned.")
        raise RuleBroken("scan_each", message, field="visit", study=study.code)
    require_begun(bench)
    remain = [tube for tube in bench.tubes if tube.life is Life.EXPECTED]
    return filling.fill(session, actor, bench, remain, Told(order.occurred, order.collected))


def require_begun(bench: Bench) -> None:
    """Refused: a visit without tubes."""
    if not bench.tubes:
        message = N_("Nothing is expected at this visit yet. Begin it first, or scan its kit.")
        raise RuleBroken("visit_not_begun", message, field="visit")


# --- how ---


def _require_cover(session: Session, participant: Participant, event_id: UUID) -> None:
    """Lock the participant. Refused: one who withdrew, or agreed to nothing that the event collects."""
    needs = studies.needs(session, participant.study_id)
    wanted = {each.material for each in studies.requirements(session, event_id)}
    # What needs a scope of its own may be declined, and the rest collected all the same.
    participants.require_cover(session, participant, {each for each in wanted if each not in needs} or wanted)


def _kit_made_for(session: Session, visit: Visit) -> Kit | None:
    asked = select(Kit).where(col(Kit.visit_id) == visit.id).order_by(col(Kit.id))
    return session.exec(asked).first()


def _labels(
    session: Session, kit: Kit, visit: Visit, participant: Participant, wanted: Sequence[kits.Awaited]
) -> list[str]:
    """The codes of a kit's labels. Refused: a kit that is not this visit's, or not of its protocol."""
    session.refresh(kit)
    require_kit_of(kit, session.get_one(Event, kit.event_id), visit, participant)
    issued = kits.issued_codes(session, [kit])
    asked = [each.requirement for each in wanted if each.labelled]
    printed = asked
    if kit.event_id != visit.event_id:
        # Printed under another version of the protocol: as good, where that asks for the same tubes.
        before = kits.walk(studies.requirements(session, kit.event_id))
        printed = [each.requirement for each in before if each.labelled]
    if list(map(_alike, printed)) != list(map(_alike, asked)) or len(issued) != len(asked):
        message = N_("Kit %(kit)s was made for another version of the protocol. Take a new kit.")
        raise Conflict("kit_outdated", message, field="kit", kit=grouped(kit.code))
    now = custody.borne_now(session, [each.code for each in issued])
    return [now.get(each.code, each.code) for each in issued]


def _alike(requirement: Requirement) -> tuple[object, ...]:
    return requirement.kind, requirement.material, requirement.container, requirement.amount


def _replaced(session: Session, there: Sequence[Specimen]) -> list[custody.Line]:
    """The lines that end expected tubes whose labels are replaced by a kit's; none of them may be there."""
    if any(tube.life is not Life.EXPECTED for tube in there):
        message = N_("Tubes with other labels were ticked at this visit already. Go on with those.")
        raise Conflict("visit_has_other_labels", message, field="kit")
    custody.lock(session, [tube.id for tube in there])
    change = {"life": Life.ENDED.value, "end_reason": filling.REPLACED}
    return [custody.Line(subject=tube, kind=Kind.ENDED, change=change) for tube in there]


def _expected(
    visit: Visit, participant: Participant, wanted: Sequence[kits.Awaited], labels: Iterable[str]
) -> list[Specimen]:
    unused = iter(labels)
    made: list[Specimen] = []
    for each in wanted:
        requirement = each.requirement
        made.append(
            new_specimen(
                visit=visit,
                participant=participant,
                kind=requirement.kind,
                material=requirement.material,
                container=requirement.container,
                code=next(unused, None) if each.labelled else None,
                parent=made[each.parent] if each.parent is not None else None,
                serial=each.serial,
                total=requirement.count,
                requirement_id=requirement.id,
            )
        )
    return made


def _not_of_visit(session: Session, actor: Actor, code: str) -> Conflict | NotFound:
    """The refusal of a tube that is not of this visit: whose it is, what it is called now, its kit."""
    asked = select(Specimen, Visit, Participant).where(
        col(Specimen.code) == code,
        col(Visit.id) == col(Specimen.visit_id),
        col(Participant.id) == col(Specimen.participant_id),
        people.visible(actor, May.SEE, Specimen),
    )
    found = session.exec(asked).first()
    if found:
        filling.require_not_replaced(found[0])
        message = N_("%(code)s belongs to %(pseudonym)s, visit %(visit)s, and not to this one.")
        whose = {"pseudonym": found[2].pseudonym, "visit": found[1].label}
        return Conflict("tube_of_other_visit", message, field="codes", code=grouped(code), **whose)
    custody.require_not_old(session, actor, code)
    kit = kits.kit_of(session, actor, code)
    if kit:
        return not_begun(code, kit.code)
    message = N_("There is no specimen %(code)s in your scope.")
    return NotFound("specimen_not_found", message, field="codes", code=grouped(code))
