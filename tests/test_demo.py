"""The demonstration: made by the real acts, whole and in part, each step once, and proved by its log."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, col, func, select

from biobank import accounts, clock, custody, participants, specimens
from biobank.commands.demo import content as demo_content
from biobank.commands.demo import course as demo_course
from biobank.commands.demo import making as demo
from biobank.database import Database
from biobank.participants import Asked, Of
from biobank.people import Credentials, resolve
from biobank.tables import (
    ArmChange,
    Collection,
    CustodyEvent,
    Dataset,
    Deviation,
    DeviationCode,
    Extract,
    Hold,
    IssuedCode,
    Kit,
    LedgerOrigin,
    Life,
    Participant,
    Placement,
    Procedure,
    Role,
    Specimen,
    SpecimenKind,
    Study,
    Taken,
    Visit,
    VisitStatus,
    Withdrawal,
    WithdrawalLevel,
)
from tests import ports
from tests.databases import PostgresServer
from tests.terminal import Terminal

ON_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module")
def nobodys(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that nobody began, on the engine that is asked for."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
        yield database
        database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"demo_{uuid4().hex[:8]}"
    server.create(name)
    database = Database(server.url(name))
    yield database
    database.close()
    server.drop(name)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """What the first start of the server makes, and what it and a second start say."""
    home = tmp_path_factory.mktemp("served")
    port = str(ports.free())
    environment = {**os.environ, "BIOBANK_HOME": str(home), "BIOBANK_PORT": port, "LC_ALL": "C"}
    said = [line for lines in (2, 1) for line in started(environment, lines)]
    return home / "demo.db", [line.replace(port, "PORT") for line in said]


def started(environment: dict[str, str], lines: int) -> list[str]:
    """The first lines of a server that is then signed in to and stopped."""
    server = subprocess.Popen(
        [sys.executable, "-m", "biobank", "serve", "--demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    try:
        said = [server.stdout.readline() for _ in range(lines)]
        link = [server.stdout.readline() for _ in range(2)][1].strip()
        with urllib.request.urlopen(link, timeout=60) as answer:  # only now it hears that it is to stop
            assert answer.status == 200
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert server.returncode == 0
    return said


@pytest.fixture(scope="module")
def part(served: tuple[Path, list[str]]) -> Iterator[Database]:
    """What the first start made, after a second one."""
    database = Database(f"sqlite:///{served[0]}")
    yield database
    database.close()


def of(database: Database, asked: Any) -> list[Any]:
    """What a statement finds."""
    return database.read(lambda session: list(session.exec(asked)))


def count(database: Database, table: Any, *where: Any) -> int:
    """How many rows of a table there are."""
    return int(of(database, select(func.count()).select_from(table).where(*where))[0])


def tubes(database: Database) -> list[Any]:
    """Every specimen with its amount and its slot."""
    place = (Placement.container_id, Placement.row, Placement.col)
    asked = select(Specimen.id, Specimen.code, Specimen.amount, *place)  # type: ignore[call-overload]
    asked = asked.outerjoin(Placement, col(Placement.specimen_id) == col(Specimen.id))
    return of(database, asked.order_by(col(Specimen.id)))


# --- what the first start makes ---


@pytest.mark.slow
def test_the_log_proves_what_the_first_start_makes(part: Database) -> None:
    assert part.read_at_once(custody.unproved) == []
    assert of(part, select(LedgerOrigin.name))[0].endswith("/demo")


@pytest.mark.slow
def test_what_was_done_is_recorded_when_it_was_done(part: Database) -> None:
    told = of(part, select(CustodyEvent.recorded_at, CustodyEvent.occurred_at))
    behind = [recorded - occurred for recorded, occurred in told]
    assert min(behind) >= timedelta(0)
    of_days = [each for each in behind if each > timedelta(hours=2)]
    # Run-in comes before the enrolment, and is recorded after it.
    assert len(of_days) == demo_course.FIRST_ONES


@pytest.mark.slow
def test_a_second_start_changes_nothing(part: Database) -> None:
    before = tubes(part)
    assert demo.furnish(part, demo_course.FIRST_ONES) == 0
    assert tubes(part) == before
    assert clock.new_key() > before[-1][0]


@pytest.mark.slow
def test_every_stage_of_the_cohort_is_among_the_first_ones(part: Database) -> None:
    lbpb = select(Study.id).where(col(Study.code) == "LBPB").scalar_subquery()
    of_lbpb = col(Participant.study_id) == lbpb
    assert count(part, Participant, of_lbpb) == demo_course.FIRST_ONES
    done = select(Visit.label).where(col(Visit.status) == VisitStatus.DONE)
    assert set(of(part, done)) >= {"RUN", "BL", "M1", "M3", "M6", "M12", "S-1", "S+1"}
    assert count(part, Visit, col(Visit.status) == VisitStatus.MISSED) > 0
    assert count(part, Visit, col(Visit.status) == VisitStatus.CANCELLED) > 0
    assert set(of(part, select(Withdrawal.level))) == set(WithdrawalLevel)
    assert count(part, Hold) > 0
    changed = select(ArmChange.participant_id).group_by(col(ArmChange.participant_id))
    assert len(of(part, changed.having(func.count() > 1))) > 1
    surgical = of(part, select(Participant.id).where(of_lbpb, col(Participant.arm) == "surgical"))
    numbers = {key: count(part, Procedure, col(Procedure.participant_id) == key) for key in surgical}
    assert set(numbers.values()) == {0, 1, 2}


@pytest.mark.slow
def test_everything_that_goes_otherwise_is_among_the_first_ones(part: Database) -> None:
    assert set(of(part, select(Deviation.code))) == set(DeviationCode)
    assert set(of(part, select(Collection.antibiotics))) >= set(Taken)
    assert {"fmri", "psg", "hrv", "qst", "microbiota"} == set(of(part, select(Dataset.kind)))
    assert count(part, Extract, col(Extract.concentration).is_not(None)) > 0
    assert count(part, Kit, col(Kit.visit_id).is_(None)) == sum(many for _, many in demo_content.KITS)
    assert count(part, Kit, col(Kit.visit_id).is_not(None)) > 0
    assert count(part, IssuedCode) > 0
    assert count(part, Specimen, col(Specimen.out_since).is_not(None)) == demo_content.TAKEN_OUT
    assert count(part, Specimen, col(Specimen.life) == Life.EXPECTED) > 0
    stands = select(Placement.id).where(col(Placement.specimen_id) == col(Specimen.id)).exists()
    waiting = (col(Specimen.life) == Life.ACTIVE, col(Specimen.frozen_at).is_(None), ~stands)
    assert count(part, Specimen, *waiting, col(Specimen.kind) == SpecimenKind.ALIQUOT) > 0
    assert count(part, Placement, col(Placement.specimen_id).is_not(None)) > 18_000 / 20


@pytest.mark.slow
def test_some_visits_are_due_some_overdue_and_some_to_come(part: Database) -> None:
    def numbers(session: Session) -> dict[Of, int]:
        actor = resolve(session, Credentials(name=demo.FIRST))
        return {each: len(participants.agenda(session, actor, Asked(of=each), limit=500)) for each in Of}

    found = part.read(numbers)
    assert all(found.values()), found


@pytest.mark.slow
def test_the_register_has_visits_and_no_tubes_and_its_people_see_nothing_of_the_cohort(
    part: Database,
) -> None:
    def seen(name: str) -> tuple[set[str], int]:
        """The studies of the visits to come, and how many tubes a person finds in any study."""

        def question(session: Session) -> tuple[set[str], int]:
            actor = resolve(session, Credentials(name=name))
            visits = participants.agenda(session, actor, Asked(of=Of.UPCOMING), limit=500)
            return {row.study for row in visits}, len(specimens.page(session, actor, limit=7))

        return part.read(question)

    assert seen(demo_content.REGISTER) == ({"ICBT-FUSION"}, 0)
    assert seen(demo_content.BENCH) == ({"LBPB"}, 7)
    icbt = select(Study.id).where(col(Study.code) == "ICBT-FUSION").scalar_subquery()
    assert count(part, Specimen, col(Specimen.study_id) == icbt) == 0
    assert count(part, Participant, col(Participant.study_id) == icbt) == demo_content.IN_REGISTER


@pytest.mark.slow
def test_there_is_somebody_of_each_role(part: Database) -> None:
    rows = part.read(
        lambda session: accounts.everyone(session, resolve(session, Credentials(name=demo.FIRST)))
    )
    assert {role.split(" @ ")[0] for row in rows for role in row.roles} == {role.value for role in Role}


# --- making it ---


@pytest.mark.slow
@pytest.mark.parametrize("nobodys", ON_BOTH[1:], indirect=True)
def test_on_postgresql_too_the_first_two_are_made_once_and_proved(nobodys: Database) -> None:
    """The demonstration has no words for a database of its own; `make prove` makes all of it on both."""
    demo.furnish(nobodys, 2)
    before = tubes(nobodys)
    assert demo.furnish(nobodys, 2) == 0
    assert tubes(nobodys) == before != []
    assert nobodys.read_at_once(custody.unproved) == []


@pytest.mark.slow
def test_a_run_that_was_interrupted_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    def interrupted(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    databases = [Database(f"sqlite:///{tmp_path / name}") for name in ("one.db", "two.db")]
    one, two = databases
    demo.furnish(one, 3)
    with pytest.raises(KeyboardInterrupt):
        demo.furnish(two, 3, interrupted)
    assert len(tubes(two)) < len(tubes(one))
    demo.furnish(two, 2)
    assert demo.furnish(two, 3) == 1
    assert tubes(two) == tubes(one)
    for each in databases:
        each.close()


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2027-03-01", "2028-02-29"])
def test_its_days_are_counted_from_the_day_it_was_begun(day: str, tmp_path: Path) -> None:
    begun = datetime.fromisoformat(f"{day}T15:30:00+00:00")
    database = Database(f"sqlite:///{tmp_path / 'demo.db'}")
    try:
        clock.set_clock(lambda: begun)
        demo.furnish(database, 1)
        clock.set_clock(lambda: datetime(2029, 6, 1, tzinfo=UTC))
        demo.furnish(database, 2)
    finally:
        clock.set_clock()
    asked = select(Participant).where(col(Participant.pseudonym).startswith("LBPB-"))
    rows = of(database, asked.order_by(col(Participant.pseudonym)))
    assert [row.enrolled_on for row in rows] == [
        demo_course.course(number, begun.date()).enrolled_on for number in demo_course.numbers()[:2]
    ]
    assert database.read_at_once(custody.unproved) == []
    database.close()


@pytest.mark.slow
def test_serving_the_demonstration_makes_a_part_of_it_first(served: tuple[Path, list[str]]) -> None:
    serves = "Biobank serves http://localhost:PORT\n"
    made = "Made 18 of the demonstration's 360 participants. All of them: biobank demo\n"
    assert served[1] == [made, serves, serves]


# --- the whole ---


@pytest.mark.prove
@pytest.mark.parametrize("nobodys", ON_BOTH, indirect=True)
def test_the_whole_has_360_participants_and_more_than_18000_tubes_all_proved(nobodys: Database) -> None:
    told: list[tuple[int, int]] = []
    demo.furnish(nobodys, demo_course.PARTICIPANTS, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(told[0][1]))
    lbpb = select(Study.id).where(col(Study.code) == "LBPB").scalar_subquery()
    assert count(nobodys, Participant, col(Participant.study_id) == lbpb) == 360
    assert count(nobodys, Placement, col(Placement.specimen_id).is_not(None)) >= 18_000
    assert nobodys.read_at_once(custody.unproved) == []


@pytest.mark.prove
def test_the_command_makes_the_whole_once(empty: Terminal) -> None:
    assert "Made the demonstration" in empty.says("demo")
    assert "The demonstration is there already" in empty.says("demo")
