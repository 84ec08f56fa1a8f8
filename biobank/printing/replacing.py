"""Replacing a label: the tube gets a new code, and the old one still leads to it and says that it is old."""

from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import codes, custody, people, specimens, storage
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.errors import Malformed, NotFound, RuleBroken
from biobank.inputs import Input, Line, Scanned, Whole
from biobank.labels.shapes import Of
from biobank.people import Actor, May
from biobank.printing import faces, logged
from biobank.printing.copies import Reason
from biobank.printing.ordering import Name, Paper, made
from biobank.tables import LIVE, LabelState, Life, PrintedLabel
from biobank.texts import N_

# --- words ---


class LabelReplacement(Input):
    """A tube whose label is to be replaced: by its code, old or new, or by the slot of a box that it is in.

    The new label is printed on `printer`, else it becomes a PDF.
    """

    tube: Scanned | None = None
    box: Scanned | None = None
    slot: Line | None = None
    reason: Reason
    printer: Name = ""
    stock: Name = ""
    layout: Name = ""
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0


class Replaced(msgspec.Struct, frozen=True):
    """The code that a tube had and the one it has, and the job that prints the new label."""

    old: str
    code: str
    job: UUID


# --- actions ---


def replace_label(session: Session, actor: Actor, order: LabelReplacement) -> Replaced:
    """Give a tube a new code and order its label. It cannot be undone: the new label may be on the tube.

    The labels of the old code are void, and that code stays with the tube as a retired identifier. Refused:
    no tube and no slot, a slot with no tube in it (`slot_empty_here`), a tube that ended
    (`label_of_ended_tube`); a tube out of scope; as `ordering.made` refuses.
    """
    (tube,) = custody.load(session, actor, [_wanted(session, actor, order)])
    people.require(actor, May.PRINT, tube)
    if tube.life is Life.ENDED:
        message = N_("%(code)s has ended, so its label is not replaced.")
        raise RuleBroken("label_of_ended_tube", message, field="tube", code=codes.grouped(tube.code))
    old, new = tube.code, codes.new_code(CodeKind.SPECIMEN)
    _void_all(session, old)
    known = custody.state(session, tube)["identifiers"]
    retired = {"scheme": custody.LABEL, "value": old, "retired": True}
    told = [
        custody.Line(subject=tube, kind=Kind.IDENTIFIED, change={"code": new}, reason=order.reason.value),
        custody.Line(
            subject=tube,
            kind=Kind.IDENTIFIER_RETIRED,
            change={"identifiers": [*known, retired]},
            reason=order.reason.value,
        ),
    ]
    custody.record_all(session, actor, told)
    session.flush()
    job = made(session, actor, _paper(order), Of.SPECIMEN, faces.of_tubes(session, actor, [new]))
    return Replaced(old, new, job.job)


# --- how ---


def _wanted(session: Session, actor: Actor, order: LabelReplacement) -> str:
    if order.tube:
        found = specimens.find(session, actor, order.tube)
        return codes.require(found.code, CodeKind.SPECIMEN, "tube")
    if not (order.box and order.slot):
        message = N_("Scan the tube, or say its box and its slot.")
        raise Malformed("tube_needed", message, field="tube")
    box = storage.box_map(session, actor, order.box)
    name = order.slot.upper()
    here = next((row for row in box.slots if row.name == name), None)
    if here is None or here.state != "occupied" or not here.code:
        message = N_("There is no tube in %(slot)s of %(name)s.")
        raise NotFound("slot_empty_here", message, field="slot", slot=order.slot[:20], name=box.name)
    return here.code


def _void_all(session: Session, code: str) -> None:
    """No label of the old code counts any more; that it was printed stays true."""
    states = [*LIVE, LabelState.QUEUED]
    asked = select(PrintedLabel).where(col(PrintedLabel.code) == code, col(PrintedLabel.state).in_(states))
    # Locked, for one of them may be about to be sent at this moment.
    fresh = asked.with_for_update().execution_options(populate_existing=True)
    logged.settle(session, session.exec(fresh).all(), LabelState.VOID)


def _paper(order: LabelReplacement) -> Paper:
    return Paper(
        printer=order.printer, stock=order.stock, layout=order.layout, skip=order.skip, reason=order.reason
    )
