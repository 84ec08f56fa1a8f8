"""What is made of a specimen: derivatives and aliquots, with the amounts that move."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, codes, custody, participants, people
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind
from biobank.errors import RuleBroken
from biobank.inputs import AmountText, Input, Line, Moment, Scanned, Vessel, Whole
from biobank.people import Actor, May
from biobank.specimens.registering import (
    new_specimen,
    registration_of,
    require_free_codes,
    require_not_older,
)
from biobank.tables import Life, Participant, Specimen, SpecimenKind, Visit
from biobank.texts import N_

# --- words ---


class Aliquots(Input):
    """So many equal portions of a specimen. `loss` is what was spilled or left in the tip."""

    parent: Scanned
    count: Annotated[Whole, Field(ge=1, le=100)]
    amount: AmountText | None = None
    loss: AmountText | None = None
    container: Vessel = ""
    processed: Moment | None = None
    codes: Annotated[list[Scanned], Field(max_length=100)] = []


class Derivative(Input):
    """Another material made of a specimen: `used` is taken of the parent, `amount` is what came of it."""

    parent: Scanned
    material: Line
    used: AmountText | None = None
    amount: AmountText | None = None
    container: Vessel = ""
    processed: Moment | None = None
    code: Scanned | None = None


# --- rules ---


def require_divisible(parent: Specimen) -> None:
    """Refused: making anything of a tube that has ended or was never drawn."""
    if parent.life not in (Life.COLLECTED, Life.ACTIVE):
        message = N_("Nothing can be made of %(code)s: it is %(life)s.")
        raise RuleBroken(
            "not_divisible", message, field="parent", code=grouped(parent.code), life=parent.life.value
        )


def require_enough(parent: Specimen, wanted: int) -> None:
    """Refused: taking more than there is. Where the parent's amount is not known, nothing is taken."""
    if parent.amount is not None and wanted > parent.amount:
        message = N_("%(code)s holds %(held)s, and %(wanted)s are needed. Nothing was made.")
        raise RuleBroken(
            "not_enough",
            message,
            field="amount",
            code=grouped(parent.code),
            held=amounts.shown(parent.amount, parent.material),
            wanted=amounts.shown(wanted, parent.material),
        )


def require_one_order_each(parents: Sequence[Specimen]) -> None:
    """Refused: a parent that stands in one act twice, since the second would not see what the first took."""
    seen: set[UUID] = set()
    for parent in parents:
        if parent.id in seen:
            message = N_("%(code)s was scanned twice.")
            raise RuleBroken("scanned_twice", message, field="parent", code=grouped(parent.code))
        seen.add(parent.id)


# --- actions ---


def aliquot(session: Session, actor: Actor, order: Aliquots) -> list[Specimen]:
    """Make equal aliquots of a specimen; the parent gives what they get, and the loss.

    Refused: more than there is, a specimen that has ended, no consent that covers it, aliquots that
    are older than the parent, codes that do not match the count.
    """
    parent = load_to_divide(session, actor, order.parent)
    return aliquot_many(session, actor, [(parent, order)])


def aliquot_many(
    session: Session, actor: Actor, orders: Sequence[tuple[Specimen, Aliquots]]
) -> list[Specimen]:
    """Make aliquots of several specimens in one act, one order for each. Refused as `aliquot` refuses."""
    require_one_order_each([parent for parent, _ in orders])
    made: list[Specimen] = []
    lines: list[custody.Line] = []
    given = [codes.require(text, CodeKind.SPECIMEN, "codes") for _, order in orders for text in order.codes]
    require_free_codes(session, given)
    owners = [_whose(session, actor, parent) for parent, _ in orders]
    participants.require_covers(
        session,
        [
            (participant, [parent.material])
            for (_, participant), (parent, _) in zip(owners, orders, strict=True)
        ],
    )
    for (parent, order), (visit, participant) in zip(orders, owners, strict=True):
        since = _since(session, parent, "processed_at", "collected_at")
        require_not_older(order.processed, since, "processed")
        children, more = _portions(parent, order, visit, participant)
        made += children
        lines += more
    custody.record_all(session, actor, lines)
    return made


def derive(session: Session, actor: Actor, order: Derivative) -> Specimen:
    """Make a derivative, such as plasma of EDTA blood. Refused as `aliquot` refuses."""
    parent = load_to_divide(session, actor, order.parent)
    visit, participant = _whose(session, actor, parent)
    participants.require_cover(session, participant, [order.material])
    dimension = amounts.material(order.material).dimension
    code = codes.require(order.code, CodeKind.SPECIMEN) if order.code else None
    require_free_codes(session, [code] if code else [])
    require_not_older(order.processed, _since(session, parent, "collected_at", "processed_at"), "processed")
    child = new_specimen(
        visit=visit,
        participant=participant,
        kind=SpecimenKind.DERIVATIVE,
        material=order.material,
        container=order.container,
        code=code,
        parent=parent,
        times={"processed": order.processed},
    )
    yielded = amounts.parse(order.amount, dimension) if order.amount else None
    lines = [registration_of(child, amount=yielded)]
    measured = amounts.MATERIALS[parent.material].dimension
    used = amounts.parse(order.used, measured, "used") if order.used else 0
    require_enough(parent, used)
    if used and parent.amount is not None:
        lines.append(_given(parent, ((-used, child.id),), order.processed))
    custody.record_all(session, actor, lines)
    return child


# --- how ---


def load_to_divide(session: Session, actor: Actor, scanned: str) -> Specimen:
    """A specimen, locked after its participant: in the order of a withdrawal, so neither waits in a circle.

    Refused: `NotFound` out of the actor's scope.
    """
    code = codes.require(scanned, CodeKind.SPECIMEN, "parent")
    asked = select(Specimen.participant_id).where(col(Specimen.code) == code)
    custody.lock(session, session.exec(asked).all())
    return custody.load(session, actor, [code])[0]


def _since(session: Session, specimen: Specimen, first: str, then: str) -> datetime | None:
    """The first of these times that is known of a specimen, else of what it was made of, and so on."""
    here: Specimen | None = specimen
    while here is not None:
        known: datetime | None = getattr(here, first) or getattr(here, then)
        if known:
            return known
        here = session.get(Specimen, here.parent_id) if here.parent_id else None
    return None


def _whose(session: Session, actor: Actor, parent: Specimen) -> tuple[Visit, Participant]:
    people.require(actor, May.REGISTER, parent)
    require_divisible(parent)
    return session.get_one(Visit, parent.visit_id), session.get_one(Participant, parent.participant_id)


def _portions(
    parent: Specimen, order: Aliquots, visit: Visit, participant: Participant
) -> tuple[list[Specimen], list[custody.Line]]:
    dimension = amounts.MATERIALS[parent.material].dimension
    each = amounts.parse(order.amount, dimension) if order.amount else None
    loss = amounts.parse(order.loss, dimension, "loss") if order.loss else 0
    require_enough(parent, (each or 0) * order.count + loss)
    if order.codes and len(order.codes) != order.count:
        message = N_("%(found)s codes were scanned for %(wanted)s aliquots.")
        raise RuleBroken("codes_count", message, field="codes", found=len(order.codes), wanted=order.count)
    children = [
        new_specimen(
            visit=visit,
            participant=participant,
            kind=SpecimenKind.ALIQUOT,
            material=parent.material,
            container=order.container,
            code=codes.require(order.codes[place], CodeKind.SPECIMEN) if order.codes else None,
            parent=parent,
            serial=place + 1,
            total=order.count,
            times={"processed": order.processed},
        )
        for place in range(order.count)
    ]
    lines = [registration_of(child, amount=each) for child in children]
    if parent.amount is not None and (each or loss):
        taken = tuple((-each, child.id) for child in children) if each else ()
        lines.append(_given(parent, (*taken, *(((-loss, None),) if loss else ())), order.processed))
    return children, lines


def _given(
    parent: Specimen, postings: tuple[tuple[int, UUID | None], ...], occurred: datetime | None
) -> custody.Line:
    """The line by which a parent gives: its amount falls by the sum of what left it."""
    dimension = amounts.MATERIALS[parent.material].dimension
    given = sum(delta for delta, _ in postings)
    left = (parent.amount or 0) + given
    return custody.Line(
        subject=parent,
        kind=Kind.AMOUNT_POSTED,
        change={"amount": amounts.canonical(left, dimension)},
        refs={
            "posted": amounts.canonical(given, dimension),
            "to": [str(other) for _, other in postings if other],
        },
        postings=postings,
        occurred=occurred,
    )
