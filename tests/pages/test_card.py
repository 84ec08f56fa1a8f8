"""The card of a specimen tells how it was handled, and why it is held back."""

from typing import Any

from biobank import inputs, participants, specimens
from tests.pages.visitor import Visitor
from tests.rotor import begun, card, derive, draw
from tests.world import World

DRAWN = "2026-05-04T09:00:00+08:00"


def act(world: World, kind: type[inputs.Input], work: Any, **told: Any) -> None:
    order = inputs.read(kind, told)
    world.act(lambda session, actor: [tube.code for tube in work(session, actor, order)], answer=list[str])


def note(world: World, tube: str, **told: Any) -> None:
    order = inputs.read(specimens.CollectionFactsOrder, {"tube": tube, **told})
    world.act(lambda s, a: specimens.rows(s, [specimens.note_collection(s, a, order)]))


def test_blood_tells_its_spin_what_was_late_and_its_haemolysis(world: World, visitor: Visitor) -> None:
    blood, _ = draw(world, begun(world), "blood_edta", DRAWN)
    run = {"g": 1300, "minutes": 15, "celsius": 4, "brake": False, "kept_after": "cold"}
    act(world, specimens.SpinOrder, specimens.spin, tubes=[blood], at="2026-05-04T11:00:00+08:00", **run)
    note(world, blood, haemolysis=0, lot="K-17")
    page = visitor.get(f"/specimens/{blood}").text
    assert card(world, blood).sprec in page
    for told in ("spun late", "120 min", "60 min", "1300", "at 2 to 10 °C", "K-17", "<dd>0</dd>"):
        assert told in page
    assert "late_spin" not in page
    assert world.unproved() == []


def test_stool_tells_what_was_taken_before_in_the_readers_words(world: World, visitor: Visitor) -> None:
    (stool,) = draw(world, begun(world), "stool", DRAWN)
    note(world, stool, source="home", bristol=4, ppi="yes", ppi_on="2026-05-01", probiotics="unknown")
    page = visitor.get(f"/specimens/{stool}", **{"Accept-Language": "zh-CN"}).text
    for told in (
        "布里斯托大便分型",
        "4 · 腊肠状，光滑柔软",
        "质子泵抑制剂",
        "是 · 2026-05-01",
        "家中",
        "未知",
    ):
        assert told in page
    assert world.unproved() == []


def test_an_extract_tells_what_was_measured(world: World, visitor: Visitor) -> None:
    blood, _ = draw(world, begun(world), "blood_edta", DRAWN)
    dna = derive(world, blood, "dna", concentration="52.3 ng/uL", a260_280="1.84").code
    page = visitor.get(f"/specimens/{dna}").text
    assert "52.3 ng/uL" in page
    assert "1.84" in page
    assert world.unproved() == []


def test_a_tube_on_hold_says_why(world: World, visitor: Visitor) -> None:
    (stool,) = draw(world, begun(world), "stool", DRAWN)
    gone = {"study": "ROTOR", "pseudonym": "R-1", "level": "no_further_use", "withdrawn_on": "2026-05-05"}
    order = inputs.read(participants.WithdrawalOrder, gone)
    world.act(lambda session, actor: participants.withdraw(session, actor, order).pseudonym, answer=str)
    page = visitor.get(f"/specimens/{stool}").text
    assert "<b>consent withdrawn</b> no further use" in page
    assert world.unproved() == []
