"""Types of containers: grids, how slots are named and filled, the five ways a freezer holds boxes."""

from typing import Annotated

import msgspec
from pydantic import Field, StringConstraints
from sqlmodel import Session, col, select

from biobank import people
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input, Line, Whole
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, slot_name
from biobank.tables import ContainerType, Fill, Holder, Labelling, Level, Numbering
from biobank.texts import N_

Side = Annotated[Whole, Field(ge=1, le=100)]
TypeCode = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9.-]*$")]

HOLDS_BOXES = {
    Level.SHELF: frozenset({Holder.SHELF, Holder.LOOSE}),
    Level.RACK: frozenset({Holder.STACK, Holder.RACK, Holder.TRAY_RACK}),
}
"""What can hold boxes, and how: in a row on a shelf or loose on it, in a rack of one column, of several, of
trays that are pulled out."""


# --- words ---


class TypeOrder(Input):
    """A new container type. Without rows and columns, things lie in it unplaced.

    `holder` is how a shelf or a rack holds its boxes, where it is one that does.
    """

    code: TypeCode
    name: Annotated[Line, Field(max_length=100)]
    level: Level
    rows: Side | None = None
    cols: Side | None = None
    row_labels: Labelling = Labelling.LETTERS
    col_labels: Labelling = Labelling.NUMBERS
    numbering: Numbering = Numbering.GRID
    fill: Fill = Fill.BY_ROW
    holder: Holder | None = None


class TypeRow(msgspec.Struct, frozen=True):
    """A container type in a list; without rows and columns, things lie in it unplaced.

    `first` and `last` are the slots that are filled first and last, as they are named.
    """

    code: str
    name: str
    level: str
    rows: int | None
    cols: int | None
    row_labels: str
    col_labels: str
    numbering: str
    fill: str
    holder: str | None = None
    first: str = ""
    last: str = ""


def _box(code: str, name: str, rows: int, cols: int) -> TypeOrder:
    return TypeOrder(code=code, name=name, level=Level.BOX, rows=rows, cols=cols)


def column(code: str, name: str, level: Level, count: int, holder: Holder | None = None) -> TypeOrder:
    """Places one below the other, counted from 1."""
    by_row = Numbering.BY_ROW
    return TypeOrder(code=code, name=name, level=level, rows=count, cols=1, numbering=by_row, holder=holder)


def boxes_on_a_shelf(count: int) -> TypeOrder:
    """A shelf on which boxes stand in a row, counted from 1."""
    return TypeOrder(
        code=f"shelf-1x{count}",
        name=f"Shelf for {count} boxes",
        level=Level.SHELF,
        rows=1,
        cols=count,
        numbering=Numbering.BY_ROW,
        holder=Holder.SHELF,
    )


def boxes_in_a_rack(rows: int, cols: int) -> TypeOrder:
    """A rack with several boxes in each row: `A1`."""
    name = f"Rack {rows} × {cols}"
    code, holder = f"rack-{rows}x{cols}", Holder.RACK
    return TypeOrder(code=code, name=name, level=Level.RACK, rows=rows, cols=cols, holder=holder)


def boxes_on_trays(trays: int, positions: int) -> TypeOrder:
    """A rack of trays that are pulled out, each with places for boxes: `2-3` is the third place of tray 2."""
    return TypeOrder(
        code=f"tray-rack-{trays}x{positions}",
        name=f"Tray rack {trays} × {positions}",
        level=Level.RACK,
        rows=trays,
        cols=positions,
        row_labels=Labelling.NUMBERS,
        holder=Holder.TRAY_RACK,
    )


LOOSE = TypeOrder(code="shelf-loose", name="Shelf with loose boxes", level=Level.SHELF, holder=Holder.LOOSE)

BUILT_IN = (
    _box("box-5x5", "Box 5 × 5", 5, 5),
    _box("box-9x9", "Box 9 × 9", 9, 9),
    _box("box-10x10", "Box 10 × 10", 10, 10),
    _box("box-13x13", "Box 13 × 13", 13, 13),
    _box("rack-8x12", "SBS rack 8 × 12", 8, 12),
    TypeOrder(code="bag", name="Bag", level=Level.BOX),
    boxes_on_a_shelf(10),
    column("rack-20", "Rack × 20", Level.RACK, 20, Holder.STACK),
    boxes_in_a_rack(5, 4),
    boxes_on_trays(5, 4),
    LOOSE,
)
"""Types that every installation begins with; a site adds its own."""


# --- rules ---


def require_whole_grid(order: TypeOrder) -> None:
    """Refused: rows without columns."""
    if (order.rows is None) != (order.cols is None):
        message = N_("Give both rows and columns, or neither for a container that things lie in unplaced.")
        raise RuleBroken("grid_incomplete", message, field="rows" if order.rows is None else "cols")


def require_holder_fits(order: TypeOrder) -> None:
    """Refused: a way of holding boxes that a thing of this level, or of this grid, does not have."""
    if order.holder is None:
        return
    placed = order.rows is not None
    fits = order.holder in HOLDS_BOXES.get(order.level, ()) and placed != (order.holder is Holder.LOOSE)
    if not fits or (order.holder is Holder.STACK and order.cols != 1):
        message = N_(
            "This cannot hold boxes so. Boxes stand in a row on a shelf or lie loose on it, without rows and"
            " columns; racks hold them in one column (a stack), in several, or on trays."
        )
        raise RuleBroken("holder_does_not_fit", message, field="holder")


def require_type(session: Session, code: str, field: str = "type") -> ContainerType:
    """Refused: a container type that does not exist, with those that do."""
    kind = type_by_code(session, code)
    if kind is None:
        known = ", ".join(session.exec(select(ContainerType.code).order_by(col(ContainerType.code))))
        message = N_("There is no container type “%(code)s”. Known are: %(known)s.")
        raise RuleBroken("type_unknown", message, field=field, code=code[:40], known=known)
    return kind


# --- actions ---


def add_type(session: Session, actor: Actor, order: TypeOrder) -> ContainerType:
    """Add a container type, for every site. Refused: rows without columns, a code that is taken."""
    people.require_over(actor, May.SET_UP, None, None)
    require_whole_grid(order)
    require_holder_fits(order)
    if type_by_code(session, order.code):
        raise _exists(order.code, "code")
    return _added(session, order)


def add_built_in_types(session: Session, actor: Actor) -> None:
    """Add the types that every installation begins with."""
    for order in BUILT_IN:
        add_type(session, actor, order)


def type_like(session: Session, order: TypeOrder, field: str) -> ContainerType:
    """The type of this code, made where there is none yet.

    Refused: somebody gave the code to a type of another shape, and what is put into it would have no slot.
    """
    kind = type_by_code(session, order.code)
    if kind is None:
        return _added(session, order)
    if (kind.level, kind.rows, kind.cols) != (order.level, order.rows, order.cols):
        raise _exists(order.code, field)
    return kind


# --- questions ---


def type_by_code(session: Session, code: str) -> ContainerType | None:
    """The container type of that code, if there is one."""
    return session.exec(select(ContainerType).where(col(ContainerType.code) == code)).first()


def type_row(kind: ContainerType) -> TypeRow:
    """One container type as lists show it."""
    grid = Grid.of(kind)
    slots = list(grid.slots())
    return TypeRow(
        code=kind.code,
        name=kind.name,
        level=kind.level.value,
        rows=kind.rows,
        cols=kind.cols,
        row_labels=kind.row_labels.value,
        col_labels=kind.col_labels.value,
        numbering=kind.numbering.value,
        fill=kind.fill.value,
        holder=kind.holder.value if kind.holder else None,
        first=slot_name(grid, slots[0]) if slots else "",
        last=slot_name(grid, slots[-1]) if slots else "",
    )


# --- how ---


def _exists(code: str, field: str) -> Conflict:
    message = N_("There is a container type %(code)s already.")
    return Conflict("type_exists", message, field=field, code=code)


def _added(session: Session, order: TypeOrder) -> ContainerType:
    kind = ContainerType(**order.model_dump())
    session.add(kind)
    session.flush()
    return kind
