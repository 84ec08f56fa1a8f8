"""How much of a freezer was verified since a day: drawn on its front, counted level by level."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Template
from markupsafe import Markup
from sqlmodel import Session

from biobank import accounts, audits, clock, inputs, storage, web
from biobank.audits import CoverageAsked, Covered
from biobank.pages import shell
from biobank.pages.storage import fronts
from biobank.pages.storage.containers import Inside, drawn, look_inside
from biobank.pages.storage.elevations import Elevation
from biobank.pages.storage.fronts import Shown
from biobank.pages.storage.past import when_asked
from biobank.people import Actor
from biobank.storage import Branch, ContainerRow
from biobank.tables import Level

SPANS = (30, 90, 180, 365)
"""Days back that are one click away; the last is where it begins."""

LEAST = 25
"""So many boxes are listed of those that are least verified."""

_STEPS = ((0.0, "heat-0"), (0.5, "heat-1"), (0.9, "heat-2"), (1.0, "heat-3"))
"""Up to which share a container is drawn as what; all of it is `heat-4`."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Told(msgspec.Struct, frozen=True):
    """A container with what stands in it, and how much of each was verified."""

    inside: Inside
    covered: dict[str, Covered]
    zone: str


class Listed(msgspec.Struct, frozen=True):
    """What stands by itself with how much of it was verified, and the time zone of each site."""

    rows: list[tuple[ContainerRow, Covered]]
    zones: dict[str, str]


class Row(msgspec.Struct, frozen=True):
    """A line of the table, so far in; `path` is the way to a box, for where it stands alone."""

    depth: int
    level: str
    path: str
    covered: Covered


@get("/coverage", sync_to_thread=True)
def covered_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Every freezer with the share of its tubes that were in a hand since a day."""
    asked, spans = _since(request)

    def question(session: Session, actor: Actor) -> Listed:
        roots = storage.roots(session, actor)
        each = [audits.coverage(session, actor, row.code, asked.since)[row.code] for row in roots]
        zones = {site.code: site.time_zone for site in accounts.sites(session, actor)}
        return Listed(list(zip(roots, each, strict=True)), zones)

    me, told = shell.ask(door, question)
    return shell.page(
        "audits/covered.html",
        me,
        rows=told.rows,
        zones=told.zones,
        since=asked.since,
        spans=spans,
        share=share,
    )


@get("/coverage/{code:str}", sync_to_thread=True)
def coverage_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """The share of the tubes of a container, and of each in it, that were in a hand since a day."""
    asked, spans = _since(request)
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, code, asked.since))
    found, branches = told.inside.map, told.inside.branches
    covered = told.covered
    elevation = drawn(told.inside, {})["elevation"]
    front = isinstance(elevation, Elevation) and not elevation.empty
    return shell.page(
        "audits/coverage.html",
        me,
        box=found,
        whole=covered[found.code],
        since=asked.since,
        zone=told.zone,
        elevation=elevation if front else None,
        heat=heat(elevation, branches, covered, asked.since) if isinstance(elevation, Elevation) else "",
        rows=list(_rows(branches, covered, boxes=_holds_boxes(branches))),
        least=least(branches, covered),
        spans=spans,
        share=share,
    )


# --- rules ---


def tone(covered: Covered) -> str:
    """The class that a container is drawn in: by the share of its tubes; one without tubes stands aside."""
    if covered.share is None:
        return "heat-x"
    return next((name for most, name in _STEPS if covered.share <= most and covered.share < 1), "heat-4")


def share(covered: Covered) -> str:
    """The share in whole hundredths, cut: what was not all seen never reads 100 %."""
    return "–" if covered.share is None else f"{100 * covered.seen // covered.tubes} %"


def heat(drawn: Elevation, branches: Sequence[Branch], covered: Mapping[str, Covered], since: date) -> Markup:
    """The front of a container: what holds boxes leads on to its own coverage, a box to its unseen tubes."""
    shown: dict[str, Shown] = {}
    for branch in _every(branches):
        row = branch.row
        way = f"/containers/{row.code}?not_seen_since=" if _is_box(branch) else f"/coverage/{row.code}?since="
        shown[row.code] = Shown(share(covered[row.code]), tone(covered[row.code]), f"{way}{since}")
    return fronts.front(drawn, shown=shown)


def least(branches: Sequence[Branch], covered: Mapping[str, Covered]) -> list[Row]:
    """The boxes of which the least was verified, those first that nobody has looked into for longest."""
    boxes = [row for row in _rows(branches, covered, boxes=True) if row.level == Level.BOX.value]
    left = [row for row in boxes if row.covered.tubes and row.covered.seen < row.covered.tubes]
    return sorted(left, key=lambda row: (row.covered.share or 0, row.covered.oldest or _NEVER, row.path))[
        :LEAST
    ]


# --- how ---


def _since(request: Request[Any, Any, Any]) -> tuple[CoverageAsked, dict[int, str]]:
    """Since which day, and the days that are one click away."""
    today = clock.now().date()
    spans = {days: (today - timedelta(days=days)).isoformat() for days in SPANS}
    since = request.query_params.get("since", "").strip() or spans[SPANS[-1]]
    return inputs.read(CoverageAsked, {"since": since}, form=True), spans


def _told(session: Session, actor: Actor, code: str, since: date) -> Told:
    inside = look_inside(session, actor, code)
    covered = audits.coverage(session, actor, inside.map.code, since)
    return Told(inside, covered, when_asked(session, actor, code, "").zone)


def _every(branches: Sequence[Branch]) -> Iterator[Branch]:
    for branch in branches:
        yield branch
        yield from _every(branch.inside)


def _rows(
    branches: Sequence[Branch], covered: Mapping[str, Covered], *, boxes: bool, way: str = "", depth: int = 0
) -> Iterator[Row]:
    for branch in branches:
        path = f"{way} · {branch.row.name}" if way else branch.row.name
        if boxes or not _is_box(branch):
            yield Row(depth, branch.row.level, path, covered[branch.row.code])
        yield from _rows(branch.inside, covered, boxes=boxes, way=path, depth=depth + 1)


def _is_box(branch: Branch) -> bool:
    return branch.row.level == Level.BOX.value


def _holds_boxes(branches: Sequence[Branch]) -> bool:
    return any(map(_is_box, branches))


HANDLERS = [covered_page, coverage_page]
