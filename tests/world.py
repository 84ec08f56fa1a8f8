"""A small biobank to act in: one site, one study, one freezer, three people; on either database."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import (
    accounts,
    audits,
    clock,
    custody,
    migrations,
    participants,
    people,
    specimens,
    storage,
    studies,
)
from biobank.database import Database
from biobank.door import Door
from biobank.people import Actor, Credentials
from biobank.printing import proof, spooler
from biobank.printing.ordering import JobMade
from biobank.tables import Person, Role, SignIn

Answer = TypeVar("Answer")

PROTOCOL = b"""
[study]
code = "DEMO"
title = "A study to test with"

[[attributes]]
name = "sex"
values = ["female", "male"]

[[events]]
code = "BL"
title = "Baseline"
day = 0
collects = ["blood"]

[[events]]
code = "M1"
title = "One month"
day = 30
before = 7
after = 7

[[collections.blood]]
material = "blood_edta"
container = "EDTA 10 mL"
amount = "10 mL"
[[collections.blood.derivatives]]
material = "plasma_edta"
amount = "4 mL"
[[collections.blood.derivatives.aliquots]]
material = "plasma_edta"
amount = "500 uL"
count = 8
"""

MANAGER, TECHNICIAN, OUTSIDER = "manager", "technician", "outsider"
SECRETS = {name: f"session-secret-of-the-{name}-for-tests-alone" for name in (MANAGER, TECHNICIAN, OUTSIDER)}
PASSWORD = "four words make one"


class World:
    """A database that was found and filled, and doors into it for each of its people."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def door(self, person: str = TECHNICIAN, command: UUID | None = None, asked: bytes = b"") -> Door:
        """A door for one request of a person who is signed in."""
        shown = Credentials(session=SECRETS[person])
        return Door(self.database, shown, command or clock.new_key(), asked)

    def act(
        self,
        work: Callable[[Session, Actor], Any],
        *,
        person: str = TECHNICIAN,
        command: UUID | None = None,
        asked: bytes = b"",
        answer: Any = None,
    ) -> Any:
        """Do some work as one command; without an answer's type, what it returns is handed back as it is."""
        if answer is not None:
            return self.door(person, command, asked).act(work, answer)
        kept: list[Any] = []

        def told(session: Session, actor: Actor) -> None:
            kept[:] = [work(session, actor)]

        self.door(person, command, asked).act(told, type(None))
        return kept[0]

    def ask(self, question: Callable[[Session, Actor], Answer], person: str = TECHNICIAN) -> Answer:
        """Ask on the engine that cannot write."""
        return self.door(person).ask(question)

    def unproved(self) -> list[custody.Unproved]:
        """What the log does not prove; every journey ends by finding this empty."""
        return self.database.read_at_once(
            lambda session: custody.unproved(session) + proof.unproved(session) + audits.unproved(session)
        )

    # --- what tests need again and again ---

    def visit(self, pseudonym: str = "D-001", event: str = "BL") -> str:
        """Enrol a participant with consent for storage; the code of one of the planned visits."""
        order = participants.Enrolment(
            study="DEMO",
            site="BJ",
            pseudonym=pseudonym,
            consent=participants.ConsentOrder(version="1.0", scopes=["storage"]),  # type: ignore[list-item]
        )
        self.act(lambda session, actor: participants.enroll(session, actor, order))
        card = self.ask(
            lambda session, actor: participants.card(
                session, participants.by_pseudonym(session, actor, "DEMO", pseudonym)
            )
        )
        return next(row.code for row in card.visits if row.event == event)

    def blood(self, visit: str, amount: str = "10 mL") -> str:
        """Register one EDTA tube at a visit; its code."""
        order = specimens.Registration(
            visit=visit, specimens=[specimens.NewSpecimen(material="blood_edta", amount=amount)]
        )
        made = self.act(
            lambda session, actor: specimens.rows(session, specimens.register(session, actor, order))
        )
        return str(made[0].code)

    def tubes(self, count: int = 3, pseudonym: str = "D-001") -> list[str]:
        """Aliquots of one tube of a new participant; their codes."""
        order = specimens.Aliquots(parent=self.blood(self.visit(pseudonym)), count=count, amount="100 uL")
        made = self.act(
            lambda session, actor: specimens.rows(session, specimens.aliquot(session, actor, order))
        )
        return [row.code for row in made]

    def freezer(self) -> str:
        """The code of the one freezer."""
        return self.ask(storage.roots)[0].code

    def boxes(self) -> list[str]:
        """The codes of the boxes of its first rack, in order."""
        inside = self.freezer()
        for _ in range(2):
            inside = self._inside(inside)[0]
        return self._inside(inside)

    def _inside(self, code: str) -> list[str]:
        return [row.code for row in self.ask(lambda session, actor: storage.contents(session, actor, code))]

    def put(self, box: str, tubes: list[str], slot: str | None = None) -> list[storage.Stored]:
        """Put tubes into a box."""
        order = storage.PutAway(box=box, tubes=tubes, slot=slot)
        return self.act(  # type: ignore[no-any-return]
            lambda session, actor: storage.put_away(session, actor, order), answer=list[storage.Stored]
        )

    def printed(self, made: JobMade) -> bytes:
        """Print a job that has no printer; its document."""
        spooler.drain(self.database, made.job)
        return spooler.pdf(self.database, made.job)


def build(database: Database) -> None:
    """Found a database: the site BJ, its people, the study DEMO, a freezer of 1 x 1 x 3 boxes of 9 x 9."""
    migrations.upgrade(database)
    roles = (Role.ADMINISTRATOR, Role.MANAGER)
    database.write(lambda s: accounts.found(s, "test.example/biobank/tests", MANAGER, roles, "a first link"))
    database.write(lambda s: _people_sign_in(s, MANAGER))
    world = World(database)
    site = accounts.SiteOrder(code="BJ", name="Beijing", time_zone="Asia/Shanghai")
    other = accounts.SiteOrder(code="NT", name="Nantong", time_zone="Asia/Shanghai")

    def furnish(session: Session, actor: Actor) -> None:
        accounts.add_site(session, actor, site)
        accounts.add_site(session, actor, other)
        studies.load(session, actor, PROTOCOL)
        storage.add_built_in_types(session, actor)
        freezer = storage.FreezerOrder(site="BJ", name="Freezer 1", shelves=1, racks=1, boxes=3)
        storage.make_freezer(session, actor, freezer)
        for name, at in ((TECHNICIAN, "BJ"), (OUTSIDER, "NT")):
            order = accounts.PersonOrder(name=name, role=Role.TECHNICIAN, site=at)
            accounts.add_person(session, actor, order, clock.new_secret())

    world.act(furnish, person=MANAGER)
    database.write(lambda s: _people_sign_in(s, TECHNICIAN, OUTSIDER))


def _people_sign_in(session: Session, *names: str) -> None:
    for person in session.exec(select(Person).where(col(Person.name).in_(names))):
        person.password_hash = _password_hash()
        now = clock.now()
        session.add(
            SignIn(
                person_id=person.id,
                secret_hash=people.hashed(SECRETS[person.name]),
                opened_at=now,
                ends_at=now + accounts.SESSION_LASTS,
            )
        )


_kept: list[str] = []


def _password_hash() -> str:
    """One slow hash for the whole run."""
    if not _kept:
        _kept.append(people.hash_password(PASSWORD))
    return _kept[0]


def copy_sqlite(template: Path, to: Path) -> Path:
    """A SQLite database of its own for one test, from one that is closed."""
    shutil.copyfile(template, to)
    return to
