"""Making containers: single ones, and a whole freezer in one act."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import accounts, codes, custody, people
from biobank.codes import CodeKind
from biobank.custody import Kind, Place, slot_place
from biobank.database import new_row
from biobank.errors import RuleBroken
from biobank.inputs import Input, Line, Scanned, Whole
from biobank.people import Actor, May
from biobank.storage import types
from biobank.storage.allowing import require_type_allowed
from biobank.storage.barcodes import require_barcode
from biobank.storage.geometry import Grid, Slot
from biobank.storage.maps import by_code
from biobank.storage.moving import require_nests, target_slot
from biobank.storage.types import Side, TypeOrder, require_type, type_like
from biobank.tables import Container, ContainerType, Holder, Level
from biobank.texts import N_

MOST_BOXES = 10_000
Count = Annotated[Whole, Field(ge=1, le=50)]
Name = Annotated[Line, Field(max_length=60)]
Barcode = Annotated[Scanned, Field(max_length=60)]
Celsius = Annotated[Whole, Field(ge=-200, le=40)]


# --- words ---


class ContainerOrder(Input):
    """One new container of a type, into another one (at a slot or the next free) or by itself at a site.

    `celsius` is what it is kept at; what stands in it is as cold unless it says otherwise itself.
    `barcode` is the code that its manufacturer gave it, where it bears one.
    """

    type: Line
    name: Name
    site: str | None = None
    into: str | None = None
    slot: str | None = None
    celsius: Celsius | None = None
    barcode: Barcode | None = None


class FreezerOrder(Input):
    """A whole freezer: so many shelves, racks on each, boxes in each rack, all of one box type.

    `holder` is how boxes are held. In a `rack` or a `tray_rack` it is `rows` x `cols` that says how many
    (trays x positions). With `shelf` and `loose` there are no racks: `boxes` is how many each shelf holds,
    in a row or just so.
    """

    site: Line
    name: Name
    holder: Holder = Holder.STACK
    shelves: Count = 5
    racks: Count = 5
    boxes: Count = 20
    rows: Side = 5
    cols: Side = 4
    box_type: str = "box-9x9"
    celsius: Celsius = -80


class FreezerMade(msgspec.Struct, frozen=True):
    """A freezer that now stands there, with what is in it."""

    code: str
    name: str
    containers: int
    slots: int


class Storey(msgspec.Struct, frozen=True):
    """One level of a freezer: what each thing on it is called, its type, and how many each outer one has."""

    name: str
    kind: ContainerType
    count: int


# --- rules ---


def boxes_in_each(order: FreezerOrder) -> int:
    """How many boxes each rack holds, or each shelf where there are no racks."""
    in_a_grid = order.holder in {Holder.RACK, Holder.TRAY_RACK}
    return order.rows * order.cols if in_a_grid else order.boxes


def require_buildable(order: FreezerOrder) -> None:
    """Refused: more boxes than any freezer holds, most likely a slip of the hand."""
    boxes = order.shelves * (order.racks if _has_racks(order) else 1) * boxes_in_each(order)
    if boxes > MOST_BOXES:
        message = N_("That makes %(boxes)s boxes, and a freezer has at most %(most)s. Check the numbers.")
        raise RuleBroken("too_many_boxes", message, field="boxes", boxes=boxes, most=MOST_BOXES)


# --- actions ---


def make_container(session: Session, actor: Actor, order: ContainerOrder) -> Container:
    """Make one container. Refused: an unknown type, a place that is taken, a box that would hold a rack."""
    kind = require_type(session, order.type)
    if order.into is None:
        site = accounts.site_by_code(session, order.site or "")
        container = _container(order.name, kind.id, site.id)
        people.require(actor, May.SET_UP, container)
        place = None
    else:
        outer = by_code(session, actor, order.into, May.SET_UP, "into")
        container = _container(order.name, kind.id, outer.site_id)
        custody.lock(session, [outer.id])
        session.refresh(outer)
        require_nests(session, outer, kind)
        require_type_allowed(session, outer, kind, order.name)
        place = Place(outer.id, *target_slot(session, actor, outer, order.slot))
    container.celsius = order.celsius
    barcode = require_barcode(session, order.barcode) if order.barcode else None
    custody.record_all(session, actor, [_made(container, place, barcode)])
    return container


def make_freezer(session: Session, actor: Actor, order: FreezerOrder) -> FreezerMade:
    """Make a freezer with all it holds, down to its boxes, in one act; every one gets a code of its own."""
    require_buildable(order)
    site = accounts.site_by_code(session, order.site)
    box_type = require_type(session, order.box_type, "box_type")
    if box_type.level is not Level.BOX:
        message = N_("%(code)s is not a box type.")
        raise RuleBroken("not_a_box_type", message, field="box_type", code=order.box_type)
    storeys = _storeys(session, order, box_type)
    column = types.column(
        f"freezer-{order.shelves}", f"Freezer × {order.shelves}", Level.FREEZER, order.shelves
    )
    kind = type_like(session, column, "shelves")
    freezer = _container(order.name, kind.id, site.id)
    freezer.celsius = order.celsius
    people.require(actor, May.SET_UP, freezer)
    lines = [_made(freezer, None)]
    outer = [freezer]
    for storey in storeys:
        made = [
            (_container(f"{storey.name} {number + 1}", storey.kind.id, site.id), Place(holder.id, *slot))
            for holder in outer
            for number, slot in enumerate(_places(kind, storey.count))
        ]
        lines += [_made(container, place) for container, place in made]
        outer, kind = [container for container, _ in made], storey.kind
    custody.record_all(session, actor, lines)
    return FreezerMade(freezer.code, freezer.name, len(lines), len(outer) * (Grid.of(box_type).size or 0))


# --- how ---


def _has_racks(order: FreezerOrder) -> bool:
    return order.holder not in {Holder.SHELF, Holder.LOOSE}


def _storeys(session: Session, order: FreezerOrder, box_type: ContainerType) -> list[Storey]:
    """What stands in the freezer, from the shelves to the boxes; types are made where there are none yet."""
    count = boxes_in_each(order)
    boxes = Storey(N_("Box"), box_type, count)
    holds: TypeOrder
    match order.holder:
        case Holder.SHELF:
            holds = types.boxes_on_a_shelf(count)
        case Holder.LOOSE:
            holds = types.LOOSE
        case Holder.RACK:
            holds = types.boxes_in_a_rack(order.rows, order.cols)
        case Holder.TRAY_RACK:
            holds = types.boxes_on_trays(order.rows, order.cols)
        case _:
            holds = types.column(f"rack-{count}", f"Rack × {count}", Level.RACK, count, Holder.STACK)
    holding = type_like(session, holds, "boxes")
    if not _has_racks(order):
        return [Storey(N_("Shelf"), holding, order.shelves), boxes]
    shelf = types.column(f"shelf-{order.racks}", f"Shelf × {order.racks}", Level.SHELF, order.racks)
    shelves = Storey(N_("Shelf"), type_like(session, shelf, "racks"), order.shelves)
    return [shelves, Storey(N_("Rack"), holding, order.racks), boxes]


def _places(kind: ContainerType, count: int) -> Iterator[Slot]:
    """Where the things in a container of a type stand: its slots in order, or nowhere in particular."""
    grid = Grid.of(kind)
    return grid.slots() if grid.size else iter([Slot(None, None)] * count)


def _container(name: str, type_id: UUID, site_id: UUID) -> Container:
    code = codes.new_code(CodeKind.CONTAINER)
    return new_row(Container, code=code, name=name, type_id=type_id, site_id=site_id)


def _made(container: Container, place: Place | None, barcode: str | None = None) -> custody.Line:
    change: dict[str, Any] = {
        "type": str(container.type_id),
        "site": str(container.site_id),
        "place": slot_place(place) if place else None,
    }
    if container.celsius is not None:
        change["celsius"] = container.celsius
    if barcode is not None:
        change["barcode"] = barcode
    return custody.Line(subject=container, kind=Kind.MADE, change=change, refs={"code": container.code})
