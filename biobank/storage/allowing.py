"""What a container may hold: said of it, and of all that stands around it."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.codes import grouped
from biobank.errors import RuleBroken
from biobank.storage.maps import path
from biobank.tables import Container, ContainerType, Requirement, Specimen, Study
from biobank.texts import N_

ABOUT = ("studies", "materials", "storage", "types", "vessels")
"""What a rule may speak of: codes of studies, materials, storage classes, codes of the types of containers,
and what a tube is (`cryovial 2 mL`). What it does not speak of is allowed."""


class Limit(msgspec.Struct, frozen=True):
    """What may be held in one respect, and the container that says so."""

    about: str
    allowed: list[str]
    code: str
    name: str


def limits(session: Session, container: Container) -> list[Limit]:
    """Every limit on what goes into a container: its own, and those of all it stands in, outermost first."""
    codes = [step.code for step in path(session, container.id)]
    rows = session.exec(select(Container).where(col(Container.code).in_(codes))).all()
    around = sorted(rows, key=lambda row: codes.index(row.code))
    return [
        Limit(about, row.may_hold[about], row.code, row.name)
        for row in around
        for about in ABOUT
        if about in row.may_hold
    ]


def require_allowed(session: Session, container: Container, tubes: Sequence[Specimen]) -> None:
    """Refused: a tube that the container, or one it stands in, may not hold, with which rule says so."""
    said = limits(session, container)
    if not said:
        return
    studies = _named(session, Study, {tube.study_id for tube in tubes})
    classes = _classes(session, {tube.requirement_id for tube in tubes if tube.requirement_id})
    for tube in tubes:
        facts = {
            "studies": studies[tube.study_id],
            "materials": tube.material,
            "storage": classes.get(tube.requirement_id, "") if tube.requirement_id else "",
            "vessels": tube.container,
        }
        _require(said, facts, grouped(tube.code))


def require_type_allowed(session: Session, outer: Container, kind: ContainerType, name: str) -> None:
    """Refused: a container of a type that the outer one, or one it stands in, may not hold."""
    _require(limits(session, outer), {"types": kind.code}, name)


def require_allowed_inside(session: Session, outer: Container, inner: Container) -> None:
    """Refused: a container that may not stand there itself, or that holds what may not."""
    if not limits(session, outer):
        return
    kind = session.get_one(ContainerType, inner.type_id)
    require_type_allowed(session, outer, kind, inner.name)


# --- how ---


def _require(said: Iterable[Limit], facts: Mapping[str, str], name: str) -> None:
    for limit in said:
        # What is not known of a tube (an old one was of no requirement) breaks no rule.
        value = facts.get(limit.about, "")
        if value and value not in limit.allowed:
            message = N_(
                "%(name)s may not go there: %(holder)s holds %(allowed)s alone, and it is %(value)s."
            )
            raise RuleBroken(
                "may_not_hold",
                message,
                field="box",
                name=name,
                holder=limit.name,
                allowed=", ".join(limit.allowed),
                value=value,
            )


def _named(session: Session, table: type[Study], keys: Iterable[UUID]) -> dict[UUID, str]:
    return dict(session.exec(select(table.id, table.code).where(col(table.id).in_(set(keys)))).all())


def _classes(session: Session, keys: Iterable[UUID]) -> dict[UUID, str]:
    asked = select(Requirement.id, Requirement.storage_class).where(col(Requirement.id).in_(set(keys)))
    return dict(session.exec(asked).all())
