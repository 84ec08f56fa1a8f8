"""Custody: state and its event are one, and whatever the log does not bear out is found."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlmodel import Session, col, select

from biobank import custody, guards, people, specimens, storage
from biobank.accounts import TokenOrder, make_token
from biobank.custody import Kind, Line
from biobank.errors import NotAllowed, NotFound, RuleBroken
from biobank.ledger import entries
from biobank.people import Actor, Credentials
from biobank.tables import CustodyEvent, CustodyNote, Person, Specimen
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World

TUBE = "(SELECT id FROM specimen WHERE code = :code)"
NUMBERED = f"(SELECT max(number) FROM custody_event WHERE subject_id = {TUBE})"


def newest(world: World, code: str) -> CustodyEvent:
    """The newest event of a tube."""

    def question(session: Session) -> CustodyEvent:
        tube = session.exec(select(Specimen.id).where(col(Specimen.code) == code)).one()
        asked = select(CustodyEvent).where(col(CustodyEvent.subject_id) == tube)
        return session.exec(asked.order_by(col(CustodyEvent.number).desc())).all()[0]

    return world.database.read(question)


def unguarded(world: World, *statements: str, code: str) -> None:
    """Change the database behind the back of everything, with its guards out of the way."""

    def work(connection: Connection) -> None:
        postgres = connection.dialect.name == "postgresql"
        for name, body in guards.GUARDS[connection.dialect.name].items():
            table = body.split(" ON ")[1].split(maxsplit=1)[0]
            connection.exec_driver_sql(f"DROP TRIGGER {name}" + (f" ON {table}" if postgres else ""))
        for statement in statements:
            changed = connection.execute(text(statement), {"code": code} if ":code" in statement else {})
            assert changed.rowcount, statement
        guards.assert_guards(connection)

    world.database.administer(work)


# --- what is proved ---


def test_a_journey_through_every_act_leaves_nothing_unproved(world: World) -> None:
    first, second, third = world.tubes(3)
    boxes = world.boxes()
    world.put(boxes[0], [first, second, third])
    world.act(lambda s, a: storage.take_out(s, a, storage.TakeOut(tubes=[second], note="to be thawed")))
    world.put(boxes[1], [first])
    world.act(lambda s, a: storage.bring_back(s, a, storage.BringBack(tubes=[second])))
    move = storage.ContainerMove(container=boxes[1], into=world.freezer())
    with pytest.raises(Exception, match="full"):
        world.act(lambda s, a: storage.move_container(s, a, move), person=MANAGER)
    assert world.unproved() == []


def test_the_proof_tells_how_far_it_is(world: World) -> None:
    told: list[int] = []
    world.tubes(2)
    assert world.database.read(lambda session: custody.unproved(session, told.append)) == []
    assert told
    assert told == sorted(told)


HARMS = {
    "a head that is another hash": (
        (
            f"UPDATE custody_subject SET hash = prev FROM (SELECT prev_hash AS prev FROM custody_event"
            f" WHERE subject_id = {TUBE} AND number = {NUMBERED}) AS last WHERE id = {TUBE}"
        ),
        "the head is not its newest event",
    ),
    "an event that is gone": (
        f"DELETE FROM custody_event WHERE subject_id = {TUBE} AND number = {NUMBERED}",
        "the head is not its newest event",
    ),
    "a first event that is gone": (
        f"DELETE FROM custody_event WHERE subject_id = {TUBE} AND number = 1",
        "calls itself 2",
    ),
    "a column of an event": (
        f"UPDATE custody_event SET kind = 'noted' WHERE subject_id = {TUBE} AND number = 1",
        "the columns of entry 1",
    ),
    "an actor of an event": (
        (
            "UPDATE custody_event SET actor_id = (SELECT id FROM person WHERE name = 'outsider')"
            f" WHERE subject_id = {TUBE} AND number = 1"
        ),
        "the columns of entry 1",
    ),
    "a time of an event": (
        (
            "UPDATE custody_event SET recorded_at = (SELECT max(recorded_at) FROM command)"
            f" WHERE subject_id = {TUBE} AND number = 1"
        ),
        "the columns of entry 1",
    ),
    "a tube in another slot": (
        f"UPDATE placement SET col = col + 5 WHERE specimen_id = {TUBE}",
        "not where the log says",
    ),
    "a tube in no slot": (f"DELETE FROM placement WHERE specimen_id = {TUBE}", "not where the log says"),
    "an amount": (
        "UPDATE specimen SET amount = amount + 1 WHERE code = :code",
        "the log says otherwise of amount",
    ),
    "a posting": (
        f"UPDATE posting SET delta = delta + 1 WHERE specimen_id = {TUBE}",
        "not the sum of its postings",
    ),
    "a life": ("UPDATE specimen SET life = 'ended' WHERE code = :code", "the log says otherwise of life"),
    "a thaw": ("UPDATE specimen SET thaws = 4 WHERE code = :code", "the log says otherwise of thaws"),
    "a material": ("UPDATE specimen SET material = 'serum' WHERE code = :code", "another material"),
    "a parent": ("UPDATE specimen SET parent_id = NULL WHERE code = :code", "another participant, visit"),
    "an identifier": (
        (
            "INSERT INTO identifier (id, specimen_id, scheme, value)"
            f" SELECT id, id, 'made-up', 'X-1' FROM specimen WHERE id = {TUBE}"
        ),
        "not those of the log",
    ),
    "a container that is retired": (
        "UPDATE container SET retired = true WHERE name = 'Box 2'",
        "retired",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_whatever_is_changed_behind_the_logs_back_is_found(world: World, harm: str) -> None:
    tube, other = world.tubes(2)
    world.put(world.boxes()[0], [tube, other])
    assert world.unproved() == []
    statement, what = HARMS[harm]
    unguarded(world, statement, code=tube)
    found = world.unproved()
    assert any(what in each.what for each in found), found
    assert len({each.subject for each in found}) == 1


def test_a_byte_of_an_entry_that_changed_is_found(world: World) -> None:
    (tube,) = world.tubes(1)
    event = newest(world, tube)
    damaged = event.entry.replace(b"technician", b"technicien").hex()
    bytes_of = f"X'{damaged}'" if world.database.is_sqlite else f"decode('{damaged}', 'hex')"
    unguarded(world, f"UPDATE custody_event SET entry = {bytes_of} WHERE subject_id = {TUBE}", code=tube)
    assert {each.subject for each in world.unproved()} == {event.subject_id}


def test_a_tube_without_any_history_is_found(world: World) -> None:
    (tube,) = world.tubes(1)
    new_id = "'" + "9" * 32 + "'" + ("" if world.database.is_sqlite else "::uuid")
    columns = (
        "study_id, site_id, participant_id, visit_id, kind, material, container, serial, total, life,"
        " thaws, exposure_s"
    )
    unguarded(
        world,
        f"INSERT INTO specimen (id, code, {columns}) SELECT {new_id}, 'S000000000', {columns}"
        " FROM specimen WHERE code = :code",
        code=tube,
    )
    assert [(each.kind, each.what) for each in world.unproved()] == [
        ("specimen", "it has a row but no history")
    ]


def test_a_history_whose_tube_is_gone_is_found(world: World) -> None:
    (tube,) = world.tubes(1)
    unguarded(
        world,
        f"DELETE FROM posting WHERE specimen_id = {TUBE} OR other_id = {TUBE}",
        "DELETE FROM specimen WHERE code = :code",
        code=tube,
    )
    assert "it has a history but no row" in [each.what for each in world.unproved()]


# --- writing ---


def test_a_refusal_in_the_middle_leaves_neither_state_nor_event(world: World) -> None:
    (tube,) = world.tubes(1)
    before = newest(world, tube).number

    def work(session: Session, actor: Actor) -> None:
        specimen = custody.load(session, actor, [tube])[0]
        custody.record(session, actor, specimen, Kind.THAWED, change={"thaws": 1})
        raise RuleBroken("changed_my_mind", "No.")

    with pytest.raises(RuleBroken):
        world.act(work)
    assert newest(world, tube).number == before
    assert world.unproved() == []


def test_a_subject_that_was_not_locked_is_not_changed(world: World) -> None:
    (tube,) = world.tubes(1)

    def work(session: Session, actor: Actor) -> None:
        specimen = session.exec(select(Specimen).where(col(Specimen.code) == tube)).one()
        custody.record(session, actor, specimen, Kind.THAWED, change={"thaws": 1})

    with pytest.raises(AssertionError, match="not locked"):
        world.act(work)


def test_two_events_of_one_tube_in_one_act_follow_each_other(world: World) -> None:
    (tube,) = world.tubes(1)

    def work(session: Session, actor: Actor) -> list[int]:
        specimen = custody.load(session, actor, [tube])[0]
        lines = [Line(subject=specimen, kind=Kind.THAWED, change={"thaws": n}) for n in (1, 2)]
        return [written.number for written in custody.record_all(session, actor, lines)]

    assert world.act(work) == [2, 3]
    assert world.ask(lambda s, a: specimens.card(s, a, tube)).thaws == 2
    assert world.unproved() == []


def test_a_note_stands_beside_the_ledger_which_only_commits_to_it(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    world.act(lambda s, a: storage.take_out(s, a, storage.TakeOut(tubes=[tube], note="für Übersee")))
    event = newest(world, tube)
    note = world.database.read(lambda session: session.get_one(CustodyNote, event.id))
    entry = entries.read(event.entry)
    assert note.text == "für Übersee"
    assert "bersee" not in event.entry.decode()
    assert entry.note == entries.commitment(note.salt, note.text)
    assert entry.note != entries.commitment(note.salt, "for overseas")
    assert [row.note for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))][-1] == "für Übersee"


def test_an_entry_says_who_did_it_in_which_role_by_which_command(world: World) -> None:
    (tube,) = world.tubes(1)
    event = newest(world, tube)
    entry = entries.read(event.entry)
    assert (entry.role, entry.log) == ("technician", "test.example/biobank/tests")
    assert (entry.command, entry.gesture) == (str(event.command_id), str(event.command_id))
    assert entry.after["life"] == "active"


# --- signing ---


def signed(world: World, person: str = TECHNICIAN, **other: str) -> custody.Signed:
    order = {"entry": "0" * 64, "meaning": "reviewed", "password": PASSWORD} | other
    wish = custody.SignatureOrder.model_validate(order)
    proved = world.ask(lambda s, a: custody.prove_password(s, a, wish), person)
    return world.act(lambda s, a: custody.sign(s, a, wish, proved), person=person)  # type: ignore[no-any-return]


def test_a_signature_is_bound_to_the_hash_and_stands_in_the_signers_record(world: World) -> None:
    (tube,) = world.tubes(1)
    event = newest(world, tube)
    signature = signed(world, entry=event.leaf_hash.hex())
    assert (signature.entry, signature.meaning) == (event.leaf_hash.hex(), "reviewed")
    written = world.database.read(lambda session: session.get_one(CustodyEvent, signature.event))
    entry = entries.read(written.entry)
    signer = world.database.read(
        lambda session: session.exec(select(Person.id).where(col(Person.name) == TECHNICIAN)).one()
    )
    assert entry.kind == "signed"
    assert entry.subject == {"kind": "record", "id": str(signer)}
    assert entry.refs == {"entry": str(event.id), "subject": str(event.subject_id)}
    assert entry.sig == {
        "entry": event.leaf_hash.hex(),
        "meaning": "reviewed",
        "method": "password",
        "signer": str(signer),
    }
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("other", "kind", "slug"),
    [
        ({"password": "not this one, really"}, NotAllowed, "password_wrong"),
        ({"entry": "0" * 64}, NotFound, "entry_not_found"),
        ({"entry": "not hexadecimal"}, RuleBroken, "entry_hash_unreadable"),
    ],
)
def test_what_cannot_be_signed_is_refused(
    world: World, other: dict[str, str], kind: type[Exception], slug: str
) -> None:
    (tube,) = world.tubes(1)
    told = {"entry": newest(world, tube).leaf_hash.hex()} | other
    with pytest.raises(kind) as refused:
        signed(world, **told)
    assert refused.value.slug == slug  # type: ignore[attr-defined]
    assert world.unproved() == []


def test_what_is_out_of_scope_cannot_be_signed(world: World) -> None:
    (tube,) = world.tubes(1)
    with pytest.raises(NotFound):
        signed(world, OUTSIDER, entry=newest(world, tube).leaf_hash.hex())


def test_a_program_cannot_sign(world: World) -> None:
    (tube,) = world.tubes(1)
    secret = "a token's secret, for this test alone"
    world.act(lambda s, a: make_token(s, a, TokenOrder(name="robot"), secret))
    order = custody.SignatureOrder(
        entry=newest(world, tube).leaf_hash.hex(), meaning="approved", password=PASSWORD
    )

    def as_program(session: Session) -> None:
        actor = people.resolve(session, Credentials(token=secret), UUID(int=1))
        custody.sign(session, actor, order, custody.prove_password(session, actor, order))

    with pytest.raises(NotAllowed) as refused:
        world.database.write(as_program)
    assert refused.value.slug == "cannot_sign"


def test_harms_are_not_found_where_none_was_done(world: World) -> None:
    unchanged: Callable[[], None] = lambda: unguarded(  # noqa: E731 - said once
        world, "UPDATE specimen SET thaws = thaws WHERE code = :code", code=world.tubes(1)[0]
    )
    unchanged()
    assert world.unproved() == []
