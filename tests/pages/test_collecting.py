"""The page of a visit without a browser: scans that tick its tubes, its dialogs and its kits."""

import re
from datetime import timedelta

from biobank import clock
from biobank.labels.cards import Card
from tests import collected
from tests.pages.kits import lives, prepared
from tests.pages.visitor import Visitor, outcome
from tests.pages.visitor import visit as visit_as
from tests.templates import on_both
from tests.world import OUTSIDER, World


def scan(visitor: Visitor, visit: str, code: str, mode: str = "collect", command: str = "") -> str:
    """What the page of a visit answers to one scan."""
    told = {"scan": code, "mode": mode, "box": "", "source": "scan", "corrected": "false"}
    answer = visitor.post(f"/visits/{visit}/scans", told, command)
    assert answer.status_code == 200, answer.text
    return answer.text


# --- scans, without a browser ---


@on_both
def test_nine_scans_collect_a_kit_whose_visit_is_open(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    aliquots = [face.code for face in kit.labels[1:]]
    assert outcome(scan(visitor, visit, kit.code)) == "ok"
    answers = [scan(visitor, visit, code) for code in aliquots]
    assert [outcome(answer) for answer in answers] == ["ok"] * 7 + ["done"]
    assert "With it: EDTA blood, EDTA plasma" in answers[0]
    assert "7 to go" in answers[0]
    assert "All are there. Scan DONE to finish." in answers[7]
    assert lives(world, visit) == ["active"] * 10
    assert world.unproved() == []


def test_the_first_tube_of_a_kit_made_for_the_visit_begins_it(world: World, visitor: Visitor) -> None:
    visit, _ = prepared(world)
    kit = collected.kits(world, visit=visit)[0]
    assert f'data-leads="/visits/{visit}"' in visitor.scan(kit.code)
    answers = [scan(visitor, visit, face.code) for face in kit.labels[1:]]
    assert [outcome(answer) for answer in answers] == ["ok"] * 7 + ["done"]
    assert lives(world, visit) == ["active"] * 10
    assert world.unproved() == []


@on_both
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
    assert outcome(told) == "done"
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
    assert done.split("</section>")[0].count("not collected") == 1  # in the rows it stands at each tube
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


def test_a_clock_that_tubes_share_is_shown_once_and_the_window_is_said(
    world: World, visitor: Visitor
) -> None:
    visit, kit = prepared(world)
    collected.begin(world, visit, kit.code)
    drawn = clock.now() - timedelta(minutes=150)
    collected.tick(world, visit, kit.labels[0].code, collected=drawn.isoformat(), occurred=drawn.isoformat())
    collected.tick(world, visit, *[face.code for face in kit.labels[1:]])
    page = visitor.get(f"/visits/{visit}").text
    assert page.count("data-clock") == len(set(re.findall(r'class="(?:coming)">(\w+) within', page)))
    assert 'data-level="red"' in page
    assert "after the window" in page
    assert f"/bench?mode=store&amp;box={world.boxes()[0]}" in page


def test_an_outsider_finds_neither_the_page_nor_its_dialogs_nor_scans(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    outsider = visit_as(world, OUTSIDER)
    for path in (f"/visits/{visit}", f"/visits/{visit}/acts/spun", f"/kits/{kit.code}"):
        assert visitor.get(path).status_code == 200, path
        assert outsider.get(path).status_code == 404, path
    told = {"scan": kit.code, "source": "scan"}
    assert outsider.post(f"/visits/{visit}/scans", told).status_code == 404
    assert outsider.post(f"/visits/{visit}/begin", {}).status_code == 404
    assert visitor.get(f"/visits/{visit}/acts/anything").status_code == 404
    assert lives(world, visit) == ["expected"] * 10
    assert not collected.bench(world, visit).begun


def test_what_cannot_be_is_said_in_the_dialog(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world, "M1")
    collected.begin(world, visit, kit.code)
    blood, stool = kit.labels[0].code, kit.labels[-1].code
    collected.tick(world, visit, blood, stool)
    asked = {"hx-request": "true"}
    for path, told, words in (
        ("facts", {"tube": blood, "bristol": "4"}, "is not noted of"),
        ("facts", {"tube": stool, "haemolysis": "2"}, "is not noted of"),
        ("deviations", {"tube": blood}, "Say first what went otherwise"),
        ("deviations", {"tube": blood, "code": "low_volume"}, "Say how much the tube holds"),
        ("spins", {"tubes": stool, "g": "1300", "minutes": "15", "celsius": "4"}, "is not spun"),
        ("received", {"tubes": blood, "at": "2026-01-01T08:00:00"}, "Check the times"),
        ("datasets", {"kind": "mri", "external_id": "A-1"}, "names no datasets"),
    ):
        answer = visitor.post(f"/visits/{visit}/{path}", told, **asked)
        assert answer.status_code == 422, path
        assert words in answer.text, path
        assert "<html" not in answer.text, path
    assert world.unproved() == []


def test_a_visit_is_linked_to_data_elsewhere_and_its_tubes_received(world: World, visitor: Visitor) -> None:
    visit, kit = prepared(world)
    collected.begin(world, visit, kit.code)
    linked = visitor.post(f"/visits/{visit}/datasets", {"kind": "fmri", "external_id": "F-0815"})
    assert linked.headers["location"] == f"/visits/{visit}"
    assert "F-0815" in visitor.get(f"/visits/{visit}").text
    gone = {"kind": "fmri", "external_id": "F-0815"}
    visitor.post(f"/visits/{visit}/datasets/unlink", gone)
    assert "F-0815" not in visitor.get(f"/visits/{visit}").text.partition('id="history"')[0]
    assert visitor.post(f"/visits/{visit}/datasets/unlink", gone).headers["x-refusal"] == "dataset_not_linked"
    blood = kit.labels[0].code
    visitor.post(f"/visits/{visit}/drawn", {"tubes": blood, "at": "2026-11-20T08:12:31"})
    visitor.post(f"/visits/{visit}/received", {"tubes": blood, "at": "2026-11-20T08:40:02"})
    received = collected.seen(world, blood).received
    assert received is not None
    assert received.isoformat() == "2026-11-20T08:40:02+08:00"
    assert world.unproved() == []


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
