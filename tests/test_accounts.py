"""Accounts: how people come in, how they stay in, and how that ends."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from biobank import accounts, clock, people
from biobank.accounts import GrantOrder, PasswordOrder, PersonOrder, SignInOrder, SiteOrder, TokenOrder
from biobank.door import Door
from biobank.errors import Busy, NotAllowed, NotFound, NotSignedIn, Refusal, RuleBroken
from biobank.people import Credentials
from biobank.tables import Grant, Person, Role, SignIn
from tests.world import MANAGER, OUTSIDER, PASSWORD, SECRETS, TECHNICIAN, World

LINK = "a first link of a new person"
SESSION = "of the new session"


@pytest.fixture
def at() -> Iterator[Callable[[timedelta], datetime]]:
    """Let the time go on by so much."""

    def later(by: timedelta) -> datetime:
        then = datetime.now().astimezone() + by
        clock.set_clock(lambda: then)
        return then

    yield later
    clock.set_clock()


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def invite(world: World, name: str = "newcomer", link: str = LINK, **other: str) -> accounts.Invited:
    order = PersonOrder.model_validate({"name": name, "role": "technician", "site": "BJ"} | other)
    return world.act(lambda s, a: accounts.add_person(s, a, order, link), person=MANAGER)  # type: ignore[no-any-return]


def come_in(world: World, link: str = LINK, secret: str = SESSION) -> str:
    return world.database.write(lambda s: accounts.choose_password(s, link, "a hash", secret))


def who(world: World, **shown: str) -> str:
    return Door(world.database, Credentials(**shown)).ask(lambda _, actor: actor.name)


def recognised(world: World, name: str, password: str) -> Any:
    return world.database.read(lambda s: accounts.recognise(s, SignInOrder(name=name, password=password)))


# --- the first link ---


def test_a_first_link_lets_one_person_in_once(world: World) -> None:
    invited = invite(world)
    assert invited.ends
    assert invited.ends > clock.now() + timedelta(hours=23)
    assert come_in(world) == "newcomer"
    assert who(world, session="of the new session") == "newcomer"
    assert refusal(lambda: come_in(world, secret="another"), NotFound).slug == "link_over"
    assert refusal(lambda: come_in(world, "made up"), NotFound).slug == "link_over"
    assert world.unproved() == []


def test_who_came_in_before_gets_a_further_role_and_no_link_that_resets_a_password(world: World) -> None:
    invite(world)
    come_in(world)
    again = invite(world, link="another link", role="auditor")
    assert again.ends is None
    assert refusal(lambda: come_in(world, "another link"), NotFound).slug == "link_over"
    rows = world.ask(accounts.everyone, person=MANAGER)
    assert next(row.roles for row in rows if row.name == "newcomer") == ["technician @ BJ", "auditor @ BJ"]
    assert world.unproved() == []


def test_nobody_is_added_by_the_name_of_the_command_line(world: World) -> None:
    assert refusal(lambda: invite(world, "console"), RuleBroken).slug == "name_of_console"


def test_a_first_link_ends_after_a_day(world: World, at: Callable[[timedelta], datetime]) -> None:
    invite(world)
    at(timedelta(hours=24, seconds=1))
    assert refusal(lambda: come_in(world), NotFound).slug == "link_over"


def test_the_links_and_the_sessions_secrets_are_not_in_the_database(sqlite_world: World) -> None:
    invite(sqlite_world)
    come_in(sqlite_world)
    sqlite_world.database.administer(lambda c: c.exec_driver_sql("SELECT 1"))
    sqlite_world.database.close()
    path = str(sqlite_world.database.writing.url.database)
    with open(path, "rb") as file:  # noqa: PTH123 - every byte there is
        kept = file.read()
    assert b"newcomer" in kept
    for secret in (LINK, "of the new session", PASSWORD):
        assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("password", "again", "slug"),
    [
        ("x" * 14, "x" * 14, "password_length"),
        ("x" * 257, "x" * 257, "password_length"),
        ("", "", "password_length"),
        ("four words make one", "four words make two", "passwords_differ"),
    ],
)
def test_a_password_that_will_not_do_is_refused(password: str, again: str, slug: str) -> None:
    order = PasswordOrder(password=password, again=again)
    assert refusal(lambda: accounts.require_password(order)).slug == slug


@pytest.mark.parametrize("password", ["x" * 15, "x" * 256, "正确马电池订书钉正确马电池订书钉", " " * 15])
def test_any_password_of_a_good_length_will_do(password: str) -> None:
    assert accounts.require_password(PasswordOrder(password=password, again=password)) == password


# --- signing in ---


def test_the_right_name_and_password_are_recognised(world: World) -> None:
    assert recognised(world, f" {TECHNICIAN.upper()} ", PASSWORD)


def test_a_wrong_name_and_a_wrong_password_are_refused_alike(world: World) -> None:
    invite(world, "never-came")
    refusals = [
        refusal(lambda: recognised(world, name, password), NotSignedIn)  # noqa: B023 - called at once
        for name, password in (
            (TECHNICIAN, "not the password, really"),
            ("nobody", PASSWORD),
            ("never-came", PASSWORD),
            (people.CONSOLE, PASSWORD),
            (TECHNICIAN, "x" * 300),
        )
    ]
    assert {(each.slug, each.field, str(each)) for each in refusals} == {
        ("sign_in_wrong", "password", "The name or the password is not right.")
    }


def test_somebody_who_left_does_not_come_in_nor_go_on(world: World) -> None:
    def leave(session: Session) -> None:
        session.exec(select(Person).where(col(Person.name) == OUTSIDER)).one().active = False

    assert who(world, session=SECRETS[OUTSIDER]) == OUTSIDER
    world.database.write(leave)
    refusal(lambda: recognised(world, OUTSIDER, PASSWORD), NotSignedIn)
    refusal(lambda: who(world, session=SECRETS[OUTSIDER]), NotSignedIn)


def test_a_session_ends_at_the_server_by_signing_out(world: World) -> None:
    world.database.write(lambda s: accounts.sign_out(s, SECRETS[TECHNICIAN]))
    refusal(lambda: who(world, session=SECRETS[TECHNICIAN]), NotSignedIn)
    assert who(world, session=SECRETS[MANAGER]) == MANAGER


def test_a_session_ends_after_twelve_hours(world: World, at: Callable[[timedelta], datetime]) -> None:
    at(timedelta(hours=11))
    assert who(world, session=SECRETS[TECHNICIAN]) == TECHNICIAN
    at(timedelta(hours=12, minutes=10))
    refusal(lambda: who(world, session=SECRETS[TECHNICIAN]), NotSignedIn)


def test_a_password_is_hashed_slowly_and_one_at_a_time() -> None:
    kept = people.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert people.password_fits(PASSWORD, kept)
    assert not people.password_fits(PASSWORD + " ", kept)
    assert not people.password_fits(PASSWORD, None)
    assert not people.password_fits(PASSWORD, "not a hash")


def test_when_too_many_sign_in_at_once_one_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Taken:
        def acquire(self, timeout: float) -> bool:
            return False

    monkeypatch.setattr(people, "_one_at_a_time", Taken())
    assert refusal(lambda: people.hash_password(PASSWORD), Busy).slug == "sign_in_busy"


# --- tokens ---


def token(world: World, secret: str, days: int = 90) -> accounts.TokenMade:
    order = TokenOrder(name="freezer logger", days=days)
    return world.act(lambda s, a: accounts.make_token(s, a, order, secret))  # type: ignore[no-any-return]


def test_a_token_acts_with_its_owners_rights_until_it_ends(
    world: World, at: Callable[[timedelta], datetime]
) -> None:
    made = token(world, "a token", 30)
    assert made.name == "freezer logger"
    assert who(world, token="a token") == TECHNICIAN
    assert world.unproved() == []
    at(timedelta(days=29, hours=23))
    assert who(world, token="a token") == TECHNICIAN
    at(timedelta(days=30, minutes=1))
    refusal(lambda: who(world, token="a token"), NotSignedIn)


def test_a_token_that_was_ended_is_over(world: World) -> None:
    token(world, "a token")
    world.database.administer(lambda c: c.exec_driver_sql("UPDATE token SET ended_at = ends_at"))
    refusal(lambda: who(world, token="a token"), NotSignedIn)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_lasts_a_year_at_most(world: World, days: int) -> None:
    assert refusal(lambda: token(world, "x", days)).slug == "token_days"


def test_a_token_cannot_make_tokens(world: World) -> None:
    token(world, "a token")
    door = Door(world.database, Credentials(token="a token"), clock.new_key())
    order = TokenOrder(name="child")
    make = lambda s, a: accounts.make_token(s, a, order, "y")  # noqa: E731 - said once
    refused = refusal(lambda: door.act(make, accounts.TokenMade))
    assert refused.slug == "token_from_token"


def test_a_token_is_no_session_and_a_session_no_token(world: World) -> None:
    token(world, "a token")
    refusal(lambda: who(world, session="a token"), NotSignedIn)
    refusal(lambda: who(world, token=SECRETS[TECHNICIAN]), NotSignedIn)


# --- sites and people ---


def test_a_site_is_of_this_world_and_named_once(world: World) -> None:
    def add(**order: str) -> None:
        wish = SiteOrder.model_validate(order)
        world.act(lambda s, a: accounts.add_site(s, a, wish), person=MANAGER)

    unknown = refusal(lambda: add(code="X", name="X", time_zone="Moon/Tycho"))
    assert (unknown.slug, unknown.field) == ("time_zone_unknown", "time_zone")
    assert refusal(lambda: add(code="BJ", name="X")).slug == "site_exists"


def test_only_an_administrator_adds_people_and_sites(world: World) -> None:
    site = SiteOrder(code="X", name="X")
    person = PersonOrder(name="somebody", role=Role.TECHNICIAN)
    for work in (
        lambda s, a: accounts.add_site(s, a, site),
        lambda s, a: accounts.add_person(s, a, person, "link"),
        accounts.everyone,
    ):
        assert refusal(lambda: world.act(work), NotAllowed).slug == "not_allowed"  # noqa: B023


@pytest.mark.parametrize(("field", "slug"), [("site", "site_unknown"), ("study", "study_unknown")])
def test_a_grant_is_for_a_site_and_a_study_that_are_there(world: World, field: str, slug: str) -> None:
    refused = refusal(lambda: invite(world, **{field: "nowhere"}))
    assert (refused.slug, refused.field) == (slug, field)


def test_who_is_invited_again_gets_a_further_grant_and_a_new_link(world: World) -> None:
    first = invite(world)
    again = invite(world, link="another link", role="auditor", site="NT", study="DEMO")
    assert first.id == again.id
    rows = world.ask(accounts.everyone, MANAGER)
    roles = {row.name: row.roles for row in rows}
    assert sorted(roles["newcomer"]) == ["auditor @ NT / DEMO", "technician @ BJ"]
    assert come_in(world, "another link") == "newcomer"
    assert world.unproved() == []


def test_a_role_that_somebody_has_is_not_given_twice(world: World) -> None:
    invite(world)
    assert refusal(lambda: invite(world, link="another link")).slug == "grant_held"
    assert come_in(world) == "newcomer"
    assert refusal(lambda: invite(world, link="another link")).slug == "grant_held"
    rows = {row.name: row.roles for row in world.ask(accounts.everyone, person=MANAGER)}
    assert rows["newcomer"] == ["technician @ BJ"]


def test_the_rows_of_grants_are_those_that_the_log_tells(world: World) -> None:
    invited = invite(world)

    def rows(session: Session) -> int:
        return len(session.exec(select(Grant).where(col(Grant.person_id) == invited.id)).all())

    assert world.database.read(rows) == 1
    assert world.database.read(lambda s: len(s.exec(select(SignIn)).all())) == 3


# --- ending ---


def end(world: World, name: str, person: str = MANAGER) -> str:
    return world.act(lambda s, a: accounts.end_person(s, a, name), person=person)  # type: ignore[no-any-return]


def end_grant(world: World, person: str = MANAGER, **told: str) -> str:
    order = GrantOrder.model_validate(told)
    return world.act(lambda s, a: accounts.end_grant(s, a, order), person=person)  # type: ignore[no-any-return]


def test_whose_account_ended_is_out_at_once_and_does_not_come_back(world: World) -> None:
    order = TokenOrder(name="script")
    world.act(lambda s, a: accounts.make_token(s, a, order, "of a script"))
    assert who(world, token="of a script") == TECHNICIAN
    assert end(world, TECHNICIAN) == TECHNICIAN
    for shown in ({"token": "of a script"}, {"session": SECRETS[TECHNICIAN]}):
        assert refusal(lambda shown=shown: who(world, **shown), NotSignedIn).slug == "not_signed_in"  # type: ignore[misc]
    assert refusal(lambda: recognised(world, TECHNICIAN, PASSWORD), NotSignedIn).slug == "sign_in_wrong"
    assert refusal(lambda: end(world, TECHNICIAN)).slug == "person_ended"
    assert refusal(lambda: invite(world, TECHNICIAN)).slug == "person_ended"
    rows = {row.name: row for row in world.ask(accounts.everyone, person=MANAGER)}
    assert not rows[TECHNICIAN].active
    assert world.unproved() == []


def test_who_never_came_in_does_not_come_in_after_the_account_ended(world: World) -> None:
    invite(world)
    end(world, "newcomer")
    assert refusal(lambda: come_in(world), NotFound).slug == "link_over"


def test_nobody_ends_themselves_the_console_or_somebody_who_reaches_further(world: World) -> None:
    assert refusal(lambda: end(world, MANAGER)).slug == "not_yourself"
    assert refusal(lambda: end(world, people.CONSOLE)).slug == "person_unknown"
    assert refusal(lambda: end(world, "nobody.here")).slug == "person_unknown"
    assert refusal(lambda: end(world, OUTSIDER, TECHNICIAN), NotAllowed).slug == "not_allowed"
    own = {"name": MANAGER, "role": "administrator"}
    assert refusal(lambda: end_grant(world, **own)).slug == "not_yourself"
    invite(world, role="administrator", site="NT")
    come_in(world)
    theirs = Door(world.database, Credentials(session=SESSION), clock.new_key())
    for name in (TECHNICIAN, MANAGER):
        work = lambda name=name: theirs.act(lambda s, a: accounts.end_person(s, a, name), str)  # noqa: E731
        assert refusal(work, NotAllowed).slug == "not_allowed"


def test_one_role_ends_and_the_others_stay(world: World) -> None:
    invite(world)
    invite(world, link="another link", role="auditor")
    assert end_grant(world, name="newcomer", role="technician", site="BJ") == "newcomer"
    rows = {row.name: row.roles for row in world.ask(accounts.everyone, person=MANAGER)}
    assert rows["newcomer"] == ["auditor @ BJ"]
    gone = {"name": "newcomer", "role": "technician", "site": "BJ"}
    assert refusal(lambda: end_grant(world, **gone)).slug == "grant_unknown"
    assert world.unproved() == []
