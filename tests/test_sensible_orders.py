"""Orders that are well formed and make no sense: days without end, times that run back, borrowed rights."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import Session

from biobank import accounts, clock, inputs, specimens, storage
from biobank.errors import Conflict, NotAllowed, Refusals, RuleBroken
from biobank.participants import Enrolment
from biobank.people import Actor
from biobank.specimens import Aliquots, Derivative, NewSpecimen, Registration
from biobank.storage import BringBack, FreezerOrder, PutAway, TakeOut, TypeOrder
from biobank.studies import ProtocolFile, read_protocol
from biobank.tables import Level, Role
from tests.world import MANAGER, OUTSIDER, PROTOCOL, World


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(2099, 1, 1), date(1, 1, 1)])
def test_a_day_of_enrolment_that_cannot_be_is_refused(day: date) -> None:
    sent = {"study": "DEMO", "site": "BJ", "pseudonym": "D-9", "enrolled_on": day.isoformat()}
    with pytest.raises(Refusals) as refused:
        inputs.read(Enrolment, {**sent, "consent": {"version": "1.0", "scopes": ["storage"]}})
    assert [each.field for each in refused.value.each] == ["enrolled_on"]


def test_an_event_further_off_than_a_century_is_refused() -> None:
    assert isinstance(read_protocol(PROTOCOL), ProtocolFile)
    with pytest.raises(Refusals, match="cannot be used"):
        read_protocol(PROTOCOL.replace(b"day = 30", b"day = 2000000000"))


def test_what_is_made_of_a_derivative_is_not_older_than_it_nor_than_what_it_was_made_of(world: World) -> None:
    drawn = clock.now() - timedelta(days=10)
    visit = world.visit()

    def derived(parent: str, material: str, days: int | None) -> str:
        when = None if days is None else drawn + timedelta(days=days)
        order = Derivative(parent=parent, material=material, processed=when)
        return str(
            world.act(
                lambda session, actor: specimens.rows(session, [specimens.derive(session, actor, order)])
            )[0].code
        )

    new = NewSpecimen(material="blood_edta", amount="10 mL", collected=drawn)
    order = Registration(visit=visit, specimens=[new])
    made = world.act(
        lambda session, actor: specimens.rows(session, specimens.register(session, actor, order))
    )
    coat, untimed = derived(made[0].code, "buffy_coat", 2), derived(made[0].code, "plasma_edta", None)
    for parent, days in ((coat, 1), (untimed, -1)):
        with pytest.raises(RuleBroken, match="older"):
            derived(parent, "dna", days)
    early = Aliquots(parent=untimed, count=1, processed=drawn - timedelta(days=1))
    with pytest.raises(RuleBroken, match="older"):
        world.act(lambda session, actor: specimens.aliquot(session, actor, early))
    assert derived(coat, "dna", 3)


def test_a_tube_comes_back_after_it_was_taken_and_is_taken_after_it_was_made(world: World) -> None:
    made, box = clock.now() - timedelta(hours=2), world.boxes()[0]
    order = Aliquots(parent=world.blood(world.visit()), count=1, amount="1 mL", processed=made)
    tubes = [
        world.act(lambda session, actor: specimens.rows(session, specimens.aliquot(session, actor, order)))[
            0
        ].code
    ]
    before = made - timedelta(hours=1)

    def refused(work: Callable[[Session, Actor], object]) -> None:
        with pytest.raises(RuleBroken) as told:
            world.act(work)
        assert (told.value.slug, told.value.field) == ("times_out_of_order", "occurred")

    early = PutAway(box=box, tubes=tubes, occurred=before)
    refused(lambda session, actor: storage.put_away(session, actor, early))
    world.put(box, tubes)
    refused(lambda session, actor: storage.take_out(session, actor, TakeOut(tubes=tubes, occurred=before)))
    world.act(lambda session, actor: storage.take_out(session, actor, TakeOut(tubes=tubes)))
    back = BringBack(tubes=tubes, occurred=made + timedelta(minutes=1))
    refused(lambda session, actor: storage.bring_back(session, actor, back))
    assert world.unproved() == []


def test_a_freezer_is_not_made_of_types_that_somebody_else_meant_otherwise(sqlite_world: World) -> None:
    mine = TypeOrder(code="rack-7", name="Mine", level=Level.BOX, rows=2, cols=2)
    sqlite_world.act(lambda session, actor: storage.add_type(session, actor, mine), person=MANAGER)
    order = FreezerOrder(site="BJ", name="F", shelves=1, racks=1, boxes=7)
    with pytest.raises(Conflict) as refused:
        sqlite_world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    assert (refused.value.slug, refused.value.field) == ("type_exists", "boxes")


def test_the_administrator_of_a_site_gives_no_right_beyond_it(sqlite_world: World) -> None:
    def give(person: str, **order: str) -> None:
        wanted = accounts.PersonOrder.model_validate(order)

        def work(session: Session, actor: Actor) -> None:
            accounts.add_person(session, actor, wanted, clock.new_secret())

        sqlite_world.act(work, person=person)

    give(MANAGER, name=OUTSIDER, role=Role.ADMINISTRATOR.value, site="NT")
    for beyond in ({}, {"site": "BJ"}, {"study": "DEMO"}):
        with pytest.raises(NotAllowed):
            give(OUTSIDER, name=OUTSIDER, role=Role.MANAGER.value, **beyond)
    site = accounts.SiteOrder(code="XX", name="Elsewhere")
    with pytest.raises(NotAllowed):
        sqlite_world.act(lambda session, actor: accounts.add_site(session, actor, site), person=OUTSIDER)
    give(MANAGER, name="newcomer", role=Role.MANAGER.value)
    with pytest.raises(NotAllowed):  # the first link of somebody with wider rights
        give(OUTSIDER, name="newcomer", role=Role.TECHNICIAN.value, site="NT")
    give(OUTSIDER, name="somebody", role=Role.TECHNICIAN.value, site="NT")
    assert sqlite_world.unproved() == []
