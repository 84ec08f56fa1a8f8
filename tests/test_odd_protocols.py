"""Protocol files that nobody writes on purpose: too deep, too long, too many, of somebody else's study."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from biobank import accounts, clock, migrations, participants, studies
from biobank.accounts import PersonOrder
from biobank.database import Database, add_rows
from biobank.door import Door
from biobank.errors import NotAllowed, Refusal
from biobank.participants import Asked, Changes, Of
from biobank.people import Actor, Credentials
from biobank.tables import Participant, Role, Study, Visit, VisitStatus
from tests.collected import STUDY, refusal
from tests.test_planning import EVENTS, enrol, protocol
from tests.test_planning import adopt as adopt_planned
from tests.world import MANAGER, OUTSIDER, PROTOCOL, World

HEAD = b"[study]\ncode = 'A'\ntitle = 'A study'\n"
EVENT = b"[[events]]\ncode = 'BL'\ntitle = 'Baseline'\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + b"odd = " + b"[" * 5000 + b"]" * 5000,
        HEAD + EVENT + b"day = " + b"9" * 5000,
        HEAD + EVENT + b"day = 0." + b"9" * 5000 + b"e" + b"9" * 5000,
        HEAD + EVENT + b"day = 2026-02-30",
    ],
    ids=["deep", "long", "long fraction", "no such day"],
)
def test_a_file_that_is_too_much_to_read_is_refused(text: bytes) -> None:
    refused = refusal(lambda: studies.read_protocol(text), Refusal)
    assert refused.slug in ("protocol_unreadable", "input_refused")
    assert str(refused)


def test_counts_that_multiply_to_more_tubes_than_a_visit_can_have_are_refused() -> None:
    many = STUDY.replace(b'used = "5 mL"\n', b"").replace(b'amount = "500 uL"\ncount = 8', b"count = 400")
    many = many.replace(b'amount = "4.5 mL"', b"count = 3")
    refused = refusal(lambda: studies.read_protocol(many))
    assert refused.slug == "protocol_too_many_tubes"
    assert refused.field == "events.0.collects"
    assert refused.facts == {"event": "BL", "tubes": 1204, "most": 1000}
    assert refused.line == many[: many.index(b'collects = ["blood"]')].count(b"\n") + 1
    studies.read_protocol(many.replace(b"count = 3", b"count = 2"))


def test_what_is_pooled_is_counted_once() -> None:
    pooled = STUDY.replace(b'amount = "10 mL"\ncount = 2', b'amount = "10 mL"\ncount = 500')
    assert studies.read_protocol(pooled).study.code == "KIT"


def test_a_file_that_changes_nothing_is_no_way_into_somebody_elses_study(world: World) -> None:
    own = HEAD + EVENT + b"day = 0"
    world.act(lambda s, a: participants.adopt(s, a, own), person=MANAGER)
    order = PersonOrder(name=OUTSIDER, role=Role.MANAGER, study="A")
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)

    def adopt(text: bytes) -> None:
        world.act(lambda s, a: participants.adopt(s, a, text), person=OUTSIDER)

    adopt(own)
    assert refusal(lambda: adopt(PROTOCOL), NotAllowed).slug == "not_allowed"
    assert refusal(lambda: adopt(PROTOCOL + b"\n"), NotAllowed).slug == "not_allowed"


def test_a_biobank_without_a_site_has_an_empty_agenda(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    migrations.upgrade(database)
    roles = (Role.ADMINISTRATOR, Role.MANAGER)
    database.write(lambda s: accounts.found(s, "test.example/biobank/new", MANAGER, roles, "a first link"))
    door = Door(database, Credentials(name=MANAGER))
    asked = [Asked(of=of) for of in Of]
    assert door.ask(lambda s, a: [participants.agenda(s, a, each) for each in asked]) == [[]] * len(Of)
    assert door.ask(lambda s, a: participants.counts(s, a, Asked())).due == 0
    database.close()


def test_more_visits_than_one_statement_can_name_are_planned(world: World) -> None:
    adopt_planned(world, protocol(*EVENTS))
    whose = enrol(world).id
    unknown = dict.fromkeys(
        ("event_id", "took_place_at", "procedure_id", "planned_on", "opens_on", "closes_on", "came_on")
    )
    alike = {"participant_id": whose, "label": "X", "occasion": 0, "missed_reason": "", **unknown}
    crowd = [
        {"id": clock.new_key(), "code": f"V{place:09}", "status": VisitStatus.PLANNED, **alike}
        for place in range(66_000)
    ]
    world.database.write(lambda session: add_rows(session, Visit, crowd))

    def question(session: Session, _: Actor) -> Changes:
        participant = session.get_one(Participant, whose)
        events = studies.events(session, session.get_one(Study, participant.study_id))
        return participants.would_change(session, [participant], events)

    assert world.ask(question) == Changes()


def test_a_file_of_five_hundred_visits_is_written_in_few_statements(world: World) -> None:
    trees = STUDY[STUDY.index(b"[[collections.blood]]") :]
    visits = b"".join(
        f"[[events]]\ncode = 'E{day}'\ntitle = 'Day {day}'\nday = {day}\ncollects = ['blood']\n".encode()
        for day in range(500)
    )
    statements: list[str] = []
    engine = world.database.writing

    def count(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    world.act(lambda s, a: participants.adopt(s, a, HEAD + visits + trees), person=MANAGER)
    event.remove(engine, "before_cursor_execute", count)
    assert len(statements) < 60
    kept = world.ask(lambda s, a: studies.protocol_card(s, studies.by_code(s, a, "A")), MANAGER)
    assert [each.code for each in kept.events] == [f"E{day}" for day in range(500)]
    (blood,) = kept.collections
    assert [tube.material for tube in blood.tubes] == ["blood_edta"]
    assert blood.tubes[0].made[0].made[0].count == 8
    assert world.unproved() == []
