"""Wrong passwords: counted by name in the database, for whoever has it or nobody, and slowed ever more."""

import io
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from httpx import Response
from litestar.testing import TestClient
from sqlalchemy import text
from sqlmodel import Session

from biobank import accounts, clock, logs, tries, web
from biobank.accounts import SignInOrder
from biobank.database import Database
from biobank.door import Door
from biobank.errors import NotSignedIn, Refusal, TooOften
from biobank.people import Credentials
from tests.pages.visitor import Visitor, visit
from tests.quick import app_of
from tests.world import MANAGER, PASSWORD, TECHNICIAN, World

WRONG = "not the password, really"
START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture
def pass_by() -> Iterator[Callable[[float], None]]:
    """Let so many seconds go by; until then the time stands still."""
    now = [START]

    def go_on(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    clock.set_clock(lambda: now[0])
    yield go_on
    clock.set_clock()


def sign_in(world: World, name: str, password: str = WRONG, address: str = "") -> Response:
    """As somebody does on the page; where the answer came from is what they say of it."""
    headers = {"X-Forwarded-For": address, "Forwarded": f"for={address}"} if address else {}
    told = {"name": name, "password": password}
    with TestClient(app_of(world)) as client:
        return client.post("/sign-in", data=told, headers=headers, follow_redirects=False)


def refused(work: Callable[[], object]) -> Refusal | None:
    try:
        work()
    except Refusal as refusal:
        return refusal
    return None


def recognise(database: Database, name: str, password: str = WRONG) -> object:
    order = SignInOrder(name=name, password=password)
    return Door(database, Credentials()).recognise(name, lambda s: accounts.recognise(s, order))


# --- the limit ---


def test_the_wait_begins_after_five_and_doubles_to_a_quarter_of_an_hour() -> None:
    waits = [tries.wait_after(failures).total_seconds() for failures in range(17)]
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert tries.wait_after(10**9).total_seconds() == 900


@pytest.mark.parametrize("name", [TECHNICIAN, "nobody.of.that.name"])
def test_after_five_failures_a_name_waits_whoever_has_it_and_wherever_it_is_tried(
    world: World, pass_by: Callable[[float], None], name: str
) -> None:
    spelled = [name, name.upper(), f" {name} ", name, name]
    first = [sign_in(world, each, address=f"10.0.0.{number}") for number, each in enumerate(spelled)]
    assert [answer.status_code for answer in first] == [401] * 5
    early = sign_in(world, name, PASSWORD, address="10.0.9.9")
    assert (early.status_code, early.headers["retry-after"]) == (429, "1")
    assert early.headers["x-refusal"] == "too_many_tries"
    assert "Try again in 1 s." in early.text
    for seconds in (1, 2, 4):
        pass_by(seconds)
        assert sign_in(world, name).status_code == 401
    for seconds in (8, 16, 32, 64, 128, 256, 512, 900, 900):
        pass_by(seconds - 0.5)
        assert sign_in(world, name).status_code == 429  # which is no failure, and makes nobody wait longer
        pass_by(0.5)
        assert sign_in(world, name).status_code == 401
    assert "Try again in 15 min." in sign_in(world, name, PASSWORD).text
    assert sign_in(world, MANAGER, PASSWORD).status_code == 303


def test_who_comes_in_begins_anew_and_is_told_of_what_failed(
    sqlite_world: World, pass_by: Callable[[float], None]
) -> None:
    for _ in range(5):
        sign_in(sqlite_world, TECHNICIAN)
    pass_by(1)
    assert sign_in(sqlite_world, TECHNICIAN, PASSWORD).status_code == 303
    assert [sign_in(sqlite_world, TECHNICIAN).status_code for _ in range(5)] == [401] * 5
    words = "Wrong passwords since 2026-05-04 08:00 +00:00: 10."
    assert words in _told(visit(sqlite_world), "/account")
    assert words in _told(visit(sqlite_world, MANAGER), f"/people/{TECHNICIAN}")
    assert "Wrong passwords" not in _told(visit(sqlite_world, MANAGER), "/account")


def test_who_was_right_at_once_leaves_nothing_behind(world: World) -> None:
    recognise(world.database, TECHNICIAN, PASSWORD)
    assert kept(world) == 0


def test_what_failed_long_ago_is_forgotten_and_its_rows_go(
    world: World, pass_by: Callable[[float], None]
) -> None:
    for number in range(7):
        refused(lambda number=number: recognise(world.database, f"guessed-{number}"))  # type: ignore[misc]
    for _ in range(4):
        refused(lambda: recognise(world.database, TECHNICIAN))
    pass_by(3 * 24 * 3600 + 1)
    assert world.database.read(lambda s: tries.failed(s, TECHNICIAN)) is None
    assert isinstance(refused(lambda: recognise(world.database, TECHNICIAN)), NotSignedIn)
    told = world.database.read(lambda s: tries.failed(s, TECHNICIAN))
    assert told == tries.Failed(1, clock.now())
    assert kept(world) == 1


def test_a_new_password_takes_the_wait_away(world: World, pass_by: Callable[[float], None]) -> None:
    pass_by(0)
    for _ in range(5):
        refused(lambda: recognise(world.database, TECHNICIAN))
    assert isinstance(refused(lambda: recognise(world.database, TECHNICIAN)), TooOften)
    world.database.write(lambda session: tries.forget(session, TECHNICIAN))
    assert isinstance(refused(lambda: recognise(world.database, TECHNICIAN)), NotSignedIn)


def test_two_workers_and_a_crowd_share_one_limit(world: World, pass_by: Callable[[float], None]) -> None:
    pass_by(0)
    workers = [Database(world.database.writing.url.render_as_string(hide_password=False)) for _ in range(2)]
    with ThreadPoolExecutor(8) as crowd:
        found = list(
            crowd.map(lambda number: refused(lambda: recognise(workers[number % 2], TECHNICIAN)), range(40))
        )
    for worker in workers:
        worker.close()
    assert sorted(type(each).__name__ for each in found) == ["NotSignedIn"] * 5 + ["TooOften"] * 35


# --- who signs ---


def test_a_wrong_password_of_who_signs_counts_to_the_same_limit(
    sqlite_world: World, pass_by: Callable[[float], None]
) -> None:
    pass_by(0)
    person = visit(sqlite_world)
    order = {"entry": "00" * 32, "meaning": "reviewed", "password": WRONG}
    pin = {"pin": "2719", "again": "2719", "password": WRONG}
    statuses = [_signed(person, order).status_code for _ in range(3)]
    statuses += [person.post("/account/pin", pin).status_code for _ in range(2)]
    assert statuses == [403] * 5
    assert sign_in(sqlite_world, TECHNICIAN, PASSWORD).status_code == 429
    late = _signed(person, {**order, "password": PASSWORD})
    assert (late.status_code, late.json()["title"]) == (429, "too_many_tries")
    assert late.json()["facts"] == {"seconds": 1}
    pass_by(1)
    assert _signed(person, {**order, "password": PASSWORD}).json()["title"] == "entry_not_found"
    assert [_signed(person, order).status_code for _ in range(5)] == [403] * 5


def test_a_program_that_tries_to_sign_counts_nothing(sqlite_world: World) -> None:
    door = Door(sqlite_world.database, Credentials(name="console"), clock.new_key())

    def prove(_: Session, actor: object) -> object:
        raise NotSignedIn("not_signed_in", "", field=str(actor))

    assert isinstance(refused(lambda: door.prove(prove)), NotSignedIn)
    assert kept(sqlite_world) == 0


# --- the log ---


def test_the_log_tells_that_one_failed_and_nothing_of_what_was_typed(sqlite_world: World) -> None:
    heard = io.StringIO()
    logs.write_json()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(heard))
    try:
        sign_in(sqlite_world, "correct horse typed in the wrong field", "correct horse battery staple")
    finally:
        structlog.reset_defaults()
    refusal, request = (json.loads(line) for line in heard.getvalue().splitlines())
    assert (refusal["event"], refusal["refusal"], request["status"]) == (
        "password_refused",
        "sign_in_wrong",
        401,
    )
    assert refusal["request_id"] == request["request_id"]
    assert "correct horse" not in heard.getvalue()


# --- how ---


def kept(world: World) -> int:
    """How many names have something counted."""
    count = text("SELECT count(*) FROM password_tries")
    return int(world.database.read(lambda session: session.connection().execute(count).scalar_one()))


def _told(person: Visitor, path: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", person.get(path).text))


def _signed(person: Visitor, order: dict[str, str]) -> Response:
    headers = {"X-CSRF-Token": web.csrf_token(person.secret), "Idempotency-Key": str(clock.new_key())}
    return person.client.post("/api/v1/signatures", json=order, headers=headers)
