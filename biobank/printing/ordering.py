"""Orders of labels: which ones, on what, and why once more; each becomes a job with a row for every label."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import codes, custody, people, specimens
from biobank.codes import CodeKind
from biobank.errors import Malformed
from biobank.inputs import Input, Note, Scanned, Whole
from biobank.labels.cards import Card
from biobank.labels.shapes import Of
from biobank.people import Actor, May
from biobank.printing import copies, faces, printers
from biobank.printing.copies import Reason
from biobank.printing.making import Ordered, make
from biobank.tables import PrinterLanguage
from biobank.texts import N_

# --- words ---


Name = Annotated[str, Field(max_length=60)]


class Paper(Input):
    """What labels are printed on.

    Without a `printer` they become a document to be taken along: a PDF, or in the `language` of a printer
    and at `dpi` dots per inch where those are told. Without a `stock` they are printed on that of the
    printer, else on the usual one for what they are stuck to; without a `layout` in the shipped one. `skip`
    labels of the first sheet are used already. `reason` is needed where a label is not the only one of its
    code.
    """

    printer: Name = ""
    stock: Name = ""
    layout: Name = ""
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0
    copies: Annotated[Whole, Field(ge=1, le=20)] = 1
    reason: Reason | None = None
    language: PrinterLanguage | None = None
    dpi: Annotated[Whole, Field(ge=150, le=600)] | None = None


class PrintOrder(Paper):
    """Labels of these tubes, or the dots for their caps, in this order."""

    codes: Annotated[list[Scanned], Field(min_length=1, max_length=10_000)]
    of: Literal["specimen", "cap"] = "specimen"


class ContainerLabels(Paper):
    """Labels of these freezers, or racks and shelves, or boxes."""

    codes: Annotated[list[Scanned], Field(min_length=1, max_length=2000)]


class KitLabels(Paper, specimens.KitOrder):
    """Kits to make, with their labels."""


class KitReprint(Paper):
    """The labels of kits that were made before, once more."""

    kits: Annotated[list[Scanned], Field(min_length=1, max_length=200)]


class CardLabels(Paper):
    """Labels of command cards; without names, of all of them. A name is that of `labels.cards.Card`."""

    cards: list[Name] = []


class RequestLabel(Paper):
    """The label of a request or a pick list, with a line of text."""

    code: Scanned
    text: Note = ""


class JobMade(msgspec.Struct, frozen=True):
    """A print job that stands: how many labels it has, on what; without a printer it is a PDF.

    `first` is the code of its first label.
    """

    job: UUID
    total: int
    stock: str
    printer: str
    first: str


USUAL: Mapping[Of, str] = {
    **dict.fromkeys((Of.SPECIMEN, Of.KIT, Of.BADGE, Of.CARD, Of.REQUEST), "herma-4100"),
    Of.CAP: "op3018",
    Of.BOX: "roll-50x25",
    Of.RACK: "roll-100x15",
    Of.FREEZER: "roll-100x50",
}
"""The stock of each kind of label where none is chosen and no printer has one in it."""


# --- actions ---


def print_labels(session: Session, actor: Actor, order: PrintOrder) -> JobMade:
    """Order labels of tubes; an event of each tells of it when it is printed.

    Refused: a code of another kind, a tube out of scope; what `copies.require` refuses; an unknown
    stock, layout or printer, a sheet skipped whole.
    """
    wanted = [codes.require(text, CodeKind.SPECIMEN, "codes") for text in order.codes]
    for tube in custody.load(session, actor, list(dict.fromkeys(wanted))):
        people.require(actor, May.PRINT, tube)
    copies.require(session, actor, wanted, Of(order.of), order.copies, order.reason)
    return made(session, actor, order, Of(order.of), faces.of_tubes(session, actor, wanted, Of(order.of)))


def print_container_labels(session: Session, actor: Actor, order: ContainerLabels) -> JobMade:
    """Order labels of containers. Refused as `faces.of_containers` and `made` refuse."""
    ordered = faces.of_containers(session, actor, order.codes)
    return made(session, actor, order, ordered[0].face.of, ordered)


def print_kit_labels(session: Session, actor: Actor, order: KitLabels) -> JobMade:
    """Make kits and order their labels: each kit's own, then those of its tubes in the order of the protocol.

    Refused as `specimens.print_kits` and `made` refuse.
    """
    kits = specimens.print_kits(session, actor, order)
    return made(session, actor, order, Of.KIT, faces.of_kits(kits))


def reprint_kits(session: Session, actor: Actor, order: KitReprint) -> JobMade:
    """Order the labels of kits once more, the same codes; not those that were replaced on their tubes.

    Refused: a code of another kind, a kit out of scope; what `copies.require` and `made` refuse.
    """
    kits = specimens.load_kits(session, actor, order.kits)
    every = faces.of_kits(specimens.kit_cards(session, kits))
    old = custody.borne_now(session, [each.face.code for each in every])
    ordered = [each for each in every if each.face.code not in old]
    wanted = [each.face.code for each in ordered]
    copies.require(session, actor, wanted, Of.KIT, order.copies, order.reason)
    return made(session, actor, order, Of.KIT, ordered)


def print_card_labels(session: Session, actor: Actor, order: CardLabels) -> JobMade:
    """Order labels of command cards, in the language in use. Refused: an unknown card; as `made` refuses."""
    people.require(actor, May.PRINT)
    return made(session, actor, order, Of.CARD, faces.of_cards(_cards(order.cards)))


def print_request_label(session: Session, actor: Actor, order: RequestLabel) -> JobMade:
    """Order the label of a request. Refused: a code of another kind; as `made` refuses."""
    people.require(actor, May.PRINT)
    return made(session, actor, order, Of.REQUEST, faces.of_request(order.code, order.text))


# --- how ---


def made(session: Session, actor: Actor, paper: Paper, of: Of, labels: Sequence[Ordered]) -> JobMade:
    """Keep a job of these labels. Refused: as `making.make` refuses; a printer that is out of scope."""
    printer = printers.find(session, actor, paper.printer) if paper.printer else None
    job = make(
        session,
        actor,
        of=of,
        faces=labels,
        printer=printer,
        stock=paper.stock or (printer.stock if printer else USUAL[of]),
        layout=paper.layout,
        language=paper.language,
        dpi=paper.dpi,
        skip=paper.skip,
        copies=paper.copies,
        reason=paper.reason or "",
    )
    name = printer.name if printer else ""
    return JobMade(job.id, job.total, job.stock, name, labels[0].face.code)


def _cards(names: Sequence[str]) -> list[Card]:
    unknown = next((name for name in names if name.upper() not in Card.__members__), None)
    if unknown is not None:
        message = N_("There is no command card “%(name)s”. Known are: %(known)s.")
        known = ", ".join(name.lower() for name in Card.__members__)
        raise Malformed("card_unknown", message, field="cards", name=unknown, known=known)
    return [Card[name.upper()] for name in names] or list(Card)
