"""Codes that are on nothing yet or unknown at the bench: what is offered, what is kept, nothing guessed."""

import pytest

from biobank import codes, specimens, tasks
from biobank.codes import CodeKind
from biobank.tables import TaskKind
from tests import collected
from tests.pages.visitor import Visitor, events, outcome, visit, where
from tests.templates import on_both
from tests.world import OUTSIDER, World


def open_codes(world: World) -> list[str]:
    rows = world.ask(lambda session, actor: tasks.listing(session, actor, tasks.Sought()))
    return [row.code for row in rows if row.kind is TaskKind.UNRESOLVED_SCAN]


# --- a good code that is on nothing ---


@on_both
def test_an_unassigned_code_is_offered_to_the_visits_that_wait_and_changes_nothing(
    world: World, visitor: Visitor
) -> None:
    collected.adopt(world)
    kit = collected.kits(world)[0]
    visit_code = collected.enrol(world)
    collected.begin(world, visit_code, kit.code)
    new = codes.new_code(CodeKind.SPECIMEN)
    answer = visitor.scan(new, "lookup")
    assert outcome(answer) == "notice"
    assert f"Assign {codes.grouped(new)} to" in answer
    assert f'href="/visits/{visit_code}"' in answer
    assert "tubes are expected" in answer
    assert open_codes(world) == []
    for kind, page in (
        (CodeKind.CONTAINER, "/storage"),
        (CodeKind.KIT, "/studies"),
        (CodeKind.VISIT, "/schedule"),
    ):
        assert f'href="{page}"' in visitor.scan(codes.new_code(kind), "lookup")
    assert world.unproved() == []


def test_an_unassigned_code_in_a_hand_is_on_the_list_and_may_be_for_the_tube_under_the_cursor(
    world: World, visitor: Visitor
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    new = codes.new_code(CodeKind.SPECIMEN)
    answer = visitor.scan(new, "take", box, at="A1")
    assert f'href="/specimens/{tube}"' in answer
    assert "The tube in A1" in answer
    assert 'data-at="A1"' in answer
    assert open_codes(world) == [new]
    assert "data-unresolved>1<" in answer
    assert events(world, tube) == 2
    assert new in visitor.get("/bench").text
    assert f'href="/specimens/{tube}"' not in visitor.scan(new, "store", box, at="A2")


def test_the_list_of_unknown_codes_is_that_of_the_site_on_every_device(
    world: World, visitor: Visitor
) -> None:
    visitor.scan("NOTHING-9", "take")
    other = visit(world)
    assert "NOTHING-9" in other.get("/bench").text
    page = other.get("/tasks?kind=unresolved_scan&site=BJ").text
    assert "NOTHING-9" in page
    assert "NOTHING-9" not in other.get("/tasks?kind=unresolved_scan&site=NT").text
    assert "NOTHING-9" not in visit(world, OUTSIDER).get("/bench").text


# --- a code nobody knows ---


@on_both
def test_an_unknown_code_leads_to_the_identifiers_that_contain_it(world: World, visitor: Visitor) -> None:
    tube = specimens.NewSpecimen(
        material="blood_edta",
        amount="10 mL",
        identifiers=[specimens.IdentifierOrder(scheme="lims", value="fb0420_1234")],
    )
    order = specimens.Registration(visit=world.visit(), specimens=[tube])
    code = world.act(lambda s, a: specimens.rows(s, specimens.register(s, a, order)))[0].code
    answer = visitor.scan("B0420", "lookup")
    assert outcome(answer) == "notice"
    assert 'href="/bench/alike?text=B0420"' in answer
    found = visitor.get("/bench/alike?text=B0420").text
    assert "fb0420_1234" in found
    assert f'href="/specimens/{code}"' in found
    assert code not in visitor.get("/bench/alike?text=0420%251").text
    assert code not in visitor.get("/bench/alike?text=042").text
    assert code not in visit(world, OUTSIDER).get("/bench/alike?text=B0420").text
    assert "alike" not in visitor.scan("B04", "lookup")
    assert visitor.get("/bench/alike").status_code == 400


def doubled(code: str) -> list[str]:
    """Labels that two scans ran into, that lost a character, or that say more than a code."""
    return [
        code + code,
        code + codes.new_code(CodeKind.SPECIMEN),
        code[:-1],
        code[1:],
        "S" + code,
        code + "0",
    ]


def test_codes_that_ran_together_or_lost_a_part_are_never_read_as_the_nearest_one(
    world: World, visitor: Visitor
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    for text in doubled(tube):
        answer = visitor.scan(text, "store", box)
        assert outcome(answer) == "notice", text
        assert "Nothing is known by" in answer, text
    assert where(world, tube) == ("", "")
    assert events(world, tube) == 1


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM specimen",
        "UNDO",
        "X;DONE",
        "https://elsewhere.example/s/SM9S346Q35",
        '{"specimen": 12}',
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "=HYPERLINK(1)",
        "%(code)s {{ 7*7 }}",
    ],
)
def test_a_label_that_looks_like_a_command_an_address_or_data_is_text_alone(
    world: World, visitor: Visitor, text: str
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    answer = visitor.scan(text, "store", box)
    assert outcome(answer) == "notice"
    assert "Nothing is known by" in answer
    assert "<script>alert" not in answer
    assert "data-leads" not in answer
    assert where(world, tube) == ("Box 1", "A1")
    assert open_codes(world) == [codes.fold(text)[:60]]


@pytest.mark.parametrize("around", ["\r\n%s", "\t%s\t", "]Q1%s", "\x1d%s", " %s ", "]C1%s\x1d\r"])
def test_what_scanners_send_around_a_code_is_dropped(world: World, visitor: Visitor, around: str) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    answer = visitor.scan(around % tube, "store", box)
    assert outcome(answer) == "ok", around
    assert where(world, tube) == ("Box 1", "A1")


@on_both
@pytest.mark.parametrize("hidden", ["\x00", "\x1b[2J", "\u202e", "\u200b"])
def test_a_code_with_a_character_that_cannot_be_seen_changes_nothing(
    world: World, visitor: Visitor, hidden: str
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    told = {"scan": tube[:4] + hidden + tube[4:], "mode": "store", "box": box}
    assert visitor.post("/bench/scans", told).status_code in (400, 422)
    assert where(world, tube) == ("", "")
