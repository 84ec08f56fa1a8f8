"""Print jobs: a row for each label, and what people decide of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from biobank.errors import NotFound, Refusal
from biobank.labels.shapes import Face, Of
from biobank.printing import applying, claiming, jobs
from biobank.printing.jobs import Ordered
from biobank.printing.sending import Sender
from biobank.tables import JobState, LabelState
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import card, decided, entered, ordered, require_logged, sent, told
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World

BADGE = [Ordered(Face("P000000000", Of.BADGE, {"name": "somebody"}))]


def refused(work: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as said:
        work()
    return said.value


def listed(world: World, person: str = TECHNICIAN, **asked: Any) -> list[Any]:
    return [row.id for row in world.ask(lambda s, a: jobs.listed(s, a, **asked), person)]


def test_a_job_has_a_row_for_each_label_in_the_order_asked_and_the_log_knows_nothing_of_it_yet(
    world: World,
) -> None:
    tubes = world.tubes(3)
    job = card(world, ordered(world, tubes[::-1], copies=2, skip=5))
    assert [label.code for label in job.labels] == [each for tube in tubes[::-1] for each in (tube, tube)]
    assert [label.serial for label in job.labels] == [1, 2, 3, 4, 5, 6]
    assert (job.state, job.total, job.skip, job.counts.queued) == (JobState.QUEUED, 6, 5, 6)
    assert (job.stock, job.printer, job.language, job.person) == ("herma-4100", "", "pdf", TECHNICIAN)
    assert set(told(world, job.id).values()) == {0}
    require_logged(world, job.id)


def test_labels_of_a_job_are_told_a_part_at_a_time(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(5))
    first = sqlite_world.ask(lambda s, a: jobs.card(s, a, job, most=3))
    assert ([label.serial for label in first.labels], first.next) == ([1, 2, 3], 3)
    last = sqlite_world.ask(lambda s, a: jobs.card(s, a, job, after=3, most=3))
    assert ([label.serial for label in last.labels], last.next) == ([4, 5], None)


def test_a_job_of_nothing_or_of_too_much_or_on_what_is_not_there_is_not_kept(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(1)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"faces": []}, "labels_none"),
        ({"copies": jobs.MOST + 1}, "labels_too_many"),
        ({"stock": "gold leaf"}, "stock_unknown"),
        ({"layout": "rococo"}, "layout_unknown"),
        ({"skip": 96}, "skip_too_far"),
        ({"skip": -1}, "skip_too_far"),
    ]
    for said, slug in wrong:
        assert refused(partial(ordered, sqlite_world, tubes, **said)).slug == slug
    assert listed(sqlite_world) == []


def test_a_label_printer_prints_on_what_is_in_it_and_an_office_printer_on_any_sheet(
    sqlite_world: World,
) -> None:
    tubes = sqlite_world.tubes(1)
    with FakePrinter() as fake:
        entered(sqlite_world, fake)
        other = refused(lambda: ordered(sqlite_world, tubes, "Bench 1", stock="herma-4100"))
        assert other.slug == "printer_other_stock"
        said = {"language": "pdf", "address": "", "queue": "office", "stock": "herma-4100"}
        entered(sqlite_world, fake, "Office", **said)
    assert card(sqlite_world, ordered(sqlite_world, tubes, "Office", stock="ttlw-2016")).stock == "ttlw-2016"


# --- who sees it ---


def test_a_job_is_seen_by_who_asked_for_it_and_by_who_may_see_all_of_it(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(1))
    for person in (TECHNICIAN, MANAGER):
        assert listed(sqlite_world, person) == [job]
        assert card(sqlite_world, job, person).id == job
    assert listed(sqlite_world, OUTSIDER) == []
    unseen = refused(lambda: card(sqlite_world, job, OUTSIDER))
    assert isinstance(unseen, NotFound)
    assert unseen.slug == "print_job_not_found"
    assert isinstance(refused(lambda: decided(sqlite_world, jobs.stop, OUTSIDER, job=job)), NotFound)


def test_the_label_of_a_badge_is_seen_by_administrators_alone(sqlite_world: World) -> None:
    def make(session: Any, actor: Any) -> Any:
        return jobs.make(session, actor, of=Of.BADGE, faces=BADGE, stock="herma-4100").id

    job = sqlite_world.act(make, person=MANAGER)
    assert listed(sqlite_world, MANAGER) == [job]
    assert card(sqlite_world, job, MANAGER).labels[0].code == "P000000000"
    assert listed(sqlite_world) == []
    assert refused(lambda: card(sqlite_world, job)).slug == "print_job_not_found"


# --- what people decide ---


def test_a_job_is_stopped_and_goes_on_where_it_was(world: World) -> None:
    job = ordered(world, world.tubes(2))
    assert listed(world, under_way=True) == [job]
    stopped = decided(world, jobs.stop, job=job)
    assert (stopped.state, stopped.counts.queued, stopped.may_retry) == (JobState.STOPPED, 2, True)
    assert listed(world, under_way=True) == []
    assert sent(world, job).counts.queued == 2, "a stopped job is not sent"
    assert refused(lambda: decided(world, jobs.stop, job=job)).slug == "print_job_ended"
    assert decided(world, jobs.retry, job=job).state is JobState.QUEUED
    done = sent(world, job)
    assert (done.state, done.may_stop, done.may_retry, done.may_void) == (JobState.DONE, False, False, False)
    assert refused(lambda: decided(world, jobs.retry, job=job)).slug == "print_job_nothing_left"
    require_logged(world, job)


def test_labels_that_wait_can_be_left_out(world: World) -> None:
    job = ordered(world, world.tubes(3))
    left = decided(world, jobs.void, job=job, serials=[2])
    assert [label.state for label in left.labels] == [LabelState.QUEUED, LabelState.VOID, LabelState.QUEUED]
    assert refused(lambda: decided(world, jobs.void, job=job, serials=[2])).slug == "label_not_waiting"
    done = sent(world, job)
    assert (done.state, done.counts.printed, done.counts.void) == (JobState.DONE, 2, 1)
    assert refused(lambda: decided(world, jobs.void, job=job)).slug == "label_not_waiting"
    require_logged(world, job)


def test_a_job_with_nothing_left_has_ended(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(2))
    ended = decided(sqlite_world, jobs.void, job=job)
    assert (ended.state, ended.counts.void) == (JobState.STOPPED, 2)
    assert ended.ended_at
    require_logged(sqlite_world, job)


def test_an_asking_job_is_answered_before_anything_else(sqlite_world: World) -> None:
    with FakePrinter() as fake:
        fake.labels_left = 1
        entered(sqlite_world, fake)
        asking = sent(sqlite_world, ordered(sqlite_world, sqlite_world.tubes(3), "Bench 1"))
        for act in (jobs.stop, jobs.retry, jobs.void):
            assert refused(partial(decided, sqlite_world, act, job=asking.id)).slug == "print_job_asks"
        for number in (-1, 4):
            assert (
                refused(partial(decided, sqlite_world, jobs.answer, job=asking.id, came_out_to=number)).slug
                == "came_out_range"
            )
        answered = decided(sqlite_world, jobs.answer, job=asking.id, came_out_to=3)
        assert (answered.state, answered.counts.printed, answered.question) == (JobState.DONE, 3, None)
        again = refused(lambda: decided(sqlite_world, jobs.answer, job=asking.id, came_out_to=3))
        assert again.slug == "print_job_asks_nothing"
        require_logged(sqlite_world, asking.id)


def test_what_scans_have_told_already_is_not_asked_any_more(sqlite_world: World) -> None:
    with FakePrinter() as fake:
        fake.labels_left = 2
        entered(sqlite_world, fake)
        tubes = sqlite_world.tubes(2)
        fake.stuck = True
        asking = sent(sqlite_world, ordered(sqlite_world, tubes, "Bench 1"))
        assert (asking.state, asking.may_retry) == (JobState.ASKING, False)
        sqlite_world.act(lambda s, a: applying.apply_scanned(s, a, tubes))
        known = card(sqlite_world, asking.id)
        assert (known.counts.applied, known.question, known.may_retry) == (2, None, True)
        assert decided(sqlite_world, jobs.retry, job=asking.id).state is JobState.DONE
        require_logged(sqlite_world, asking.id)


def test_what_is_being_sent_is_stopped_before_it_is_left_out(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(2))
    assert sqlite_world.database.write(lambda session: claiming.claim(session, job))
    for act in (jobs.retry, jobs.void):
        assert refused(partial(decided, sqlite_world, act, job=job)).slug == "print_job_under_way"
    winding_up = decided(sqlite_world, jobs.stop, job=job)
    assert (winding_up.state, winding_up.ended_at, winding_up.may_retry) == (JobState.STOPPED, None, False)


def test_a_job_that_is_stopped_while_it_is_drawn_is_given_up(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(2))
    claimed = sqlite_world.database.write(lambda session: claiming.claim(session, job))
    assert claimed

    def somebody_stops_it() -> bool:
        decided(sqlite_world, jobs.stop, job=job)
        return False

    Sender(sqlite_world.database, job, claimed, leaving=somebody_stops_it, apart=False).send()
    stopped = card(sqlite_world, job)
    assert (stopped.state, stopped.counts.queued, stopped.may_retry) == (JobState.STOPPED, 2, True)
    assert stopped.ended_at is not None
    require_logged(sqlite_world, job)
