"""What the first page counts is found by the small indexes of what waits, however many tubes a study has."""

from typing import Any

from sqlalchemy import Connection, event

from biobank import accounts, clock, storage
from biobank.people import Actor, Credentials, resolve
from biobank.printing import applying
from biobank.storage import OutAsked
from biobank.tables import Role
from tests.world import MANAGER, World

QUESTIONS: list[tuple[Any, str]] = [
    (storage.what_is_out, "ix_specimen_out_since"),
    (lambda s, a: storage.what_is_out(s, a, OutAsked(study="DEMO", mine=True)), "ix_specimen_out_since"),
    (applying.count_waiting, "ix_printed_label_waiting"),
    (applying.waiting, "ix_printed_label_waiting"),
]


def test_what_waits_in_one_study_is_found_by_the_index_of_what_waits(world: World) -> None:
    # Of one site and one study: equal keys, which SQLite would rather follow.
    order = accounts.PersonOrder(name="narrow", role=Role.TECHNICIAN, site="BJ", study="DEMO")
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)
    actor = world.database.read(lambda session: resolve(session, Credentials(name="narrow")))
    for question, index in QUESTIONS:
        plan = _plan(world, *_asked(world, actor, question)[0])
        assert index in plan
        assert "ix_specimen_study_id_code" not in plan


def _plan(world: World, statement: str, told: Any) -> str:
    with world.database.reading.connect() as connection:
        if not world.database.is_sqlite:
            # In so small a world it is cheaper to read all of a table.
            connection.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if world.database.is_sqlite else "EXPLAIN"
        steps = connection.exec_driver_sql(f"{explain} {statement}", told).all()
    return "\n".join(str(step[-1]) for step in steps)


def _asked(world: World, actor: Actor, question: Any) -> list[tuple[str, Any]]:
    """The statements of a question, with what was sent."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, told: Any, *_: object) -> None:
        found.append((statement, told))

    reading = world.database.reading
    event.listen(reading, "before_cursor_execute", note)
    world.database.read(lambda session: question(session, actor))
    event.remove(reading, "before_cursor_execute", note)
    return found
