"""Types of containers: those there are, each with its fill order drawn, and a new one."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, people, storage, web
from biobank.errors import NotAllowed
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.storage import Grid, TypeOrder, TypeRow
from biobank.tables import Fill, Holder, Labelling, Level, Numbering

SIDE, STEP, EDGE = 3, 14, 8
"""A fill order is drawn on so many rows and columns, so far from one to the next; SVG units."""

FIELDS = ("code", "name", "level", "rows", "cols", "row_labels", "col_labels", "numbering", "fill", "holder")


class Course(msgspec.Struct, frozen=True):
    """A fill order as it is drawn: the way through the slots, its beginning, and its head at the end."""

    start: tuple[int, int]
    way: str
    head: str


class Known(msgspec.Struct, frozen=True):
    """The types there are, by level from the outside in, and whether the reader may add one."""

    levels: list[tuple[str, list[TypeRow]]]
    may_add: bool


@get("/storage/types", sync_to_thread=True)
def types_page(door: web.OpenDoor) -> Template:
    """Every container type, and a form for a new one."""
    me, known = shell.ask(door, _known)
    return shell.page(
        "storage/types.html",
        me,
        known=known,
        courses=COURSES,
        levels=[level.value for level in Level],
        labellings=[each.value for each in Labelling],
        numberings=[each.value for each in Numbering],
        holders=[each.value for each in Holder],
    )


@post("/storage/types", sync_to_thread=True)
def add_type(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Add a container type."""
    order = inputs.read(TypeOrder, {name: shell.one(form, name) for name in FIELDS}, form=True)
    made = door.act(lambda session, actor: storage.type_row(storage.add_type(session, actor, order)), TypeRow)
    return shell.go(request, f"/storage/types#{made.code}")


# --- how ---


def _known(session: Session, actor: Actor) -> Known:
    rows = [storage.type_row(kind) for kind in storage.type_codes(session)]
    outside_in = [level.value for level in Level]
    rows.sort(key=lambda row: (outside_in.index(row.level), row.code))
    return Known(
        [(level, list(some)) for level, some in groupby(rows, lambda row: row.level)], _may_add(actor)
    )


def _may_add(actor: Actor) -> bool:
    try:
        people.require_over(actor, May.SET_UP, None, None)
    except NotAllowed:
        return False
    return True


def _course(fill: Fill) -> Course:
    """The way through a small grid in this order, slot by slot."""
    slots = list(Grid(SIDE, SIDE, fill=fill).slots())
    points = [(EDGE + STEP * (slot.col or 0), EDGE + STEP * (slot.row or 0)) for slot in slots]
    (x0, y0), (x, y) = points[-2:]
    ahead = ((x > x0) - (x < x0), (y > y0) - (y < y0))
    across = (ahead[1], ahead[0])
    wings = [
        (x - 4 * ahead[0] + side * 3 * across[0], y - 4 * ahead[1] + side * 3 * across[1]) for side in (1, -1)
    ]
    head = f"M{wings[0][0]} {wings[0][1]}L{x} {y}L{wings[1][0]} {wings[1][1]}"
    return Course(points[0], "M" + "L".join(f"{px} {py}" for px, py in points), head)


COURSES: Mapping[str, Course] = {fill.value: _course(fill) for fill in Fill}

HANDLERS = [types_page, add_type]
