"""Replacing a label: a new code for the tube, and the old one still leads to it and says that it is old."""

from typing import Any

import pytest

from biobank import codes, specimens, storage
from biobank.errors import Conflict, Malformed, NotAllowed, NotFound, Refusal
from biobank.labels.cards import Card
from biobank.specimens import Found
from biobank.storage import PutAway
from tests import collected
from tests.pages.visitor import outcome, visit, where
from tests.printing.acts import applied, kinds, printed, replaced, states, waiting
from tests.world import MANAGER, OUTSIDER, World


def refusal(work: Any, kind: type[Refusal] = Refusal) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def found(world: World, code: str) -> Found:
    return world.ask(lambda s, a: specimens.find(s, a, code))


def test_a_tube_gets_a_new_code_and_its_old_one_leads_to_it_and_says_so(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    printed(world, tube)
    applied(world, tube)
    done = replaced(world, tube=tube, reason="torn")
    assert (done.old, done.code[0]) == (tube, "S")
    assert found(world, tube) == Found("specimen", done.code, scheme="label", retired=True)
    assert found(world, done.code) == Found("specimen", done.code)
    card = world.ask(lambda s, a: specimens.card(s, a, tube))
    assert (card.code, card.identifiers, card.custody) == (done.code, [tube], "slot")
    assert (states(world, tube), states(world, done.code)) == (["void"], ["printed"])
    assert [row.code for row in waiting(world)] == [done.code]
    assert applied(world, done.code) == [True]
    told = world.ask(lambda s, a: specimens.timeline(s, a, tube))
    assert [(row.kind, row.code) for row in told[-4:]] == [
        ("identified", done.code),
        ("identifier_retired", tube),
        ("label_printed", ""),
        ("label_applied", ""),
    ]
    assert world.unproved() == []


def test_a_label_is_replaced_again_and_both_old_codes_lead_to_the_tube(world: World) -> None:
    (tube,) = world.tubes(1)
    second = replaced(world, tube=tube).code
    third = replaced(world, tube=tube, reason="frost").code
    assert [found(world, code).code for code in (tube, second, third)] == [third] * 3
    assert world.unproved() == []


def test_a_tube_whose_code_cannot_be_read_is_named_by_its_slot(world: World) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    world.put(box, tubes)
    assert replaced(world, box=box, slot="a2", reason="faded").old == tubes[1]
    empty = refusal(lambda: replaced(world, box=box, slot="C3"), NotFound)
    assert (empty.slug, empty.facts["slot"]) == ("slot_empty_here", "C3")
    assert refusal(lambda: replaced(world, box=box), Malformed).slug == "tube_needed"
    assert world.unproved() == []


def test_no_label_is_replaced_for_who_may_not_see_the_tube_and_of_one_that_ended(world: World) -> None:
    (tube,) = world.tubes(1)
    assert refusal(lambda: replaced(world, OUTSIDER, tube=tube), NotFound).slug == "code_unassigned"
    collected.adopt(world)
    at, (kit,) = collected.enrol(world), collected.kits(world)
    gone = collected.begin(world, at)[0]
    collected.begin(world, at, kit.code)
    ended = refusal(lambda: replaced(world, tube=gone))
    assert (ended.slug, ended.facts["code"]) == ("label_of_ended_tube", codes.grouped(gone))


def test_the_old_label_works_at_the_bench_and_is_said_to_be_old(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, tube)
    now, box, bench = replaced(world, tube=tube).code, world.boxes()[0], visit(world)
    answer = bench.scan(tube, "store", box)
    assert outcome(answer) == "notice"
    assert f"the tube is called {codes.grouped(now)} now" in answer
    assert where(world, now) == ("Box 1", "A1")
    assert states(world, now) == ["printed"]
    assert outcome(bench.scan(now, "take", box)) == "ok"
    assert states(world, now) == ["applied"]
    page = bench.get(f"/specimens/{tube}").text
    assert codes.grouped(now) in page
    assert "take the old label off" in page
    assert world.unproved() == []


def test_a_card_leads_from_a_code_that_cannot_be_read_to_its_replacing(world: World) -> None:
    (tube,), box = world.tubes(1), world.boxes()[0]
    world.put(box, [tube])
    assert f"/specimens/{tube}" in visit(world).scan(Card.UNREADABLE.value, "lookup", box, at="A1")
    printed(world, tube)
    assert "/labels/print?codes=" in visit(world).scan(Card.PRINT_AGAIN.value, about=tube)
    applied(world, tube)
    assert f'data-leads="/specimens/{tube}#' in visit(world).scan(Card.PRINT_AGAIN.value, about=tube)


def test_what_is_no_scan_at_the_bench_is_told_the_new_code(world: World) -> None:
    (tube,) = world.tubes(1)
    now = replaced(world, tube=tube).code
    order = PutAway(box=world.boxes()[0], tubes=[tube])
    refused = refusal(lambda: world.act(lambda s, a: storage.put_away(s, a, order)), Conflict)
    assert (refused.slug, refused.facts["now"]) == ("label_old", codes.grouped(now))
    taken = specimens.Registration(
        visit=world.visit("D-009"),
        specimens=[specimens.NewSpecimen(material="blood_edta", code=tube)],
    )
    assert refusal(lambda: world.act(lambda s, a: specimens.register(s, a, taken))).slug == "code_taken"


def test_a_kit_whose_label_was_replaced_stays_that_of_its_visit(world: World) -> None:
    collected.adopt(world)
    at, (kit,) = collected.enrol(world), collected.kits(world)
    made = collected.begin(world, at, kit.code)
    now = replaced(world, tube=made[0], reason="misprint").code
    assert collected.begin(world, at, kit.code)[0] == now
    assert refusal(lambda: collected.tick(world, at, made[0])).slug == "label_old"
    collected.tick(world, at, now)
    seen = collected.bench(world, at)
    assert (seen.kit, seen.rows[0].life, seen.counts.expected) == (kit.code, "active", 9)
    assert world.unproved() == []


def test_replacing_needs_no_manager_and_a_new_label_of_a_new_code_no_reason(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, tube)
    applied(world, tube)
    with pytest.raises(NotAllowed):
        printed(world, tube, reason="torn")
    now = replaced(world, tube=tube).code
    applied(world, now)
    printed(world, now, person=MANAGER, reason="torn")
    assert kinds(world, now).count("label_printed") == 3
    assert world.unproved() == []
