"""The page of a visit: scans that tick its tubes, in a browser and without; its dialogs and its kits."""

import re

import pytest
from playwright.sync_api import Locator, expect

from biobank import clock, specimens
from biobank.pages.scanning import Card
from tests import collected
from tests.pages.conftest import Tab
from tests.pages.visitor import Visitor, outcome
from tests.world import World

STUDY = collected.STUDY.replace(b"all_present = true", b'all_present = true\ndatasets = ["fmri", "psg"]')

in_a_browser = [pytest.mark.browser, pytest.mark.slow]


def scan(visitor: Visitor, visit: str, code: str, mode: str = "collect", command: str = "") -> str:
    """What the page of a visit answers to one scan."""
    told = {"scan": code, "mode": mode, "box": "", "source": "scan", "corrected": "false"}
    answer = visitor.post(f"/visits/{visit}/scans", told, command)
    assert answer.status_code == 200, answer.text
    return answer.text


def lives(world: World, visit: str) -> list[str]:
    return [row.life for row in collected.bench(world, visit).rows]


def prepared(world: World, event: str = "BL") -> tuple[str, specimens.KitCard]:
    """A visit of a participant, and a kit for its event that is nobody's yet."""
    collected.adopt(world, STUDY)
    return collected.enrol(world, event=event), collected.kits(world, event)[0]


def primary_and_leaves(kit: specimens.KitCard) -> tuple[str, list[str]]:
    first, *others = [face.code for face in kit.labels]
    return first, others


# --- scans, without a browser ---


def test_nine_scans_collect_a_kit_whose_visit_is_open(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    _, aliquots = primary_and_leaves(kit)
    assert outcome(scan(visitor, visit, kit.code)) == "ok"
    answers = [scan(visitor, visit, code) for code in aliquots]
    assert [outcome(answer) for answer in answers] == ["ok"] * 8
    assert "With it: EDTA blood, EDTA plasma" in answers[0]
    assert "7 to go" in answers[0]
    assert "All are there. Scan DONE to finish." in answers[7]
    assert 'data-sound="done"' in answers[7]
    assert lives(world, visit) == ["active"] * 10
    assert world.unproved() == []


def test_the_first_tube_of_a_kit_made_for_the_visit_begins_it(world: World, visitor: Visitor) -> None:
    visit, _ = prepared(world)
    kit = collected.kits(world, visit=visit)[0]
    assert f'data-leads="/visits/{visit}"' in visitor.scan(kit.code)
    for face in kit.labels[1:]:
        assert outcome(scan(visitor, visit, face.code)) == "ok"
    assert lives(world, visit) == ["active"] * 10
    assert world.unproved() == []


def test_a_repeated_scan_has_one_effect_and_a_second_one_is_a_notice(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    scan(visitor, visit, kit.code)
    tube, command = kit.labels[1].code, str(clock.new_key())
    first = scan(visitor, visit, tube, command=command)
    headline = re.compile(r'class="headline">([^<]+)')
    assert headline.findall(scan(visitor, visit, tube, command=command)) == headline.findall(first)
    again = scan(visitor, visit, tube)
    assert outcome(again) == "notice"
    assert "Ticked already: EDTA plasma 1/8" in again
    assert collected.kinds(world, tube).count("processed") == 1


def test_a_tube_of_another_visit_and_what_is_unknown_are_stop_in_both_languages(
    world: World, visitor: Visitor
) -> None:
    visit, kit = prepared(world)
    other, second = collected.enrol(world, "K-002"), collected.kits(world)[0]
    collected.begin(world, other, second.code)
    scan(visitor, visit, kit.code)
    before = lives(world, visit)
    foreign = scan(visitor, visit, second.labels[1].code)
    assert outcome(foreign) == "stop"
    assert "K-002" in foreign
    assert 'lang="zh-Hans"' in foreign
    for code in ("NOTHING-9", second.code, collected.kits(world)[0].labels[0].code):
        assert outcome(scan(visitor, visit, code)) == "stop", code
    assert lives(world, visit) == before


def test_the_card_all_present_ticks_what_remains(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    scan(visitor, visit, kit.code)
    told = scan(visitor, visit, Card.ALL_PRESENT.value)
    assert outcome(told) == "ok"
    assert "10 tubes are there" in told
    assert "All were there already" in scan(visitor, visit, Card.ALL_PRESENT.value)
    assert lives(world, visit) == ["active"] * 10


def test_all_present_is_stop_where_the_protocol_wants_each_scan(world: World, visitor: Visitor) -> None:
    collected.adopt(world, collected.STRICT)
    visit = collected.enrol(world)
    scan(visitor, visit, collected.kits(world)[0].code)
    assert outcome(scan(visitor, visit, Card.ALL_PRESENT.value)) == "stop"
    assert Card.ALL_PRESENT.value not in visitor.get(f"/visits/{visit}").text


def test_done_asks_once_before_it_finishes_without_tubes(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    assert "Nothing was collected yet" in scan(visitor, visit, Card.DONE.value)
    scan(visitor, visit, kit.code)
    for face in kit.labels[1:7]:
        scan(visitor, visit, face.code)
    asked = scan(visitor, visit, Card.DONE.value)
    assert outcome(asked) == "notice"
    assert "2 tubes are missing" in asked
    assert 'data-mode="finishing"' in asked
    assert lives(world, visit).count("expected") == 2
    done = scan(visitor, visit, Card.DONE.value, mode="finishing")
    assert "Finished" in done
    assert "2 not collected" in done
    assert "used up" in done
    assert 'data-mode="collect"' in done
    assert lives(world, visit).count("expected") == 0
    assert world.unproved() == []


def test_other_codes_lead_to_their_pages(world: World, visitor: Visitor) -> None:
    visit, _ = prepared(world)
    box = world.boxes()[0]
    other = collected.visit_of(world, "K-001", "M1")
    leads = {
        box: f"/containers/{box}",
        other: f"/visits/{other}",
        "K-001": "/studies/KIT/participants/K-001",
        Card.STORE.value: "/bench?mode=store",
    }
    for code, address in leads.items():
        assert f'data-leads="{address}"' in scan(visitor, visit, code), code
    assert "This is the visit that is open" in scan(visitor, visit, visit)
    assert "nothing to acknowledge" in scan(visitor, visit, Card.ACKNOWLEDGE.value)
    unknown = scan(visitor, visit, "X00000000D")
    assert outcome(unknown) == "stop"
    assert "is no card that is known here" in unknown


# --- kits at the bench ---


def test_a_kit_that_is_nobodys_says_what_it_is_for_and_its_labels_say_so(
    world: World, visitor: Visitor
) -> None:
    visit, kit = prepared(world)
    told = visitor.scan(kit.code)
    assert outcome(told) == "notice"
    assert "Kit for BL" in told
    assert "9 labels" in told
    label = visitor.scan(kit.labels[3].code)
    assert outcome(label) == "notice"
    assert f"label of kit {kit.code[:4]}" in label
    assert "Labels in it" in visitor.get(f"/kits/{kit.code}").text
    collected.begin(world, visit, kit.code)
    assert f'data-leads="/visits/{visit}"' in visitor.scan(kit.code)
    assert visitor.get(f"/kits/{kit.code}").headers["location"] == f"/visits/{visit}"
    found = visitor.get(f"/find?code={kit.code}").headers["location"]
    assert found == f"/kits/{kit.code}"
    assert outcome(visitor.scan(kit.code, "store", world.boxes()[0])) == "stop"
    assert "No visit is open" in visitor.scan(Card.ALL_PRESENT.value)
