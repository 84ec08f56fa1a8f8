"""What is asked for by a code or because it waits is found by that, however many tubes a study has.

On SQLite, which keeps no statistics: whose grant is of one study must not have all of its tubes walked.
"""

from typing import Any

import pytest
from sqlalchemy import Connection, event

from biobank import accounts, clock, custody, specimens, storage
from biobank.people import Actor, Credentials, resolve
from biobank.printing import applying
from biobank.specimens import FindList, families
from biobank.storage import OutAsked
from biobank.tables import Role
from tests.world import MANAGER, World

OF_STUDY = "ix_specimen_study_id_code"
QUESTIONS: list[tuple[Any, str]] = [
    (storage.what_is_out, "ix_specimen_out_since"),
    (lambda s, a: storage.what_is_out(s, a, OutAsked(study="DEMO", mine=True)), "ix_specimen_out_since"),
    (applying.count_waiting, "ix_printed_label_waiting"),
    (applying.waiting, "ix_printed_label_waiting"),
]


@pytest.fixture
def narrow(sqlite_world: World) -> Actor:
    """A technician of one site and one study: equal keys, which SQLite would rather follow."""
    order = accounts.PersonOrder(name="narrow", role=Role.TECHNICIAN, site="BJ", study="DEMO")
    sqlite_world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)
    return sqlite_world.database.read(lambda session: resolve(session, Credentials(name="narrow")))


def test_what_waits_is_found_by_the_small_index_of_what_waits(sqlite_world: World, narrow: Actor) -> None:
    for question, index in QUESTIONS:
        plan = _plans(sqlite_world, narrow, question)
        assert index in plan
        assert OF_STUDY not in plan


def test_tubes_that_are_named_are_found_by_their_names(sqlite_world: World, narrow: Actor) -> None:
    tubes = sqlite_world.tubes(30)
    for question in (
        lambda s, a: families.tree(s, a, tubes[0]),
        lambda s, a: specimens.family(s, a, tubes[0]),
        lambda s, a: specimens.find_list(s, a, FindList(codes=tubes)),
        lambda s, a: custody.load(s, a, tubes),
    ):
        plan = _plans(sqlite_world, narrow, question)
        assert "specimen USING" in plan
        assert OF_STUDY not in plan
    # The control: all tubes of somebody's studies are found by their study.
    assert OF_STUDY in _plans(sqlite_world, narrow, specimens.page)


def _plans(world: World, actor: Actor, question: Any) -> str:
    """How SQLite finds what each statement of a question asks for."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, told: Any, *_: object) -> None:
        asked.append((statement, told))

    reading = world.database.reading
    event.listen(reading, "before_cursor_execute", note)
    world.database.read(lambda session: question(session, actor))
    event.remove(reading, "before_cursor_execute", note)
    with reading.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}", told).all() for each, told in asked]
    return "\n".join(str(step[-1]) for plan in plans for step in plan)
