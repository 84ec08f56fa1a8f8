"""A store as it really is beside what its records say: errors planted in it, tubes carried on by the log."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from sqlmodel import Session

from biobank import specimens, storage
from biobank.people import Actor
from biobank.storage import Going
from biobank.tables import Result
from tests.world import MANAGER, World

Thing = TypeVar("Thing")
Where = tuple[str, str]
"""The code of a box, and the name of a slot in it."""

NOWHERE: Where = ("", "")
UNREADABLE = "NO READ"
SLOTS = [f"{row}{column}" for row in "ABCDEFGHI" for column in range(1, 10)]


class Ending(NamedTuple):
    """How a thing ends: its word, our code of the tube, what was read, where it should be and was."""

    result: Result
    tube: str
    text: str
    should: Where
    was: Where


class Reality:
    """What stands in which slot, by what a scanner reads of it, and where the records have each tube."""

    def __init__(self, records: Mapping[str, Where]) -> None:
        self.records = dict(records)
        self.out: dict[str, Where] = {}
        self.stands = {where: tube for tube, where in records.items()}
        self.planted: list[Ending] = []
        self.involved: set[str] = set()

    def at(self, where: Where) -> str:
        """The tube that the records have there."""
        return next(tube for tube, place in self.records.items() if place == where)

    def take(self, tube: str) -> None:
        """Take a tube from where it really stands, if it stands anywhere."""
        for where in [where for where, text in self.stands.items() if text == tube]:
            del self.stands[where]

    def rack(self, box: str) -> dict[str, str]:
        """What a rack scanner sees in a box."""
        return {slot: self.stands[box, slot] for slot in SLOTS if (box, slot) in self.stands}

    def free(self, boxes: Iterable[str]) -> list[Where]:
        """Slots in which nothing stands, and which the records keep for nobody."""
        held = {*self.records.values(), *self.out.values(), *self.stands}
        return [(box, slot) for box in boxes for slot in SLOTS if (box, slot) not in held]

    def sound(self, boxes: Collection[str]) -> list[str]:
        """Tubes in these boxes that no planted error is about."""
        return [
            tube
            for tube, where in self.records.items()
            if where[0] in boxes and tube not in self.involved and self.stands.get(where) == tube
        ]

    # --- what is done by hand alone ---

    def shift(self, places: Sequence[Where]) -> None:
        """Each tube stands where the next should be, the last where the first should; two change places."""
        tubes = [self.at(place) for place in places]
        for (tube, place), goes in zip(
            zip(tubes, places, strict=True), [*places[1:], places[0]], strict=True
        ):
            self.stands[goes] = tube
            self._plant(_misplaced(place, goes), tube, tube, place, goes)

    def misplace(self, place: Where, goes: Where) -> None:
        """A tube stands where it should not; whatever should be there is lost."""
        tube = self.at(place)
        del self.stands[place]
        self._cover(goes)
        self.stands[goes] = tube
        self._plant(_misplaced(place, goes), tube, tube, place, goes)

    def lose(self, place: Where) -> None:
        """A tube is gone."""
        self._cover(place)

    def intrude(self, tube: str, goes: Where, text: str = "") -> None:
        """A known tube stands there, of which the records have no place; `text` is the code that it bears."""
        self._cover(goes)
        self.stands[goes] = text or tube
        self._plant(Result.UNEXPECTED, tube, text or tube, NOWHERE, goes)

    def rename(self, place: Where, text: str) -> None:
        """What stands there bears a code that nobody knows, or none that can be read."""
        tube = self.at(place) if place in self.stands else ""
        self.stands[place] = text
        result = Result.UNREADABLE if text == UNREADABLE else Result.UNKNOWN
        read = "" if text == UNREADABLE else text
        self._plant(result, tube, read, place if tube else NOWHERE, place)

    def double(self, place: Where, goes: Where) -> None:
        """The label of a tube is on another one as well; where that was one of ours, it is lost by that."""
        tube = self.at(place)
        self._cover(goes)
        self.stands[goes] = tube
        self._plant(Result.DUPLICATE, tube, tube, place, goes)

    def drop(self, tube: str, goes: Where, should: Where) -> None:
        """A tube that was just carried by the log is put down wrongly; `should` is its first place."""
        place = self.records[tube]
        del self.stands[place]
        self.stands[goes] = tube
        self._plant(_misplaced(place, goes), tube, tube, should, goes)

    def _cover(self, place: Where) -> None:
        """Take away what stands there; a tube that should be there is missing then."""
        if place in self.stands:
            tube = self.stands.pop(place)
            self._plant(Result.MISSING, tube, "", place, NOWHERE)

    def _plant(self, result: Result, tube: str, text: str, should: Where, was: Where) -> None:
        self.planted.append(Ending(result, tube, text, should, was))
        self.involved.add(tube)


def _misplaced(place: Where, goes: Where) -> Result:
    return Result.WRONG_SLOT if place[0] == goes[0] else Result.WRONG_CONTAINER


class Strays(NamedTuple):
    """Tubes without a place in the records: two that were never stored, one that is out, and a primary."""

    new: tuple[str, str]
    out: str
    primary: str
    identifier: str


def plant(store: Reality, boxes: Sequence[str], strays: Strays) -> None:
    """Thirty-nine errors of every class, alone and combined, in full boxes whose last three slots are free.

    The first two of `boxes` are counted by hand, the others in this order: where two boxes take part, in
    some the one is counted first in which a tube stands, in others the one in which it should. One more is
    made while the audit runs: `Reality.drop`.
    """
    by_hand, other, *rest = boxes
    # Two change places in one box, four stand one further each, one stands alone in a slot that is free.
    store.shift([(rest[1], "A1"), (rest[1], "A2")])
    store.shift([(by_hand, "C3"), (by_hand, "F7")])
    store.shift([(rest[7], slot) for slot in ("D1", "D2", "D3", "D4")])
    store.misplace((other, "B5"), (other, "I8"))
    # Two of two boxes change places; others stand in free slots, or in that of one that is lost.
    store.shift([(rest[2], "E5"), (rest[30], "F6")])
    store.misplace((rest[5], "A9"), (rest[25], "I9"))
    store.misplace((rest[28], "B2"), (rest[6], "I7"))
    store.misplace((rest[9], "C7"), (rest[20], "G1"))
    store.misplace((rest[11], "H4"), (by_hand, "I7"))
    for where in [(rest[0], "A1"), (rest[14], "E9"), (by_hand, "D2"), (rest[33], "B1"), (rest[33], "B2")]:
        store.lose(where)
    store.intrude(strays.new[0], (rest[3], "I9"))
    store.intrude(strays.out, (rest[12], "I8"))
    store.intrude(strays.primary, (rest[17], "I7"), strays.identifier)
    store.intrude(strays.new[1], (rest[22], "F2"))
    store.rename((by_hand, "I9"), "FX-0000017")
    store.rename((rest[15], "I8"), "0017394423")
    store.rename((rest[18], "G5"), "KAPUTT 12")
    store.rename((rest[31], "I9"), "S00000005A")
    for where in [(rest[4], "A5"), (rest[16], "I1"), (other, "F3"), (rest[21], "I8")]:
        store.rename(where, UNREADABLE)
    store.double((rest[8], "B3"), (rest[8], "I7"))
    store.double((rest[10], "E1"), (rest[26], "I9"))
    store.double((rest[27], "E2"), (rest[13], "I9"))
    store.double((rest[19], "F5"), (rest[23], "F5"))


class Porter:
    """Carries tubes by the log and by hand, some at once: each of them is a legitimate move."""

    def __init__(self, world: World, store: Reality, parents: Iterable[str], chance: random.Random) -> None:
        self.world = world
        self.store = store
        self.carried: set[str] = set()
        self.often: Counter[str] = Counter()
        self._parents = iter(parents)
        self._origins: dict[str, Where] = {}
        self._chance = chance

    @property
    def moves(self) -> int:
        """How many tubes were carried, each as often as it was."""
        return self.often.total()

    def carry(
        self,
        count: int,
        sources: Collection[str],
        targets: Sequence[str],
        why: str,
        *,
        of: Collection[str] = SLOTS,
        to: Collection[str] = SLOTS,
    ) -> None:
        """So many tubes from some boxes (from slots of these names) to others, as far as there is room."""
        free = self._some([where for where in self.store.free(targets) if where[1] in to], count)
        here = [tube for tube in self.store.sound(sources) if self.store.records[tube][1] in of]
        tubes = self._some(here, len(free))
        self._origins |= {tube: self.store.records[tube] for tube in tubes}
        self._put(dict(zip(tubes, free, strict=False)), why)

    def carry_back(self, count: int) -> None:
        """So many that were carried before, to the slots from which they came."""
        free = set(self.store.free(sorted({box for box, _ in self._origins.values()})))
        came = {where: tube for tube, where in self._origins.items() if where in free and self._sound(tube)}
        goes = {tube: where for where, tube in list(came.items())[:count]}
        self._put(goes, "back")
        for tube in goes:
            del self._origins[tube]

    def carry_on(self, tube: str, targets: Sequence[str]) -> None:
        """One that was found where it should not be goes to another box, as any other."""
        self._put({tube: self._some(self.store.free(targets), 1)[0]}, "on")

    def take_out(self, count: int, sources: Collection[str]) -> None:
        """So many leave their boxes; their slots are kept."""
        tubes = self._some(self.store.sound(sources), count)
        order = storage.TakeOut(tubes=tubes)
        self.world.act(lambda s, a: storage.take_out(s, a, order), person=MANAGER)
        for tube in tubes:
            self.store.out[tube] = self.store.records.pop(tube)
            self.store.take(tube)
        self._tell(tubes, "out")

    def bring_back(self, count: int) -> None:
        """So many that are out come back to their slots, those out longest first."""
        tubes = [tube for tube in self.store.out if tube not in self.store.involved][:count]
        order = storage.BringBack(tubes=tubes)
        self.world.act(lambda s, a: storage.bring_back(s, a, order), person=MANAGER)
        for tube in tubes:
            self._stand(tube, self.store.out.pop(tube))
        self._tell(tubes, "brought")

    def put_away_new(self, count: int, targets: Sequence[str]) -> None:
        """So many aliquots are made and put away."""
        free = self._some(self.store.free(targets), count)
        order = specimens.Aliquots(parent=next(self._parents), count=len(free), amount="10 mg")

        def made(session: Session, actor: Actor) -> list[str]:
            return [each.code for each in specimens.aliquot(session, actor, order)]

        tubes = self.world.act(made, person=MANAGER, answer=list[str])
        self._put(dict(zip(tubes, free, strict=True)), "new")

    def _put(self, goes: Mapping[str, Where], why: str) -> None:
        if not goes:
            return
        moves = [Going(tube=tube, box=box, slot=slot) for tube, (box, slot) in goes.items()]
        order = storage.Rearrangement(moves=moves)
        self.world.act(lambda s, a: storage.rearrange(s, a, order), person=MANAGER)
        for tube in goes:
            self.store.take(tube)
        for tube, where in goes.items():
            self._stand(tube, where)
        self._tell(goes, why)

    def _stand(self, tube: str, where: Where) -> None:
        self.store.records[tube] = where
        self.store.stands[where] = tube

    def _tell(self, tubes: Collection[str], why: str) -> None:
        self.carried.update(tubes)
        self.often[why] += len(tubes)

    def _sound(self, tube: str) -> bool:
        place = self.store.records.get(tube, NOWHERE)
        return tube not in self.store.involved and self.store.stands.get(place) == tube

    def _some(self, things: Sequence[Thing], count: int) -> list[Thing]:
        return self._chance.sample(things, min(count, len(things)))


def rack_file(box: str, wells: Mapping[str, str]) -> bytes:
    """What a rack scanner writes of a box: a line for each well, which names the rack."""
    lines = [f"{box},{slot},{wells.get(slot, 'NO TUBE')}" for slot in SLOTS]
    return "\n".join(["Rack ID,Well,Tube ID", *lines, ""]).encode()
