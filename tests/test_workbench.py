"""The workbench: a visit tube by tube, and how much is asked of the database for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from biobank import clock
from tests.collected import STUDY, adopt, begin, begun, bench, enrol, tick
from tests.world import World


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(*told: Any) -> None:
        sent.append(told[2])

    event.listen(world.database.writing, "before_cursor_execute", note)
    yield sent
    event.remove(world.database.writing, "before_cursor_execute", note)


def test_the_bench_shows_what_is_asked_before_the_visit_is_begun(world: World) -> None:
    adopt(world)
    card = bench(world, enrol(world))
    assert (card.begun, card.kit, card.title, card.time_zone) == (False, "", "Baseline", "Asia/Shanghai")
    assert [(row.depth, row.nominal) for row in card.rows[:3]] == [(0, "10 mL"), (1, "4.5 mL"), (2, "500 uL")]
    assert (card.counts.expected, {row.code for row in card.rows}) == (10, {""})


def test_clocks_run_from_the_draw_until_the_tube_is_spun_or_used_up(world: World) -> None:
    visit, (blood, *_) = begun(world)
    drawn = clock.now() - timedelta(minutes=100)
    tick(world, visit, blood, collected=drawn.isoformat())
    (spin,) = [each for each in bench(world, visit).rows[0].clocks if each.name == "spin"]
    assert (spin.level, spin.minutes_left in (19, 20)) == ("amber", True)
    assert spin.due - spin.since == timedelta(minutes=120)
    assert bench(world, visit).rows[2].clocks == []


def test_a_tube_is_shown_to_the_box_where_its_like_were_put_last(world: World) -> None:
    visit, (_, plasma, *aliquots) = begun(world)
    first, second, _third = world.boxes()
    rows = bench(world, visit).rows
    assert (rows[1].box, rows[2].box and rows[2].box.code) == (None, first)
    tick(world, visit, *aliquots)
    world.put(second, [aliquots[0]])
    rows = bench(world, visit).rows
    assert (rows[2].box, rows[2].place != "") == (None, True)
    assert rows[3].box is not None
    assert (rows[3].box.code, rows[3].box.free) == (second, 80)
    assert rows[0].code != plasma


def test_beginning_and_ticking_twenty_tubes_sends_few_statements_whatever_else_there_is(world: World) -> None:
    adopt(
        world,
        STUDY.replace(b"count = 8", b"count = 18").replace(b"4.5 mL", b"9 mL").replace(b"5 mL", b"9 mL", 1),
    )
    sent: list[tuple[int, int]] = []
    for number in range(3):
        visit = enrol(world, f"K-10{number}")
        with counted(world) as beginning:
            made = begin(world, visit)
        with counted(world) as ticking:
            tick(world, visit, *made[2:])
        assert len(made) == 20
        sent.append((len(beginning), len(ticking)))
    assert len(set(sent)) == 1
    assert max(sent[0]) <= 60
    alone = enrol(world, "K-200")
    few = begin(world, alone)
    with counted(world) as one:
        tick(world, alone, few[2])
    assert sent[0][1] - len(one) <= 6
    assert world.unproved() == []
