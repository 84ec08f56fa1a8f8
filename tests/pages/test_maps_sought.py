"""What a map shows of what is sought, by slot or by number; colours; the addresses of slots."""

import re
from datetime import date

import pytest

from biobank import storage
from biobank.pages.storage import cells, maps
from biobank.pages.storage.containers import look_inside
from biobank.storage import Sought, Trait
from biobank.storage.sought import CLASSES, classed
from tests.pages.visitor import Visitor, inside, visit
from tests.templates import on_both
from tests.world import MANAGER, OUTSIDER, World


def sought(world: World, box: str, **told: str) -> set[str]:
    asked = Sought.model_validate(told)
    return world.ask(lambda session, actor: storage.sought_slots(session, actor, box, asked))


def counts(world: World, **told: str) -> dict[str, int]:
    asked = Sought.model_validate(told)
    return world.ask(lambda session, actor: storage.sought_counts(session, actor, asked))


@on_both
def test_tubes_are_sought_by_study_material_event_day_and_text(world: World) -> None:
    box, other, _ = world.boxes()
    mine, others = world.tubes(3), world.tubes(2, "D-002")
    world.put(box, [*mine, *others])
    world.put(other, [world.blood(world.visit("D-003", "M1"))])
    assert sought(world, box, study="DEMO", material="blood_edta", event="BL") == {
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
    }
    assert sought(world, box, text="d-002") == {"A4", "A5"}
    assert sought(world, box, text=f"{mine[0][:4]} {mine[0][4:]}") == {"A1"}
    assert sought(world, box, text="%") == sought(world, box, event="M1") == set()
    assert sought(world, box, not_seen_since="2001-01-01") == set()
    late = Sought.model_construct(not_seen_since=date(2099, 12, 31))
    assert len(world.ask(lambda session, actor: storage.sought_slots(session, actor, box, late))) == 5
    assert counts(world, event="M1") == {other: 1}
    assert counts(world, study="DEMO") == {box: 5, other: 1}
    assert world.ask(lambda session, actor: storage.sought_counts(session, actor, Sought()), OUTSIDER) == {}
    assert world.unproved() == []


@on_both
def test_a_tube_that_is_out_is_sought_at_the_slot_kept_for_it(world: World) -> None:
    box, tubes = world.boxes()[0], world.tubes(2)
    world.put(box, tubes)
    order = storage.TakeOut(tubes=tubes[:1])
    world.act(lambda session, actor: storage.take_out(session, actor, order), answer=list[storage.Stored])
    assert sought(world, box, study="DEMO") == {"A1", "A2"}
    assert counts(world, study="DEMO") == {box: 1}


def test_six_classes_have_a_colour_and_all_others_share_one() -> None:
    values = {
        f"{letter}{number}": letter for letter in "ABCDEFGHI" for number in range(ord("K") - ord(letter))
    }
    found = classed(values)
    assert [name for name, _ in found.classes] == list("ABCDEF")
    assert len(found.classes) == CLASSES
    assert found.rest == sum(1 for value in values.values() if value in "GHI")
    assert {found.slots[slot] for slot, value in values.items() if value in "GHI"} == {CLASSES}
    assert classed({}).classes == []


def test_a_stripe_says_the_class_by_colour_by_its_gaps_and_in_words(world: World) -> None:
    box = world.boxes()[0]
    world.put(box, world.tubes(2))
    found = world.ask(lambda session, actor: look_inside(session, actor, box)).map
    coloured = world.ask(lambda session, actor: storage.coloured(session, actor, box, Trait.EVENT))
    assert (coloured.classes, coloured.rest) == ([("BL", 2)], 0)
    written = str(cells.links(maps.draw(found), found, coloured=coloured))
    assert written.count('class="stripe c1"') == 2
    assert written.count(', BL"') == 2
    samples = {str(cells.sample(number)).split("h", 2)[2].split('"/>')[1] for number in range(CLASSES + 1)}
    assert len(samples) == CLASSES + 1


def test_a_cell_is_announced_by_row_column_state_and_code(world: World) -> None:
    box, tube = world.boxes()[0], world.tubes(1)
    world.put(box, tube, "B7")
    found = world.ask(lambda session, actor: look_inside(session, actor, box)).map
    written = str(cells.links(maps.draw(found), found))
    code = f"{tube[0][:4]} {tube[0][4:8]} {tube[0][8:]}"
    assert f'aria-label="row B, column 7, occupied, {code}, {tube[0][-3:]}"' in written
    assert 'aria-label="row A, column 1, empty"' in written


def test_a_filter_stays_in_the_address_from_the_overview_to_the_box(world: World, visitor: Visitor) -> None:
    box = world.boxes()[0]
    world.put(box, world.tubes(3))
    page = visitor.get("/storage?text=D-001&study=DEMO").text
    assert "3 sought" in page
    here = world.freezer()
    for _ in range(4):
        assert f"/containers/{here}?study=DEMO&amp;text=D-001" in page or here == box
        page = visitor.get(f"/containers/{here}?study=DEMO&text=D-001").text
        assert "data-filter" in page
        assert "3 tubes are sought" in page
        inner = inside(world, here)
        here = inner[0] if inner else here
    assert page.count(' hit"') == 3
    assert "data-filter" not in visitor.get(f"/containers/{box}").text
    assert visitor.get(f"/containers/{box}?not_seen_since=yesterday").status_code == 400


def test_the_address_of_a_slot_marks_it_and_stands_on_the_card_of_its_tube(
    world: World, visitor: Visitor
) -> None:
    box, tube = world.boxes()[0], world.tubes(1)[0]
    world.put(box, [tube], "B7")
    page = visitor.get(f"/specimens/{tube}").text
    found = re.search(rf'value="http://[^/"]+(/containers/{box}\?slot=B7)"', page)
    assert found
    page = visitor.get(found[1]).text
    assert re.search(r'<a class="cell cursor" role="gridcell" href="[^"]*slot=B7"', page)
    assert found[1] in page
    assert "There is no slot" in visitor.get(f"/containers/{box}?slot=Z9").text


def test_the_table_says_what_the_map_says(world: World, visitor: Visitor) -> None:
    box = world.boxes()[0]
    world.put(box, world.tubes(2))
    page = visitor.get(f"/containers/{box}?text=D-001&colour=event").text
    table = page[page.index("<table") : page.index("</table>")]
    assert table.count("<tr") == 82
    assert table.count("<td>yes</td>") == table.count("<td>BL</td>") == 2


def test_a_map_of_1536_slots_is_drawn_at_half_its_size_with_larger_letters(world: World) -> None:
    order = storage.TypeOrder(code="plate-1536", name="Plate", level="box", rows=32, cols=48)  # type: ignore[arg-type]
    box = world.boxes()[0]
    world.act(lambda session, actor: storage.add_type(session, actor, order), person=MANAGER)
    retype = storage.Retype(container=box, type="plate-1536")
    world.act(lambda session, actor: storage.change_type(session, actor, retype), person=MANAGER)
    page = visit(world).get(f"/containers/{box}?slot=AF48").text
    assert page.count('role="gridcell"') == 1536
    assert 'class="box-map large"' in page
    width = re.search(r'class="box-map large"[^>]* width="(\d+)"', page)
    assert width
    assert int(width[1]) <= 1232, "it fits a window of 1280"


@pytest.mark.parametrize("celsius", ["-150", ""])
def test_a_temperature_is_said_on_the_page_and_proved(world: World, celsius: str) -> None:
    freezer, manager = world.freezer(), visit(world, MANAGER)
    answer = manager.post(f"/containers/{freezer}/settings/temperature", {"celsius": celsius})
    assert answer.status_code == 303, answer.text
    settings = world.ask(lambda session, actor: storage.container_settings(session, actor, freezer))
    assert settings.celsius == (int(celsius) if celsius else None)
    assert ("-150 °C" in manager.get(f"/containers/{freezer}").text) == bool(celsius)
    assert world.unproved() == []


def test_a_technician_sets_no_temperature_and_makes_no_container(world: World, visitor: Visitor) -> None:
    freezer = world.freezer()
    assert visitor.post(f"/containers/{freezer}/settings/temperature", {"celsius": "20"}).status_code == 403
    assert visitor.get(f"/containers/{freezer}/new").status_code == 403


def test_one_container_is_made_inside_another_on_a_page(world: World) -> None:
    manager, freezer = visit(world, MANAGER), world.freezer()
    rack = world.ask(lambda session, actor: storage.inside(session, actor, freezer))[0].inside[0].row.code
    last = world.boxes()[-1]
    world.act(
        lambda session, actor: storage.retire(session, actor, storage.Retirement(container=last)),
        person=MANAGER,
    )
    page = manager.get(f"/containers/{rack}/new").text
    assert '<option value="box-9x9" selected>' in page
    assert 'value="freezer' not in page
    told = {"name": "Spare", "type": "box-10x10", "slot": "3", "celsius": "", "barcode": "FD01"}
    answer = manager.post(f"/containers/{rack}/new", told)
    assert answer.status_code == 303, answer.text
    made = world.ask(lambda session, actor: storage.contents(session, actor, rack))[-1]
    assert (made.name, made.slot, made.size) == ("Spare", "3", 100)
    assert answer.headers["location"] == f"/containers/{made.code}"
    assert manager.post(f"/containers/{rack}/new", told).status_code == 409
    assert "No container goes into a box." in manager.get(f"/containers/{made.code}/new").text
    assert world.unproved() == []
