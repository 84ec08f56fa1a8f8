"""Noting: how something was collected, when it came, and lists by what was noted."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import specimens
from biobank.errors import Conflict, Malformed, Refusal, Refusals, RuleBroken
from biobank.inputs import read
from biobank.participants import datasets
from biobank.specimens import CollectionFactsOrder, ReceiptOrder, Sought, noted
from tests.rotor import aliquot, begun, card, derive, draw, tubes
from tests.world import OUTSIDER, World

DRAWN = "2026-05-04T09:00:00+08:00"


def at(hour: str) -> str:
    return f"2026-05-04T{hour}:00+08:00"


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def note(world: World, tube: str, **told: Any) -> noted.CollectionFacts | None:
    order = read(CollectionFactsOrder, {"tube": tube, **told})
    world.act(lambda s, a: specimens.rows(s, [specimens.note_collection(s, a, order)]))
    return card(world, tube).facts


def receive(world: World, *scanned: str, **more: Any) -> list[str]:
    order = ReceiptOrder.model_validate({"tubes": list(scanned), **more})
    return world.act(lambda s, a: [tube.code for tube in specimens.receive(s, a, order)], answer=list[str])  # type: ignore[no-any-return]


def sought(world: World, person: str = "technician", **told: Any) -> list[str]:
    order = read(Sought, told)
    found = world.ask(lambda s, a: specimens.page(s, a, None, "", 200, order), person)
    return [row.code for row in found]


# --- how it was collected ---


def test_what_is_noted_of_stool_stands_on_its_card_and_is_added_to(world: World) -> None:
    (stool,) = draw(world, begun(world), "stool", DRAWN)
    assert card(world, stool).facts is None
    told: dict[str, Any] = {"source": "home", "bristol": 4, "kept": "cold", "lot": "K-17"}
    first = note(world, stool, **told, expires_on="2027-01-31", ppi="yes", ppi_on="2026-05-01")
    assert first is not None
    assert (first.source, first.bristol, first.kept, first.lot) == ("home", 4, "cold", "K-17")
    assert (str(first.expires_on), first.ppi, str(first.ppi_on)) == ("2027-01-31", "yes", "2026-05-01")
    second = note(world, stool, bristol=5, antibiotics="unknown")
    assert second is not None
    assert (second.source, second.bristol, second.antibiotics, second.ppi) == ("home", 5, "unknown", "yes")
    assert [line.kind for line in world.ask(lambda s, a: specimens.timeline(s, a, stool))][-2:] == [
        "noted"
    ] * 2
    assert world.unproved() == []


def test_no_log_tells_what_somebody_took(world: World) -> None:
    (stool,) = draw(world, begun(world), "stool", DRAWN)
    note(world, stool, antibiotics="yes", antibiotics_on="2026-05-01")
    said = world.ask(lambda s, a: specimens.timeline(s, a, stool))
    assert not any("antibiotics" in str(line) for line in said)


def test_facts_are_noted_of_the_material_that_has_them(world: World) -> None:
    visit = begun(world)
    blood, _ = draw(world, visit, "blood_edta", DRAWN)
    (stool,) = draw(world, visit, "stool", DRAWN)
    refused = refusal(lambda: note(world, blood, bristol=4))
    assert (refused.slug, refused.field) == ("fact_of_other_material", "bristol")
    assert refusal(lambda: note(world, stool, haemolysis=1)).slug == "fact_of_other_material"
    facts = note(world, blood, haemolysis=0, kept="room")
    assert facts is not None
    assert (facts.haemolysis, facts.kept) == (0, "room")
    plasma = derive(world, blood, "plasma_edta").code
    assert refusal(lambda: note(world, plasma, haemolysis=1)).slug == "not_drawn"
    late = refusal(lambda: note(world, stool, ppi="no", ppi_on="2026-05-01"))
    assert (late.slug, late.field) == ("day_without_taking", "ppi_on")
    waiting = tubes(world, visit, "serum", "primary")[0]
    assert refusal(lambda: note(world, waiting, kept="room")).slug == "tube_not_there"
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("bristol", 0), ("bristol", 8), ("haemolysis", 5), ("ppi", "often"), ("ppi_on", "2099-01-01")],
)
def test_facts_that_cannot_be_are_refused_by_name(name: str, value: object) -> None:
    refused = refusal(lambda: read(CollectionFactsOrder, {"tube": "S", name: value}), Refusals)
    assert isinstance(refused, Refusals)
    assert [each.field for each in refused.each] == [name]


# --- received ---


def test_tubes_are_received_together_and_a_late_one_says_so(world: World) -> None:
    drawn = draw(world, begun(world), "blood_edta", DRAWN)
    assert receive(world, *drawn, at=at("09:30")) == drawn
    assert receive(world, *drawn) == drawn  # again, and nothing changes
    shown = card(world, drawn[0])
    assert shown.received is not None
    assert (shown.received.isoformat(), shown.deviations) == (at("09:30"), [])
    other = refusal(lambda: receive(world, *drawn, at=at("09:31")), Conflict)
    assert other.slug == "received_already"
    (late, _) = draw(world, begun(world, "R-2"), "blood_edta", DRAWN)
    receive(world, late, at=at("09:31"))
    (deviation,) = card(world, late).deviations
    assert (deviation.code, deviation.minutes, deviation.limit) == ("late_receipt", 31, 30)
    assert world.unproved() == []


def test_a_receipt_stands_between_the_draw_and_what_was_made(world: World) -> None:
    visit = begun(world)
    first, second = draw(world, visit, "blood_edta", DRAWN)
    early = refusal(lambda: receive(world, first, at=at("08:59")))
    assert (early.slug, early.field) == ("times_out_of_order", "at")
    order = specimens.SpinOrder.model_validate(
        {"tubes": [first], "g": 2000, "minutes": 10, "celsius": 4, "at": at("09:20")}
    )
    world.act(lambda s, a: specimens.spin(s, a, order) and None, answer=type(None))
    late = refusal(lambda: receive(world, second, first, at=at("09:21")))
    assert (late.slug, late.facts["later"], late.facts["earlier"]) == (
        "times_out_of_order",
        "processed",
        "received",
    )
    assert card(world, second).received is None  # all or none
    assert refusal(lambda: receive(world, second, second)).slug == "scanned_twice"
    waiting = tubes(world, visit, "serum", "primary")[0]
    assert refusal(lambda: receive(world, waiting)).slug == "tube_not_there"
    assert world.unproved() == []


# --- lists of what is sought ---


def test_baseline_plasma_of_those_with_an_fmri_is_found(world: World) -> None:
    with_it, without = begun(world), begun(world, "R-2")
    link = datasets.DatasetOrder(visit=with_it, kind="fmri", external_id="SUB-0001")
    world.act(lambda s, a: datasets.link(s, a, link))
    for visit in (with_it, without):
        blood = draw(world, visit, "blood_edta", DRAWN)[0]
        aliquot(world, derive(world, blood, "plasma_edta").code, 2)
    told = {"event": "BL", "material": "plasma_edta", "kind": "aliquot", "life": "active"}
    both, found = sought(world, **told), sought(world, **told, dataset="fmri")
    assert (len(both), len(found)) == (4, 2)
    assert found == sought(world, **told, participant="R-1") == sorted(found)
    assert sought(world, **told, participant="R-1", dataset="hrv") == []
    assert sought(world, **{**told, "event": "M1"}) == []
    assert sought(world, OUTSIDER, **told) == []
    shown = world.ask(lambda s, a: specimens.visit_card(s, a, with_it))
    assert [(each.kind, each.external_id) for each in shown.datasets] == [("fmri", "SUB-0001")]
    order = read(Sought, told)
    paged = world.ask(lambda s, a: specimens.page(s, a, "ROTOR", both[1], 2, order))
    assert [row.code for row in paged] == both[2:]


def test_tubes_are_found_by_what_went_otherwise(world: World) -> None:
    first, second = draw(world, begun(world), "blood_edta", DRAWN)
    receive(world, first, at=at("10:00"))
    receive(world, second, at=at("09:10"))
    assert sought(world, deviation="late_receipt") == [first]
    assert sought(world, deviation="late_spin") == []


def test_a_list_is_not_sought_by_words_that_mean_nothing() -> None:
    refused = refusal(lambda: read(Sought, {"life": "undead"}), Refusals)
    assert isinstance(refused, Refusals)
    assert isinstance(refused.each[0], Malformed)
