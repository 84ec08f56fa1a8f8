"""A specimen's family: what it was made of, up to the tube that was drawn, and all that was made of that."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import codes, custody, people
from biobank.codes import CodeKind
from biobank.custody import Chain
from biobank.people import Actor, May
from biobank.specimens.cards import require_seen
from biobank.specimens.listing import SpecimenRow, rows
from biobank.tables import Specimen

DEEPEST = 8
"""So many steps up and down; a guard against a circle in a damaged database."""
MOST = 500
"""So many tubes are told of; a family that is larger is told in part, and says so."""


class Branch(msgspec.Struct, frozen=True):
    """A tube with the tubes that were made of it, in the order in which they were registered."""

    row: SpecimenRow
    made: list["Branch"]


class Family(msgspec.Struct, frozen=True):
    """The tree from the tube that was drawn. `line` are the codes from there to the tube asked for.

    `count` is how many it has; with `more` there are others that are not told.
    """

    root: Branch
    line: list[str]
    count: int
    more: bool


# --- questions ---


def tree(session: Session, actor: Actor, text: str) -> Family:
    """The family of a specimen within the actor's scope. Refused: as its card."""
    specimen = require_seen(session, actor, codes.require(text, CodeKind.SPECIMEN))
    line = _line(session, actor, specimen)
    members, level = [line[0]], [line[0].id]
    for _ in range(DEEPEST):
        found = _made_of(session, actor, level, MOST + 1 - len(members)) if level else []
        members += found
        level = [each.id for each in found]
    told = members[:MOST]
    told += [each for each in line if each not in told]
    by_parent: dict[UUID | None, list[tuple[Specimen, SpecimenRow]]] = {}
    for each, row in zip(told, rows(session, told), strict=True):
        by_parent.setdefault(each.parent_id if each is not line[0] else None, []).append((each, row))
    root = _branch(*by_parent[None][0], by_parent)
    return Family(root, [each.code for each in line], len(told), len(members) > MOST)


def chain(session: Session, actor: Actor, text: str) -> Chain:
    """Whether the history of a specimen holds: every entry, link and state of it. Refused: as its card."""
    specimen = require_seen(session, actor, codes.require(text, CodeKind.SPECIMEN))
    return custody.chain(session, specimen.id)


# --- how ---


def _line(session: Session, actor: Actor, specimen: Specimen) -> list[Specimen]:
    """From the tube that was drawn, as far up as the actor sees, to this one."""
    line = [specimen]
    while line[0].parent_id and len(line) < DEEPEST:
        parent = session.get(Specimen, line[0].parent_id)
        if parent is None or parent in line or not people.allowed(actor, May.SEE, parent):
            break
        line.insert(0, parent)
    return line


def _made_of(session: Session, actor: Actor, parents: Sequence[UUID], most: int) -> list[Specimen]:
    asked = select(Specimen).where(
        col(Specimen.parent_id).in_(parents), people.visible(actor, May.SEE, Specimen)
    )
    return list(session.exec(asked.order_by(col(Specimen.id)).limit(max(0, most))).all())


def _branch(
    specimen: Specimen, row: SpecimenRow, by_parent: dict[UUID | None, list[tuple[Specimen, SpecimenRow]]]
) -> Branch:
    return Branch(row, [_branch(*each, by_parent) for each in by_parent.get(specimen.id, ())])
