"""Where the cursor stands while a box is counted, and where it goes next. Pure.

Guided, it goes from one tube that is awaited to the next; in a blind audit, from slot to slot. Its text in
the address is the slot's name where somebody chose it, `A4~` where it came there by itself, and `A4~?S...`
while it is asked what a scan of that code meant.
"""

import re
from collections.abc import Collection

import msgspec

from biobank import codes
from biobank.audits import Counting, SlotSeen
from biobank.tables import Mark

_TEXT = re.compile(r"([A-Z0-9-]{0,12})(~?)(?:\?(.{1,100}))?")


class Cursor(msgspec.Struct, frozen=True):
    """The slot that the next scan is of; `asked` is the code that a question is open about."""

    slot: str = ""
    walking: bool = False
    asked: str = ""

    @property
    def at(self) -> str:
        """How it is told in the address."""
        return f"{self.slot}{'~' * self.walking}{'?' * bool(self.asked)}{self.asked}"


def stand(box: Counting, at: str, mine: str = "") -> Cursor:
    """Where the cursor stands: as told, or else after the slot that `mine` scanned last here."""
    found = _TEXT.fullmatch(at)
    if found and any(
        slot.name == found[1] for slot in box.slots
    ):  # unplaced things have slots without a name
        return Cursor(found[1], found[2] != "", found[3] or "")
    last = last_of(box, mine)
    return walk(box, last.name if last else "")


def walk(box: Counting, slot: str = "", told: Collection[str] = ()) -> Cursor:
    """The cursor at the next slot that is to be scanned after this one, over the end to the beginning.

    Where no tube is awaited any more it is the first slot that nobody looked at; nowhere where there is none.
    `told` were scanned just now.
    """
    left = [each for each in _from(box, slot) if not each.mark and each.name not in told]
    here = at(box, slot)
    # What nobody awaits is walked through from the beginning, once all that is awaited was scanned.
    rest = left if here and not awaits(box, here) else [each for each in box.slots if each in left]
    found = next((each for each in left if awaits(box, each)), next(iter(rest), None))
    return Cursor(found.name, walking=True) if found and found.name else Cursor()


def next_row(box: Counting, slot: str) -> Cursor:
    """The cursor at the next slot that is to be scanned in a row further on."""
    here = at(box, slot)
    passed = {_line(box, each) for each in box.slots[: box.slots.index(here) + 1]} if here else set()
    for each in _from(box, slot):
        if not each.mark and awaits(box, each) and _line(box, each) not in passed:
            return Cursor(each.name, walking=True)
    return walk(box, slot)


def at(box: Counting, slot: str) -> SlotSeen | None:
    """The slot of that name."""
    return next((each for each in box.slots if slot and each.name == slot), None)


def has_slots(box: Counting) -> bool:
    """Whether tubes stand in slots there, and do not lie unplaced."""
    return any(each.name for each in box.slots)


def awaits(box: Counting, slot: SlotSeen) -> bool:
    """Whether something is to be scanned in this slot."""
    return bool(slot.expected) or box.blind or not box.whole


def unseen(box: Counting, told: Collection[str] = ()) -> list[SlotSeen]:
    """What was awaited and not looked at yet."""
    left = [each for each in box.slots if not each.mark and awaits(box, each)]
    return [each for each in left if (each.name or each.expected) not in told]


def seen_at(box: Counting, code: str) -> SlotSeen | None:
    """Where a tube, or a code that is nobody's, was scanned in this count."""
    scanned = (each for each in box.slots if each.mark == Mark.TUBE)
    return next((each for each in scanned if code in (each.tube, codes.fold(each.text))), None)


def last_of(box: Counting, mine: str, before: str = "") -> SlotSeen | None:
    """The slot that a person scanned last, or that before a slot they went back to."""
    scanned = [each for each in box.slots if each.mark and each.by == mine and each.seen_at]
    ordered = sorted(scanned, key=lambda each: str(each.seen_at))
    names = [each.name for each in ordered]
    here = names.index(before) if before in names else len(ordered)
    return ordered[here - 1] if here else None


def next_door(box: Counting, cursor: Cursor, code: str) -> str:
    """The next slot, where the tube in the hand is expected there and not here: this one may be empty.

    Once a row is seen to be shifted, it is not asked again in it.
    """
    here = at(box, cursor.slot)
    if box.blind or here is None or not here.expected or code == here.expected:
        return ""
    there = at(box, walk(box, cursor.slot, [cursor.slot]).slot)
    if there is None or there.expected != code:
        return ""
    place = box.slots.index(here)
    is_shifted = place > 0 and box.slots[place - 1].tube == here.expected
    return "" if is_shifted else there.name


def _from(box: Counting, slot: str) -> list[SlotSeen]:
    """Every other slot, from the one after this on."""
    here = at(box, slot)
    place = box.slots.index(here) + 1 if here else 0
    return [*box.slots[place:], *box.slots[: max(place - 1, 0)]]


def _line(box: Counting, slot: SlotSeen) -> int | None:
    """The row of a slot, or its column where the box is filled by columns."""
    by_column = len(box.slots) > 1 and box.slots[0].col == box.slots[1].col
    return slot.col if by_column else slot.row
