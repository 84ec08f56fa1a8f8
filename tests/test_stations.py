"""Stations: a bench is enrolled by a link, people are told by badges, and a PIN confirms the switch."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from biobank import accounts, clock, people, stations, storage
from biobank.door import Door
from biobank.errors import Malformed, NotAllowed, NotFound, NotSignedIn, Refusal, RuleBroken
from biobank.people import Actor, Credentials, May
from biobank.stations import BadgeOrder, Enrolment, Gaps, PinOrder, StationChange, StationOrder, StationRow
from biobank.tables import CustodyEvent, Person
from tests.races import together
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World

BROWSER, PIN = "the secret of the bench's browser", "2580"


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """Let the time go on by so much."""

    def go_on(by: timedelta) -> None:
        then = datetime.now().astimezone() + by
        clock.set_clock(lambda: then)

    yield go_on
    clock.set_clock()


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def enrolled(world: World, person: str = MANAGER, under: str = "of a link", **told: Any) -> Enrolment:
    order = StationOrder.model_validate({"name": "Bench 1", "site": "BJ"} | told)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: stations.enrol(s, a, order, under), person=person, answer=Enrolment
    )


def link(told: Enrolment, under: str = "of a link") -> str:
    return stations.link_of(under, told.ends)


def claim(world: World, of: str, secret: str = BROWSER) -> StationRow:
    return world.database.write(lambda s: stations.claim(s, of, secret))


def bench(world: World) -> UUID:
    """A bench whose browser has come in."""
    told = enrolled(world)
    claim(world, link(told))
    return told.id


def badge(world: World, name: str = TECHNICIAN) -> str:
    order = BadgeOrder(name=name)
    return world.act(lambda s, a: stations.make_badge(s, a, order).code, person=MANAGER)  # type: ignore[no-any-return]


def choose_pin(world: World, pin: str = PIN, person: str = TECHNICIAN) -> None:
    order = PinOrder(pin=pin, again=pin, password=PASSWORD)
    proved = world.ask(lambda s, a: stations.prove_owner(s, a, order), person=person)
    kept = people.hash_password(stations.require_pin(order))
    world.act(lambda s, a: stations.choose_pin(s, a, kept, proved), person=person)


def switch(
    world: World, of: str, pin: str = "", before: str = "", under: str = "of a badge"
) -> stations.Opened:
    """As the page of the bench does it."""
    kept = ""
    if pin:
        trial = world.database.write(lambda s: stations.try_pin(s, BROWSER, of))
        stations.require_fit(trial, pin)
        kept = trial.kept
    return world.database.write(lambda s: stations.open_by_badge(s, BROWSER, of, before, under, kept))


def actor(world: World, secret: str) -> Actor:
    return Door(world.database, Credentials(session=secret)).ask(lambda _, found: found)


# --- enrolling ---


def test_a_browser_becomes_a_station_by_a_link_that_works_once(world: World) -> None:
    told = enrolled(world, starts_in="store", volume=0, printer="Zebra 3")
    of = link(told)
    assert world.database.read(lambda s: stations.here(s, of)) is None
    row = claim(world, of)
    assert (row.name, row.site, row.starts_in, row.volume, row.printer) == (
        "Bench 1",
        "BJ",
        "store",
        0,
        "Zebra 3",
    )
    here = world.database.read(lambda s: stations.here(s, BROWSER))
    assert here is not None
    assert here.id == told.id
    assert refusal(lambda: claim(world, of, "another"), NotFound).slug == "station_link_over"
    assert world.database.read(lambda s: stations.here(s, "")) is None
    assert world.unproved() == []


def test_a_link_ends_after_a_day_and_cannot_say_otherwise(
    world: World, later: Callable[[timedelta], None]
) -> None:
    told = enrolled(world)
    later(timedelta(hours=25))
    assert refusal(lambda: claim(world, link(told)), NotFound).slug == "station_link_over"
    longer = stations.link_of("of a link", told.ends + timedelta(days=9))
    for false in (longer, "of a link", "", ".", "²3.of a link"):
        assert refusal(partial(claim, world, false), NotFound).slug == "station_link_over"


def test_only_who_sets_up_a_site_enrols_there_and_a_name_is_taken_once(world: World) -> None:
    assert refusal(lambda: enrolled(world, TECHNICIAN), NotAllowed).slug == "not_allowed"
    told = enrolled(world)
    assert refusal(lambda: enrolled(world, under="another")).slug == "station_exists"
    assert refusal(lambda: enrolled(world, name="Bench 2", site="XX")).slug == "site_unknown"
    assert [row.name for row in world.ask(stations.everything)] == ["Bench 1"]
    assert world.ask(stations.everything, person=OUTSIDER) == []
    ending = lambda: world.act(lambda s, a: stations.end(s, a, told.id))  # noqa: E731
    assert refusal(ending, NotAllowed).slug == "not_allowed"


def test_a_station_gets_other_ways_and_its_scanner_is_measured_by_who_stands_there(world: World) -> None:
    at = bench(world)
    order = StationChange(station=at, idle_minutes=9, theme="dark", volume=0)
    row = world.act(lambda s, a: stations.change(s, a, order), person=MANAGER, answer=StationRow)
    assert (row.idle_minutes, row.theme, row.volume, row.starts_in) == (9, "dark", 0, "lookup")

    gaps = Gaps(median_gap_ms=60, largest_gap_ms=180)
    measured = lambda: world.act(lambda s, a: stations.calibrate(s, a, gaps))  # noqa: E731
    assert refusal(measured).slug == "station_unknown"
    choose_pin(world)
    switch(world, badge(world), PIN)
    door = Door(world.database, Credentials(session="of a badge"), clock.new_key())
    row = door.act(lambda s, a: stations.calibrate(s, a, gaps), StationRow)
    assert (row.median_gap_ms, row.largest_gap_ms) == (60, 180)
    assert world.unproved() == []


def test_another_browser_takes_the_place_of_the_one_before(world: World) -> None:
    at = bench(world)
    told = world.act(lambda s, a: stations.new_link(s, a, at, "of another link"), person=MANAGER)
    assert world.database.read(lambda s: stations.here(s, BROWSER)) is None
    claim(world, link(told, "of another link"), "a new tablet")
    assert world.database.read(lambda s: stations.here(s, "a new tablet")) is not None


def test_a_station_that_ended_stops_at_once(world: World) -> None:
    at, code = bench(world), badge(world)
    choose_pin(world)
    switch(world, code, PIN)

    def end() -> StationRow:
        return world.act(lambda s, a: stations.end(s, a, at), person=MANAGER)  # type: ignore[no-any-return]

    assert end().ended_at is not None
    assert refusal(lambda: actor(world, "of a badge"), NotSignedIn).slug == "not_signed_in"
    assert refusal(lambda: switch(world, code)).slug == "station_unknown"
    assert refusal(end).slug == "station_ended"
    absent = lambda: world.act(lambda s, a: stations.end(s, a, clock.new_key()), person=MANAGER)  # noqa: E731
    assert refusal(absent, NotFound).slug == "station_not_found"
    assert world.unproved() == []


# --- badges and PINs ---


def test_a_pin_is_digits_that_nobody_guesses_and_needs_the_password(world: World) -> None:
    def chosen(pin: str, again: str = "") -> str:
        return stations.require_pin(PinOrder(pin=pin, again=again or pin, password=""))

    assert chosen("2580") == "2580"
    for pin in ("123", "123456789", "12a4", "", "٢٥٨٠"):
        assert refusal(partial(chosen, pin)).slug == "pin_shape"
    for pin in ("0000", "1234", "987654", "67890"):
        assert refusal(partial(chosen, pin)).slug == "pin_guessable"
    assert refusal(lambda: chosen("2580", "2581")).slug == "pins_differ"

    wrong = PinOrder(pin=PIN, again=PIN, password="not the password")
    asked = lambda: world.ask(lambda s, a: stations.prove_owner(s, a, wrong))  # noqa: E731
    assert refusal(asked, NotAllowed).slug == "password_wrong"
    stale = lambda: world.act(lambda s, a: stations.choose_pin(s, a, "a hash", "another hash"))  # noqa: E731
    assert refusal(stale, NotAllowed).slug == "pin_not_yours"


def test_a_new_badge_ends_the_one_before(world: World) -> None:
    bench(world)
    choose_pin(world)
    first = badge(world)
    switch(world, first, PIN)
    second = badge(world)
    assert first[0] == second[0] == "P"
    assert refusal(lambda: actor(world, "of a badge"), NotSignedIn).slug == "not_signed_in"
    assert refusal(lambda: switch(world, first), NotFound).slug == "badge_unknown"
    assert switch(world, second, under="of the second").name == TECHNICIAN
    rows = world.ask(lambda s, a: stations.badges(s, a, [MANAGER, TECHNICIAN]), person=MANAGER)
    assert [(row.name, row.code) for row in rows] == [(TECHNICIAN, second)]
    assert world.unproved() == []


def test_a_badge_that_ended_stops_at_once_and_so_does_that_of_who_ended(world: World) -> None:
    bench(world)
    choose_pin(world)
    code = badge(world)
    switch(world, code, PIN)
    order = BadgeOrder(name=TECHNICIAN)

    def end() -> str:
        return world.act(lambda s, a: stations.end_badge(s, a, order), person=MANAGER)  # type: ignore[no-any-return]

    assert end() == TECHNICIAN
    assert refusal(lambda: actor(world, "of a badge"), NotSignedIn).slug == "not_signed_in"
    assert refusal(lambda: switch(world, code), NotFound).slug == "badge_unknown"
    assert refusal(end).slug == "badge_none"

    again = badge(world)
    world.act(lambda s, a: accounts.end_person(s, a, TECHNICIAN), person=MANAGER)
    assert refusal(lambda: switch(world, again), NotFound).slug == "badge_unknown"
    assert refusal(lambda: badge(world)).slug == "person_ended"
    assert world.unproved() == []


def test_a_badge_asks_the_pin_once_in_eight_hours_at_each_bench(
    world: World, later: Callable[[timedelta], None]
) -> None:
    bench(world)
    choose_pin(world)
    code = badge(world)
    assert refusal(lambda: switch(world, code), NotSignedIn).slug == "pin_needed"
    opened = switch(world, code, PIN)
    assert opened.name == TECHNICIAN
    later(timedelta(hours=7))
    assert switch(world, code, before="of a badge", under="of the second").ends == opened.ends
    assert refusal(lambda: actor(world, "of a badge"), NotSignedIn).slug == "not_signed_in"

    other = enrolled(world, under="of bench 2", name="Bench 2")
    claim(world, link(other, "of bench 2"), "the browser of bench 2")
    there = lambda: world.database.write(  # noqa: E731
        lambda s: stations.open_by_badge(s, "the browser of bench 2", code, "", "of the third")
    )
    assert refusal(there, NotSignedIn).slug == "pin_needed"
    later(timedelta(hours=8, minutes=1))
    assert refusal(lambda: actor(world, "of the second"), NotSignedIn).slug == "not_signed_in"
    assert refusal(lambda: switch(world, code, under="of the fourth"), NotSignedIn).slug == "pin_needed"


def test_a_new_pin_is_asked_for_again(world: World) -> None:
    bench(world)
    choose_pin(world)
    code = badge(world)
    switch(world, code, PIN)
    choose_pin(world, "8024")
    assert refusal(lambda: switch(world, code, under="again"), NotSignedIn).slug == "pin_needed"
    assert refusal(lambda: switch(world, code, PIN, under="again"), NotSignedIn).slug == "pin_wrong"
    assert switch(world, code, "8024", under="again").name == TECHNICIAN


def test_a_pin_that_was_found_right_for_one_that_is_no_more_opens_nothing(world: World) -> None:
    bench(world)
    choose_pin(world)
    code = badge(world)
    trial = world.database.write(lambda s: stations.try_pin(s, BROWSER, code))
    stations.require_fit(trial, PIN)
    choose_pin(world, "8024")
    opening = lambda: world.database.write(  # noqa: E731
        lambda s: stations.open_by_badge(s, BROWSER, code, "", "secret", trial.kept)
    )
    assert refusal(opening, NotSignedIn).slug == "pin_needed"


def test_five_wrong_pins_lock_it_for_a_quarter_of_an_hour(
    world: World, later: Callable[[timedelta], None]
) -> None:
    bench(world)
    choose_pin(world)
    code = badge(world)
    for _ in range(4):
        assert refusal(lambda: switch(world, code, "9999"), NotSignedIn).slug == "pin_wrong"
    switch(world, code, PIN)
    for _ in range(5):
        assert refusal(lambda: switch(world, code, "9999"), NotSignedIn).slug == "pin_wrong"
    locked = refusal(lambda: switch(world, code, PIN), NotAllowed)
    assert locked.slug == "pin_locked"
    assert locked.facts == {"minutes": 15}
    later(timedelta(minutes=16))
    assert switch(world, code, PIN, under="at last").name == TECHNICIAN


def test_a_crowd_of_tries_at_once_is_counted_too(world: World) -> None:
    bench(world)
    choose_pin(world)
    code = badge(world)
    outcomes = together(
        *[lambda: world.database.write(lambda s: stations.try_pin(s, BROWSER, code).kept)] * 8
    )
    locked = [each for each in outcomes if isinstance(each, NotAllowed)]
    assert len(locked) == 3
    assert {each.slug for each in locked} == {"pin_locked"}


def test_a_badge_says_so_where_it_cannot_open_anything(world: World) -> None:
    code = badge(world)
    assert refusal(lambda: switch(world, code)).slug == "station_unknown"
    bench(world)
    assert refusal(lambda: switch(world, code, PIN)).slug == "pin_missing"
    assert refusal(lambda: switch(world, "not a code"), Malformed).slug == "code_unreadable"
    box = world.boxes()[0]
    assert refusal(lambda: switch(world, box), Malformed).slug == "code_of_other_kind"


def test_who_came_in_by_a_badge_handles_tubes_sets_nothing_up_and_the_log_names_the_bench(
    world: World,
) -> None:
    at, code = bench(world), badge(world, MANAGER)
    choose_pin(world, person=MANAGER)
    switch(world, code, PIN)
    me = actor(world, "of a badge")
    assert (me.name, me.by_badge, me.station_id) == (MANAGER, True, at)
    assert people.allowed(me, May.HANDLE)
    assert not people.allowed(me, May.SET_UP)
    assert not people.allowed(me, May.ADMINISTER)
    token = accounts.TokenOrder(name="a way around")
    door = Door(world.database, Credentials(session="of a badge"), clock.new_key())
    making = partial(door.act, lambda s, a: accounts.make_token(s, a, token, "secret"), accounts.TokenMade)
    assert refusal(making).slug == "token_by_badge"

    tube = world.tubes(1)[0]
    order = storage.PutAway(box=world.boxes()[0], tubes=[tube])
    Door(world.database, Credentials(session="of a badge"), clock.new_key()).act(
        lambda s, a: storage.put_away(s, a, order), list[storage.Stored]
    )

    def newest(session: Session, _: Actor) -> tuple[UUID | None, str]:
        asked = select(CustodyEvent, Person.name).join(Person).order_by(CustodyEvent.id.desc())  # type: ignore[attr-defined]
        event, name = session.exec(asked).first() or (None, "")
        return (event.station_id if event else None, name)

    assert world.ask(newest) == (at, MANAGER)
    assert world.unproved() == []


def test_a_sign_in_by_password_at_a_bench_names_it_too(world: World) -> None:
    at = bench(world)

    def come_in(session: Session) -> None:
        person = session.exec(select(Person.id).where(Person.name == TECHNICIAN)).one()
        accounts.open_session(session, person, "by password", at)

    world.database.write(come_in)
    me = actor(world, "by password")
    assert (me.station_id, me.by_badge) == (at, False)
