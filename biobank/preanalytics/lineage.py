"""Where specimens come from: what is known of their lines, asked for many in few statements."""

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CTE, literal
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank.preanalytics.limits import Reached
from biobank.preanalytics.sprec import Handling, Spun
from biobank.tables import (
    Collection,
    Container,
    ContainerType,
    Event,
    Level,
    Placement,
    Requirement,
    Specimen,
    SpecimenKind,
    Spin,
    Study,
    Vessel,
)

_AT_ONCE = 1000
_DEEPEST = 8
"""How many containers may stand in one another; a guard against a circle in a damaged database."""


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """A specimen and what it was made of, itself first, the primary last, with what is known of them.

    `spins` are those that are in it: none after it was made of the specimen that was spun, none after it
    was frozen; in the order of time. `drawn_in` is the vessel of the primary and `stands_in` its own,
    as the protocol describes them. `limits` are minutes by name: its requirement's own, and of those
    around it, the nearest.
    """

    line: Sequence[Specimen]
    spins: Sequence[Spin] = ()
    collection: Collection | None = None
    drawn_in: Vessel | None = None
    stands_in: Vessel | None = None
    limits: Mapping[str, int] = {}

    @property
    def specimen(self) -> Specimen:
        """The specimen itself."""
        return self.line[0]


# --- what follows from a line ---


def handling(lineage: Lineage, celsius: int | None = None) -> Handling:
    """The raw facts for SPREC; `celsius` is the temperature of the place, if it has one."""
    own, drawn = lineage.stands_in, lineage.drawn_in
    is_primary = lineage.specimen.kind is SpecimenKind.PRIMARY
    return Handling(
        material=lineage.specimen.material,
        vessel=drawn.primary if drawn else "",
        collected=_first(lineage, "collected_at"),
        kept=lineage.collection.kept if lineage.collection else None,
        spins=tuple(_spun(spin) for spin in lineage.spins),
        frozen=lineage.specimen.frozen_at,
        family="original" if is_primary else own.family if own else "",
        volume=own.volume if own else None,
        celsius=celsius,
    )


def reached(lineage: Lineage) -> Reached:
    """How far a specimen came, for its clocks."""
    spins = [_spun(spin) for spin in lineage.spins]
    return Reached(
        collected=_first(lineage, "collected_at"),
        received=_first(lineage, "received_at"),
        spun=spins[0].at if spins else None,
        rested=spins[-1].ended if spins else None,
        frozen=lineage.specimen.frozen_at,
    )


# --- questions ---


def lineages(session: Session, specimens: Sequence[Specimen]) -> dict[UUID, Lineage]:
    """The lineage of each specimen, in at most six statements for a thousand of them."""
    found: dict[UUID, Lineage] = {}
    for start in range(0, len(specimens), _AT_ONCE):
        found |= _lineages(session, specimens[start : start + _AT_ONCE])
    return found


def celsius_of(session: Session, container_ids: Several[UUID]) -> dict[UUID, int]:
    """How cold it is in each container: as the nearest around it says; one where nothing says is left out."""
    around = _around(container_ids)
    said = core_select(around.c.start, around.c.celsius).where(around.c.celsius.is_not(None))
    return {row.start: row.celsius for row in session.execute(said)}


def freezers_unsaid(session: Session, container_ids: Several[UUID]) -> set[UUID]:
    """Those that stand in a freezer (or are one) of which nobody ever said how cold it is."""
    around = _around(container_ids)
    unsaid = core_select(around.c.start).join(ContainerType, col(ContainerType.id) == around.c.type_id)
    unsaid = unsaid.where(around.c.celsius.is_(None), col(ContainerType.level) == Level.FREEZER)
    return {row.start for row in session.execute(unsaid)}


# --- how ---


def _around(container_ids: Several[UUID]) -> CTE:
    """The containers around each, from the inside out, up to the first that says how cold it is."""
    facts = (col(Container.id), col(Container.type_id), col(Container.celsius))
    here = (
        core_select(col(Container.id).label("start"), *facts, literal(0).label("depth"))
        .where(col(Container.id).in_(set(container_ids)))
        .cte("around", recursive=True)
    )
    return here.union_all(
        core_select(here.c.start, *facts, here.c.depth + 1)
        .select_from(here)
        .join(Placement, col(Placement.child_id) == here.c.id)
        .join(Container, col(Container.id) == col(Placement.container_id))
        .where(here.c.celsius.is_(None), here.c.depth < _DEEPEST)
    )


class _Rules(msgspec.Struct, frozen=True):
    """What the protocols say of some specimens: requirements with their protocols, vessels by name."""

    requirements: Mapping[UUID, Requirement]
    protocol_of: Mapping[UUID, UUID]
    in_force: Mapping[UUID, UUID | None]
    vessels: Mapping[tuple[UUID | None, str], Vessel]

    def vessel(self, specimen: Specimen) -> Vessel | None:
        return self.vessels.get((self._protocol(specimen), specimen.container))

    def limits(self, line: Sequence[Specimen]) -> dict[str, int]:
        """The outermost first, so that the nearest has the last word; none from before a freezing."""
        limits: dict[str, int] = {}
        for specimen, source in zip(reversed(line), [None, *reversed(line)], strict=False):
            made, frozen = specimen.processed_at, source.frozen_at if source else None
            if made and frozen and frozen <= made:
                limits = {}  # it comes out of a freezer and is not late for one
            around: list[Requirement] = []
            here = self.requirements.get(specimen.requirement_id) if specimen.requirement_id else None
            while here:
                around.append(here)
                here = self.requirements.get(here.parent_id) if here.parent_id else None
            for requirement in reversed(around):
                limits |= requirement.limits
        return limits

    def _protocol(self, specimen: Specimen) -> UUID | None:
        """The version its requirement stands in; of an unplanned one, that in force."""
        asked = specimen.requirement_id
        return self.protocol_of.get(asked) if asked else self.in_force.get(specimen.study_id)


def _lineages(session: Session, specimens: Sequence[Specimen]) -> dict[UUID, Lineage]:
    lines = _lines(session, specimens)
    everybody = {each.id: each for line in lines.values() for each in line}
    spins: dict[UUID, list[Spin]] = defaultdict(list)
    for spin in _of(session, Spin, everybody):
        spins[spin.specimen_id].append(spin)
    primaries = {line[-1].id for line in lines.values()}
    collections = {row.specimen_id: row for row in _of(session, Collection, primaries)}
    rules = _rules(session, everybody.values())
    return {
        key: Lineage(
            line=line,
            spins=_spins(line, spins),
            collection=collections.get(line[-1].id),
            drawn_in=rules.vessel(line[-1]),
            stands_in=rules.vessel(line[0]),
            limits=rules.limits(line),
        )
        for key, line in lines.items()
    }


def _lines(session: Session, specimens: Sequence[Specimen]) -> dict[UUID, list[Specimen]]:
    known = {specimen.id: specimen for specimen in specimens}
    parents = {specimen.parent_id for specimen in specimens if specimen.parent_id}
    known |= {each.id: each for each in _ancestors(session, parents)} if parents else {}
    lines: dict[UUID, list[Specimen]] = {}
    for specimen in specimens:
        line = lines[specimen.id] = [specimen]
        while line[-1].parent_id:
            line.append(known[line[-1].parent_id])
    return lines


def _ancestors(session: Session, ids: Several[UUID]) -> Sequence[Specimen]:
    """These specimens and all that they were made of."""
    one = core_select(col(Specimen.id), col(Specimen.parent_id))
    up = one.where(col(Specimen.id).in_(ids)).cte("up", recursive=True)
    up = up.union(one.join(up, up.c.parent_id == col(Specimen.id)))
    return session.exec(select(Specimen).join(up, up.c.id == col(Specimen.id))).all()


def _of(session: Session, table: type[Any], specimen_ids: Iterable[UUID]) -> Sequence[Any]:
    return session.exec(select(table).where(col(table.specimen_id).in_(list(specimen_ids)))).all()


def _rules(session: Session, specimens: Iterable[Specimen]) -> _Rules:
    everybody = list(specimens)
    asked = {each.requirement_id for each in everybody if each.requirement_id}
    found = _requirements(session, asked) if asked else []
    protocol_of = {requirement.id: protocol for requirement, protocol in found}
    unplanned = {each.study_id for each in everybody if not each.requirement_id}
    studies = select(Study.id, Study.protocol_id).where(col(Study.id).in_(unplanned))
    in_force = dict(session.exec(studies).all()) if unplanned else {}
    versions = {*protocol_of.values(), *in_force.values()}
    vessels = session.exec(select(Vessel).where(col(Vessel.protocol_id).in_(versions)))
    return _Rules(
        requirements={requirement.id: requirement for requirement, _ in found},
        protocol_of=protocol_of,
        in_force=in_force,
        vessels={(vessel.protocol_id, vessel.name): vessel for vessel in vessels},
    )


def _requirements(session: Session, ids: Several[UUID]) -> Sequence[tuple[Requirement, UUID]]:
    """These requirements and all others of their events, each with its protocol."""
    events = core_select(col(Requirement.event_id)).where(col(Requirement.id).in_(ids))
    asked = select(Requirement, Event.protocol_id).join(Event, col(Event.id) == col(Requirement.event_id))
    return session.exec(asked.where(col(Requirement.event_id).in_(events))).all()


def _spins(line: Sequence[Specimen], spins: Mapping[UUID, Sequence[Spin]]) -> list[Spin]:
    """The spins along a line. What was spun again after this was taken of it was spun without this."""
    until = line[0].frozen_at
    found: list[Spin] = []
    for specimen in line:
        found += [spin for spin in spins.get(specimen.id, ()) if until is None or spin.at <= until]
        made = specimen.processed_at
        until = made if until is None else min(until, made or until)
    return sorted(found, key=lambda spin: (spin.at, spin.number))


def _first(lineage: Lineage, name: str) -> Any:
    """A time as it is known of the primary, else of the first thing made of it that tells one."""
    return next((when for each in reversed(lineage.line) if (when := getattr(each, name))), None)


def _spun(spin: Spin) -> Spun:
    return Spun(
        g=spin.g,
        minutes=spin.minutes,
        celsius=spin.celsius,
        brake=spin.brake,
        at=spin.at,
        kept_after=spin.kept_after,
    )
