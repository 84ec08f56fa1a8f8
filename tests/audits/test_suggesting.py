"""What suggests an audit, and which audit answers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from biobank import accounts, audits, clock, evacuations
from biobank.audits import AuditSuggestion
from biobank.tables import AuditDecision, AuditMethod, Result, Role, Trigger
from tests.audits.auditing import begun, counted, decided, planned
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def suggested(world: World, person: str = MANAGER) -> list[AuditSuggestion]:
    return world.ask(audits.suggestions, person)


def triggers(world: World) -> list[Trigger]:
    return [each.trigger for each in suggested(world)]


def answer(world: World, suggestion: AuditSuggestion) -> None:
    """Plan the audit that is suggested, as it is."""
    world.act(lambda s, a: audits.plan(s, a, suggestion.order), person=MANAGER)


@contextmanager
def later(**how: float) -> Iterator[None]:
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(**how))
    try:
        yield
    finally:
        clock.set_clock()


def engage(world: World, name: str, role: Role) -> None:
    order = accounts.PersonOrder(name=name, role=role, site="BJ")
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)


def test_a_missing_tube_suggests_to_look_at_all_of_its_freezer_within_two_days(world: World) -> None:
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world, container=box)
    counted(world, audit, box, ("A1", tubes[0]))
    assert suggested(world) == []
    decided(world, audit, AuditDecision.MISSING, Result.MISSING)
    (loss,) = suggested(world)
    assert (loss.trigger, loss.container, loss.share, loss.facts) == (
        Trigger.LOSS,
        world.freezer(),
        None,
        {"name": "Freezer 1", "count": "1"},
    )
    order = loss.order
    assert (order.method, order.trigger, order.site) == (AuditMethod.FULL, Trigger.LOSS, None)
    assert order.due == (loss.since + timedelta(hours=48 + 8)).date()
    assert suggested(world, TECHNICIAN) == suggested(world, OUTSIDER) == []
    planned(world, container=world.freezer())  # for another reason
    planned(world, container=box, trigger="loss")  # of another scope
    assert suggested(world) == [loss]
    answer(world, loss)
    assert suggested(world) == []
    world.put(other, tubes[1:])
    assert suggested(world) == []
    assert world.unproved() == []


def test_a_loss_is_over_when_the_tube_turns_up_and_none_where_all_was_looked_at(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(3), world.boxes()
    world.put(box, tubes)
    whole, part = begun(world), begun(world, container=box)
    counted(world, whole, box, ("A1", tubes[0]), ("A2", tubes[1]))
    decided(world, whole, AuditDecision.MISSING, Result.MISSING)
    assert suggested(world) == []
    counted(world, part, box, ("A1", tubes[0]))
    decided(world, part, AuditDecision.MISSING, tubes[1])
    assert triggers(world) == [Trigger.LOSS]
    world.put(other, tubes[1:2])
    assert suggested(world) == []


def test_a_planned_move_suggests_to_look_at_a_tenth_before(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    order = evacuations.EvacuationOrder(container=world.freezer())
    key = world.act(lambda s, a: evacuations.plan(s, a, order).id)
    (move,) = suggested(world)
    assert (move.trigger, move.container, move.share) == (Trigger.PLANNED_MOVE, world.freezer(), 10)
    assert (move.order.method, move.order.share) == (AuditMethod.SAMPLE, Decimal(10))
    answer(world, move)
    assert suggested(world) == []
    (listed,) = world.ask(lambda s, a: audits.listing(s, a, audits.SoughtAudits()), MANAGER)
    world.act(lambda s, a: audits.cancel(s, a, audits.AuditChosen(audit=listed.id)), person=MANAGER)
    assert suggested(world) == [move]
    chosen = evacuations.Chosen(evacuation=key)
    world.act(lambda s, a: evacuations.close(s, a, chosen))
    assert suggested(world) == []


def test_whoever_left_and_had_tubes_in_hand_suggests_a_tenth_of_the_site(world: World) -> None:
    tubes, (box, *_) = world.tubes(2), world.boxes()
    engage(world, "idle", Role.TECHNICIAN)
    world.put(box, tubes)
    world.act(lambda s, a: accounts.end_person(s, a, "idle"), person=MANAGER)
    assert suggested(world) == []
    world.act(lambda s, a: accounts.end_person(s, a, TECHNICIAN), person=MANAGER)
    (left,) = suggested(world)
    assert (left.trigger, left.container, left.site, left.share) == (Trigger.LEAVER, "", "BJ", 10)
    assert left.facts == {"person": TECHNICIAN, "name": "Beijing"}
    assert (left.order.site, left.order.container) == ("BJ", None)
    answer(world, left)
    assert suggested(world) == []
    assert world.unproved() == []


def test_who_lost_a_role_and_has_it_again_did_not_leave_and_after_a_month_it_is_over(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(1), world.boxes()
    world.put(box, tubes)
    role = accounts.GrantOrder(name=TECHNICIAN, role=Role.TECHNICIAN, site="BJ")
    world.act(lambda s, a: accounts.end_grant(s, a, role), person=MANAGER)
    assert triggers(world) == [Trigger.LEAVER]
    engage(world, TECHNICIAN, Role.TECHNICIAN)
    assert triggers(world) == []
    world.act(lambda s, a: accounts.end_grant(s, a, role), person=MANAGER)
    assert triggers(world) == [Trigger.LEAVER]
    actor = world.ask(lambda _, actor: actor, MANAGER)
    with later(days=29):
        assert len(world.database.read(lambda s: audits.suggestions(s, actor))) == 1
    with later(days=31):
        assert world.database.read(lambda s: audits.suggestions(s, actor)) == []


def test_a_manager_who_goes_suggests_to_look_at_all_of_the_site(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(1), world.boxes()
    engage(world, "custodian", Role.MANAGER)
    assert suggested(world) == []
    world.put(box, tubes)
    role = accounts.GrantOrder(name="custodian", role=Role.MANAGER, site="BJ")
    world.act(lambda s, a: accounts.end_grant(s, a, role), person=MANAGER)
    (change,) = suggested(world)
    assert (change.trigger, change.site, change.share) == (Trigger.CUSTODIAN_CHANGE, "BJ", None)
    assert change.order.method is AuditMethod.FULL
    answer(world, change)
    assert suggested(world) == []
    assert world.unproved() == []


def test_what_is_due_first_stands_first(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world, container=box)
    counted(world, audit, box, ("A1", tubes[0]))
    decided(world, audit, AuditDecision.MISSING, Result.MISSING)
    order = evacuations.EvacuationOrder(container=world.freezer())
    world.act(lambda s, a: evacuations.plan(s, a, order))
    world.act(lambda s, a: accounts.end_person(s, a, TECHNICIAN), person=MANAGER)
    assert triggers(world) == [Trigger.LOSS, Trigger.PLANNED_MOVE, Trigger.LEAVER]
