"""Printing: every label that was printed is told in the history of its tube."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import codes, specimens
from biobank.errors import NotFound, Refusal
from biobank.printing.ordering import PrintJob, PrintOrder, print_labels
from tests.world import OUTSIDER, TECHNICIAN, World


def refusal(work: Callable[[], Any], kind: type[Refusal] = Refusal) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def printed(world: World, tubes: list[str], person: str = TECHNICIAN, **other: Any) -> PrintJob:
    order = PrintOrder.model_validate({"codes": tubes} | other)
    return world.act(lambda s, a: print_labels(s, a, order), person=person, answer=PrintJob)  # type: ignore[no-any-return]


def test_labels_are_printed_in_the_order_asked_and_each_tube_tells_of_it(world: World) -> None:
    tubes = world.tubes(3)
    job = printed(world, [codes.grouped(tube).lower() for tube in tubes[::-1]], skip=2)
    assert [face.code for face in job.faces] == tubes[::-1]
    assert (job.skip, job.faces[0].number) == (2, "3/3")
    kinds = [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tubes[0]))]
    assert kinds == ["registered", "label_printed"]
    assert world.unproved() == []


def test_two_labels_of_one_tube_are_two_labels_and_one_event(world: World) -> None:
    (tube,) = world.tubes(1)
    assert [face.code for face in printed(world, [tube, tube]).faces] == [tube, tube]
    kinds = [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
    assert kinds.count("label_printed") == 1


def test_a_stock_nobody_has_and_a_code_of_nothing_print_nothing(world: World) -> None:
    (tube,) = world.tubes(1)
    assert refusal(lambda: printed(world, [tube], stock="gold leaf")).slug == "stock_unknown"
    assert refusal(lambda: printed(world, [tube, world.boxes()[0]])).slug == "code_of_other_kind"
    kinds = [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
    assert kinds == ["registered"]


def test_a_whole_sheet_cannot_be_skipped(world: World) -> None:
    (tube,) = world.tubes(1)
    refused = refusal(lambda: printed(world, [tube], skip=200))
    assert (refused.slug, refused.field) == ("skip_too_far", "skip")


def test_an_outsider_prints_nothing(world: World) -> None:
    tubes = world.tubes(1)
    assert refusal(lambda: printed(world, tubes, OUTSIDER), NotFound).slug == "specimen_not_found"
