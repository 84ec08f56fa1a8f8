"""Where a rack or a box may be carried: the nearest room by rules, and which slot of it."""

from bisect import bisect
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlmodel import Session

from biobank import preanalytics
from biobank.evacuations.loads import Load
from biobank.people import Actor
from biobank.storage.allowing import Limit, within
from biobank.storage.geometry import Grid, Slot
from biobank.storage.keeping import Promise
from biobank.storage.maps import taken_in, type_codes
from biobank.storage.rooms import Room, cold_enough, rooms, standing_free
from biobank.tables import Container, ContainerType, Level

_BOUNDS = (-130, -60, -15, 0)
"""Where one class of cold ends and the next begins, in degrees Celsius: the gas phase of nitrogen, deep
freezers, freezers, refrigerators. That a load may stand a little warmer within its class is our own
judgement: what stands in a failing freezer is worse off."""

Found = list[tuple[Load, Promise | None]]


def as_cold(celsius: int | None, was: int | None) -> bool:
    """Whether a place suits what stood at `was`: at most as warm, or of the same class, and as frozen."""
    if was is None:
        return True
    if celsius is None or (celsius < preanalytics.FREEZES_BELOW) != (was < preanalytics.FREEZES_BELOW):
        return False
    return celsius <= was or bisect(_BOUNDS, celsius) == bisect(_BOUNDS, was)


class Search:
    """Free slots around a container that is to be emptied, handed out one after the other."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        leaving: Iterable[Container],
        into: Sequence[Container] = (),
        site_id: UUID | None = None,
        meant: Collection[UUID] = (),
    ) -> None:
        """Look for room in these containers, or at a whole site, but never in what is `leaving`.

        What is reserved for those that are `meant` is room for them.
        """
        tops = list(into) or standing_free(session, actor, site_id)
        gone = {key for each in leaving for key in session.execute(within(each.id)).scalars()}
        levels = (Level.FREEZER, Level.SHELF, Level.RACK)
        self.kinds = {kind.id: kind for kind in type_codes(session)}
        self.codes = {kind.code: kind for kind in self.kinds.values()}
        found = rooms(session, actor, tops, meant, levels)
        self.rooms = [room for room in found if room.free and room.id not in gone]
        self.meant = meant
        self.free: dict[UUID, list[Slot]] = {}
        self._ranked: dict[object, list[Room]] = {}

    def suiting(self, loads: Iterable[Load]) -> set[UUID]:
        """The rooms in which one of these loads may stand, or what is in it."""
        found: set[UUID] = set()
        for load in loads:
            found |= {room.id for room in self._rooms_for(load)} | self.suiting(load.inside)
        return found

    def look(self, session: Session, rooms: Collection[UUID]) -> None:
        """See which slots of these rooms are free, once nobody can take them (the rooms are locked)."""
        taken = taken_in(session, rooms, meant=self.meant)
        for room in self.rooms:
            if room.id in taken:
                gone = set(taken[room.id])
                slots = Grid.of(self.kinds[room.type_id]).slots()
                self.free[room.id] = [slot for slot in slots if slot not in gone]

    def find(self, loads: Iterable[Load]) -> Found:
        """A slot for each load; for the boxes of a rack each by itself where the rack finds none."""
        found: Found = []
        for load in loads:
            promise = self._slot(load)
            if promise is None and load.inside:
                found += self.find(inner for inner in load.inside if inner.tubes)
            else:
                found.append((load, promise))
        return found

    # --- how ---

    def _slot(self, load: Load) -> Promise | None:
        for room in self._rooms_for(load):
            if self.free[room.id]:
                return Promise(room.id, self.free[room.id].pop(0), load.id)
        return None

    def _rooms_for(self, load: Load) -> list[Room]:
        """The rooms that suit, best first: of the type it stood in, as cold as it was there, in their order.

        Most loads of a freezer are alike, and find the same.
        """
        outer = load.outer.id if load.outer else None
        nature = (outer, load.celsius, load.kind.id, load.types, load.traits)
        if nature not in self._ranked:
            suiting = [room for room in self.rooms if self._suits(room, load)]
            self._ranked[nature] = sorted(
                suiting, key=lambda room: (room.type_id != outer, _apart(room.celsius, load.celsius))
            )
        return self._ranked[nature]

    def _suits(self, room: Room, load: Load) -> bool:
        return (
            self._nests(self.kinds[room.type_id], load)
            and as_cold(room.celsius, load.celsius)
            and (load.celsius is not None or _cold_enough(room, load))
            and all(self._allows(limit, load) for limit in room.limits)
        )

    def _nests(self, outer: ContainerType, load: Load) -> bool:
        """A box goes where boxes stand; a rack into such a container as it stood in."""
        if load.kind.level is Level.BOX:
            return outer.holder is not None or outer.level is Level.RACK
        level = load.outer.level if load.outer else Level.SHELF
        return outer.level is level and outer.holder is None

    def _allows(self, limit: Limit, load: Load) -> bool:
        if limit.about != "types":
            return all(getattr(each, limit.about) in ("", *limit.allowed) for each in load.traits)
        # A rule about types speaks of the levels that it names alone.
        levels = {self.codes[code].level for code in limit.allowed if code in self.codes}
        inside = [self.kinds[key] for key in load.types]
        return all(kind.code in limit.allowed for kind in inside if kind.level in levels)


def _apart(celsius: int | None, was: int | None) -> int:
    return abs(celsius - was) if celsius is not None and was is not None else 0


def _cold_enough(room: Room, load: Load) -> bool:
    """Where nobody said how cold it was, what the protocols ask of the tubes decides."""
    return all(cold_enough(room.celsius, traits.storage) for traits in load.traits)
