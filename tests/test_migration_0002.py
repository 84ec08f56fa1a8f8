"""A biobank that was filled under revision 0001, and what can be done in it after the migration to 0002."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy import column as sa_column
from sqlalchemy import table as sa_table
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, select

from alembic import command
from biobank import clock, migrations, participants, specimens
from biobank.database import Database
from biobank.door import Door
from biobank.participants import ArmOrder, Asked, ConsentOrder, Of, ProcedureOrder, WithdrawalOrder
from biobank.people import Credentials
from biobank.specimens import Begin, Finish, Tick
from biobank.tables import Hold, WithdrawalLevel
from tests.databases import PostgresServer
from tests.world import World

KEPT = Path(__file__).parent / "data" / "database_0001.json"

LATER = b"""
[study]
code = "OLD"
title = "A study that goes on under a later version"

[[arms]]
code = "surgical"
title = "Surgery"

[[arms]]
code = "usual"
title = "Usual care"

[[events]]
code = "BL"
title = "Baseline"
day = 0
before = 3
after = 3

[[events]]
code = "M1"
title = "One month"
month = 1
before = 7
after = 7

[[events]]
code = "PRE"
title = "Before the procedure"
anchor = "procedure"
day = -1
arms = ["surgical"]
"""


class OldWorld(World):
    """Everything is asked by the manager, as the command line would: nobody's session is in the file."""

    def door(self, person: str = "manager", command: UUID | None = None, asked: bytes = b"") -> Door:
        """A door for the manager."""
        return Door(self.database, Credentials(name="manager"), command or clock.new_key(), asked)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A filled database at revision 0001, on each engine in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}")
        database.administer(_fill)
        yield database
        database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"old_{clock.new_key().hex}"
    server.create(name)
    database = Database(server.url(name))
    database.administer(_fill)
    yield database
    database.close()
    server.drop(name)


@pytest.fixture
def world(old: Database) -> OldWorld:
    """The same, brought to the present shape."""
    migrations.upgrade(old)
    return OldWorld(old)


def _fill(connection: Connection) -> None:
    config = migrations._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    for name, rows in json.loads(KEPT.read_text()).items():
        # The columns of 0001 alone: what is new since must not be filled here.
        columns = [SQLModel.metadata.tables[name].c[column] for column in rows[0]]
        table = sa_table(name, *(sa_column(each.name, each.type) for each in columns))
        for row in rows:
            kept = {each.name: _value(each, row[each.name]) for each in columns}
            if name == "custody_subject":  # a head is born empty; its events move it
                kept |= {"number": 0, "hash": bytes(32)}
            connection.execute(insert(table).values(kept))


def _bytes(kept: str) -> bytes:
    return kept.encode() if kept.startswith("{") else bytes.fromhex(kept)


_MADE_OF: dict[str, Any] = {
    "Uuid": UUID,
    "LargeBinary": _bytes,
    "Date": date.fromisoformat,
    "UTCDateTime": datetime.fromisoformat,
}


def _value(column: Any, value: Any) -> Any:
    """A value as its column takes it; bytes are kept as hexadecimal digits, or as the text they are."""
    made = _MADE_OF.get(type(column.type).__name__)
    return made(value) if made and isinstance(value, str) else value


def _rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that 0001 had, its columns of 0001 alone."""
    kept = json.loads(KEPT.read_text())
    return {
        name: [
            dict(row._mapping)
            for row in connection.execute(
                text(f"SELECT {', '.join(map(json.dumps, rows[0]))} FROM {json.dumps(name)} ORDER BY 1")
            )
        ]
        for name, rows in kept.items()
    }


def _visit(world: World, pseudonym: str, event: str) -> participants.VisitRow:
    return next(row for row in _card(world, pseudonym).visits if row.event == event)


def _card(world: World, pseudonym: str) -> participants.ParticipantCard:
    return world.ask(
        lambda session, actor: participants.card(
            session, participants.by_pseudonym(session, actor, "OLD", pseudonym)
        )
    )


def _agenda(world: World, of: Of, day: date) -> list[tuple[str, str]]:
    asked = Asked(of=of, day=day)
    rows = world.ask(lambda session, actor: participants.agenda(session, actor, asked))
    return [(row.participant, row.event) for row in rows]


def test_nothing_of_what_was_there_is_lost_or_changed(old: Database) -> None:
    before = old.administer(_rows)
    migrations.upgrade(old)
    assert old.administer(_rows) == before
    assert sum(map(len, before.values())) == 150


def test_the_log_still_proves_every_row_and_the_guards_stand(world: World) -> None:
    assert world.unproved() == []
    migrations.require_ready(world.database)
    for harm in ("UPDATE custody_event SET number = 9", "DELETE FROM custody_subject"):
        with pytest.raises(DBAPIError, match="append-only"):
            world.database.administer(partial(Connection.execute, statement=text(harm)))


def test_visits_that_were_planned_before_stand_in_the_agenda_and_those_done_in_the_calendar(
    world: World,
) -> None:
    assert _agenda(world, Of.DUE, date(2026, 3, 28)) == [("O-002", "M1"), ("O-001", "M1")]
    assert _agenda(world, Of.OVERDUE, date(2026, 4, 7)) == [("O-002", "M1")]
    month = world.ask(lambda session, actor: participants.month(session, actor, "OLD", 2026, 3))
    # Drawn at half past seven on the 2nd in Beijing: on the 1st in UTC, as it was kept.
    assert [row.event for row in month[1].visits] == ["BL", "PRE"]
    undated = _visit(world, "O-003", "BL")
    assert (undated.planned_on, undated.opens_on, undated.closes_on) == (None, None, None)


def test_the_arm_somebody_was_enrolled_in_is_the_first_of_the_history(world: World) -> None:
    order = ArmOrder(study="OLD", pseudonym="O-001", arm="usual", since=date(2026, 3, 20))
    world.act(lambda session, actor: participants.change_arm(session, actor, order))
    history = [(each.arm, each.since) for each in _card(world, "O-001").arms]
    assert history == [("surgical", date(2026, 3, 1)), ("usual", date(2026, 3, 20))]
    assert world.unproved() == []


def test_a_visit_of_before_is_collected_and_finished(world: World) -> None:
    visit = _visit(world, "O-001", "M1").code
    made = world.act(
        lambda session, actor: [tube.code for tube in specimens.begin(session, actor, Begin(visit=visit))]
    )
    assert len(made) == 4
    order = Tick(visit=visit, codes=made[2:])
    world.act(lambda session, actor: specimens.tick(session, actor, order))
    summary = world.act(lambda session, actor: specimens.finish(session, actor, Finish(visit=visit)))
    assert (summary.there, summary.used_up, summary.not_collected) == (2, 2, 0)
    assert world.unproved() == []


def test_a_new_version_plans_visits_of_before_and_says_that_it_cannot_compare(world: World) -> None:
    told = world.act(lambda session, actor: participants.preview(session, actor, LATER))
    assert "before its text was kept" in told.differences[0].in_words("en")
    changes = world.act(lambda session, actor: participants.adopt(session, actor, LATER)).changes
    assert changes == told.changes
    # Two enrolled on a day go on with M1 on another one; the day that nobody knows stays unknown.
    assert (changes.redated, changes.cancelled) == (2, 1)
    assert _visit(world, "O-001", "M1").planned_on == date(2026, 4, 1)
    assert _visit(world, "O-003", "PRE").status == "cancelled"
    assert (_visit(world, "O-001", "BL").status, _visit(world, "O-001", "PRE").status) == ("done", "done")
    surgery = ProcedureOrder(study="OLD", pseudonym="O-003", name="surgery", happens_on=date(2026, 4, 20))
    world.act(lambda session, actor: participants.set_procedure(session, actor, surgery))
    planned = [row for row in _card(world, "O-003").visits if row.event == "PRE" and row.status == "planned"]
    assert [(row.occasion, row.planned_on) for row in planned] == [(1, date(2026, 4, 19))]
    assert world.unproved() == []


def test_consents_of_before_are_answered_anew_and_a_withdrawal_holds_every_old_tube(world: World) -> None:
    assert _card(world, "O-002").scopes == ["genetics", "storage"]
    declined = ConsentOrder.model_validate({"version": "2", "declined": ["genetics"]})
    world.act(lambda session, actor: participants.give_consent(session, actor, "OLD", "O-002", declined))
    assert _card(world, "O-002").scopes == ["storage"]
    order = WithdrawalOrder(
        study="OLD",
        pseudonym="O-001",
        level=WithdrawalLevel.NO_FURTHER_USE,
        withdrawn_on=date(2026, 5, 1),
    )
    world.act(lambda session, actor: participants.withdraw(session, actor, order))
    held = world.ask(lambda session, _: len(session.exec(select(Hold)).all()))
    assert held == 5
    assert _visit(world, "O-001", "M1").status == "cancelled"
    assert world.unproved() == []
