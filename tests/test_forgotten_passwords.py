"""A forgotten password: a new link from an administrator, the only one that still works."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, select

from biobank import accounts, clock, people, trail
from biobank.accounts import TokenOrder
from biobank.door import Door
from biobank.errors import NotAllowed, NotFound, NotSignedIn
from biobank.people import Credentials
from biobank.tables import Person
from biobank.trail import LogAsked
from tests.test_accounts import LINK, SESSION, at, come_in, end, invite, recognised, refusal, who
from tests.world import MANAGER, OUTSIDER, PASSWORD, SECRETS, TECHNICIAN, World

__all__ = ["at"]


def give(world: World, name: str, link: str = "a new link", person: str = MANAGER) -> accounts.Invited:
    order = accounts.LinkOrder(name=name)
    return world.act(lambda s, a: accounts.new_link(s, a, order, link), person=person)  # type: ignore[no-any-return]


def test_who_forgot_the_password_comes_in_by_a_new_link_alone(world: World) -> None:
    world.act(lambda s, a: accounts.make_token(s, a, TokenOrder(name="script"), "of a script"))
    before = recognised(world, TECHNICIAN, PASSWORD)
    given = give(world, TECHNICIAN)
    assert given.ends
    assert timedelta(hours=23) < given.ends - clock.now() <= timedelta(hours=24)
    assert refusal(lambda: recognised(world, TECHNICIAN, PASSWORD), NotSignedIn).slug == "sign_in_wrong"
    assert refusal(lambda: who(world, session=SECRETS[TECHNICIAN]), NotSignedIn).slug == "not_signed_in"
    late = lambda s: accounts.come_in(s, before, "recognised a moment ago")  # noqa: E731 - said once
    assert refusal(lambda: world.database.write(late), NotSignedIn).slug == "sign_in_wrong"
    assert who(world, token="of a script") == TECHNICIAN
    assert come_in(world, "a new link") == TECHNICIAN
    assert who(world, session=SESSION) == TECHNICIAN
    assert refusal(lambda: come_in(world, "a new link"), NotFound).slug == "link_over"
    rows = {row.name: row.roles for row in world.ask(accounts.everyone, person=MANAGER)}
    assert rows[TECHNICIAN] == ["technician @ BJ"]
    assert world.unproved() == []


def test_the_log_tells_who_gave_a_new_link(world: World) -> None:
    give(world, TECHNICIAN)
    give(world, TECHNICIAN, "once more")
    newest, before = world.ask(lambda s, a: trail.log(s, a, LogAsked(code=TECHNICIAN)), MANAGER).rows[:2]
    assert (newest.kind, newest.about, newest.actor, newest.what) == ("changed", "person", MANAGER, ["link"])
    assert before.what == ["link", "sign_ins_ended"]


def test_of_several_links_only_the_newest_works(world: World) -> None:
    invite(world)
    give(world, "newcomer", "the second")
    invite(world, link="with a further role", role="auditor")
    for ended in (LINK, "the second"):
        assert refusal(lambda ended=ended: come_in(world, ended), NotFound).slug == "link_over"  # type: ignore[misc]
    assert come_in(world, "with a further role") == "newcomer"


def test_a_new_link_is_over_after_a_day_or_with_the_account(
    world: World, at: Callable[[timedelta], datetime]
) -> None:
    give(world, TECHNICIAN)
    give(world, OUTSIDER, "another link")
    end(world, OUTSIDER)
    assert refusal(lambda: come_in(world, "another link"), NotFound).slug == "link_over"
    assert refusal(lambda: give(world, OUTSIDER)).slug == "person_ended"
    at(timedelta(hours=24, seconds=1))
    assert refusal(lambda: come_in(world, "a new link"), NotFound).slug == "link_over"


def test_nobody_gives_a_link_to_themselves_to_who_reaches_further_or_without_the_right(world: World) -> None:
    assert refusal(lambda: give(world, MANAGER)).slug == "link_own"
    for name in (people.CONSOLE, "nobody.here"):
        assert refusal(lambda name=name: give(world, name)).slug == "person_unknown"  # type: ignore[misc]
    assert refusal(lambda: give(world, OUTSIDER, person=TECHNICIAN), NotAllowed).slug == "not_allowed"
    invite(world, role="administrator", site="NT")
    come_in(world)
    theirs = Door(world.database, Credentials(session=SESSION), clock.new_key())
    for name in (TECHNICIAN, MANAGER):
        order = accounts.LinkOrder(name=name)
        work = lambda s, a, order=order: accounts.new_link(s, a, order, "not theirs")  # noqa: E731
        assert refusal(lambda work=work: theirs.act(work, accounts.Invited), NotAllowed).slug == "not_allowed"  # type: ignore[misc]
    assert who(world, session=SECRETS[TECHNICIAN]) == TECHNICIAN
    assert refusal(lambda: come_in(world, "not theirs"), NotFound).slug == "link_over"


def test_nobody_is_first_again_because_all_forgot_their_password(world: World) -> None:
    def forget(session: Session) -> None:
        for person in session.exec(select(Person)):
            person.password_hash = None

    world.database.write(forget)
    assert world.database.write(lambda s: accounts.invite_first(s, LINK)) is None
