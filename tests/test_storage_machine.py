"""A machine that stores, moves, swaps, seats anew and undoes at random, held against a second book."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlmodel import Session

from biobank import clock, specimens, storage
from biobank.database import Database
from biobank.errors import Refusal
from biobank.people import Actor
from biobank.storage import Going, LimitsOrder, Rearrangement, Reseat, TypeOrder, Undo
from biobank.tables import Level
from tests.databases import PostgresServer
from tests.shelves import SLOTS, Book, Where, read
from tests.test_storage import make
from tests.world import MANAGER, World, copy_sqlite

WHICH = st.integers(0, 30)
BLOOD, PLASMA = "blood_edta", "plasma_edta"
LIMITS = st.sampled_from([[], [BLOOD], [PLASMA], [BLOOD, PLASMA]])


class Bench(RuleBasedStateMachine):
    """Seven tubes of two materials, three boxes of four slots, two racks."""

    world: World
    book: Book

    # --- how it acts ---

    def try_to(self, work: Callable[[Session, Actor], object], person: str = MANAGER) -> tuple[UUID, str]:
        """Do something as a command of its own; that command, and the slug of its refusal if any."""
        command = clock.new_key()
        try:
            self.world.act(work, person=person, command=command)
        except Refusal as refusal:
            return command, refusal.slug
        return command, ""

    def tube(self, which: int) -> str:
        return sorted(self.book.tubes)[which % len(self.book.tubes)]

    def box(self, which: int) -> str:
        return sorted(self.book.boxes)[which % len(self.book.boxes)]

    # --- what happens ---

    @rule(tube=WHICH, box=WHICH, slot=st.sampled_from(SLOTS))
    def place(self, tube: int, box: int, slot: str) -> None:
        code, into = self.tube(tube), self.box(box)
        order = storage.PutAway(box=into, tubes=[code], slot=slot)
        command, refused = self.try_to(lambda s, a: storage.put_away(s, a, order))
        stays = self.book.tubes[code] == ("in", into, slot)
        if self.book.holder(into, slot) not in (None, code):
            assert refused == "slot_taken"
        elif not stays and not self.book.may_stand(into, code):
            assert refused == "may_not_hold"
        else:
            assert refused == ""
            self.book.done(command, **{code: ("in", into, slot)})

    @rule(tube=WHICH)
    def take(self, tube: int) -> None:
        code = self.tube(tube)
        where, order = self.book.tubes[code], storage.TakeOut(tubes=[code])
        command, refused = self.try_to(lambda s, a: storage.take_out(s, a, order))
        if where and where[0] == "in":
            assert refused == ""
            self.book.done(command, **{code: ("out", *where[1:])})
        else:
            assert refused == "not_in_a_box"

    @rule(tube=WHICH)
    def bring_back(self, tube: int) -> None:
        code = self.tube(tube)
        where, order = self.book.tubes[code], storage.BringBack(tubes=[code])
        command, refused = self.try_to(lambda s, a: storage.bring_back(s, a, order))
        if where and where[0] == "out":
            assert refused == ""
            self.book.done(command, **{code: ("in", *where[1:])})
        else:
            assert refused == "not_out"

    @rule(one=WHICH, other=WHICH)
    def swap(self, one: int, other: int) -> None:
        first, second = self.tube(one), self.tube(other)
        here, there = self.book.tubes[first], self.book.tubes[second]
        if first == second or not here or not there:
            return
        goes: dict[str, Where] = {first: ("in", *there[1:]), second: ("in", *here[1:])}
        moves = [
            Going(tube=first, box=there[1], slot=there[2]),
            Going(tube=second, box=here[1], slot=here[2]),
        ]
        order = Rearrangement(moves=moves)
        command, refused = self.try_to(lambda s, a: storage.rearrange(s, a, order))
        fits = self.book.may_stand(there[1], first) and self.book.may_stand(here[1], second)
        assert refused == ("" if fits else "may_not_hold")
        if fits:
            self.book.done(command, **goes)

    @rule(box=WHICH, order=st.permutations(range(len(SLOTS))))
    def seat_anew(self, box: int, order: list[int]) -> None:
        code = self.box(box)
        there = sorted(self.book.inside(code, "in"))
        if not there:
            return
        scanned = [there[place] for place in order if place < len(there)]
        kept = {where[2] for tube in self.book.inside(code, "out") if (where := self.book.tubes[tube])}
        free = [slot for slot in SLOTS if slot not in kept]
        command, refused = self.try_to(lambda s, a: storage.reseat(s, a, Reseat(box=code, tubes=scanned)))
        assert refused == ""
        goes: dict[str, Where] = {tube: ("in", code, slot) for tube, slot in zip(scanned, free, strict=False)}
        self.book.done(command, **goes)

    @rule(box=WHICH, rack=WHICH)
    def move_box(self, box: int, rack: int) -> None:
        code = self.box(box)
        racks = sorted(set(self.racks))
        into = racks[rack % len(racks)]
        order = storage.ContainerMove(container=code, into=into)
        command, refused = self.try_to(lambda s, a: storage.move_container(s, a, order))
        assert refused == ""
        self.book.carried(command, code, into)

    @rule(which=WHICH)
    def undo(self, which: int) -> None:
        if not self.book.deeds:
            return
        place = len(self.book.deeds) - 1 - which % min(4, len(self.book.deeds))
        deed, can = self.book.deeds[place], self.book.can_undo(place)
        if deed.command is None:
            return
        _, refused = self.try_to(lambda s, a: storage.undo(s, a, Undo(command=deed.command)))
        if can:
            assert refused == ""
            self.book.undo(place)
        else:
            assert refused in ("not_undoable", "may_not_hold")

    @rule(tube=WHICH, microlitres=st.integers(1, 60))
    def aliquot(self, tube: int, microlitres: int) -> None:
        code = self.tube(tube)
        order = specimens.Aliquots(parent=code, count=1, amount=f"{microlitres} uL", loss="1 uL")
        made: list[str] = []
        command, refused = self.try_to(
            lambda s, a: made.extend(each.code for each in specimens.aliquot(s, a, order))
        )
        given = microlitres * 1000
        if self.book.amounts[code] < given + 1000:
            assert refused == "not_enough"
            return
        assert refused == ""
        self.book.amounts[code] -= given + 1000
        self.book.amounts[made[0]] = given
        self.book.happened(command, code)

    @rule(box=WHICH, materials=LIMITS)
    def limit(self, box: int, materials: list[str]) -> None:
        code = self.box(box)
        order = LimitsOrder(container=code, materials=materials or None)
        _, refused = self.try_to(lambda s, a: storage.set_limits(s, a, order))
        held = {self.book.materials[tube] for tube in self.book.inside(code, "in", "out")}
        if materials and not held <= set(materials):
            assert refused == "holds_what_it_may_not"
            return
        assert refused == ""
        self.book.limited(code, set(materials))

    # --- what must be so ---

    @invariant()
    def the_tables_say_what_the_second_book_says(self) -> None:
        if not hasattr(self, "book"):
            return
        tubes, boxes, amounts = read(self.world)
        # Rules 1 and 8: where the product and the book differ, somebody was displaced, doubled or lost.
        assert tubes == {tube: where for tube, where in self.book.tubes.items() if where}
        assert {box: boxes[box] for box in self.book.boxes} == self.book.boxes
        # Rule 6: what was posted is what there is, and nothing came from nowhere.
        mine = {code: held for code, held in amounts.items() if code in self.book.amounts}
        assert mine == {code: (held, held) for code, held in self.book.amounts.items()}
        # Rule 10: nothing stands where it may not.
        for box in self.book.boxes:
            assert all(self.book.may_stand(box, tube) for tube in self.book.inside(box, "in", "out"))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        assert self.world.unproved() == []  # rule 3
        self.world.database.close()

    # --- where it begins ---

    racks: tuple[str, ...] = ()


def furnish(database: Database) -> None:
    """Two racks, three boxes of 2 x 2 in the first of them, four tubes of blood and three of plasma."""
    world = World(database)
    small = TypeOrder(code="box-2x2", name="Box 2 × 2", level=Level.BOX, rows=2, cols=2)
    world.act(lambda s, a: storage.add_type(s, a, small), person=MANAGER)
    first, _ = [make(world, "rack-3", site="BJ", name=f"Tower {number}") for number in (1, 2)]
    for number in (1, 2, 3):
        make(world, "box-2x2", first, name=f"Small {number}")
    world.tubes(4)
    parent = world.blood(world.visit("D-002"))
    plasma = specimens.Derivative(parent=parent, material=PLASMA, used="1 mL", amount="100 uL")
    for _ in range(3):
        world.act(lambda s, a: specimens.derive(s, a, plasma))
    database.close()


def opened(database: Database) -> tuple[World, Book, tuple[str, ...]]:
    """A furnished database and the book of it as it is at first."""
    tubes = text("SELECT code, material, amount FROM specimen WHERE amount = 100000 ORDER BY code")
    boxes = text(
        "SELECT b.code AS box, r.code AS rack FROM placement p JOIN container b ON b.id = p.child_id"
        " JOIN container r ON r.id = p.container_id WHERE b.name LIKE 'Small %'"
    )
    racks = text("SELECT code FROM container WHERE name LIKE 'Tower %'")
    with database.reading.connect() as connection:
        found = connection.execute(tubes).all()
        book = Book(
            tubes={row.code: None for row in found},
            materials={row.code: row.material for row in found},
            boxes={row.box: row.rack for row in connection.execute(boxes)},
            amounts={row.code: row.amount for row in found},
        )
        towers = tuple(row.code for row in connection.execute(racks))
    assert (len(book.tubes), len(book.boxes), len(towers)) == (7, 3, 2)
    return World(database), book, towers


Copies = Callable[[], Database]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def copies(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copies]:
    """A maker of furnished databases, each of one run of the machine, on each engine in turn."""
    numbers = count()
    if request.param == "sqlite":
        template = copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path / "template.db")
        furnish(Database(f"sqlite:///{template}"))
        yield lambda: Database(f"sqlite:///{copy_sqlite(template, tmp_path / f'{next(numbers)}.db')}")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    names = [f"machine_{uuid4().hex[:8]}"]
    server.create_from_template(names[0], request.getfixturevalue("postgres_template"))
    furnish(Database(server.url(names[0])))

    def another() -> Database:
        # The one before is closed by now: a run ends before the next begins.
        while len(names) > 1:
            server.drop(names.pop())
        names.append(f"machine_{uuid4().hex[:8]}")
        server.create_from_template(names[-1], names[0])
        return Database(server.url(names[-1]))

    yield another
    for name in names:
        server.drop(name)


def run(copies: Copies, examples: int, steps: int) -> None:
    """Let the machine run so many times, each on a database of its own."""

    class OnACopy(Bench):
        @initialize()
        def begin_on_a_copy(self) -> None:
            self.world, self.book, self.racks = opened(copies())

    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=examples < 100,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure takes minutes
    )
    run_state_machine_as_test(OnACopy, settings=chosen)


@pytest.mark.slow
def test_whatever_is_done_at_the_bench_every_tube_is_in_one_place(copies: Copies) -> None:
    run(copies, 10, 30)


@pytest.mark.prove
def test_whatever_is_done_for_long_every_tube_is_in_one_place(copies: Copies) -> None:
    run(copies, 200, 60)


@pytest.mark.parametrize(
    "harm",
    [
        (
            "UPDATE placement SET specimen_id = (SELECT id FROM specimen WHERE code = :other)"
            " WHERE specimen_id = (SELECT id FROM specimen WHERE code = :there)"
        ),
        "DELETE FROM placement WHERE specimen_id = (SELECT id FROM specimen WHERE code = :there)",
        "UPDATE placement SET col = 1 WHERE specimen_id = (SELECT id FROM specimen WHERE code = :there)",
        "UPDATE specimen SET amount = amount - 1 WHERE code = :other",
    ],
)
def test_a_tube_that_is_displaced_or_lost_past_all_rules_is_found(copies: Copies, harm: str) -> None:
    """The control: the second book is not fooled by what was done behind the domain's back."""
    machine = Bench()
    machine.world, machine.book, machine.racks = opened(copies())
    machine.place(0, 0, "A1")
    machine.the_tables_say_what_the_second_book_says()
    told = {"there": machine.tube(0), "other": machine.tube(1)}
    machine.world.database.administer(lambda connection: connection.execute(text(harm), told).close())
    with pytest.raises(AssertionError):
        machine.the_tables_say_what_the_second_book_says()
    machine.world.database.close()
