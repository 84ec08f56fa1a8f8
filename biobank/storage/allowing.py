"""What a container may hold: said of it, and of all that stands around it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, func, literal, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import amounts, custody, people
from biobank.codes import grouped
from biobank.errors import Conflict, RuleBroken
from biobank.people import Actor, May
from biobank.storage.ways import paths
from biobank.tables import Container, ContainerType, Keep, Level, Placement, Requirement, Specimen, Study
from biobank.texts import N_

ABOUT = ("studies", "materials", "storage", "types", "vessels")
"""What a rule may speak of: codes of studies, materials, storage classes, codes of the types of containers,
and what a tube is (`cryovial 2 mL`). What it does not speak of is allowed. A rule about types speaks of
containers of the levels that it names: one that allows a type of box says nothing of racks."""

EXAMPLES = 3


# --- words ---


class Limit(msgspec.Struct, frozen=True):
    """What may be held in one respect, and the container that says so."""

    about: str
    allowed: list[str]
    code: str
    name: str


class Rule(msgspec.Struct, frozen=True):
    """What a container may hold in one respect, by all that is said of it and around it together."""

    about: str
    allowed: list[str]
    limits: list[Limit]


# --- rules ---


def require_allowed(session: Session, container: Container, tubes: Sequence[Specimen]) -> None:
    """Refused: a tube that the container, or one it stands in, may not hold, with which rule says so."""
    require_each_allowed(session, [(tube, container.id) for tube in tubes])


def require_each_allowed(session: Session, going: Sequence[tuple[Specimen, UUID]]) -> None:
    """The same for tubes that go to several containers, in as many statements as for one.

    Refused also: a container that is retired.
    """
    _require_in_use(session, {container for _, container in going})
    around = limits_around(session, {container for _, container in going})
    held = [(tube, around[container]) for tube, container in going if around[container]]
    studies = _named(session, Study, {tube.study_id for tube, _ in held})
    classes = _classes(session, {tube.requirement_id for tube, _ in held if tube.requirement_id})
    for tube, said in held:
        facts = {
            "studies": studies[tube.study_id],
            "materials": tube.material,
            "storage": classes.get(tube.requirement_id, "") if tube.requirement_id else "",
            "vessels": tube.container,
        }
        _require(said, facts, grouped(tube.code))


def require_type_allowed(session: Session, outer: Container, kind: ContainerType, name: str) -> None:
    """Refused: a container of a type that the outer one, or one it stands in, may not hold."""
    said = limits(session, outer)
    levels = _levels(session, said)
    _require([limit for limit in said if _speaks_of(limit, kind.level, levels)], {"types": kind.code}, name)


def require_allowed_inside(session: Session, actor: Actor, outer: Container, inner: Container) -> None:
    """Refused: a container that may not stand there itself, or that holds what may not."""
    said = limits(session, outer)
    if not said:
        return
    require_type_allowed(session, outer, session.get_one(ContainerType, inner.type_id), inner.name)
    lock_inside(session, inner.id)
    require_borne_out(session, actor, inner, said, "into")


def require_borne_out(
    session: Session, actor: Actor, container: Container, said: Sequence[Limit], field: str
) -> None:
    """Refused: something inside the container that these limits do not allow, with a few examples.

    A tube whose slot is kept for it counts as inside. Whoever asks has locked all that is inside.
    """
    wrong = [*_wrong_containers(session, container.id, said), *_wrong_tubes(container.id, said)]
    count = sum(session.exec(_counted(asked)).one() for _, asked in wrong)
    if not count:
        return
    examples: list[str] = []
    for table, asked in wrong:
        told = asked.where(people.visible(actor, May.SEE, table)).limit(EXAMPLES - len(examples))
        examples += [grouped(code) for code in session.exec(told)]
    message = N_("%(name)s holds %(count)s that it may not by this rule: %(examples)s. Nothing was changed.")
    facts = {"name": container.name, "count": count, "examples": ", ".join(examples) or "-"}
    raise Conflict("holds_what_it_may_not", message, field=field, **facts)


# --- actions ---


def lock_inside(session: Session, container_id: UUID) -> None:
    """Lock a container and all containers in it, so that nothing is put into any of them meanwhile."""
    while True:
        there = session.execute(within(container_id)).scalars().all()
        custody.lock(session, there)
        if set(session.execute(within(container_id)).scalars()) <= set(there):
            return


# --- questions ---


def limits(session: Session, container: Container) -> list[Limit]:
    """Every limit on what goes into a container: its own, and those of all it stands in, outermost first."""
    return limits_around(session, [container.id])[container.id]


def limits_around(session: Session, container_ids: Collection[UUID]) -> dict[UUID, list[Limit]]:
    """The limits on what goes into each of several containers, asked in two statements."""
    if not container_ids:
        return {}
    ways = paths(session, list(container_ids))
    codes = {step.code for way in ways.values() for step in way}
    # Columns, not rows: what the session has read of a container before may be older than the lock.
    asked = select(Container.code, Container.name, Container.may_hold).where(col(Container.code).in_(codes))
    said = {
        code: [Limit(about, may_hold[about], code, name) for about in ABOUT if about in may_hold]
        for code, name, may_hold in session.exec(asked)
    }
    return {key: [limit for step in way for limit in said[step.code]] for key, way in ways.items()}


def rules(session: Session, container: Container) -> list[Rule]:
    """What a container may hold in each respect that something is said of, and where that comes from."""
    said = limits(session, container)
    levels = _levels(session, said)
    found: list[Rule] = []
    for about in ABOUT:
        mine = [limit for limit in said if limit.about == about]
        named = dict.fromkeys(each for limit in mine for each in limit.allowed)
        if mine:
            found.append(Rule(about, [each for each in named if _allowed_by_all(each, mine, levels)], mine))
    return found


def within(container_id: UUID) -> Select[tuple[UUID]]:
    """The ids of a container and of every container in it."""
    there = core_select(literal(container_id).label("id")).cte("within", recursive=True)
    inner = core_select(col(Placement.child_id)).join(there, col(Placement.container_id) == there.c.id)
    there = there.union_all(inner.where(col(Placement.child_id).is_not(None)))
    return core_select(there.c.id)


# --- how ---

_TUBES: Mapping[str, Any] = {
    "studies": Study.code,
    "materials": Specimen.material,
    "storage": Requirement.storage_class,
    "vessels": Specimen.container,
}


def _require(said: Iterable[Limit], facts: Mapping[str, str], name: str) -> None:
    for limit in said:
        # What is not known of a tube (an old one was of no requirement) breaks no rule.
        value = facts.get(limit.about, "")
        if value and value not in limit.allowed:
            message = N_(
                "%(name)s may not go there: %(holder)s holds %(allowed)s alone, and it is %(value)s. "
                "Choose another place."
            )
            raise RuleBroken(
                "may_not_hold",
                message,
                field="box",
                name=name,
                holder=limit.name,
                allowed=", ".join(_in_words(limit.about, each) for each in limit.allowed),
                value=_in_words(limit.about, value),
            )


def _in_words(about: str, value: str) -> str:
    """What a limit speaks of as people call it: a material by its name, all else by its code."""
    known = amounts.MATERIALS.get(value) if about == "materials" else None
    return known.name if known else value


def _require_in_use(session: Session, container_ids: Collection[UUID]) -> None:
    asked = select(Container.name).where(col(Container.id).in_(container_ids), col(Container.retired))
    name = session.exec(asked.limit(1)).first()
    if name is not None:
        message = N_("%(name)s is retired and holds nothing any more. Scan another one.")
        raise RuleBroken("container_retired", message, field="box", name=name)


def _wrong_tubes(container_id: UUID, said: Iterable[Limit]) -> Iterator[tuple[type[Specimen], Any]]:
    """The codes of the tubes inside that some limit does not allow; nothing where none speaks of tubes."""
    wrong = [
        and_(col(_TUBES[limit.about]) != "", col(_TUBES[limit.about]).not_in(limit.allowed))
        for limit in said
        if limit.about in _TUBES
    ]
    if wrong:
        yield (
            Specimen,
            select(Specimen.code)
            .join(Study, col(Study.id) == col(Specimen.study_id))
            .outerjoin(Requirement, col(Requirement.id) == col(Specimen.requirement_id))
            .where(col(Specimen.id).in_(_inside(container_id)), or_(*wrong)),
        )


def _inside(container_id: UUID) -> Any:
    """The tubes in a container, and those for which a slot in it is kept."""
    tube = func.coalesce(Placement.specimen_id, Keep.specimen_id)
    asked = core_select(tube).outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
    return asked.where(col(Placement.container_id).in_(within(container_id)), tube.is_not(None))


def _wrong_containers(
    session: Session, container_id: UUID, said: Sequence[Limit]
) -> Iterator[tuple[type[Container], Any]]:
    """The codes of the containers inside of a type that some limit does not allow."""
    levels = _levels(session, said)
    wrong = [
        and_(
            col(ContainerType.code).not_in(limit.allowed),
            col(ContainerType.level).in_({levels[code] for code in limit.allowed}),
        )
        for limit in said
        if limit.about == "types"
    ]
    if wrong:
        inside = select(Container.code).join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        there = col(Container.id).in_(within(container_id))
        yield Container, inside.where(there, col(Container.id) != container_id, or_(*wrong))


def _counted(asked: Any) -> Any:
    return select(func.count()).select_from(asked.subquery())


def _levels(session: Session, said: Iterable[Limit]) -> dict[str, Level]:
    """Of the types of containers that some limit names, what each is."""
    named = {code for limit in said if limit.about == "types" for code in limit.allowed}
    if not named:
        return {}
    asked = select(ContainerType.code, ContainerType.level).where(col(ContainerType.code).in_(named))
    return {code: Level(level) for code, level in session.exec(asked)}


def _speaks_of(limit: Limit, level: Level, levels: Mapping[str, Level]) -> bool:
    return limit.about == "types" and any(levels[code] is level for code in limit.allowed)


def _allowed_by_all(value: str, said: Iterable[Limit], levels: Mapping[str, Level]) -> bool:
    return all(
        value in limit.allowed or (limit.about == "types" and not _speaks_of(limit, levels[value], levels))
        for limit in said
    )


def _named(session: Session, table: type[Study], keys: Iterable[UUID]) -> dict[UUID, str]:
    return dict(session.exec(select(table.id, table.code).where(col(table.id).in_(set(keys)))).all())


def _classes(session: Session, keys: Iterable[UUID]) -> dict[UUID, str]:
    asked = select(Requirement.id, Requirement.storage_class).where(col(Requirement.id).in_(set(keys)))
    return dict(session.exec(asked).all())
