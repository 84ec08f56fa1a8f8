"""Kits: bags of labelled tubes for one event, made ahead, and the tubes that an event asks for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, and_, col, func, or_, select

from biobank import accounts, amounts, clock, codes, custody, participants, people, studies
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind, records
from biobank.database import add_rows, by_id, new_row
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import Input, Line, Scanned, Whole
from biobank.people import Actor, May
from biobank.specimens.cards import Face
from biobank.tables import (
    CustodyEvent,
    Event,
    IssuedCode,
    Kit,
    Participant,
    Protocol,
    Requirement,
    Site,
    Specimen,
    SpecimenKind,
    Study,
    Visit,
)
from biobank.texts import N_

# --- words ---


class KitOrder(Input):
    """So many kits for an event, at a site; with `visit`, one that is for that visit alone."""

    study: Line
    event: Line
    site: Line
    count: Annotated[Whole, Field(ge=1, le=200)] = 1
    visit: Scanned | None = None


class KitCard(msgspec.Struct, frozen=True):
    """A kit: what it is for, whose it is (empty while it is nobody's), its labels in order.

    `shown` is the pseudonym where the study wants it on labels.
    """

    code: str
    study: str
    site: str
    event: str
    title: str
    visit: str
    participant: str
    shown: str
    labels: list[Face]


class UnusedKit(msgspec.Struct, frozen=True):
    """A kit that lies ready: what it is for, how many tubes it labels, when it was made.

    `visit` and `participant` are told where it was made for one visit alone; `time_zone` is the site's.
    """

    code: str
    event: str
    title: str
    site: str
    time_zone: str
    printed: datetime
    labels: int
    visit: str
    participant: str


class Awaited(msgspec.Struct, frozen=True):
    """One tube that an event asks for. `parent` is the place of what it is made of in the same walk.

    Labelled are primaries and what nothing is made of; what is in between carries a code alone.
    """

    requirement: Requirement
    parent: int | None
    serial: int
    depth: int
    labelled: bool


class _At(msgspec.Struct, frozen=True):
    """Where kits belong, as rights are asked for."""

    site_id: UUID
    study_id: UUID


# --- rules ---


def walk(requirements: Sequence[Requirement]) -> list[Awaited]:
    """Every tube of an event, each before what is made of it; the count of a child is for each parent.

    What is pooled is made once, of the first of its parents.
    """
    children: dict[UUID | None, list[Requirement]] = {}
    for each in sorted(requirements, key=lambda each: each.position):
        children.setdefault(each.parent_id, []).append(each)
    for made_of in children.values():
        # The file names derivatives before aliquots; each list is numbered on its own.
        made_of.sort(key=lambda each: each.kind is SpecimenKind.ALIQUOT)
    found: list[Awaited] = []
    seen: set[UUID] = set()

    def add(requirement: Requirement, parent: int | None, depth: int) -> None:
        if requirement.pooled and requirement.id in seen:
            return
        seen.add(requirement.id)
        made_of_it = children.get(requirement.id, [])
        labelled = requirement.kind is SpecimenKind.PRIMARY or not made_of_it
        for serial in range(1, requirement.count + 1):
            found.append(Awaited(requirement, parent, serial, depth, labelled))
            here = len(found) - 1
            for child in made_of_it:
                add(child, here, depth + 1)

    for primary in children.get(None, []):
        add(primary, None, 0)
    return found


# --- actions ---


def print_kits(session: Session, actor: Actor, order: KitOrder) -> list[KitCard]:
    """Make kits: a code for each kit, and one for each of its labels.

    Refused: an event the protocol has not or that collects nothing, a visit of another event or
    study, more than one kit for a visit.
    """
    study = studies.by_code(session, actor, order.study)
    site = accounts.site_by_code(session, order.site)
    people.require(actor, May.PRINT, _At(site.id, study.id))
    event = _event(session, study, order.event)
    labelled = [each for each in walk(studies.requirements(session, event.id)) if each.labelled]
    if not labelled:
        message = N_("%(event)s collects nothing, so there is no kit for it.")
        raise RuleBroken("event_collects_nothing", message, field="event", event=event.code)
    visit = _visit(session, actor, order, event) if order.visit else None
    kits = [
        new_row(
            Kit,
            code=codes.new_code(CodeKind.KIT),
            study_id=study.id,
            site_id=site.id,
            event_id=event.id,
            visit_id=visit.id if visit else None,
        )
        for _ in range(order.count)
    ]
    opened = [custody.Line(subject=kit, kind=Kind.OPENED, change=records.kit_said(kit)) for kit in kits]
    custody.record_all(session, actor, opened)
    issued = [
        {
            "id": clock.new_key(),
            "kit_id": kit.id,
            "code": codes.new_code(CodeKind.SPECIMEN),
            "requirement_id": each.requirement.id,
            "place": place,
        }
        for kit in kits
        for place, each in enumerate(labelled)
    ]
    add_rows(session, IssuedCode, issued)
    return kit_cards(session, kits)


# --- questions ---


def kit_by_code(session: Session, actor: Actor, text: str, may: May = May.SEE) -> Kit:
    """The kit of a scanned code. Refused: a code of another kind, `NotFound` out of scope."""
    code = codes.require(text, CodeKind.KIT, "kit")
    kit = session.exec(select(Kit).where(col(Kit.code) == code)).first()
    if kit is None or not people.allowed(actor, May.SEE, kit):
        raise _no_kit(code)
    people.require(actor, may, kit)
    return kit


def unused(session: Session, actor: Actor, study: str, after: str = "", limit: int = 50) -> list[UnusedKit]:
    """Kits of a study in the actor's scope whose visit was not begun, the newest first.

    `after` is the code of the last kit shown. Refused: a study or a kit out of scope.
    """
    begun = select(Specimen.id).where(col(Specimen.visit_id) == col(Kit.visit_id)).exists()
    opened = and_(col(CustodyEvent.subject_id) == col(Kit.id), col(CustodyEvent.kind) == Kind.OPENED.value)
    made, code = col(CustodyEvent.recorded_at), col(Kit.code)
    asked = select(Kit, made).join(CustodyEvent, opened).where(people.visible(actor, May.SEE, Kit))
    if after:
        last = kit_by_code(session, actor, after)
        before = session.exec(select(made).join(Kit, opened).where(col(Kit.id) == last.id)).one()
        asked = asked.where(or_(made < before, and_(made == before, code > last.code)))
    asked = asked.where(col(Kit.study_id) == studies.by_code(session, actor, study).id, ~begun)
    found = session.exec(asked.order_by(made.desc(), code).limit(limit)).all()
    cards = kit_cards(session, [kit for kit, _ in found])
    zones = {
        site.id: site.time_zone for site in by_id(session, Site, {kit.site_id for kit, _ in found}).values()
    }
    return [
        UnusedKit(
            code=card.code,
            event=card.event,
            title=card.title,
            site=card.site,
            time_zone=zones[kit.site_id],
            printed=when,
            labels=len(card.labels),
            visit=card.visit,
            participant=card.participant,
        )
        for (kit, when), card in zip(found, cards, strict=True)
    ]


def nobodys(session: Session, actor: Actor) -> dict[str, int]:
    """How many kits in the actor's scope are for no visit yet, by the code of their study."""
    asked = select(Study.code, func.count()).join(Kit, col(Kit.study_id) == col(Study.id))
    free = asked.where(col(Kit.visit_id).is_(None), people.visible(actor, May.SEE, Kit))
    return dict(session.exec(free.group_by(col(Study.code))).all())


def load_kits(session: Session, actor: Actor, texts: Sequence[str]) -> list[Kit]:
    """These kits, locked to be printed anew, each once. Refused: `NotFound` out of scope."""
    wanted = list(dict.fromkeys(codes.require(text, CodeKind.KIT, "kits") for text in texts))
    asked = select(Kit).where(col(Kit.code).in_(wanted), people.visible(actor, May.SEE, Kit))
    by_code = {kit.code: kit for kit in session.exec(asked)}
    for code in wanted:
        if code not in by_code:
            raise _no_kit(code)
        people.require(actor, May.PRINT, by_code[code])
    kits = [by_code[code] for code in wanted]
    custody.lock(session, [kit.id for kit in kits])
    return kits


def kit_of(session: Session, actor: Actor, code: str) -> Kit | None:
    """The kit in the actor's scope that a label was printed for."""
    asked = select(Kit).join(IssuedCode, col(IssuedCode.kit_id) == col(Kit.id))
    asked = asked.where(col(IssuedCode.code) == code, people.visible(actor, May.SEE, Kit))
    return session.exec(asked).first()


def kit_card(session: Session, actor: Actor, text: str) -> KitCard:
    """The card of a scanned kit."""
    return kit_cards(session, [kit_by_code(session, actor, text)])[0]


def issued_codes(session: Session, kits: Sequence[Kit]) -> list[IssuedCode]:
    """The codes of these kits' labels, each kit's in its order."""
    asked = select(IssuedCode).where(col(IssuedCode.kit_id).in_([kit.id for kit in kits]))
    return list(session.exec(asked.order_by(col(IssuedCode.kit_id), col(IssuedCode.place))))


def kit_cards(session: Session, kits: Sequence[Kit]) -> list[KitCard]:
    """The cards of these kits, in the order given, in a few statements however many they are."""
    events = by_id(session, Event, {kit.event_id for kit in kits})
    places = by_id(session, Site, {kit.site_id for kit in kits})
    whose = _whose(session, {kit.visit_id for kit in kits if kit.visit_id})
    named = {study.id: study for study in by_id(session, Study, {kit.study_id for kit in kits}).values()}
    protocols = by_id(session, Protocol, {study.protocol_id for study in named.values()})
    shows = {key: protocols[study.protocol_id].label_shows_participant for key, study in named.items()}
    issued: dict[UUID, list[IssuedCode]] = {}
    for each in issued_codes(session, kits):
        issued.setdefault(each.kit_id, []).append(each)
    wanted = {each.requirement_id for labels in issued.values() for each in labels}
    requirements = by_id(session, Requirement, wanted)
    cards: list[KitCard] = []
    for kit in kits:
        event = events[kit.event_id]
        visit, participant = whose.get(kit.visit_id, ("", ""))
        labels = [(each.code, requirements[each.requirement_id]) for each in issued.get(kit.id, [])]
        shown = participant if shows[kit.study_id] else ""
        cards.append(
            KitCard(
                code=kit.code,
                study=named[kit.study_id].code,
                site=places[kit.site_id].code,
                event=event.code,
                title=event.title,
                visit=visit,
                participant=participant,
                shown=shown,
                labels=_faces(labels, event.code, shown),
            )
        )
    return cards


# --- how ---


def _no_kit(code: str) -> NotFound:
    message = N_("There is no kit %(code)s in your scope.")
    return NotFound("kit_not_found", message, field="kit", code=grouped(code))


def _faces(labels: Sequence[tuple[str, Requirement]], event: str, participant: str) -> list[Face]:
    numbers: dict[UUID, int] = {}
    faces: list[Face] = []
    for code, requirement in labels:
        number = numbers[requirement.id] = numbers.get(requirement.id, 0) % requirement.count + 1
        faces.append(
            Face(
                code=code,
                material=amounts.MATERIALS[requirement.material].label,
                event=event,
                amount=amounts.shown(requirement.amount, requirement.material),
                number=f"{number}/{requirement.count}" if requirement.count > 1 else "",
                participant=participant,
            )
        )
    return faces


def _event(session: Session, study: Study, code: str) -> Event:
    events = studies.events(session, study)
    for event in events:
        if event.code == code:
            return event
    known = ", ".join(event.code for event in events[:20])
    message = N_("There is no event “%(code)s” in the protocol. It has: %(known)s.")
    raise RuleBroken("event_unknown", message, field="event", code=code[:20], known=known)


def _visit(session: Session, actor: Actor, order: KitOrder, event: Event) -> Visit:
    visit, participant = participants.visit_by_code(session, actor, order.visit or "", May.PRINT)
    of = session.get_one(Study, participant.study_id)
    if of.code != order.study or visit.event_id is None or visit.label != event.code:
        message = N_("The kit is for %(study)s %(event)s, and this visit is %(other)s %(label)s.")
        facts = {"study": order.study, "event": event.code, "other": of.code, "label": visit.label}
        raise RuleBroken("kit_of_other_event", message, field="visit", **facts)
    if order.count != 1:
        message = N_("One visit needs one kit, not %(count)s.")
        raise RuleBroken("one_kit_a_visit", message, field="count", count=order.count)
    custody.lock(session, [visit.id])  # two who print at once make one kit
    if session.exec(select(Kit.id).where(col(Kit.visit_id) == visit.id)).first():
        message = N_("This visit has its kit already. Print that one's labels again.")
        raise Conflict("visit_has_kit", message, field="visit")
    return visit


def _whose(session: Session, visits: set[UUID]) -> dict[UUID | None, tuple[str, str]]:
    if not visits:
        return {}
    asked = select(Visit.id, Visit.code, Participant.pseudonym).join(
        Participant, col(Participant.id) == col(Visit.participant_id)
    )
    return {key: (code, name) for key, code, name in session.exec(asked.where(col(Visit.id).in_(visits)))}
