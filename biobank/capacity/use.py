"""Slots in use and free: by freezer and site, by type of box, by study; sums that the database makes."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import CTE, BigInteger, case, cast, func, literal
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from biobank import clock, people
from biobank.people import Actor, May
from biobank.storage import type_codes
from biobank.tables import (
    Container,
    ContainerType,
    Keep,
    KeepKind,
    Level,
    Placement,
    Site,
    Specimen,
    Study,
)

DEEPEST = 8

# --- words ---


class Counts(Protocol):
    """What is counted of every part."""

    @property
    def slots(self) -> int:
        """All of them."""

    @property
    def used(self) -> int:
        """Those with a tube."""

    @property
    def kept(self) -> int:
        """Those that are kept, reserved or blocked."""


class OfFreezer(msgspec.Struct, frozen=True):
    """What stands by itself, most often a freezer: its boxes, their slots, and what is in those.

    `used` slots have a tube; `kept` ones wait for a tube that is out, are reserved or blocked. Boxes in
    which things lie unplaced have no slots.
    """

    code: str
    name: str
    site: str
    celsius: int | None
    boxes: int
    slots: int
    used: int
    kept: int
    free: int


class OfSite(msgspec.Struct, frozen=True):
    """All the boxes of a site."""

    site: str
    boxes: int
    slots: int
    used: int
    kept: int
    free: int


class OfType(msgspec.Struct, frozen=True):
    """All the boxes of a type; `empty` ones have nothing in them."""

    code: str
    name: str
    boxes: int
    empty: int
    slots: int
    used: int
    kept: int
    free: int


class OfStudy(msgspec.Struct, frozen=True):
    """The tubes of a study that stand in slots, and in how many boxes; `share` of all used, in percent."""

    study: str
    tubes: int
    boxes: int
    share: float


class Use(msgspec.Struct, frozen=True):
    """Every slot in the actor's scope, looked at four ways."""

    slots: int
    used: int
    kept: int
    free: int
    sites: list[OfSite]
    freezers: list[OfFreezer]
    types: list[OfType]
    studies: list[OfStudy]


# --- questions ---


def use(session: Session, actor: Actor) -> Use:
    """How the slots of the boxes in the actor's scope are used; three statements, whatever there is."""
    freezers, types = _by_freezer(session, actor), _by_type(session, actor)
    slots, used, kept = _sums(freezers)
    return Use(
        slots, used, kept, slots - used - kept, _by_site(freezers), freezers, types, _by_study(session, actor)
    )


# --- how ---


def _by_freezer(session: Session, actor: Actor) -> list[OfFreezer]:
    inside, boxes = _inside(session, actor), _boxes()
    root, site = aliased(Container), aliased(Site)
    asked = (
        core_select(
            col(root.code),
            col(root.name),
            col(site.code),
            col(root.celsius),
            func.count(boxes.c.id),
            _sum(boxes.c.slots),
            _sum(boxes.c.used),
            _sum(boxes.c.kept),
            _sum(boxes.c.slots - boxes.c.used - boxes.c.kept),
        )
        .select_from(inside)
        .join(root, col(root.id) == inside.c.root)
        .join(site, col(site.id) == col(root.site_id))
        .outerjoin(boxes, boxes.c.id == inside.c.id)
        .group_by(col(root.id), col(root.code), col(root.name), col(site.code), col(root.celsius))
        .order_by(col(site.code), col(root.name), col(root.code))
    )
    return [OfFreezer(*row) for row in session.execute(asked)]


def _by_type(session: Session, actor: Actor) -> list[OfType]:
    boxes = _boxes()
    asked = (
        core_select(
            col(ContainerType.code),
            col(ContainerType.name),
            func.count(boxes.c.id),
            _sum(case((boxes.c.used + boxes.c.kept == 0, 1), else_=0)),
            _sum(boxes.c.slots),
            _sum(boxes.c.used),
            _sum(boxes.c.kept),
            _sum(boxes.c.slots - boxes.c.used - boxes.c.kept),
        )
        .select_from(boxes)
        .join(Container, col(Container.id) == boxes.c.id)
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(people.visible(actor, May.SEE, Container))
        .group_by(col(ContainerType.id), col(ContainerType.code), col(ContainerType.name))
        .order_by(col(ContainerType.code))
    )
    return [OfType(*row) for row in session.execute(asked)]


def _by_study(session: Session, actor: Actor) -> list[OfStudy]:
    held = (
        core_select(col(Specimen.study_id).label("study"), func.count().label("tubes"))
        .select_from(Placement)
        .join(Specimen, col(Specimen.id) == col(Placement.specimen_id))
        .where(people.visible(actor, May.SEE, Specimen, leads=True))
        # Counted by box first: to count them as distinct ones, PostgreSQL would sort every tube there is.
        .group_by(col(Specimen.study_id), col(Placement.container_id))
        .subquery()
    )
    asked = (
        core_select(col(Study.code), _sum(held.c.tubes), func.count())
        .join(held, held.c.study == col(Study.id))
        .group_by(col(Study.code))
        .order_by(col(Study.code))
    )
    rows = session.execute(asked).all()
    total = sum(tubes for _, tubes, _ in rows)
    return [OfStudy(study, tubes, boxes, round(100 * tubes / total, 1)) for study, tubes, boxes in rows]


def _by_site(freezers: Sequence[OfFreezer]) -> list[OfSite]:
    sites = dict.fromkeys(each.site for each in freezers)
    found = []
    for site in sites:
        own = [each for each in freezers if each.site == site]
        slots, used, kept = _sums(own)
        found.append(OfSite(site, sum(each.boxes for each in own), slots, used, kept, slots - used - kept))
    return found


def _sums(parts: Sequence[Counts]) -> tuple[int, int, int]:
    return (
        sum(each.slots for each in parts),
        sum(each.used for each in parts),
        sum(each.kept for each in parts),
    )


def _sum(column: Any) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)  # what PostgreSQL sums up is no integer


def _boxes() -> CTE:
    """Every box with its slots, those with something in them, and those that are kept."""
    runs = (col(Keep.kind) != KeepKind.RESERVED) | (col(Keep.ends_at) > clock.now())
    held = (
        core_select(
            col(Placement.container_id).label("box"),
            func.sum(case((col(Placement.specimen_id).is_not(None), 1), else_=0)).label("used"),
            func.sum(case((runs, 1), else_=0)).label("kept"),
        )
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .group_by(col(Placement.container_id))
        .subquery()
    )
    slots = func.coalesce(col(ContainerType.rows) * col(ContainerType.cols), 0)
    placed = col(ContainerType.rows).is_not(None)
    return (
        core_select(
            col(Container.id).label("id"),
            slots.label("slots"),
            case((placed, func.coalesce(held.c.used, 0)), else_=0).label("used"),
            case((placed, func.coalesce(held.c.kept, 0)), else_=0).label("kept"),
        )
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .outerjoin(held, held.c.box == col(Container.id))
        .where(col(ContainerType.level) == Level.BOX, ~col(Container.retired))
        .cte("boxes")
    )


def _inside(session: Session, actor: Actor) -> CTE:
    """Every container with what it stands in at the outside, from the top down to the boxes."""
    stands = aliased(Placement)
    boxes = [kind.id for kind in type_codes(session) if kind.level is Level.BOX]
    first = (
        core_select(
            col(Container.id).label("root"),
            col(Container.id).label("id"),
            col(Container.type_id).label("kind"),
            literal(0).label("depth"),
        )
        .outerjoin(stands, col(stands.child_id) == col(Container.id))
        .where(col(stands.id).is_(None), ~col(Container.retired), people.visible(actor, May.SEE, Container))
        .cte("inside", recursive=True)
    )
    below, child = aliased(Placement), aliased(Container)
    return first.union_all(
        core_select(first.c.root, col(child.id), col(child.type_id), first.c.depth + 1)
        .join_from(first, below, col(below.container_id) == first.c.id)
        .join(child, col(child.id) == col(below.child_id))
        .where(first.c.kind.not_in(boxes), first.c.depth < DEEPEST)
    )
