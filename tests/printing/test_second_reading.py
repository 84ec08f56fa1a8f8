"""Labels and jobs that several hands change at once, that nobody can draw, or that are not one's own."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace
from sqlmodel import Session, col, select, update

from biobank.errors import NotFound, Refusal
from biobank.labels import layouts, proofing
from biobank.labels.layouts import LAYOUTS, read_layout
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import STOCKS, read_stock
from biobank.people import Actor
from biobank.printing import applying, claiming, jobs, printers, spooler, stocks
from biobank.printing.applying import LabelVoids
from biobank.printing.jobs import Ordered
from biobank.printing.printers import PrinterChange, PrinterRow
from biobank.printing.sending import Sender
from biobank.printing.stocks import LayoutOrder, LayoutRow
from biobank.tables import Grant, JobState, LabelLayout, LabelState, Person, PrintedLabel, PrinterLanguage
from tests.printing.acts import replaced, states
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import (
    PATIENT,
    ROLL,
    abandoned,
    card,
    decided,
    entered,
    ordered,
    require_logged,
    sent,
)
from tests.world import MANAGER, TECHNICIAN, World

OFFICE = {"language": "pdf", "address": "", "queue": "office", "stock": "herma-4100"}


@pytest.fixture
def fake() -> Iterator[FakePrinter]:
    with FakePrinter() as printer:
        yield printer


def refused(work: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as said:
        work()
    return said.value


def read_from(pdf: bytes) -> list[str]:
    """The codes on all pages of a document."""
    return [code for page in proofing.rasters(pdf, 300) for code in proofing.read(page)]


def changed(world: World, printer: PrinterRow, **said: Any) -> PrinterRow:
    kept = {"name": printer.name, "site": printer.site, "language": printer.language, "stock": printer.stock}
    order = PrinterChange.model_validate({"printer": printer.id, "address": printer.address} | kept | said)
    return world.act(lambda s, a: printers.change(s, a, order), person=MANAGER, answer=PrinterRow)  # type: ignore[no-any-return]


# --- no label without its entry ---


def test_a_label_that_was_replaced_while_its_stack_was_drawn_is_not_sent(
    world: World, fake: FakePrinter
) -> None:
    entered(world, fake)
    tubes = world.tubes(3)
    job = ordered(world, tubes, "Bench 1")
    mine = world.database.write(lambda session: claiming.claim(session, job))
    assert mine
    meanwhile = iter(tubes[1:2])

    def leaving() -> bool:
        for tube in meanwhile:
            replaced(world, tube=tube)
        return False

    Sender(world.database, job, mine, patience=PATIENT, leaving=leaving, apart=False).send()
    assert sent(world, job).state is JobState.DONE
    assert len(fake.printed) == 2
    assert (states(world, tubes[1]), states(world, tubes[2])) == (["void"], ["printed"])
    require_logged(world, job)


def test_a_document_holds_no_label_that_was_void_before_it_was_made(world: World) -> None:
    tubes = world.tubes(3)
    job = ordered(world, tubes, skip=4)
    decided(world, jobs.void, job=job, serials=[2])
    assert sent(world, job).state is JobState.DONE
    made = spooler.pdf(world.database, job)
    assert read_from(made) == [tubes[0], tubes[2]]
    gone = LabelVoids.model_validate({"labels": [card(world, job).labels[0].id], "reason": "torn"})
    world.act(lambda s, a: applying.void_labels(s, a, gone), answer=int)
    assert spooler.pdf(world.database, job) == made, "the same bytes each time"
    require_logged(world, job)


def test_an_answer_takes_nothing_back_that_a_scan_tells_at_the_same_moment(
    world: World, fake: FakePrinter
) -> None:
    fake.resets_after = 2048
    entered(world, fake)
    tubes = world.tubes(3)
    job = ordered(world, tubes, "Bench 1")
    assert sent(world, job).state is JobState.ASKING
    answers = threading.Thread(target=lambda: decided(world, jobs.answer, job=job, came_out_to=1))

    def scanned(session: Session, actor: Actor) -> int:
        done = applying.apply_scanned(session, actor, tubes[:1])
        if not answers.ident:
            answers.start()
            answers.join(0.5)
        return len(done)

    assert world.act(scanned, answer=int) == 1
    answers.join()
    assert states(world, tubes[0]) == ["applied"]
    require_logged(world, job)


def test_what_is_waiting_and_still_stands_in_the_log_is_not_proved(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(1))
    assert sent(sqlite_world, job).state is JobState.DONE
    forged = update(PrintedLabel).values(state=LabelState.QUEUED)
    sqlite_world.database.write(lambda session: session.connection().execute(forged).rowcount)
    assert {each.what for each in sqlite_world.unproved()} == {"entry 2 tells of no label that is there"}


# --- nothing is stuck ---


def test_a_job_whose_labels_were_all_replaced_ends(world: World, fake: FakePrinter) -> None:
    entered(world, fake, "Office", **OFFICE)
    tubes = world.tubes(1)
    job = ordered(world, tubes, "Office")
    replaced(world, tube=tubes[0])
    ended = sent(world, job)
    assert (ended.state, ended.counts.void) == (JobState.STOPPED, 1)
    assert ended.ended_at
    require_logged(world, job)


def test_a_job_whose_layout_is_no_more_fails_and_the_next_one_is_printed(
    sqlite_world: World, fake: FakePrinter
) -> None:
    entered(sqlite_world, fake)
    body = json.loads(msgspec.json.encode(layouts.layout_for(Of.SPECIMEN, STOCKS[ROLL])))
    body |= {"code": "mine", "name": "Mine"}
    order = LayoutOrder(body=json.dumps(body))
    add: Any = lambda s, a: stocks.add_layout(s, a, order)  # noqa: E731
    sqlite_world.act(add, person=MANAGER, answer=LayoutRow)
    tubes = sqlite_world.tubes(2)
    job, following = (ordered(sqlite_world, tubes, "Bench 1", layout=code) for code in ("mine", ""))
    larger = update(LabelLayout).values(body=json.dumps(body | {"least_width": 400}))
    sqlite_world.database.write(lambda session: session.connection().execute(larger).rowcount)
    failed = sent(sqlite_world, job)
    assert failed.fault
    assert (failed.state, failed.fault.slug) == (JobState.FAILED, "layout_unfit")
    assert sent(sqlite_world, following).state is JobState.DONE
    require_logged(sqlite_world, job)


def test_a_job_for_what_its_printer_was_before_it_was_changed_is_not_sent(
    sqlite_world: World, fake: FakePrinter
) -> None:
    printer = entered(sqlite_world, fake)
    tubes = sqlite_world.tubes(2)
    for said in ({"language": "tspl"}, {"stock": "roll-25x13"}, {"dpi": 203}):
        job = ordered(sqlite_world, tubes, "Bench 1")
        changed(sqlite_world, printer, **said)
        failed = sent(sqlite_world, job)
        assert failed.fault
        assert (failed.state, failed.fault.slug) == (JobState.FAILED, "printer_changed")
        changed(sqlite_world, printer)
    assert fake.connections == 0


def test_a_printer_that_never_ends_what_it_says_is_asked_about(sqlite_world: World) -> None:
    with FakePrinter(PrinterLanguage.BROTHER) as fake:
        fake.babbles = True
        entered(sqlite_world, fake)
        job = ordered(sqlite_world, sqlite_world.tubes(1), "Bench 1")
        spooler.drain(sqlite_world.database, job, patience=replace(PATIENT, stack=0.5))
        asking = card(sqlite_world, job)
    assert asking.fault
    assert (asking.state, asking.fault.slug) == (JobState.ASKING, "printer_silent")


def test_what_a_program_left_behind_can_be_decided_where_nothing_takes_it_up(
    world: World, fake: FakePrinter
) -> None:
    entered(world, fake)
    job = ordered(world, world.tubes(2), "Bench 1")
    mine = world.database.write(lambda session: claiming.claim(session, job))
    assert refused(lambda: decided(world, jobs.retry, job=job)).slug == "print_job_under_way"
    abandoned(world, job)
    assert card(world, job).may_retry
    assert decided(world, jobs.retry, job=job).state is JobState.QUEUED
    mine = world.database.write(lambda session: claiming.claim(session, job))
    assert mine
    ids = [label.id for label in card(world, job).labels]
    sender = Sender(world.database, job, mine, patience=PATIENT)
    assert sender.tell(ids, LabelState.SENT)
    abandoned(world, job)
    asked = card(world, job)
    assert asked.question
    assert (asked.question.first, asked.question.last, asked.may_stop) == (1, 2, False)
    assert refused(lambda: decided(world, jobs.retry, job=job)).slug == "print_job_asks"
    decided(world, jobs.answer, job=job, came_out_to=1)
    assert not sender.tell(ids, LabelState.PRINTED), "who lost the job says nothing more of it"
    assert (sent(world, job).state, len(fake.printed)) == (JobState.DONE, 1)
    require_logged(world, job)


def test_who_waits_for_a_job_is_told_how_many_labels_are_out(sqlite_world: World, fake: FakePrinter) -> None:
    entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(5), "Bench 1")
    told: list[tuple[int, int]] = []
    heard = lambda *counts: told.append(counts)  # noqa: E731
    assert spooler.drain(sqlite_world.database, job, patience=PATIENT, stack=2, heard=heard) is JobState.DONE
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_many_jobs_of_one_printer_hold_up_no_other(sqlite_world: World, fake: FakePrinter) -> None:
    for name in ("Bench 1", "Bench 2"):
        entered(sqlite_world, fake, name)
    tubes = sqlite_world.tubes(1)
    waiting = [ordered(sqlite_world, tubes, "Bench 1") for _ in range(5)]
    other = ordered(sqlite_world, tubes, "Bench 2")
    turns = sqlite_world.database.read(lambda session: spooler.turns(session, most=2))
    assert turns == [waiting[0], other]


# --- whose it is ---


def test_ones_own_job_is_out_of_sight_with_the_site_that_it_is_of(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(1))

    def elsewhere(session: Session) -> None:
        mine = select(Grant).join(Person).where(col(Person.name) == TECHNICIAN)
        others = select(Grant.site_id).join(Person).where(col(Grant.site_id).is_not(None))
        own = session.exec(mine).all()
        away = session.exec(others.where(col(Grant.site_id).not_in([each.site_id for each in own]))).first()
        assert away
        for grant in own:
            grant.site_id, grant.study_id = away, None

    sqlite_world.database.write(elsewhere)
    assert isinstance(refused(lambda: card(sqlite_world, job)), NotFound)
    assert sqlite_world.ask(jobs.listed) == []


def test_the_label_of_a_badge_is_voided_by_administrators_alone(sqlite_world: World) -> None:
    badge = [Ordered(Face("P000000000", Of.BADGE, {"name": "somebody"}))]

    def make(session: Session, actor: Actor) -> UUID:
        return jobs.make(session, actor, of=Of.BADGE, faces=badge, stock="herma-4100").id

    job = sqlite_world.act(make, person=MANAGER, answer=UUID)
    sent_to = card_of(sqlite_world, job)
    gone = LabelVoids.model_validate({"labels": [sent_to], "reason": "lost"})

    def void(person: str) -> int:
        return sqlite_world.act(  # type: ignore[no-any-return]
            lambda s, a: applying.void_labels(s, a, gone), person=person, answer=int
        )

    assert refused(lambda: void(TECHNICIAN)).slug == "label_not_found"
    assert void(MANAGER) == 1


def card_of(world: World, job: UUID) -> UUID:
    spooler.drain(world.database, job)
    return card(world, job, MANAGER).labels[0].id


# --- what cannot be printed is not kept ---


@pytest.mark.parametrize(
    ("language", "said", "slug"),
    [
        ("zpl", {"stock": "herma-4100"}, "label_stock_is_sheets"),
        ("tspl", {"stock": "herma-4100"}, "label_stock_is_sheets"),
        ("brother", {"stock": "roll-33x13"}, "label_stock_not_brother"),
        ("brother", {"stock": "dk-29x42", "dpi": 203}, "label_resolution_unfit"),
    ],
)
def test_no_printer_has_a_stock_in_it_that_its_language_cannot_print(
    sqlite_world: World, fake: FakePrinter, language: str, said: dict[str, Any], slug: str
) -> None:
    assert refused(lambda: entered(sqlite_world, fake, **{"language": language} | said)).slug == slug
    printer = entered(sqlite_world, fake)
    assert refused(lambda: changed(sqlite_world, printer, **{"language": language} | said)).slug == slug


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ({"columns": 10**400}, "stock_size_wrong"),
        ({"rows": -(10**400)}, "stock_size_wrong"),
        ({"code": ""}, "label_code_wrong"),
        ({"code": "../other"}, "label_code_wrong"),
        ({"code": "x" * 41}, "label_code_wrong"),
        ({"name": "a\0b"}, "label_name_wrong"),
        ({"name": "n" * 81}, "label_name_wrong"),
    ],
)
def test_a_stock_has_a_name_and_sizes_that_can_be_kept(said: dict[str, Any], slug: str) -> None:
    told = {"code": "ours", "name": "Ours", "page_width": 210, "page_height": 297, "width": 40, "height": 20}
    assert refused(lambda: read_stock(json.dumps(told | said))).slug == slug


def test_a_layout_has_a_name_and_sizes_that_can_be_kept() -> None:
    shipped = json.loads(msgspec.json.encode(LAYOUTS["specimen"]))
    turned = [shipped["zones"][0] | {"rotation": 10**400}]
    assert refused(lambda: read_layout(json.dumps(shipped | {"zones": turned}))).slug == "layout_size_wrong"
    assert refused(lambda: read_layout(json.dumps(shipped | {"code": "a b"}))).slug == "label_code_wrong"
