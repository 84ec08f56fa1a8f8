"""Orders of labels: what they say, how many of one code there may be, and what the log tells of them."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import codes, specimens
from biobank.errors import NotAllowed, NotFound, Refusal
from biobank.labels.shapes import Of
from biobank.printing import copies, jobs, ordering
from biobank.printing.applying import Apply, apply
from biobank.printing.copies import Copies, Needs
from biobank.printing.jobs import LabelLine
from biobank.printing.ordering import JobMade, PrintOrder, print_labels
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def refusal(work: Callable[[], Any], kind: type[Refusal] = Refusal) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def ordered(world: World, tubes: list[str], person: str = TECHNICIAN, **other: Any) -> JobMade:
    order = PrintOrder.model_validate({"codes": tubes} | other)
    return world.act(lambda s, a: print_labels(s, a, order), person=person, answer=JobMade)  # type: ignore[no-any-return]


def printed(world: World, tubes: list[str], person: str = TECHNICIAN, **other: Any) -> list[LabelLine]:
    """Order labels and print them; the labels of the job."""
    made = ordered(world, tubes, person, **other)
    assert world.printed(made).startswith(b"%PDF")
    return labels(world, made)


def labels(world: World, made: JobMade, person: str = MANAGER) -> list[LabelLine]:
    return world.ask(lambda s, a: jobs.card(s, a, made.job), person).labels


def kinds(world: World, tube: str) -> list[str]:
    return [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]


def applied(world: World, *tubes: str) -> None:
    world.act(lambda s, a: apply(s, a, Apply(tubes=list(tubes))))


def live(world: World, tube: str, of: Of = Of.SPECIMEN) -> Copies:
    return world.ask(lambda s, a: copies.live(s, a, [tube], of))[0]


def test_labels_are_printed_in_the_order_asked_and_each_tube_tells_of_it(world: World) -> None:
    tubes = world.tubes(3)
    made = ordered(world, [codes.grouped(tube).lower() for tube in tubes[::-1]], skip=2)
    assert (made.total, made.stock, made.printer, made.first) == (3, "herma-4100", "", tubes[2])
    assert kinds(world, tubes[0]) == ["registered"]
    pdf = world.printed(made)
    assert world.printed(made) == pdf
    found = labels(world, made)
    assert [label.code for label in found] == tubes[::-1]
    assert found[0].face.fields == {
        "material": "EDTA blood",
        "event": "BL",
        "amount": "100 uL",
        "number": "3/3",
        "study": "DEMO",
    }
    assert kinds(world, tubes[0]) == ["registered", "label_printed"]
    assert world.unproved() == []


def test_more_than_one_label_of_a_tube_needs_a_reason_whoever_orders_it(world: World) -> None:
    (tube,) = world.tubes(1)
    twice = refusal(lambda: ordered(world, [tube, tube]))
    assert (twice.slug, twice.field, twice.facts["copies"]) == ("reprint_reason_needed", "reason", 2)
    assert refusal(lambda: ordered(world, [tube], copies=2)).slug == "reprint_reason_needed"
    assert live(world, tube) == Copies(tube, 0, 0, Needs.NOTHING)
    assert [label.code for label in printed(world, [tube, tube], reason="other")] == [tube, tube]
    assert live(world, tube) == Copies(tube, 2, 0, Needs.REASON)
    again = refusal(lambda: ordered(world, [tube], MANAGER))
    assert (again.slug, again.facts["there"], again.facts["copies"]) == ("reprint_reason_needed", 2, 3)
    assert len(printed(world, [tube], reason="misprint")) == 1
    assert live(world, tube).copies == 3
    assert kinds(world, tube).count("label_printed") == 3
    assert world.unproved() == []


def test_a_label_that_waits_to_be_printed_counts_as_one(world: World) -> None:
    (tube,) = world.tubes(1)
    ordered(world, [tube])
    assert live(world, tube).copies == 1
    assert refusal(lambda: ordered(world, [tube])).slug == "reprint_reason_needed"


def test_the_label_of_a_tube_that_bears_one_is_printed_again_by_a_manager_alone(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, [tube])
    applied(world, tube)
    assert live(world, tube) == Copies(tube, 1, 1, Needs.MANAGER)
    refused = refusal(lambda: ordered(world, [tube], reason="torn"), NotAllowed)
    assert (refused.slug, refused.facts["copies"]) == ("reprint_manager_needed", 1)
    assert refusal(lambda: ordered(world, [tube], MANAGER)).slug == "reprint_reason_needed"
    printed(world, [tube], MANAGER, reason="torn")
    assert live(world, tube).copies == 2
    assert world.unproved() == []


def test_the_dot_of_a_cap_is_no_copy_of_the_label_of_its_tube(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, [tube])
    (dot,) = printed(world, [tube], of="cap")
    assert dot.face.of is Of.CAP
    assert (live(world, tube).copies, live(world, tube, Of.CAP).copies) == (1, 1)
    assert refusal(lambda: ordered(world, [tube], of="cap")).slug == "reprint_reason_needed"


def test_containers_of_each_level_have_their_labels_and_no_job_has_two_kinds(world: World) -> None:
    freezer, *boxes = world.freezer(), *world.boxes()

    def order(*wanted: str) -> JobMade:
        told = ordering.ContainerLabels(codes=list(wanted))
        return world.act(lambda s, a: ordering.print_container_labels(s, a, told), answer=JobMade)  # type: ignore[no-any-return]

    made = order(*boxes)
    assert world.printed(made).startswith(b"%PDF")
    assert [label.code for label in labels(world, made)] == boxes
    first = labels(world, made)[0].face
    assert (first.of, first.fields["name"], first.fields["site"]) == (Of.BOX, "Box 1", "BJ")
    assert labels(world, order(freezer))[0].face.of is Of.FREEZER
    refused = refusal(lambda: order(freezer, boxes[0]))
    assert (refused.slug, refused.field) == ("labels_of_two_kinds", "codes")


def test_cards_and_requests_have_labels_too(world: World) -> None:
    cards = ordering.CardLabels(cards=["store", "done"])
    made = world.act(lambda s, a: ordering.print_card_labels(s, a, cards), answer=JobMade)
    assert world.printed(made).startswith(b"%PDF")
    assert [label.face.fields["name"] for label in labels(world, made)] == ["STORE", "DONE"]
    unknown = ordering.CardLabels(cards=["dance"])
    refused = refusal(lambda: world.act(lambda s, a: ordering.print_card_labels(s, a, unknown)))
    assert (refused.slug, refused.field) == ("card_unknown", "cards")
    code = codes.new_code(codes.CodeKind.REQUEST)
    request = ordering.RequestLabel(code=code, text="Plasma for two assays")
    asked = world.act(lambda s, a: ordering.print_request_label(s, a, request), answer=JobMade)
    assert world.printed(asked).startswith(b"%PDF")
    assert asked.first == code


def test_a_stock_nobody_has_and_a_code_of_nothing_print_nothing(world: World) -> None:
    (tube,) = world.tubes(1)
    assert refusal(lambda: ordered(world, [tube], stock="gold leaf")).slug == "stock_unknown"
    assert refusal(lambda: ordered(world, [tube, world.boxes()[0]])).slug == "code_of_other_kind"
    assert refusal(lambda: ordered(world, [tube], printer="Nobody's")).slug == "printer_not_found"
    assert kinds(world, tube) == ["registered"]


def test_a_whole_sheet_cannot_be_skipped(world: World) -> None:
    (tube,) = world.tubes(1)
    refused = refusal(lambda: ordered(world, [tube], skip=200))
    assert (refused.slug, refused.field) == ("skip_too_far", "skip")


def test_an_outsider_prints_nothing(world: World) -> None:
    tubes = world.tubes(1)
    assert refusal(lambda: ordered(world, tubes, OUTSIDER), NotFound).slug == "specimen_not_found"
    assert world.ask(lambda s, a: copies.live(s, a, tubes), OUTSIDER)[0].copies == 0
