"""How each slot of a counted box ended: what was scanned there, held against what should have been. Pure."""

from collections.abc import Iterable, Mapping, Sequence
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
    """A tube that should be at a slot of the box: as the audit began, or by a move before it was counted.

    `moved_by` is the event by which its record has left that slot since; None where it has not.
    """

    tube: UUID
    slot: Slot
    moved_by: UUID | None = None


class Seen(msgspec.Struct, frozen=True):
    """One scan: where, and what. `tube` is None where the code names nothing that is known.

    `was` is where the tube's record had it at that moment; None where it stood in no slot.
    """

    spot: Spot
    mark: Mark
    text: str = ""
    tube: UUID | None = None
    was: Spot | None = None

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


# --- rules ---


def judge(
    expected: Iterable[Expected], scans: Sequence[Seen], elsewhere: Mapping[UUID, Seen]
) -> list[Outcome]:
    """One outcome for each tube that should be in a box or was scanned there, and for each other code.

    `scans` are of this box, oldest first: of two at one slot the newer counts. `elsewhere` has the newest
    scan of each tube in another box of the same audit. What was moved by the log while the audit ran is
    found, not missing: its move was a sighting.
    """
    now = list({_spot(scan): scan for scan in scans}.values())
    awaited = {each.tube: each for each in expected}
    seen: dict[UUID, list[Seen]] = {}
    for scan in now:
        if scan.tube is not None:
            seen.setdefault(scan.tube, []).append(scan)
    outcomes = [_of_seen(some, awaited.get(tube), elsewhere.get(tube)) for tube, some in seen.items()]
    strange = {_spot(scan): scan for scan in now if scan.tube is None and scan.mark is not Mark.EMPTY}
    for tube, each in awaited.items():
        if tube not in seen:
            outcomes.append(_of_absent(each, strange, elsewhere.get(tube)))
    return [*outcomes, *(_strange(scan) for scan in strange.values())]


def errors(results: Iterable[Result]) -> int:
    """How many of these are findings."""
    return sum(1 for result in results if result not in (Result.FOUND, Result.EMPTY))


# --- how ---


def _spot(scan: Seen) -> tuple[Slot, object]:
    """What a newer scan takes the place of: that at its slot, or of the same text where there are none."""
    return scan.spot.slot, (scan.tube or scan.text) if scan.spot.slot.row is None else None


def _of_seen(scans: list[Seen], awaited: Expected | None, beside: Seen | None) -> Outcome:
    """A tube that was scanned in this box, once or at several slots of it, and perhaps in another box.

    Whoever carries a tube on tells the log: where its record was the same at two scans, there are two of it.
    """
    every = [*scans, *([beside] if beside else [])]
    # Of two tubes with one code the one to be looked at is that which stands where it should not; and what
    # was found to be wrong stays a finding though the tube was carried to where its record has it since.
    told = next((scan for scan in every if not scan.rightly), scans[0])
    twice = len({scan.was for scan in every}) < len(every)
    slot = awaited.slot if awaited else None
    return Outcome(Result.DUPLICATE if twice else _where(told), told.tube, slot, told.spot, told.text)


def _where(scan: Seen) -> Result:
    if scan.was is None:
        return Result.UNEXPECTED
    if scan.rightly:
        return Result.FOUND
    same = scan.was.container_id == scan.spot.container_id
    return Result.WRONG_SLOT if same else Result.WRONG_CONTAINER


def _of_absent(awaited: Expected, strange: dict[tuple[Slot, object], Seen], beside: Seen | None) -> Outcome:
    """A tube that should be in this box and was not scanned there.

    Where a code stands in its slot that nobody can read or knows, the slot ends as that, and that scan is
    taken out of `strange`: it is one thing to be looked at, not two.
    """
    if beside and not beside.rightly:
        return Outcome(_where(beside), awaited.tube, awaited.slot, beside.spot, beside.text)
    if beside or awaited.moved_by:
        return Outcome(Result.FOUND, awaited.tube, awaited.slot, moved_by=awaited.moved_by)
    if scan := strange.pop((awaited.slot, None), None):
        return _strange(scan, awaited)
    return Outcome(Result.MISSING, awaited.tube, awaited.slot)


def _strange(scan: Seen, awaited: Expected | None = None) -> Outcome:
    result = Result.UNREADABLE if scan.mark is Mark.UNREADABLE else Result.UNKNOWN
    tube, slot = (awaited.tube, awaited.slot) if awaited else (None, None)
    return Outcome(result, tube, slot, scan.spot, scan.text)
