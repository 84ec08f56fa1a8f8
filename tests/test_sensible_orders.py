"""Orders that are well formed and make no sense: days without end, times that run back, borrowed rights."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import Session

from biobank import accounts, clock, inputs, specimens, storage, studies
from biobank.door import Door
from biobank.errors import Conflict, NotAllowed, NotFound, Refusals, RuleBroken
from biobank.participants import Enrolment
from biobank.people import Actor, Credentials
from biobank.specimens import Aliquots, Derivative, NewSpecimen, Registration
from biobank.storage import BringBack, FreezerOrder, PutAway, TakeOut, TypeOrder
from biobank.studies import ProtocolFile, read_protocol
from biobank.tables import Level, Role
from tests.races import together
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


def test_a_box_is_not_carried_into_another_sites_freezer(world: World) -> None:
    order = storage.FreezerOrder(site="NT", name="Theirs", shelves=1, racks=1, boxes=1)
    theirs = world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER).code
    shelf = world.ask(lambda s, a: storage.contents(s, a, theirs), MANAGER)[0].code
    rack = world.ask(lambda s, a: storage.contents(s, a, shelf), MANAGER)[0].code
    move = storage.ContainerMove(container=world.boxes()[0], into=rack)
    with pytest.raises(RuleBroken) as refused:
        world.act(lambda s, a: storage.move_container(s, a, move), person=MANAGER)
    assert refused.value.slug == "other_sites_container"
    assert world.unproved() == []


def test_a_freezer_of_more_boxes_than_any_holds_is_a_slip_of_the_hand(sqlite_world: World) -> None:
    order = storage.FreezerOrder(site="BJ", name="Too big", shelves=50, racks=50, boxes=50)
    with pytest.raises(RuleBroken) as refused:
        sqlite_world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER)
    assert refused.value.slug == "too_many_boxes"


def test_a_manager_of_one_site_changes_nothing_that_all_sites_share(sqlite_world: World) -> None:
    for_one = accounts.PersonOrder(name="local", role=Role.MANAGER, site="NT")
    sqlite_world.act(lambda s, a: accounts.add_person(s, a, for_one, "a link of theirs"), person=MANAGER)
    secret = "session-of-the-local-manager"
    sqlite_world.database.write(lambda s: accounts.choose_password(s, "a link of theirs", "a hash", secret))
    door = Door(sqlite_world.database, Credentials(session=secret), clock.new_key())
    kind = storage.TypeOrder(code="box-2x2", name="Box 2 × 2", level=Level.BOX, rows=2, cols=2)
    with pytest.raises(NotAllowed):
        door.act(lambda s, a: storage.type_row(storage.add_type(s, a, kind)), storage.TypeRow)
    with pytest.raises(NotAllowed):
        door.act(lambda s, a: studies.load(s, a, PROTOCOL + b"\n# changed\n"), studies.StudyCard)


def test_of_two_links_one_made_while_somebody_comes_in_by_the_other_one_leads_in_once(world: World) -> None:
    order = accounts.PersonOrder(name="newcomer", role=Role.TECHNICIAN, site="BJ")
    world.act(lambda s, a: accounts.add_person(s, a, order, "the first link"), person=MANAGER)

    def come_in(link: str, secret: str) -> str:
        return world.database.write(lambda s: accounts.choose_password(s, link, "a hash", secret))

    again = accounts.PersonOrder(name="newcomer", role=Role.AUDITOR, site="BJ")
    came, _ = together(
        lambda: come_in("the first link", "one session"),
        lambda: world.act(lambda s, a: accounts.add_person(s, a, again, "a later link"), person=MANAGER),
    )
    if isinstance(came, NotFound):  # the later link was made first, and ended the other
        assert come_in("a later link", "another session") == "newcomer"
    else:
        assert came == "newcomer"
    for link in ("the first link", "a later link"):
        with pytest.raises(NotFound):
            come_in(link, "a third session")
    assert world.unproved() == []
