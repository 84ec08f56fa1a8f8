"""Where parts meet: plans and permutations, late scans and rights, sites, what changed before a lock."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from biobank import accounts, capacity, clock, evacuations, participants, stations, storage, studies
from biobank.capacity import GapOrder
from biobank.database import Database
from biobank.errors import NotFound, Refusal, RuleBroken
from biobank.evacuations import Chosen
from biobank.people import CONSOLE, Actor
from biobank.storage import Came, FillOrder, Going, Rearrangement, Reseat, Retype
from biobank.tables import Evacuation, Role, Specimen, Station, TaskKind
from tests.databases import PostgresServer
from tests.test_disputing import card, hand_in, open_tasks, scanned, settle
from tests.test_evacuations import begin, keeps, spare_shelf
from tests.test_filling import keep
from tests.test_keeping import let_time_pass, release, reserve
from tests.test_storage import make, rack_of, refusal, slots
from tests.world import MANAGER, OUTSIDER, PROTOCOL, TECHNICIAN, World

# --- plans and permutations ---


def test_a_slot_reserved_for_a_tube_of_the_same_act_is_given_to_another_of_it(world: World) -> None:
    box, (one, two) = world.boxes()[0], world.tubes(2)
    keep(world, [one], within=box)
    order = FillOrder(tubes=[two, one], within=[box])
    world.act(lambda s, a: storage.fill(s, a, order))
    assert slots(world, box) == {"A1": two, "A2": one}
    assert world.unproved() == []


def test_a_box_whose_reservations_are_over_is_suggested_again(world: World) -> None:
    boxes = world.boxes()
    for box in boxes:
        reserve(world, box, MANAGER, count=81)

    def suggested(session: Session, _: Actor) -> list[str]:
        tube = session.exec(select(Specimen)).one()
        found = storage.suggest_boxes(session, tube.site_id, tube.study_id, [tube.material])
        return [each.code for each in found.values()]

    world.blood(world.visit())
    assert world.ask(suggested) == []
    let_time_pass(world)
    assert world.ask(suggested) == boxes[:1]


# --- late scans ---


def test_a_tube_taken_without_the_network_is_out_with_whoever_took_it(world: World) -> None:
    (tube,), box = world.tubes(1), world.boxes()[0]
    hand_in(world, scanned(tube, box=box, at="A1", ago=0))
    assert hand_in(world, scanned(tube, "take", ago=-1, person=TECHNICIAN), MANAGER).came is Came.DONE
    (row,) = world.ask(storage.what_is_out)
    assert row.holder == TECHNICIAN
    assert world.unproved() == []


def test_the_numbers_of_a_bench_are_nobodys_of_another_site(world: World) -> None:
    order = stations.StationOrder(name="Freezer 3", site="BJ")
    world.act(lambda s, a: stations.enrol(s, a, order, clock.new_secret()), person=MANAGER)
    came = hand_in(world, scanned("NOTHING", "take", station="Freezer 3", seq=2_000_000), OUTSIDER)
    assert came.came is Came.KEPT
    last = world.database.read(lambda s: s.exec(select(Station.last_seq)).one())
    assert last == 0
    assert open_tasks(world, TaskKind.SCAN_GAP) == []


def elsewhere(world: World, pseudonym: str = "O-001") -> str:
    """An EDTA tube of a second study at the site."""
    other = PROTOCOL.replace(b'"DEMO"', b'"OTHER"')
    world.act(lambda s, a: studies.load(s, a, other), person=MANAGER)
    order = participants.Enrolment(
        study="OTHER",
        site="BJ",
        pseudonym=pseudonym,
        consent=participants.ConsentOrder(version="1.0", scopes=["storage"]),  # type: ignore[list-item]
    )
    world.act(lambda s, a: participants.enroll(s, a, order))
    found = world.ask(
        lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "OTHER", pseudonym)).visits
    )
    return world.blood(found[0].code)


def grant(world: World, person: str, site: str, study: str | None = None) -> None:
    order = accounts.PersonOrder(name=person, role=Role.TECHNICIAN, site=site, study=study)
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)


def test_a_dispute_tells_nobody_of_a_tube_they_may_not_see(world: World) -> None:
    (mine,), theirs, box = world.tubes(1), elsewhere(world), world.boxes()[0]
    world.put(box, [theirs], "A1")
    grant(world, OUTSIDER, "BJ", "DEMO")
    came = hand_in(world, scanned(mine, box=box, at="A1", ago=0), OUTSIDER)
    assert came.came is Came.DISPUTED
    assert [len(card(world, each).holds) for each in (mine, theirs)] == [1, 1]
    (task,) = open_tasks(world, TaskKind.PLACE_DISPUTED, OUTSIDER)
    assert theirs not in str(task.facts)
    refused = refusal(lambda: settle(world, came.task, "log", OUTSIDER), Refusal)
    assert (refused.slug, theirs in str(refused)) == ("other_tube_beyond", False)
    settle(world, came.task, "log")
    assert [card(world, each).holds for each in (mine, theirs)] == [[], []]
    assert world.unproved() == []


def test_nobody_scans_in_the_name_of_the_command_line(world: World) -> None:
    (tube,), box = world.tubes(1), world.boxes()[0]
    assert hand_in(world, scanned(tube, box=box, ago=0, person=CONSOLE)).came is Came.KEPT


def test_the_events_to_choose_from_are_of_ones_own_studies(world: World) -> None:
    other = PROTOCOL.replace(b'"DEMO"', b'"OTHER"').replace(b'"M1"', b'"SECRET"')
    world.act(lambda s, a: studies.load(s, a, other), person=MANAGER)
    assert "SECRET" in world.ask(storage.event_codes, MANAGER)
    grants = accounts.GrantOrder(name=OUTSIDER, role=Role.TECHNICIAN, site="NT")
    world.act(lambda s, a: accounts.end_grant(s, a, grants), person=MANAGER)
    grant(world, OUTSIDER, "BJ", "DEMO")
    assert world.ask(storage.event_codes, OUTSIDER) == ["BL", "M1"]


# --- sites ---


def at_nantong(world: World) -> tuple[str, str]:
    """A freezer of the other site with one box in it; their codes."""
    made = make(world, "freezer-1", site="NT", name="Freezer of Nantong", celsius=-80)
    shelf = make(world, "shelf-1", made, name="Shelf")
    rack = make(world, "rack-3", shelf, name="Rack")
    return made, make(world, "box-9x9", rack, name="Box of Nantong")


def put(world: World, box: str, tubes: list[str], person: str) -> UUID:
    """Put tubes into a box; the command that did it."""
    order, command = storage.PutAway(box=box, tubes=tubes), clock.new_key()
    world.act(lambda s, a: storage.put_away(s, a, order), person=person, command=command)
    return command


def test_gaps_are_closed_within_a_site(world: World) -> None:
    _, there = at_nantong(world)
    here, tubes = world.boxes()[:2], world.tubes(6)
    world.put(here[0], tubes[:1])
    put(world, there, tubes[1:3], MANAGER)
    order = GapOrder(boxes=1)
    assert world.ask(lambda s, a: capacity.gap_plan(s, a, order), MANAGER).freed == []
    world.put(here[1], tubes[3:])
    found = world.ask(lambda s, a: capacity.gap_plan(s, a, order), MANAGER)
    assert [(seat.from_box, seat.box) for seat in found.seats] == [(here[0], here[1])]


def test_a_freezer_is_not_emptied_into_another_site(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    there, _ = at_nantong(world)
    refused = refusal(lambda: begin(world, world.freezer(), there, person=MANAGER), RuleBroken)
    assert refused.slug == "other_sites_container"


def test_an_undo_puts_nothing_where_one_may_not_act_any_more(world: World) -> None:
    (tube,), (_, there) = world.tubes(1), at_nantong(world)
    grant(world, OUTSIDER, "BJ")
    put(world, there, [tube], MANAGER)
    moved = put(world, world.boxes()[0], [tube], OUTSIDER)
    ended = accounts.GrantOrder(name=OUTSIDER, role=Role.TECHNICIAN, site="NT")
    world.act(lambda s, a: accounts.end_grant(s, a, ended), person=MANAGER)
    order = storage.Undo(command=moved)
    refused = refusal(lambda: world.act(lambda s, a: storage.undo(s, a, order), person=OUTSIDER), Refusal)
    assert (refused.slug, "Nantong" in str(refused)) == ("not_found", False)
    assert slots(world, world.boxes()[0]) == {"A1": tube}


def test_a_reservation_out_of_scope_is_as_one_that_never_was(world: World) -> None:
    plan = reserve(world, world.boxes()[0], slots=["A1"]).plan
    assert refusal(lambda: release(world, plan, OUTSIDER), NotFound).slug == "reservation_gone"


# --- what changed before a lock ---


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres)])
def racing(postgres: PostgresServer, postgres_template: str) -> Iterator[World]:
    """Where two can write at the same moment: SQLite lets one after the other."""
    name = f"test_{uuid4().hex[:12]}"
    postgres.create_from_template(name, postgres_template)
    database = Database(postgres.url(name))
    yield World(database)
    database.close()
    postgres.drop(name)


def smaller(world: World, box: str) -> None:
    order = Retype(container=box, type="box-5x5")
    world.act(lambda s, a: storage.change_type(s, a, order).code, person=MANAGER)


@pytest.mark.parametrize("act", ["rearrange", "reseat", "reserve"])
def test_a_box_that_became_smaller_meanwhile_gets_nothing_outside_of_it(racing: World, act: str) -> None:
    world, box, (tube,) = racing, racing.boxes()[0], racing.tubes(1)
    world.put(box, [tube])
    works: dict[str, Callable[[Session, Actor], Any]] = {
        "rearrange": lambda s, a: storage.rearrange(
            s, a, Rearrangement(moves=[Going(tube=tube, box=box, slot="I9")])
        ),
        "reseat": lambda s, a: storage.reseat(s, a, Reseat(box=box, wells={"I9": tube})),
        "reserve": lambda s, a: storage.reserve(s, a, storage.ReserveOrder(box=box, slots=["I9"])),
    }

    def late(session: Session, actor: Actor) -> None:
        read = storage.by_code(session, actor, box)
        smaller(world, box)  # somebody was faster
        works[act](session, actor)
        assert read.code == box

    assert refusal(lambda: world.act(late), RuleBroken).slug == "slot_unknown"
    assert slots(world, box) == {"A1": tube}
    assert world.unproved() == []


def test_an_evacuation_that_was_closed_meanwhile_reserves_nothing_more(racing: World) -> None:
    world = racing
    world.put(world.boxes()[0], world.tubes(1))
    spare_shelf(world, "Freezer 2")
    key = begin(world, world.freezer())
    rack = rack_of(world)
    world.act(lambda s, a: evacuations.carry(s, a, evacuations.Carry(evacuation=key, container=rack)))

    def late(session: Session, actor: Actor) -> None:
        read = session.get_one(Evacuation, key)
        world.act(lambda s, a: evacuations.close(s, a, Chosen(evacuation=key)).id)
        evacuations.turn_back(session, actor, Chosen(evacuation=key))
        assert read.id == key

    assert refusal(lambda: world.act(late)).slug == "evacuation_closed"
    assert keeps(world) == 0
