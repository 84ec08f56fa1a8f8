"""Strategies for choosing boxes: which tube goes to which room. Pure; the slots are counted, not named."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from uuid import UUID

import msgspec

from biobank.storage.rooms import Room, Traits


class Strategy(StrEnum):
    """How boxes are chosen.

    `first_free` fills them in the order they stand in; `least_empty` those first that are nearly full;
    `together` puts a participant's tubes into one box; `split` puts what was made of one specimen into two
    freezers in turn; `origin` puts each tube back to the slot that is kept for it, or where it was last.
    """

    FIRST_FREE = "first_free"
    LEAST_EMPTY = "least_empty"
    TOGETHER = "together"
    SPLIT = "split"
    ORIGIN = "origin"


class Guest(msgspec.Struct, frozen=True):
    """A tube that looks for a place: whose it is, and what it was made of."""

    id: UUID
    person: UUID
    family: UUID
    traits: Traits


Seated = dict[UUID, UUID]
"""The room of each tube; a tube that found none is left out."""


class Hall:
    """Rooms that fill up while guests are shown to them."""

    def __init__(self, rooms: Iterable[Room]) -> None:
        self.rooms = list(rooms)
        self.left = {room.id: room.free for room in self.rooms}
        self.seated: Seated = {}
        self._open: dict[Traits, list[Room]] = {}

    def suiting(self, traits: Traits) -> list[Room]:
        """The rooms that take such a tube and are not full, in their order."""
        rooms = self._open.get(traits)
        if rooms is None:
            rooms = self._open[traits] = [room for room in self.rooms if room.takes(traits)]
        # Most often it is the first one that fills: only then is there anything to leave out.
        if any(self.left[room.id] <= 0 for room in rooms[:1]):
            rooms = self._open[traits] = [room for room in rooms if self.left[room.id] > 0]
        return rooms

    def seat(self, guest: Guest, room: Room) -> None:
        """Give a guest one of the places of a room."""
        self.left[room.id] -= 1
        self.seated[guest.id] = room.id

    def seat_first(self, guests: Iterable[Guest]) -> None:
        """Give each guest the first room there is."""
        for guest in guests:
            rooms = (room for room in self.suiting(guest.traits) if self.left[room.id] > 0)
            if found := next(rooms, None):
                self.seat(guest, found)


def first_free(guests: Sequence[Guest], rooms: Sequence[Room]) -> Seated:
    """In the order in which the boxes stand."""
    hall = Hall(rooms)
    hall.seat_first(guests)
    return hall.seated


def least_empty(guests: Sequence[Guest], rooms: Sequence[Room]) -> Seated:
    """The fullest boxes first, so that as few as possible stay half empty."""
    return first_free(guests, sorted(rooms, key=lambda room: room.free))


def together(
    guests: Sequence[Guest], rooms: Sequence[Room], there: Mapping[tuple[UUID, UUID], int]
) -> Seated:
    """A participant's tubes in one box: where most of theirs are, else the first with room for all.

    `there` counts, by person and box, what stands there already. Where no box has room for all of them,
    they fill the roomiest ones.
    """
    hall = Hall(rooms)
    for person, group in _grouped(guests, lambda guest: guest.person):
        fits = [
            room
            for room in hall.suiting(group[0].traits)
            if hall.left[room.id] >= len(group) and all(room.takes(guest.traits) for guest in group)
        ]
        best = max(fits, key=lambda room: there.get((person, room.id), 0), default=None)
        for guest in group:
            if best:
                hall.seat(guest, best)
            elif roomy := hall.suiting(guest.traits):
                room = max(roomy, key=lambda room: hall.left[room.id])
                if hall.left[room.id] > 0:
                    hall.seat(guest, room)
    return hall.seated


def split(guests: Sequence[Guest], rooms: Sequence[Room], there: Mapping[tuple[UUID, str], int]) -> Seated:
    """What was made of one specimen into two freezers in turn.

    `there` counts, by specimen and freezer, what stands there already. A tube for which there is only one
    freezer, while others of its specimen are in that one or shall be, is left out.
    """
    hall = Hall(rooms)
    for family, group in _grouped(guests, lambda guest: guest.family):
        count = Counter({root: many for (key, root), many in there.items() if key == family})
        elsewhere = set(count) - {room.root for room in rooms}
        for guest in group:
            open_rooms = [room for room in hall.suiting(guest.traits) if hall.left[room.id] > 0]
            roots = list(dict.fromkeys(room.root for room in open_rooms))
            two = sorted(roots, key=lambda root: -count[root])[:2]
            if not two or (len(two) == 1 and not elsewhere and len(group) + count.total() > 1):
                continue
            root = min(two, key=lambda each: count[each])
            count[root] += 1
            hall.seat(guest, next(room for room in open_rooms if room.root == root))
    return hall.seated


def _grouped(guests: Sequence[Guest], key: Callable[[Guest], UUID]) -> list[tuple[UUID, list[Guest]]]:
    """The guests of each key together, in the order in which the first of each came."""
    places: dict[UUID, int] = {}
    for guest in guests:
        places.setdefault(key(guest), len(places))
    ordered = sorted(guests, key=lambda guest: places[key(guest)])
    return [(each, list(group)) for each, group in groupby(ordered, key)]
