"""An audit signed by two people, for tests: who counted, and an auditor who did not."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import accounts, audits, clock, custody, people
from biobank.audits import AuditSignature
from biobank.tables import Person, Role, SignIn
from tests.world import MANAGER, PASSWORD, SECRETS, World

REVIEWER = "reviewer"
SECRETS[REVIEWER] = "session-secret-of-the-reviewer-for-tests-alone"


def with_reviewer(world: World) -> None:
    """An auditor of the site comes, and signs in."""
    with_person(world, REVIEWER, Role.AUDITOR)


def with_person(world: World, name: str, role: Role, study: str | None = None) -> None:
    """Somebody comes to the site, for one study or for all, and signs in."""
    SECRETS.setdefault(name, f"session-secret-of-the-{name}-for-tests-alone")
    order = accounts.PersonOrder(name=name, role=role, site="BJ", study=study)
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)
    world.database.write(partial(_signs_in, name=name))


def signed(world: World, audit: UUID, act: Callable[..., Any], person: str) -> None:
    """Somebody signs, as `audits.perform` or `audits.review` has it."""
    order = AuditSignature(audit=audit, password=PASSWORD)
    proved = world.door(person).prove(lambda s, a: custody.prove_password(s, a, order))
    world.act(lambda s, a: act(s, a, order, proved), person=person)


def closed(world: World, audit: UUID) -> None:
    """Who is the manager signs as performer, and the auditor as reviewer."""
    signed(world, audit, audits.perform, MANAGER)
    signed(world, audit, audits.review, REVIEWER)


def _signs_in(session: Session, name: str) -> None:
    person = session.exec(select(Person).where(col(Person.name) == name)).one()
    manager = session.exec(select(Person).where(col(Person.name) == MANAGER)).one()
    person.password_hash = manager.password_hash
    now = clock.now()
    session.add(
        SignIn(
            person_id=person.id,
            secret_hash=people.hashed(SECRETS[name]),
            opened_at=now,
            ends_at=now + accounts.SESSION_LASTS,
        )
    )
