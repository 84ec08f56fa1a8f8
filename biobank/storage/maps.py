"""What is where: paths, maps of boxes, free slots."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import clock, codes, people
from biobank.codes import CodeKind
from biobank.errors import NotFound
from biobank.people import Actor, May
from biobank.storage.barcodes import container_of
from biobank.storage.geometry import Grid, Slot, axis_label, slot_name
from biobank.storage.ways import Step, path
from biobank.tables import Container, ContainerType, Keep, KeepKind, Person, Placement, Specimen
from biobank.texts import N_


class SlotRow(msgspec.Struct, frozen=True):
    """One slot of a container: what is in it, if anything.

    `state` is empty, occupied, kept (for a tube that is out), reserved (until its time is over, by `owner`,
    for `code` where it is for one thing) or blocked; `seen` is when a tube was last in a hand. Of a tube
    out of the reader's scope nothing but that is told: it has no code.
    """

    name: str
    row: int | None
    col: int | None
    state: str
    code: str = ""
    label: str = ""
    material: str = ""
    used: int = 0
    size: int | None = None
    owner: str = ""
    seen: datetime | None = None


class BoxMap(msgspec.Struct, frozen=True):
    """A container with every slot: what the map draws, and the table beside it says.

    `row_names` and `col_names` stand along its sides as its type letters them; `holder` is how it holds
    boxes, if it does.
    """

    code: str
    name: str
    level: str
    type_name: str
    rows: int | None
    cols: int | None
    fill: str
    path: list[Step]
    slots: list[SlotRow]
    next_free: str
    free: int | None
    used: int
    row_names: list[str] = []
    col_names: list[str] = []
    holder: str | None = None


class ContainerPlace(msgspec.Struct, frozen=True):
    """A container and the way to it from the outside in, itself last."""

    code: str
    name: str
    path: list[Step]


def by_code(session: Session, actor: Actor, text: str, may: May = May.SEE, field: str = "box") -> Container:
    """The container of a scanned code: ours, or its manufacturer's.

    Refused: a code of another kind, `NotFound` out of scope, one that names two things, with the choices.
    """
    borne = None if codes.read(text) else container_of(session, actor, text, field)
    code = borne.code if borne else codes.require(text, CodeKind.CONTAINER, field)
    container = borne or session.exec(select(Container).where(col(Container.code) == code)).first()
    if container is None or not people.allowed(actor, May.SEE, container):
        message = N_("There is no container %(code)s in your scope.")
        raise NotFound("container_not_found", message, field=field, code=code)
    people.require(actor, may, container)
    return container


def type_of(session: Session, container: Container) -> ContainerType:
    """The type of a container."""
    return session.get_one(ContainerType, container.type_id)


def type_codes(session: Session) -> list[ContainerType]:
    """Every container type, by code."""
    return list(session.exec(select(ContainerType).order_by(col(ContainerType.code))))


def taken(
    session: Session, container: Container, actor: Actor | None = None, meant: Collection[UUID] = ()
) -> list[Slot]:
    """The slots that may not be taken: with a tube, a container or a keep in them (see `in_the_way`)."""
    return taken_in(session, [container.id], actor, meant)[container.id]


def taken_in(
    session: Session,
    container_ids: Collection[UUID],
    actor: Actor | None = None,
    meant: Collection[UUID] = (),
) -> dict[UUID, list[Slot]]:
    """The slots of several containers that may not be taken, asked in one statement."""
    asked = (
        select(Placement.container_id, Placement.row, Placement.col)
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .where(col(Placement.container_id).in_(container_ids), in_the_way(actor, meant))
    )
    found: dict[UUID, list[Slot]] = {key: [] for key in container_ids}
    for key, row, column in session.exec(asked):
        found[key].append(Slot(row, column))
    return found


def in_the_way(actor: Actor | None = None, meant: Collection[UUID] = ()) -> ColumnElement[bool]:
    """Which placements, joined with their keeps, stand in somebody's way: all but some reservations.

    A reservation does not when its time is over, nor in the way of its owner where it is for nothing in
    particular, nor of what it is `meant` for.
    """
    gives_way = col(Keep.ends_at) <= clock.now()
    if actor:
        gives_way |= col(Keep.reserved_for_id).is_(None) & (col(Keep.owner_id) == actor.id)
    if meant:
        # A reservation for nothing in particular is not unknown to be for this: NULL would let it through.
        gives_way |= col(Keep.reserved_for_id).is_not(None) & col(Keep.reserved_for_id).in_(meant)
    return or_(col(Keep.id).is_(None), col(Keep.kind) != KeepKind.RESERVED, ~gives_way)


def free_in(
    session: Session, container: Container, actor: Actor | None = None, meant: Collection[UUID] = ()
) -> list[Slot]:
    """The free slots of a container in fill order; empty for an unplaced one, which is never full."""
    return free_but(session, container, taken(session, container, actor, meant))


def free_but(session: Session, container: Container, gone: Collection[Slot]) -> list[Slot]:
    """The slots of a container in fill order, but those that are gone."""
    gone = set(gone)
    return [slot for slot in Grid.of(type_of(session, container)).slots() if slot not in gone]


def place_of(session: Session, container: Container) -> ContainerPlace:
    """Where a container stands."""
    return ContainerPlace(container.code, container.name, path(session, container.id))


def box_map(session: Session, actor: Actor, text: str) -> BoxMap:
    """A container slot by slot, as map and table show it; for an unplaced one, just what lies in it."""
    container = by_code(session, actor, text, field="code")
    kind = type_of(session, container)
    grid = Grid.of(kind)
    occupied = _occupants(session, actor, container, grid)
    # What is reserved for me is free to me.
    mine = any(row.state == "reserved" for row in occupied)
    gone = set(taken(session, container, actor)) if mine else {Slot(row.row, row.col) for row in occupied}
    return map_of(container, kind, path(session, container.id), occupied, gone)


def map_of(
    container: Container,
    kind: ContainerType,
    way: list[Step],
    occupied: list[SlotRow],
    gone: Collection[Slot],
) -> BoxMap:
    """The map of a container of which it is known what is in it, and which slots nobody may take."""
    grid = Grid.of(kind)
    filled = {Slot(row.row, row.col): row for row in occupied}
    if grid.size is None:
        slots = occupied
    else:
        slots = [
            filled.get(slot, SlotRow(slot_name(grid, slot), slot.row, slot.col, "empty"))
            for slot in sorted(grid.slots())
        ]
    used = sum(1 for row in slots if row.state == "occupied")
    free = [slot for slot in grid.slots() if slot not in gone]
    return BoxMap(
        code=container.code,
        name=container.name,
        level=kind.level.value,
        type_name=kind.name,
        rows=grid.rows,
        cols=grid.cols,
        fill=grid.fill.value,
        path=way,
        slots=slots,
        next_free=slot_name(grid, free[0]) if free else "",
        free=len(free) if grid.size is not None else None,
        used=used,
        row_names=[axis_label(index, grid.row_labels) for index in range(grid.rows or 0)],
        col_names=[axis_label(index, grid.col_labels) for index in range(grid.cols or 0)],
        holder=kind.holder.value if kind.holder else None,
    )


def occupant(session: Session, actor: Actor, container: Container, slot: Slot) -> str:
    """Who is in a slot, as a code; for a keep, the code of the tube it is kept for. Empty out of scope."""
    return _there(session, actor, container, slot) or ""


def hindering(
    session: Session, actor: Actor, container: Container, slot: Slot, meant: Collection[UUID] = ()
) -> str | None:
    """Who is in the way in a slot (see `in_the_way`), told as `occupant` tells it; None if nobody is."""
    return _there(session, actor, container, slot, in_the_way(actor, meant))


# --- how ---


def _there(
    session: Session, actor: Actor, container: Container, slot: Slot, *only: ColumnElement[bool]
) -> str | None:
    seen = or_(col(Specimen.id).is_(None), people.visible(actor, May.SEE, Specimen))
    asked = (
        select(case((seen, func.coalesce(Specimen.code, Container.code, "")), else_=""))
        .select_from(Placement)
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .outerjoin(Specimen, col(Specimen.id) == func.coalesce(Placement.specimen_id, Keep.specimen_id))
        .outerjoin(Container, col(Container.id) == col(Placement.child_id))
        .where(
            col(Placement.container_id) == container.id,
            col(Placement.row) == slot.row,
            col(Placement.col) == slot.col,
            *only,
        )
    )
    return session.exec(asked).first()


_KEPT = {KeepKind.OUT: "kept", KeepKind.RESERVED: "reserved", KeepKind.BLOCKED: "blocked"}


def _occupants(session: Session, actor: Actor, container: Container, grid: Grid) -> list[SlotRow]:
    child = aliased(Container)
    asked = (
        core_select(
            Placement,
            col(Specimen.code),
            col(Specimen.material),
            col(Specimen.seen_at),
            child,
            ContainerType,
            people.visible(actor, May.SEE, Specimen).label("seen"),
            col(Keep.kind),
            col(Person.name),
        )
        .outerjoin(child, col(child.id) == col(Placement.child_id))
        .outerjoin(ContainerType, col(ContainerType.id) == col(child.type_id))
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .outerjoin(Person, and_(col(Person.id) == col(Keep.owner_id), col(Keep.kind) == KeepKind.RESERVED))
        .outerjoin(
            Specimen,
            col(Specimen.id) == func.coalesce(Placement.specimen_id, Keep.specimen_id, Keep.reserved_for_id),
        )
        .where(
            col(Placement.container_id) == container.id,
            or_(
                col(Keep.id).is_(None),
                col(Keep.kind) != KeepKind.RESERVED,
                col(Keep.ends_at) > clock.now(),
            ),
        )
        .order_by(col(Placement.row), col(Placement.col), col(Placement.id))
    )
    found = session.execute(asked).all()
    used = _used(session, [inner.id for _, _, _, _, inner, *_ in found if inner])
    rows: list[SlotRow] = []
    for placement, tube, material, seen_at, inner, kind, seen, keep, owner in found:
        slot = Slot(placement.row, placement.col)
        row = SlotRow(slot_name(grid, slot), slot.row, slot.col, "occupied")
        if inner:
            size = Grid.of(kind).size
            row = msgspec.structs.replace(
                row, code=inner.code, label=inner.name, used=used.get(inner.id, 0), size=size
            )
        elif placement.keep_id:
            state = _KEPT[keep]
            row = msgspec.structs.replace(
                row, state=state, code=(tube or "") if seen else "", owner=owner or ""
            )
        elif seen:
            row = msgspec.structs.replace(row, code=tube, material=material, seen=seen_at)
        rows.append(row)
    return rows


def _used(session: Session, container_ids: Sequence[UUID]) -> dict[UUID, int]:
    asked = select(Placement.container_id, func.count()).where(
        col(Placement.container_id).in_(container_ids), col(Placement.keep_id).is_(None)
    )
    return dict(session.exec(asked.group_by(col(Placement.container_id))).all())
