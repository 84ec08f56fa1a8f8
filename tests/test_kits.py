"""Kits: bags of labelled tubes, made ahead of a visit and bound to it by a scan."""

from biobank import codes, inputs, specimens
from biobank.codes import CodeKind
from biobank.errors import Conflict, NotFound
from biobank.printing import jobs
from biobank.printing.ordering import JobMade, KitReprint, reprint_kits
from biobank.specimens import Found, KitCard
from tests import collected
from tests.collected import STUDY, adopt, begin, bench, enrol, kit_labels, kits, refusal, tick, visit_of
from tests.world import OUTSIDER, World


def find(world: World, code: str) -> Found:
    return world.ask(lambda s, a: specimens.find(s, a, code))


def test_a_kit_has_a_label_for_the_primary_and_each_leaf_and_none_for_what_stands_between(
    world: World,
) -> None:
    adopt(world)
    first, second = kits(world, count=2)
    assert [(face.material, face.number) for face in first.labels] == [
        ("EDTA blood", ""),
        *(("EDTA plasma", f"{number}/8") for number in range(1, 9)),
    ]
    assert (
        len({face.code for kit in (first, second) for face in kit.labels} | {first.code, second.code}) == 20
    )
    assert (first.event, first.title, first.visit, first.participant) == ("BL", "Baseline", "", "")
    assert world.ask(lambda s, a: specimens.kit_card(s, a, first.code.lower())) == first
    assert world.unproved() == []


def test_the_tubes_of_a_visit_begun_with_a_kit_carry_its_labels_in_its_order(world: World) -> None:
    adopt(world)
    visit, (kit,) = enrol(world), kits(world)
    made = begin(world, visit, kit.code)
    labels = [face.code for face in kit.labels]
    assert (made[0], made[2:]) == (labels[0], labels[1:])
    assert made[1] not in labels
    seen = bench(world, visit)
    assert (seen.kit, seen.begun, seen.counts.expected) == (kit.code, True, 10)
    assert [row.labelled for row in seen.rows] == [True, False, *[True] * 8]
    assert world.ask(lambda s, a: specimens.kit_card(s, a, kit.code)).visit == visit
    assert world.unproved() == []


def test_a_label_is_found_as_its_kit_until_the_kit_is_in_use_and_as_its_tube_after(world: World) -> None:
    adopt(world)
    visit, (kit,) = enrol(world), kits(world)
    label = kit.labels[3].code
    assert find(world, kit.code) == Found("kit", kit.code)
    assert find(world, label) == Found("kit", kit.code, label=label)
    refused = refusal(lambda: tick(world, visit, label), Conflict)
    assert (refused.slug, refused.facts["kit"]) == ("kit_not_begun", codes.grouped(kit.code))
    begin(world, visit, kit.code)
    assert find(world, label) == Found("specimen", label)


def test_a_label_of_a_kit_is_no_free_code(world: World) -> None:
    adopt(world)
    visit, (kit,) = enrol(world), kits(world)
    order = inputs.read(
        specimens.Registration,
        {"visit": visit, "specimens": [{"material": "blood_edta", "code": kit.labels[0].code}]},
    )
    refused = refusal(lambda: world.act(lambda s, a: specimens.register(s, a, order)), Conflict)
    assert refused.slug == "kit_not_begun"


def test_beginning_twice_with_the_same_kit_answers_the_same_tubes_and_writes_nothing(world: World) -> None:
    adopt(world)
    visit, (kit,) = enrol(world), kits(world)
    made = begin(world, visit, kit.code)
    tick(world, visit, made[0])
    assert begin(world, visit, kit.code) == made
    assert begin(world, visit) == made
    assert collected.kinds(world, made[5]) == ["registered"]
    assert world.unproved() == []


def test_a_kit_of_another_event_or_in_use_elsewhere_is_refused(world: World) -> None:
    adopt(world)
    first, second = enrol(world), enrol(world, "K-002")
    (other,) = kits(world, "M1")
    refused = refusal(lambda: begin(world, first, other.code))
    assert (refused.slug, refused.facts["event"], refused.facts["label"]) == (
        "kit_of_other_event",
        "M1",
        "BL",
    )
    (kit,) = kits(world)
    begin(world, first, kit.code)
    assert refusal(lambda: begin(world, second, kit.code), Conflict).slug == "kit_bound"
    assert bench(world, second).begun is False
    assert world.unproved() == []


def test_a_kit_replaces_labels_that_nobody_scanned_yet_and_no_others(world: World) -> None:
    adopt(world)
    visit, (first, second) = enrol(world), kits(world, count=2)
    without = begin(world, visit)
    made = begin(world, visit, first.code)
    assert not set(made) & set(without)
    assert bench(world, visit).counts.expected == 10
    assert refusal(lambda: tick(world, visit, without[0])).slug == "label_replaced"
    tick(world, visit, made[4])
    assert refusal(lambda: begin(world, visit, second.code), Conflict).slug == "visit_has_other_labels"
    assert world.unproved() == []


def test_a_kit_made_for_a_visit_is_its_labels_without_a_scan_of_the_kit(world: World) -> None:
    adopt(world)
    visit = enrol(world)
    (kit,) = kits(world, visit=visit)
    assert (kit.visit, kit.participant, kit.labels[0].participant) == (visit, "K-001", "K-001")
    assert bench(world, visit).kit == kit.code
    assert begin(world, visit)[0] == kit.labels[0].code
    assert refusal(lambda: kits(world, visit=visit), Conflict).slug == "visit_has_kit"
    later = visit_of(world, "K-001", "M1")
    assert refusal(lambda: kits(world, visit=later)).slug == "kit_of_other_event"
    assert refusal(lambda: kits(world, "M1", visit=later, count=2)).slug == "one_kit_a_visit"
    assert world.unproved() == []


def test_a_kit_of_an_older_protocol_serves_as_long_as_that_asks_for_the_same_tubes(world: World) -> None:
    adopt(world)
    old, older = kits(world, count=2)
    adopt(world, STUDY + b"\n# the same, once more\n")
    assert begin(world, enrol(world), old.code)[0] == old.labels[0].code
    adopt(world, STUDY.replace(b"count = 8", b"count = 6"))
    refused = refusal(lambda: begin(world, enrol(world, "K-002"), older.code), Conflict)
    assert refused.slug == "kit_outdated"
    assert world.unproved() == []


def test_kits_are_refused_for_an_event_that_is_not_there_and_one_that_collects_nothing(world: World) -> None:
    adopt(world)
    assert refusal(lambda: kits(world, "M9")).slug == "event_unknown"
    assert refusal(lambda: kits(world, "M1", study="DEMO")).slug == "event_collects_nothing"


def test_an_outsider_neither_sees_nor_uses_a_kit(world: World) -> None:
    adopt(world)
    visit, (kit,) = enrol(world), kits(world)
    seen = lambda: world.ask(lambda s, a: specimens.kit_card(s, a, kit.code), OUTSIDER)  # noqa: E731
    assert refusal(seen, NotFound).slug == "kit_not_found"
    assert refusal(lambda: begin(world, visit, kit.code, OUTSIDER), NotFound).slug == "visit_not_found"
    nobody = codes.new_code(CodeKind.KIT)
    assert refusal(lambda: begin(world, visit, nobody), NotFound).slug == "kit_not_found"


def test_the_labels_of_kits_are_printed_kit_by_kit_and_again_with_the_same_codes(world: World) -> None:
    adopt(world)
    made = kit_labels(world, count=2, skip=3)
    pdf = world.printed(made)
    assert pdf.startswith(b"%PDF")
    labels = world.ask(lambda s, a: jobs.card(s, a, made.job)).labels
    assert [label.face.fields["material"] for label in labels[1:3]] == ["EDTA blood", "EDTA plasma"]
    assert (made.total, labels[0].face.fields["number"], labels[10].code[0]) == (20, "9", "K")
    told = {"kits": [labels[0].code, labels[10].code], "skip": 3}
    bare = inputs.read(KitReprint, told)
    refused = refusal(lambda: world.act(lambda s, a: reprint_kits(s, a, bare)))
    assert (refused.slug, refused.facts["copies"], refused.field) == ("reprint_reason_needed", 2, "reason")
    again = inputs.read(KitReprint, {**told, "reason": "lost"})
    assert world.printed(world.act(lambda s, a: reprint_kits(s, a, again), answer=JobMade)) == pdf
    lost = KitReprint(kits=[codes.new_code(CodeKind.KIT)])
    refused = refusal(lambda: world.act(lambda s, a: reprint_kits(s, a, lost)), NotFound)
    assert refused.slug == "kit_not_found"
    assert world.unproved() == []


def test_the_card_of_a_kit_survives_as_the_answer_of_a_repeated_command(sqlite_world: World) -> None:
    adopt(sqlite_world)
    order = specimens.KitOrder(study="KIT", event="BL", site="BJ")
    door = sqlite_world.door()
    first = door.act(lambda s, a: specimens.print_kits(s, a, order), list[KitCard])
    assert door.act(lambda s, a: specimens.print_kits(s, a, order), list[KitCard]) == first
