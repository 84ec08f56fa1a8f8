"""Looking at a label before it is printed: what it would say, on which stock, in which layout."""

from typing import Annotated

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import codes, specimens
from biobank.codes import CodeKind
from biobank.inputs import Input, Scanned, Whole
from biobank.labels.cards import Card
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import Stock
from biobank.people import Actor
from biobank.printing import faces, printers, stocks
from biobank.printing.ordering import USUAL, Name

_DPI = 300


class PreviewOrder(Input):
    """The label of one tube, container, kit or command card, as a `printer` or at `dpi` dots per inch.

    What is left out is chosen as when it is printed.
    """

    code: Scanned
    cap: bool = False
    printer: Name = ""
    stock: Name = ""
    layout: Name = ""
    dpi: Annotated[Whole, Field(ge=150, le=600)] | None = None


class Shown(msgspec.Struct, frozen=True):
    """Everything that a label is drawn from."""

    face: Face
    stock: Stock
    layout: Layout
    dpi: int


def shown(session: Session, actor: Actor, order: PreviewOrder) -> Shown:
    """What a label would be drawn from; nothing is kept.

    Refused: a code of something that has no such label, one out of scope, an unknown printer, stock or
    layout.
    """
    face = _face(session, actor, order)
    printer = printers.find(session, actor, order.printer) if order.printer else None
    stock = stocks.stock(session, order.stock or (printer.stock if printer else USUAL[face.of]))
    layout = stocks.layout(session, order.layout, face.of, stock)
    return Shown(face, stock, layout, order.dpi or (printer.dpi if printer else _DPI))


def _face(session: Session, actor: Actor, order: PreviewOrder) -> Face:
    code = codes.read(order.code) or order.code
    if code[0] == CodeKind.CONTAINER:
        return faces.of_containers(session, actor, [code])[0].face
    if code[0] == CodeKind.KIT:
        kits = specimens.load_kits(session, actor, [code])
        return faces.of_kits(specimens.kit_cards(session, kits))[0].face
    if code in set(Card):
        return faces.of_cards([Card(code)])[0].face
    wanted = codes.require(order.code, CodeKind.SPECIMEN)
    return faces.of_tubes(session, actor, [wanted], Of.CAP if order.cap else Of.SPECIMEN)[0].face
