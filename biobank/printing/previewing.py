"""Looking at a label before it is printed: what it would say, on which stock, in which layout."""

from typing import Annotated

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import codes, specimens
from biobank.codes import CodeKind
from biobank.errors import NotFound
from biobank.inputs import Input, Scanned, Whole
from biobank.labels.cards import Card
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import Stock
from biobank.people import Actor
from biobank.printing import faces, printers, stocks
from biobank.printing.ordering import USUAL, Name
from biobank.texts import N_

DPI = 300
"""Dots per inch of a label that no printer was chosen for."""


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
    face = face_of(session, actor, order.code, cap=order.cap)
    printer = printers.find(session, actor, order.printer) if order.printer else None
    stock = stocks.stock(session, order.stock or (printer.stock if printer else USUAL[face.of]))
    return drawn_from(session, face, stock, order.layout, order.dpi or (printer.dpi if printer else DPI))


def drawn_from(session: Session, face: Face, stock: Stock, layout: str, dpi: int) -> Shown:
    """A face on a stock, in the layout of that code or the shipped one. Refused: a layout for others."""
    return Shown(face, stock, stocks.layout(session, layout, face.of, stock), dpi)


def face_of(session: Session, actor: Actor, text: str, *, cap: bool = False) -> Face:
    """The first label of a scanned code. Refused: something that has no such label, one out of scope."""
    code = codes.read(text) or text
    if code[0] == CodeKind.CONTAINER:
        return faces.of_containers(session, actor, [code])[0].face
    if code[0] == CodeKind.KIT:
        kits = specimens.load_kits(session, actor, [code])
        return faces.of_kits(specimens.kit_cards(session, kits))[0].face
    if code[0] == CodeKind.COMMAND and codes.read(text):
        return faces.of_cards([card_of(code)])[0].face
    wanted = codes.require(text, CodeKind.SPECIMEN, "codes")
    return faces.of_tubes(session, actor, [wanted], Of.CAP if cap else Of.SPECIMEN)[0].face


def card_of(code: str) -> Card:
    """The command card of a code. Refused: one there is not."""
    if code not in set(Card):
        message = N_("%(code)s is no card that is known here. Nothing was done.")
        raise NotFound("card_unknown", message, field="codes", code=codes.grouped(code))
    return Card(code)
