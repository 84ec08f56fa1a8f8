"""A whole freezer is audited while it is worked in: each planted error is found, no move is taken for one."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import partial
from itertools import cycle
from pathlib import Path
from uuid import UUID

import pytest

from biobank import audits, storage
from biobank.audits import Decide, Entrust
from biobank.errors import Conflict
from biobank.storage import PutAway
from biobank.tables import AuditDecision, Result
from tests.audits.planting import SLOTS, Ending, Porter, plant
from tests.journeys.auditing import FULL, REVIEWER, AtTheBox, Auditing, Stored, as_recorded, stored
from tests.journeys.desk import Desk
from tests.templates import Furnishing
from tests.terminal import Terminal
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOVES, ERRORS = 200, 40
BETWEEN = 4
"""So many tubes are carried between two boxes that are counted."""

PLANTED = {
    Result.WRONG_SLOT: 10,
    Result.WRONG_CONTAINER: 6,
    Result.MISSING: 8,
    Result.UNEXPECTED: 4,
    Result.UNKNOWN: 4,
    Result.UNREADABLE: 4,
    Result.DUPLICATE: 4,
}
REASONS = {"to uncounted", "to counted", "out", "brought", "new", "back", "within", "away", "here", "on"}
"""Why tubes are carried: from counted boxes to others and back, out and in, within one that is counted."""

MISPLACED = (Result.WRONG_SLOT, Result.WRONG_CONTAINER, Result.UNEXPECTED)
WHY = {
    Result.UNKNOWN: (AuditDecision.REGISTERED, "Registered, and given a label of ours"),
    Result.UNREADABLE: (AuditDecision.RELABELLED, "A new label"),
    Result.DUPLICATE: (AuditDecision.RELABELLED, "Each has a label of its own now"),
}


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return stored


def test_all_planted_errors_are_found_and_none_is_invented(
    world: World, told: Stored, address: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(40)  # noqa: S311 - which box is counted when
    store = world.database.read(as_recorded)
    assert len(store.records) + len(store.out) == 3190
    full = told.boxes[:FULL]
    chance.shuffle(full)
    by_hand, rest = full[:2], full[2:] + told.boxes[FULL:]
    plant(store, [*by_hand, *rest], told.strays)
    audit = Auditing(world, store, told.freezer)
    work = Work(audit, Porter(world, store, told.parents, chance), rest)
    scan = audit.by_hand if address.startswith("postgres") else at_the_box(request, audit)
    for at, box in enumerate(rest):
        work.carry_some(BETWEEN)
        if at == 24:
            work.put_down_wrongly(rest[35], box)
        audit.by_file(box)
        if at == 1:
            work.porter.carry_on(store.stands[box, "A1"], rest[30:])
        if at in (2, 19):
            work.count_by_hand(by_hand[at > 2], scan)

    assert (work.porter.moves, len(store.planted)) == (MOVES, ERRORS)
    assert Counter(ending.result for ending in store.planted) == PLANTED
    assert work.porter.often.keys() >= REASONS
    lines, found = audit.endings()
    assert sorted(lines) == sorted(store.planted)
    wrong = {ending.tube: ending.result for ending in lines if ending.tube}
    new = audit.scanned.keys() & work.porter.carried
    assert found == (audit.snapshot.keys() | new) - wrong.keys()

    # The same scans by the same rules: that moves are known is what tells them from errors.
    assert audit.judged_again(work.porter.carried) == wrong
    invented = audit.judged_again().keys() - wrong.keys()
    assert invented == {tube for tube in work.porter.carried - wrong.keys() if audit.looks_wrong(tube)}
    assert len(invented) > 2 * ERRORS

    lost = settle(audit, lines)
    audit.sign(audits.perform, MANAGER)
    audit.sign(audits.review, REVIEWER)
    board = world.ask(lambda s, a: audits.board(s, a, audit.key), REVIEWER)
    assert (board.rate.errors, board.row.status) == (ERRORS, "closed")
    assert [each.code for each in world.ask(audits.entrusted, REVIEWER)] == [lost]
    world.act(lambda s, a: storage.put_away(s, a, PutAway(box=rest[-1], tubes=[lost])), person=MANAGER)
    assert world.ask(audits.entrusted, REVIEWER) == []
    certified = world.ask(lambda s, a: audits.certified(s, a, audit.key), REVIEWER)
    assert audits.certificate(certified, "zh_Hans").startswith(b"%PDF-")
    assert "all proved" in Terminal(tmp_path, address).says("check")


def at_the_box(request: pytest.FixtureRequest, audit: Auditing) -> Callable[[str, int], list[str]]:
    """In a browser."""
    desk = Desk(request.getfixturevalue("tab"), "en")
    desk.sit(MANAGER)
    return AtTheBox(desk, audit).by_hand


class Work:
    """What goes on in the freezer between the counts and during them."""

    def __init__(self, audit: Auditing, porter: Porter, boxes: Sequence[str]) -> None:
        self.audit = audit
        self.porter = porter
        self.boxes = boxes
        self._kinds = cycle([self._to_uncounted, self._to_counted, self._out, self._new, self._back])

    @property
    def uncounted(self) -> list[str]:
        return [box for box in self.boxes if box not in self.audit.counted]

    def carry_some(self, count: int, carry: Callable[[int], None] | None = None) -> None:
        """So many tubes are carried: for one reason after another, unless one is told."""
        target = self.porter.moves + count
        (carry or next(self._kinds))(count)
        if left := target - self.porter.moves:
            self.porter.carry(left, self.boxes, self.boxes, "about")

    def put_down_wrongly(self, source: str, target: str) -> None:
        """A tube is carried from one box to another, and put beside the slot that was told."""
        store = self.audit.store
        before = {tube: where for tube, where in store.records.items() if where[0] == source}
        self.porter.carry(1, [source], [target], "dropped")
        (tube,) = (tube for tube in before if store.records[tube][0] == target)
        store.drop(tube, store.free([target])[0], before[tube])

    def count_by_hand(self, box: str, scan: Callable[[str, int], list[str]]) -> None:
        """Part by part, while tubes of the box are carried, from slots that were read and to them."""
        for part, count in enumerate([3, 2, 3, 2, 3, 2, 2, 2, 0]):
            read = scan(box, part)
            if count:
                self.carry_some(count, partial(self._beside, box, part, read))

    def _beside(self, box: str, part: int, read: Collection[str], count: int) -> None:
        """Some tubes are carried while a part of a box is counted."""
        porter, counted = self.porter, self.audit.counted
        left = [slot for slot in SLOTS if slot not in read]
        match part:
            case 0:
                porter.carry(1, [box], [box], "within", of=read, to=left)
                porter.carry(count - 1, [box], counted, "away", of=read)
            case 1:
                porter.carry(count, counted, [box], "here", to=read)
            case 2:
                porter.carry(count, [box], self.uncounted, "away", of=left)
            case 3:
                porter.carry(count, self.uncounted, [box], "here", to=left)
            case 4:
                porter.carry(1, [box], [box], "within", of=left, to=read)
                porter.carry(count - 1, [box], self.uncounted, "away", of=read)
            case 5:
                porter.take_out(count, [box])
            case 6:
                porter.carry_back(count)
            case _:
                porter.bring_back(count)

    # --- between two boxes ---

    def _to_uncounted(self, count: int) -> None:
        self.porter.carry(count, self.audit.counted, self.uncounted, "to uncounted")

    def _to_counted(self, count: int) -> None:
        self.porter.carry(count, self.uncounted, self.audit.counted, "to counted")

    def _out(self, count: int) -> None:
        self.porter.bring_back(count // 2)
        self.porter.take_out(count - count // 2, self.boxes)

    def _new(self, count: int) -> None:
        self.porter.put_away_new(count, self.boxes)

    def _back(self, count: int) -> None:
        self.porter.carry_back(count)


def settle(audit: Auditing, lines: dict[Ending, UUID]) -> str:
    """Every finding is decided, but one lost tube, for which somebody looks; that tube."""
    lost = [ending for ending in lines if ending.result is Result.MISSING]
    entrusted = lost.pop()
    order = Entrust(audit=audit.key, lines=[lines[entrusted]], owner=REVIEWER, due=date(2030, 2, 1))
    audit.world.act(lambda s, a: audits.entrust(s, a, order) and None, person=MANAGER)
    decide(audit, [lines[ending] for ending in lost], AuditDecision.MISSING)
    for result, (decision, reason) in WHY.items():
        decide(audit, [line for ending, line in lines.items() if ending.result is result], decision, reason)
    # The records can follow no tube to a slot that they keep for a lost one, and none that was carried on.
    kept = {ending.should for ending in [*lost, entrusted]}
    misplaced = [ending for ending in lines if ending.result in MISPLACED]
    plain = [
        each for each in misplaced if each.was not in kept and audit.store.stands.get(each.was) == each.text
    ]
    left = [each for each in misplaced if each not in plain]
    decide(audit, [lines[each] for each in plain], AuditDecision.MOVED)
    back = [each for each in left if each.result is Result.WRONG_CONTAINER]
    decide(audit, [lines[each] for each in back], AuditDecision.PUT_BACK)
    rest = [lines[each] for each in left if each not in back]
    with pytest.raises(Conflict, match="carried"):
        decide(audit, rest, AuditDecision.MOVED)
    decide(audit, rest, AuditDecision.EXPLAINED, "It stands in another box by now")
    records = audit.world.database.read(as_recorded).records
    assert {each.tube: records[each.tube] for each in plain} == {each.tube: each.was for each in plain}
    assert (len(back), len(rest)) == (1, 2)
    return entrusted.tube


def decide(audit: Auditing, lines: Sequence[UUID], decision: AuditDecision, reason: str = "") -> None:
    order = Decide(audit=audit.key, lines=list(lines), decision=decision, reason=reason or None)
    audit.world.act(lambda s, a: audits.decide(s, a, order) and None, person=MANAGER)
