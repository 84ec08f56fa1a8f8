"""Printing labels: which tubes, on which stock, with an event for each."""

from typing import Annotated

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import codes, custody, people, specimens
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.inputs import Input, Scanned, Whole
from biobank.labels.stock import stock
from biobank.people import Actor, May


class PrintOrder(Input):
    """Labels of these specimens on a stock; `skip` labels of the first sheet are used already."""

    codes: Annotated[list[Scanned], Field(min_length=1, max_length=5000)]
    stock: str = "herma-4100"
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0


class PrintJob(msgspec.Struct, frozen=True):
    """What was printed; drawn again from this, it gives the same bytes."""

    stock: str
    skip: int
    faces: list[specimens.Face]


def print_labels(session: Session, actor: Actor, order: PrintOrder) -> PrintJob:
    """Print labels: an event for each tube. Refused: an unknown stock, a code of another kind.

    The PDF is drawn from the answer once this is kept (`labels.drawing.sheet`).
    """
    stock(order.stock)
    wanted = [codes.require(text, CodeKind.SPECIMEN, "codes") for text in order.codes]
    printed = custody.load(session, list(dict.fromkeys(wanted)))
    for specimen in printed:
        people.require(actor, May.PRINT, specimen)
    custody.record_all(
        session,
        actor,
        [
            custody.Line(subject=specimen, kind=Kind.LABEL_PRINTED, refs={"stock": order.stock})
            for specimen in printed
        ],
    )
    return PrintJob(order.stock, order.skip, specimens.faces(session, actor, wanted))
