"""How each slot of a counted box ended: what was scanned there, held against what should have been. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from biobank.storage.geometry import Slot
from biobank.tables import Mark, Result

# --- words ---


class Spot(msgspec.Struct, frozen=True):
    """A slot of a container."""

    container_id: UUID
    slot: Slot


class Expected(msgspec.Struct, frozen=True):
    """A tube that should be at a slot of the box; without a tube, a slot that was drawn and should be empty.

    `moved_by` is the event by which it was carried away, or carried within the box while that was counted;
    None where it should stand there.
    """

    tube: UUID | None
    slot: Slot
    moved_by: UUID | None = None


class Seen(msgspec.Struct, frozen=True):
    """One scan: where, and what. `tube` is None where the code names nothing that is known.

    `was` is where the tube's record had it at that moment; None where it stood in no slot. `settled` is a
    scan of a tube that was put back to where its record has it since.
    """

    spot: Spot
    mark: Mark
    text: str = ""
    tube: UUID | None = None
    was: Spot | None = None
    settled: bool = False
    at: datetime | None = None

    @property
    def rightly(self) -> bool:
        """Whether the record had the tube just where it was scanned."""
        return self.was == self.spot


class Outcome(msgspec.Struct, frozen=True):
    """How a tube, or a code that is nobody's, ended: the word for it, where it should be, where it was."""

    result: Result
    tube: UUID | None = None
    expected: Slot | None = None
    found: Spot | None = None
    text: str = ""
    moved_by: UUID | None = None


Where = tuple[Slot, object]
"""A slot of the box, and what tells things apart where there are no slots."""

# --- rules ---


def judge(
    expected: Sequence[Expected], scans: Sequence[Seen], elsewhere: Mapping[UUID, Sequence[Seen]]
) -> list[Outcome]:
    """One outcome for each tube that should be in a box or was scanned there, and for each other thing.

    `scans` are of this box, oldest first: of two at one slot the newer counts. `elsewhere` has the scans
    of each tube that count in other boxes of the audit, oldest first. What was moved by the log while the
    audit ran is found, not missing: its move was a sighting.
    """
    now = standing(scans)
    awaited = {each.tube: each for each in expected if each.tube}
    seen: dict[UUID, list[Seen]] = {}
    for scan in now.values():
        if scan.tube is not None:
            seen.setdefault(scan.tube, []).append(scan)
    strange = {
        where: scan for where, scan in now.items() if scan.tube is None and scan.mark is not Mark.EMPTY
    }
    absent = [each for tube, each in awaited.items() if tube not in seen]
    return [
        *(_of_seen(some, awaited.get(tube), elsewhere.get(tube, ())) for tube, some in seen.items()),
        *(_of_absent(each, strange, elsewhere.get(tube, ())) for each in absent if (tube := each.tube)),
        *(_of_drawn(each, now, strange) for each in expected if each.tube is None),
        *(_strange(scan) for scan in strange.values()),
    ]


def standing(scans: Sequence[Seen]) -> dict[Where, Seen]:
    """What stands where, of the scans of a box, oldest first: a newer one takes the place of an older one.

    Where things lie unplaced, the same code is the same thing, and each that cannot be read is its own.
    """
    return {_spot(scan, at): scan for at, scan in enumerate(scans)}


# --- how ---


def _spot(scan: Seen, at: int) -> Where:
    if scan.spot.slot.row is not None:
        return scan.spot.slot, None
    return scan.spot.slot, at if scan.mark is Mark.UNREADABLE else scan.tube or scan.text


def _of_seen(scans: Sequence[Seen], awaited: Expected | None, beside: Sequence[Seen]) -> Outcome:
    """A tube that was scanned in this box, once or at several slots of it, or in other boxes.

    Whoever carries a tube on tells the log: where its record was the same at two scans, there are two of it.
    """
    every = [*scans, *beside]
    # Of two tubes with one code the one to be looked at is that which stands where it should not; and what
    # was found to be wrong stays a finding though the tube was carried to where its record has it since.
    told = next((scan for scan in every if not scan.rightly), every[0])
    there = [scan.was for scan in every if not scan.settled]
    twice = len(set(there)) < len(there)
    slot = awaited.slot if awaited else None
    return Outcome(Result.DUPLICATE if twice else _where(told), told.tube, slot, told.spot, told.text)


def _where(scan: Seen) -> Result:
    if scan.was is None:
        return Result.UNEXPECTED
    if scan.rightly:
        return Result.FOUND
    same = scan.was.container_id == scan.spot.container_id
    return Result.WRONG_SLOT if same else Result.WRONG_CONTAINER


def _of_absent(awaited: Expected, strange: dict[Where, Seen], beside: Sequence[Seen]) -> Outcome:
    """A tube that should be in this box and was not scanned there.

    Where a code stands in its slot that nobody can read or knows, the slot ends as that, and that scan is
    taken out of `strange`: it is one thing to be looked at, not two.
    """
    there = [scan for scan in beside if not scan.settled]
    if any(not scan.rightly for scan in there):
        return _of_seen((), awaited, there)
    if awaited.moved_by:
        return Outcome(Result.FOUND, awaited.tube, awaited.slot, moved_by=awaited.moved_by)
    if scan := strange.pop((awaited.slot, None), None):
        return _strange(scan, awaited)
    return Outcome(Result.MISSING, awaited.tube, awaited.slot)


def _of_drawn(drawn: Expected, now: Mapping[Where, Seen], strange: dict[Where, Seen]) -> Outcome:
    """A slot that was drawn and should be empty. Of a known tube that stands in it that one's line tells."""
    scan = now.get((drawn.slot, None))
    if scan and scan.tube:
        return Outcome(Result.FOUND, None, drawn.slot, scan.spot, scan.text)
    if scan := strange.pop((drawn.slot, None), None):
        return _strange(scan, drawn)
    return Outcome(Result.EMPTY, None, drawn.slot)


def _strange(scan: Seen, awaited: Expected | None = None) -> Outcome:
    result = Result.UNREADABLE if scan.mark is Mark.UNREADABLE else Result.UNKNOWN
    tube, slot = (awaited.tube, awaited.slot) if awaited else (None, None)
    return Outcome(result, tube, slot, scan.spot, scan.text)
