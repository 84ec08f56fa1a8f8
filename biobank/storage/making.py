"""Making containers: their types, single ones, and a whole freezer in one act."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from sqlmodel import Session, col, select

from biobank import accounts, codes, custody, people
from biobank.codes import CodeKind
from biobank.custody import Kind, Place, slot_place
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input, Line, Whole
from biobank.people import Actor, May
from biobank.storage.geometry import Grid
from biobank.storage.maps import by_code
from biobank.storage.moving import require_nests, target_slot
from biobank.tables import Container, ContainerType, Fill, Labelling, Level, Numbering
from biobank.texts import N_

MOST_BOXES = 10_000
Side = Annotated[Whole, Field(ge=1, le=100)]
Count = Annotated[Whole, Field(ge=1, le=50)]
Name = Annotated[Line, Field(max_length=60)]
Celsius = Annotated[Whole, Field(ge=-200, le=40)]


class TypeOrder(Input):
    """A new container type. Without rows and columns, things lie in it unplaced."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    name: Annotated[Line, Field(max_length=100)]
    level: Level
    rows: Side | None = None
    cols: Side | None = None
    row_labels: Labelling = Labelling.LETTERS
    col_labels: Labelling = Labelling.NUMBERS
    numbering: Numbering = Numbering.GRID
    fill: Fill = Fill.BY_ROW


class ContainerOrder(Input):
    """One new container of a type, into another one (at a slot or the next free) or by itself at a site.

    `celsius` is what it is kept at; what stands in it is as cold unless it says otherwise itself.
    """

    type: Line
    name: Name
    site: str | None = None
    into: str | None = None
    slot: str | None = None
    celsius: Celsius | None = None


class FreezerOrder(Input):
    """A whole freezer: so many shelves, racks on each, boxes in each rack, all of one box type."""

    site: Line
    name: Name
    shelves: Count = 5
    racks: Count = 5
    boxes: Count = 20
    box_type: str = "box-9x9"
    celsius: Celsius = -80


class TypeRow(msgspec.Struct, frozen=True):
    """A container type in a list; without rows and columns, things lie in it unplaced."""

    code: str
    name: str
    level: str
    rows: int | None
    cols: int | None
    row_labels: str
    col_labels: str
    numbering: str
    fill: str


class FreezerMade(msgspec.Struct, frozen=True):
    """A freezer that now stands there, with what is in it."""

    code: str
    name: str
    containers: int
    slots: int


_INSIDE = {Level.FREEZER: "shelves", Level.SHELF: "racks", Level.RACK: "boxes"}
"""The field of a freezer's order that says how many places a container of this level has."""


def _column(code: str, name: str, level: Level, rows: int, cols: int) -> TypeOrder:
    return TypeOrder(code=code, name=name, level=level, rows=rows, cols=cols, numbering=Numbering.BY_ROW)


def _box(code: str, name: str, rows: int, cols: int) -> TypeOrder:
    return TypeOrder(code=code, name=name, level=Level.BOX, rows=rows, cols=cols)


BUILT_IN = (
    _box("box-5x5", "Box 5 × 5", 5, 5),
    _box("box-9x9", "Box 9 × 9", 9, 9),
    _box("box-10x10", "Box 10 × 10", 10, 10),
    _box("box-13x13", "Box 13 × 13", 13, 13),
    _box("rack-8x12", "SBS rack 8 × 12", 8, 12),
    TypeOrder(code="bag", name="Bag", level=Level.BOX),
)
"""Types that every installation begins with; a site adds its own."""


def add_type(session: Session, actor: Actor, order: TypeOrder) -> ContainerType:
    """Add a container type, for every site. Refused: rows without columns, a code that is taken."""
    people.require_over(actor, May.SET_UP, None, None)
    if (order.rows is None) != (order.cols is None):
        message = N_("Give both rows and columns, or neither for a container that things lie in unplaced.")
        raise RuleBroken("grid_incomplete", message, field="rows" if order.rows is None else "cols")
    if type_by_code(session, order.code):
        message = N_("There is a container type %(code)s already.")
        raise Conflict("type_exists", message, field="code", code=order.code)
    kind = ContainerType(**order.model_dump())
    session.add(kind)
    session.flush()
    return kind


def add_built_in_types(session: Session, actor: Actor) -> None:
    """Add the types that every installation begins with."""
    for order in BUILT_IN:
        add_type(session, actor, order)


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
        require_nests(session, outer, kind)
        custody.lock(session, [outer.id])
        place = Place(outer.id, *target_slot(session, actor, outer, order.slot))
    container.celsius = order.celsius
    custody.record_all(session, actor, [_made(container, place)])
    return container


def require_buildable(order: FreezerOrder) -> None:
    """Refused: more boxes than any freezer holds, most likely a slip of the hand."""
    boxes = order.shelves * order.racks * order.boxes
    if boxes > MOST_BOXES:
        message = N_("That makes %(boxes)s boxes, and a freezer has at most %(most)s. Check the numbers.")
        raise RuleBroken("too_many_boxes", message, field="boxes", boxes=boxes, most=MOST_BOXES)


def make_freezer(session: Session, actor: Actor, order: FreezerOrder) -> FreezerMade:
    """Make a freezer with its shelves, racks and boxes in one act; every box gets a code of its own."""
    require_buildable(order)
    site = accounts.site_by_code(session, order.site)
    box_type = require_type(session, order.box_type, "box_type")
    if box_type.level is not Level.BOX:
        message = N_("%(code)s is not a box type.")
        raise RuleBroken("not_a_box_type", message, field="box_type", code=order.box_type)
    freezer = _container(order.name, _column_type(session, Level.FREEZER, order.shelves).id, site.id)
    freezer.celsius = order.celsius
    people.require(actor, May.SET_UP, freezer)
    lines = [_made(freezer, None)]
    outer = [freezer]
    for name, level, count in (
        (N_("Shelf"), Level.SHELF, order.shelves),
        (N_("Rack"), Level.RACK, order.racks),
        (N_("Box"), Level.BOX, order.boxes),
    ):
        inside = {Level.SHELF: order.racks, Level.RACK: order.boxes}.get(level)
        kind = _column_type(session, level, inside) if inside else box_type
        made = [
            (_container(f"{name} {number + 1}", kind.id, site.id), Place(holder.id, number, 0))
            for holder in outer
            for number in range(count)
        ]
        lines += [_made(container, place) for container, place in made]
        outer = [container for container, _ in made]
    custody.record_all(session, actor, lines)
    return FreezerMade(freezer.code, freezer.name, len(lines), len(outer) * (Grid.of(box_type).size or 0))


def type_by_code(session: Session, code: str) -> ContainerType | None:
    """The container type of that code, if there is one."""
    return session.exec(select(ContainerType).where(col(ContainerType.code) == code)).first()


def type_row(kind: ContainerType) -> TypeRow:
    """One container type as lists show it."""
    return TypeRow(
        kind.code,
        kind.name,
        kind.level.value,
        kind.rows,
        kind.cols,
        kind.row_labels.value,
        kind.col_labels.value,
        kind.numbering.value,
        kind.fill.value,
    )


def require_type(session: Session, code: str, field: str = "type") -> ContainerType:
    """Refused: a container type that does not exist, with those that do."""
    kind = type_by_code(session, code)
    if kind is None:
        known = ", ".join(session.exec(select(ContainerType.code).order_by(col(ContainerType.code))))
        message = N_("There is no container type “%(code)s”. Known are: %(known)s.")
        raise RuleBroken("type_unknown", message, field=field, code=code[:40], known=known)
    return kind


def _column_type(session: Session, level: Level, count: int) -> ContainerType:
    """The type of a freezer, shelf or rack with so many places, made where there is none yet."""
    code = f"{level.value}-{count}"
    kind = type_by_code(session, code)
    if kind is None:
        name = f"{level.value.capitalize()} × {count}"
        kind = ContainerType(**_column(code, name, level, count, 1).model_dump())
        session.add(kind)
        session.flush()
    elif (kind.level, kind.rows, kind.cols) != (level, count, 1):
        # Somebody gave this code to a type of their own: what is put into it would have no slot.
        message = N_("There is a container type %(code)s already.")
        raise Conflict("type_exists", message, field=_INSIDE[level], code=code)
    return kind


def _container(name: str, type_id: UUID, site_id: UUID) -> Container:
    return Container(code=codes.new_code(CodeKind.CONTAINER), name=name, type_id=type_id, site_id=site_id)


def _made(container: Container, place: Place | None) -> custody.Line:
    change: dict[str, Any] = {
        "type": str(container.type_id),
        "site": str(container.site_id),
        "place": slot_place(place) if place else None,
    }
    if container.celsius is not None:
        change["celsius"] = container.celsius
    return custody.Line(subject=container, kind=Kind.MADE, change=change, refs={"code": container.code})
