"""Aliquots: the equal portions of a specimen, with the amounts that move."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from pydantic import Field
from sqlmodel import Session, col, func, select

from biobank import amounts, codes, custody
from biobank.codes import CodeKind
from biobank.errors import RuleBroken
from biobank.inputs import AmountText, Input, Moment, Scanned, Vessel, Whole
from biobank.people import Actor
from biobank.specimens import sources
from biobank.specimens.registering import (
    filling_of,
    new_specimen,
    registration_of,
    require_free_codes,
    require_not_older,
)
from biobank.tables import Requirement, Specimen, SpecimenKind
from biobank.texts import N_

# --- words ---


class Aliquots(Input):
    """So many equal portions of a specimen. `loss` is what was spilled or left in the tip.

    Those that are expected of the parent are filled first; `codes` may be theirs, or new ones. Without
    an amount, expected ones get what the protocol gives them.
    """

    parent: Scanned
    count: Annotated[Whole, Field(ge=1, le=100)]
    amount: AmountText | None = None
    loss: AmountText | None = None
    container: Vessel = ""
    processed: Moment | None = None
    codes: Annotated[list[Scanned], Field(max_length=100)] = []


# --- rules ---


def require_split(parent: Specimen, *speaking: Requirement | None) -> None:
    """Refused: aliquots of an aliquot, where the protocol speaks of them and does not say `split`."""
    spoken = [each for each in speaking if each]
    if parent.kind is SpecimenKind.ALIQUOT and spoken and not any(each.split for each in spoken):
        message = N_("%(code)s is an aliquot, and the protocol does not say that it may be split.")
        raise RuleBroken("split_not_allowed", message, field="parent", code=codes.grouped(parent.code))


# --- actions ---


def aliquot(session: Session, actor: Actor, order: Aliquots) -> list[Specimen]:
    """Make equal aliquots of a specimen; the parent gives what they get, and the loss.

    Refused: more than there is, a specimen that has ended, no consent that covers it, aliquots that
    are older than the parent, codes that do not match the count, an aliquot that may not be split.
    """
    return aliquot_many(session, actor, [(sources.load(session, actor, [order.parent])[0], order)])


def aliquot_many(
    session: Session, actor: Actor, orders: Sequence[tuple[Specimen, Aliquots]]
) -> list[Specimen]:
    """Make aliquots of several locked specimens in one act, one order for each; refused as `aliquot` is."""
    parents = [parent for parent, _ in orders]
    sources.require_once(parents, "parent")
    for parent in parents:
        sources.require_divisible(parent)
    sources.require_covered(session, actor, parents)
    waiting = sources.expected(session, parents, SpecimenKind.ALIQUOT)
    given = [codes.require(text, CodeKind.SPECIMEN, "codes") for _, order in orders for text in order.codes]
    theirs = {each.code for some in waiting.values() for each in some}
    require_free_codes(session, [code for code in given if code not in theirs or given.count(code) > 1])
    made: list[Specimen] = []
    lines: list[custody.Line] = []
    for parent, order in orders:
        children, more = _portions(session, parent, order, waiting.get(parent.id, []))
        made += children
        lines += more
    custody.record_all(session, actor, lines)
    return made


# --- how ---


def _portions(
    session: Session, parent: Specimen, order: Aliquots, waiting: Sequence[Specimen]
) -> tuple[list[Specimen], list[custody.Line]]:
    """The aliquots of one parent, and the lines that make them; what is expected is filled first."""
    requirement = sources.requirement_of_child(session, parent, SpecimenKind.ALIQUOT, parent.material)
    require_split(parent, sources.requirement(session, parent), requirement)
    since = sources.made_at(session, parent)
    require_not_older(order.processed, since, "processed")
    dimension = amounts.MATERIALS[parent.material].dimension
    told = amounts.parse(order.amount, dimension) if order.amount else None
    loss = amounts.parse(order.loss, dimension, "loss") if order.loss else 0
    children = _children(session, parent, order, waiting)
    each = [told if told is not None else _nominal(session, child) for child in children]
    theirs = {child.id for child in waiting}
    lines: list[custody.Line] = []
    for child, amount in zip(children, each, strict=True):
        if child.id in theirs:
            when = sources.when(session, parent, order.processed, since)
            times = {"collected": sources.drawn(session, parent), "processed": when}
            child.container = order.container or child.container
            lines.append(filling_of(child, amount, times))
        else:
            born = registration_of(child, amount=amount)
            lines.append(msgspec.structs.replace(born, occurred=order.processed))
    taken = [(amount or 0, child.id) for child, amount in zip(children, each, strict=True)]
    return children, [*lines, *sources.gives(parent, [*taken, (loss, None)], order.processed)]


def _children(
    session: Session, parent: Specimen, order: Aliquots, waiting: Sequence[Specimen]
) -> list[Specimen]:
    """The tubes of an order: those that are expected, by their codes or in their order, and new ones."""
    if not order.codes:
        filled = list(waiting[: order.count])
        return [*filled, *_new_ones(session, parent, order, [None] * (order.count - len(filled)))]
    if len(order.codes) != order.count:
        message = N_("%(found)s codes were scanned for %(wanted)s aliquots.")
        raise RuleBroken("codes_count", message, field="codes", found=len(order.codes), wanted=order.count)
    by_code = {each.code: each for each in waiting}
    read = [codes.require(text, CodeKind.SPECIMEN, "codes") for text in order.codes]
    fresh = {
        child.code: child
        for child in _new_ones(session, parent, order, [code for code in read if code not in by_code])
    }
    return [(by_code | fresh)[code] for code in read]


def _new_ones(
    session: Session, parent: Specimen, order: Aliquots, wanted: Sequence[str | None]
) -> list[Specimen]:
    """Aliquots beside those that were expected, numbered on after them."""
    if not wanted:
        return []
    visit, participant = sources.owner(session, parent)
    requirement = sources.requirement_of_child(session, parent, SpecimenKind.ALIQUOT, parent.material)
    before = _highest(session, parent) if requirement else 0
    return [
        new_specimen(
            visit=visit,
            participant=participant,
            kind=SpecimenKind.ALIQUOT,
            material=parent.material,
            container=order.container or (requirement.container if requirement else ""),
            code=code,
            parent=parent,
            serial=before + place,
            total=before + len(wanted),
            times={"collected": sources.drawn(session, parent), "processed": order.processed},
            requirement_id=requirement.id if requirement else None,
        )
        for place, code in enumerate(wanted, 1)
    ]


def _highest(session: Session, parent: Specimen) -> int:
    asked = select(func.max(Specimen.serial)).where(
        col(Specimen.parent_id) == parent.id, col(Specimen.kind) == SpecimenKind.ALIQUOT
    )
    return session.exec(asked).one() or 0


def _nominal(session: Session, child: Specimen) -> int | None:
    requirement = sources.requirement(session, child)
    return requirement.amount if requirement else None
