"""The verdict on every well: the file of a rack scanner held against the database, before any write."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from biobank import clock, codes, people, storage
from biobank.people import Actor, May
from biobank.racks.reading import Reading, Said, Well, require_grid
from biobank.racks.turning import fit, turned
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.tables import (
    PRESENT,
    Container,
    ContainerType,
    Identifier,
    Keep,
    KeepKind,
    Placement,
    Specimen,
)
from biobank.texts import N_


class Verdict(StrEnum):
    """What a well of the file is, held against what is known."""

    MATCH = "match"
    NEW_HERE = "new_here"
    MOVED_FROM = "moved_from"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    ABSENT = "absent"
    DUPLICATE = "duplicate"
    EMPTY = "empty"


GOOD = (Verdict.MATCH, Verdict.NEW_HERE, Verdict.MOVED_FROM)
"""What can be confirmed, where nothing stands in its way."""

STOPS: dict[str, str] = {
    "ended": N_("This tube has ended, or was never drawn."),
    "held": N_("This slot holds another tube, which the file does not show elsewhere."),
    "kept": N_("This slot is kept for something else, or blocked."),
    "two_codes": N_("Two codes of the file are of this one tube."),
    "two_tubes": N_("This code is of more than one tube."),
}
"""Why a well cannot be confirmed although its tube is known."""


class WellRow(msgspec.Struct, frozen=True):
    """One slot of the box: what the file says of it, what the database does, and the verdict.

    `code` stands in the file, `tube` is our code of it; `expected` is the tube that is stored here.
    `path` is where a moved tube comes from; `good` is whether it can be confirmed, else `stop` says why
    not where the verdict does not.
    """

    slot: str
    row: int
    col: int
    line: int
    verdict: Verdict
    code: str = ""
    tube: str = ""
    material: str = ""
    expected: str = ""
    path: str = ""
    good: bool = False
    stop: str = ""


class RackVerdict(msgspec.Struct, frozen=True):
    """A whole rack: how the file was read, every well with anything to say, and the counts.

    `turned` is whether the wells are told as with the rack turned by half a circle; `seems_turned`
    whether that would fit better than how they are told now.
    """

    box: str
    name: str
    rack: str
    rack_fits: bool
    profile: str
    rack_from: str
    rows: int
    cols: int
    turned: bool
    seems_turned: bool
    wells: list[WellRow]
    counts: dict[str, int]

    @property
    def good(self) -> list[str]:
        """The slots that can be confirmed."""
        return [well.slot for well in self.wells if well.good]

    @property
    def bad(self) -> list[WellRow]:
        """The wells that somebody has to look at."""
        return [well for well in self.wells if not well.good and well.verdict is not Verdict.EMPTY]

    @property
    def absent(self) -> list[WellRow]:
        """The tubes that are stored here, and that the file shows nowhere."""
        return [well for well in self.wells if well.verdict is Verdict.ABSENT]


class Known(msgspec.Struct, frozen=True):
    """A tube as the verdict needs it."""

    id: UUID
    code: str
    material: str
    present: bool
    container_id: UUID | None
    slot: Slot
    out: bool


class Stored(msgspec.Struct, frozen=True):
    """What is in a slot of the box: a tube, or a keep for one; no code out of the reader's scope."""

    code: str
    material: str
    occupied: bool
    blocks: bool


def judge(
    session: Session, actor: Actor, box: Container, kind: ContainerType, reading: Reading, *, turn: bool
) -> RackVerdict:
    """Hold a file against a box: a handful of statements, whatever the biobank holds.

    Refused: wells that the box does not have, a file of another grid.
    """
    grid = Grid.of(kind)
    require_grid(reading, grid)
    wells = turned(grid, reading.wells) if turn else reading.wells
    known = tubes_of(session, actor, [well.code for well in wells if well.said is Said.TUBE])
    stored = _stored(session, actor, box)
    rows = _settled([_row(box, grid, well, known, stored) for well in wells], stored)
    rows = _with_paths(session, [*rows, *_untold(grid, rows, stored)], known)
    found = {Slot(well.row, well.col): one.code for well in wells if (one := _single(known, well))}
    fitting = fit(grid, found, {slot: held.code for slot, held in stored.items() if held.code})
    return RackVerdict(
        box=box.code,
        name=box.name,
        rack=reading.rack,
        rack_fits=names(box, reading.rack),
        profile=reading.layout.profile.value,
        rack_from=reading.layout.rack_from.value,
        rows=grid.rows or 0,
        cols=grid.cols or 0,
        turned=turn,
        seems_turned=fitting.is_turned,
        wells=sorted(rows, key=lambda row: (row.row, row.col)),
        counts=dict(Counter(row.verdict.value for row in rows)),
    )


def names(box: Container, rack: str) -> bool:
    """Whether a rack's code is that of the box: ours, or the one its manufacturer gave it."""
    return bool(rack) and (codes.read(rack) == box.code or codes.fold(box.barcode or "") == codes.fold(rack))


def tubes_of(session: Session, actor: Actor, texts: Iterable[str]) -> dict[str, list[Known]]:
    """The tubes that these codes name in the actor's scope, by the text: ours, else outside identifiers."""
    wanted = list(texts)
    ours = {code: text for text in wanted if (code := codes.read(text)) and code[0] == "S"}
    spelled = {spelling: text for text in wanted for spelling in (codes.fold(text), text)}
    found: dict[str, dict[UUID, Known]] = {text: {} for text in wanted}
    for code, *rest in session.execute(_known(actor).where(col(Specimen.code).in_(list(ours)))).all():
        found[ours[code]][rest[0]] = _one(code, *rest)
    by_identifier = (
        _known(actor)
        .add_columns(col(Identifier.value))
        .join(Identifier, col(Identifier.specimen_id) == col(Specimen.id))
        .where(col(Identifier.value).in_(list(spelled)))
    )
    for code, *rest, value in session.execute(by_identifier).all():
        found[spelled[value]][rest[0]] = _one(code, *rest)
    return {text: list(each.values()) for text, each in found.items()}


# --- how ---

_standing, _waiting = aliased(Placement), aliased(Placement)


def _known(actor: Actor) -> Any:
    return (
        core_select(
            col(Specimen.code),
            col(Specimen.id),
            col(Specimen.material),
            col(Specimen.life),
            func.coalesce(col(_standing.container_id), col(_waiting.container_id)),
            func.coalesce(col(_standing.row), col(_waiting.row)),
            func.coalesce(col(_standing.col), col(_waiting.col)),
            col(_waiting.id),
        )
        .outerjoin(_standing, col(_standing.specimen_id) == col(Specimen.id))
        .outerjoin(Keep, col(Keep.specimen_id) == col(Specimen.id))
        .outerjoin(_waiting, col(_waiting.keep_id) == col(Keep.id))
        .where(people.visible(actor, May.SEE, Specimen))
    )


def _one(code: str, key: UUID, material: str, life: Any, *place: Any) -> Known:
    container_id, row, column, waiting = place
    return Known(key, code, material, life in PRESENT, container_id, Slot(row, column), waiting is not None)


def _stored(session: Session, actor: Actor, box: Container) -> dict[Slot, Stored]:
    """The slots of the box that hold anything; a keep's tube is the one it waits for, or is meant for."""
    whose = func.coalesce(col(Placement.specimen_id), col(Keep.specimen_id), col(Keep.reserved_for_id))
    asked = (
        core_select(Placement, Keep, Specimen, people.visible(actor, May.SEE, Specimen).label("seen"))
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .outerjoin(Specimen, col(Specimen.id) == whose)
        .where(col(Placement.container_id) == box.id)
    )
    found: dict[Slot, Stored] = {}
    for placement, keep, tube, seen in session.execute(asked).all():
        told = tube is not None and seen
        found[Slot(placement.row, placement.col)] = Stored(
            code=tube.code if told else "",
            material=tube.material if told else "",
            occupied=placement.specimen_id is not None,
            blocks=keep is None or _blocks(keep, actor),
        )
    return found


def _blocks(keep: Keep, actor: Actor) -> bool:
    """Whether a keep stands in the way of any tube but the one it is for; as `maps.taken` has it."""
    if keep.kind is not KeepKind.RESERVED or keep.ends_at is None:
        return True
    own = keep.reserved_for_id is None and keep.owner_id == actor.id
    return keep.ends_at > clock.now() and not own


def _single(known: dict[str, list[Known]], well: Well) -> Known | None:
    found = known.get(well.code, []) if well.said is Said.TUBE else []
    return found[0] if len(found) == 1 else None


def _row(
    box: Container, grid: Grid, well: Well, known: dict[str, list[Known]], stored: dict[Slot, Stored]
) -> WellRow:
    slot = Slot(well.row, well.col)
    held = stored.get(slot)
    expected = held.code if held and held.occupied else ""
    row = WellRow(slot_name(grid, slot), well.row, well.col, well.line, Verdict.EMPTY, expected=expected)
    if well.said is not Said.TUBE:
        if well.said is Said.NO_READ:
            verdict = Verdict.UNREADABLE
        else:
            verdict = Verdict.ABSENT if held and held.occupied else Verdict.EMPTY
        material = held.material if held and held.occupied else ""
        return msgspec.structs.replace(row, verdict=verdict, material=material)
    row = msgspec.structs.replace(row, code=well.code)
    tube = _single(known, well)
    if tube is None:
        several = len(known.get(well.code, [])) > 1
        verdict = Verdict.DUPLICATE if several else Verdict.UNKNOWN
        return msgspec.structs.replace(row, verdict=verdict, stop="two_tubes" if several else "")
    verdict = _place_of(tube, box, slot)
    stop = "" if tube.present else "ended"
    return msgspec.structs.replace(
        row, verdict=verdict, tube=tube.code, material=tube.material, good=not stop, stop=stop
    )


def _place_of(tube: Known, box: Container, slot: Slot) -> Verdict:
    if tube.container_id is None:
        return Verdict.NEW_HERE
    if (tube.container_id, tube.slot) != (box.id, slot):
        return Verdict.MOVED_FROM
    return Verdict.NEW_HERE if tube.out else Verdict.MATCH


def _settled(rows: Sequence[WellRow], stored: Mapping[Slot, Stored]) -> list[WellRow]:
    """Tubes named by two wells are duplicates; a slot is free when its tube is confirmed elsewhere.

    What stands still holds its slot, and so on from slot to slot, until nothing changes. A tube that is
    seen at another well of the file is absent nowhere: its own slot is empty.
    """
    often = Counter(row.tube for row in rows if row.tube)
    settled: list[WellRow] = []
    for row in rows:
        told = row
        if often[row.tube] > 1:
            told = msgspec.structs.replace(row, verdict=Verdict.DUPLICATE, good=False, stop="two_codes")
        elif row.verdict is Verdict.ABSENT and row.expected in often:
            told = msgspec.structs.replace(row, verdict=Verdict.EMPTY)
        settled.append(told)
    while True:
        leave = {row.tube for row in settled if row.good}
        held = {row.slot: stop for row in settled if row.good and (stop := _held(row, stored, leave))}
        if not held:
            return settled
        settled = [
            msgspec.structs.replace(row, good=False, stop=held[row.slot]) if row.slot in held else row
            for row in settled
        ]


def _held(row: WellRow, stored: Mapping[Slot, Stored], leave: AbstractSet[str]) -> str:
    """Why the slot of a well is not free for its tube; empty where it is."""
    held = stored.get(Slot(row.row, row.col))
    if held is None or not held.blocks or held.code == row.tube or held.code in leave:
        return ""
    return "held" if held.occupied else "kept"


def _untold(grid: Grid, rows: Sequence[WellRow], stored: Mapping[Slot, Stored]) -> list[WellRow]:
    """The tubes that are stored at slots of which the file does not speak, and that it shows nowhere."""
    told = {Slot(row.row, row.col) for row in rows}
    seen = {row.tube for row in rows if row.tube}
    return [
        WellRow(
            slot_name(grid, slot),
            slot.row or 0,
            slot.col or 0,
            0,
            Verdict.ABSENT,
            expected=held.code,
            material=held.material,
        )
        for slot, held in stored.items()
        if held.occupied and slot not in told and held.code not in seen
    ]


def _with_paths(session: Session, rows: Sequence[WellRow], known: dict[str, list[Known]]) -> list[WellRow]:
    """Where moved tubes come from: the names on the way, and the slot."""
    tubes = {each.code: each for some in known.values() for each in some}
    moved = [tubes[row.tube] for row in rows if row.verdict is Verdict.MOVED_FROM]
    boxes = list({tube.container_id for tube in moved if tube.container_id})
    ways, grids = storage.paths(session, boxes), storage.grids(session, boxes)
    told: dict[str, str] = {}
    for tube in moved:
        if tube.container_id:
            slot = slot_name(grids[tube.container_id], tube.slot)
            names = [step.name for step in ways[tube.container_id]]
            told[tube.code] = " · ".join([*names, *([slot] if slot else [])])
    return [msgspec.structs.replace(row, path=told[row.tube]) if row.tube in told else row for row in rows]
