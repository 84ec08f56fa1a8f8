"""Printing labels: which tubes, on which stock, with an event for each."""

from typing import Annotated

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import codes, custody, people, specimens
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.errors import RuleBroken
from biobank.inputs import Input, Scanned, Whole
from biobank.labels.layout import LabelFace
from biobank.labels.stock import Stock, stock
from biobank.people import Actor, May
from biobank.texts import N_


class PrintOrder(Input):
    """Labels of these specimens on a stock; `skip` labels of the first sheet are used already."""

    codes: Annotated[list[Scanned], Field(min_length=1, max_length=5000)]
    stock: str = "herma-4100"
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0


class KitLabels(specimens.KitOrder):
    """Kits to make, with their labels on a stock; `skip` labels of the first sheet are used already."""

    stock: str = "herma-4100"
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0


class KitReprint(Input):
    """The labels of kits that were made before, once more."""

    kits: Annotated[list[Scanned], Field(min_length=1, max_length=200)]
    stock: str = "herma-4100"
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0


class PrintJob(msgspec.Struct, frozen=True):
    """What was printed; drawn again from this, it gives the same bytes."""

    stock: str
    skip: int
    faces: list[specimens.Face]


def require_skip(on: Stock, skip: int) -> None:
    """Refused: skipping a whole sheet or more."""
    if skip >= on.per_page:
        message = N_("A sheet of %(name)s has %(labels)s labels, so at most %(most)s can be skipped.")
        raise RuleBroken(
            "skip_too_far",
            message,
            field="skip",
            name=on.name,
            labels=on.per_page,
            most=on.per_page - 1,
        )


def print_labels(session: Session, actor: Actor, order: PrintOrder) -> PrintJob:
    """Print labels: an event for each tube.

    The PDF is drawn from the answer once this is kept (`drawn`). Refused: an unknown stock, a code of
    another kind, a sheet skipped whole.
    """
    require_skip(stock(order.stock), order.skip)
    wanted = [codes.require(text, CodeKind.SPECIMEN, "codes") for text in order.codes]
    printed = custody.load(session, actor, list(dict.fromkeys(wanted)))
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


def print_kit_labels(session: Session, actor: Actor, order: KitLabels) -> PrintJob:
    """Make kits and print their labels: each kit's own, then those of its tubes in the order of the protocol.

    Refused as `specimens.print_kits` refuses, and an unknown stock or a sheet skipped whole.
    """
    require_skip(stock(order.stock), order.skip)
    made = specimens.print_kits(session, actor, order)
    return PrintJob(order.stock, order.skip, [face for kit in made for face in faces_of(kit)])


def reprint_kits(session: Session, actor: Actor, order: KitReprint) -> PrintJob:
    """Print the labels of kits once more, the same codes: an event for each kit.

    Refused: a code of another kind, a kit out of scope, an unknown stock or a sheet skipped whole.
    """
    require_skip(stock(order.stock), order.skip)
    kits = specimens.load_kits(session, actor, order.kits)
    lines = [custody.Line(subject=kit, kind=Kind.LABEL_PRINTED, refs={"stock": order.stock}) for kit in kits]
    custody.record_all(session, actor, lines)
    cards = specimens.kit_cards(session, kits)
    return PrintJob(order.stock, order.skip, [face for kit in cards for face in faces_of(kit)])


def faces_of(kit: specimens.KitCard) -> list[specimens.Face]:
    """The labels of a kit: its own, which counts the tubes, and theirs."""
    own = specimens.Face(kit.code, "Kit", kit.event, "", str(len(kit.labels)), kit.shown)
    return [own, *kit.labels]


def drawn(job: PrintJob) -> bytes:
    """The PDF of what was printed, always the same bytes for the same job."""
    from biobank.labels import drawing

    faces = [LabelFace(**msgspec.structs.asdict(face)) for face in job.faces]
    return drawing.sheet(faces, stock(job.stock), skip=job.skip)
