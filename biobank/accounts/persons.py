"""People: added with a role and a one-time link, given further roles, ended."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import StringConstraints
from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.accounts.links import Invited, end_links, invite
from biobank.accounts.places import site_by_code
from biobank.custody import Kind
from biobank.custody.records import grant_said
from biobank.database import table_of
from biobank.errors import RuleBroken
from biobank.inputs import Input
from biobank.ledger.entries import State
from biobank.people import CONSOLE, Actor, Granted, May
from biobank.tables import Badge, Command, FirstLink, Grant, Person, Role, SignIn, Site, Study, Token
from biobank.texts import N_

Name = Annotated[str, StringConstraints(min_length=2, max_length=60, pattern=r"^[a-z][a-z0-9._-]*$")]


# --- words ---


class PersonOrder(Input):
    """A new person: a sign-in name, and a role at a site (or all) in a study (or all)."""

    name: Name
    role: Role
    site: str | None = None
    study: str | None = None


class GrantOrder(Input):
    """One role of a person that ends: at that site (or the one for all), in that study (or all)."""

    name: Name
    role: Role
    site: str | None = None
    study: str | None = None


class GrantRow(msgspec.Struct, frozen=True):
    """A role, at a site (or all, where it is empty), in a study (or all)."""

    role: Role
    site: str
    study: str


class PersonRow(msgspec.Struct, frozen=True):
    """A person in a list, with their roles as `technician @ BJ`, in one study `technician @ BJ / DEMO`.

    `badge` and `pin` tell whether they have one.
    """

    id: UUID
    name: str
    active: bool
    roles: list[str]
    badge: bool
    pin: bool
    grants: list[GrantRow]


# --- actions ---


def found(session: Session, log: str, first: str, roles: tuple[Role, ...], secret: str) -> Invited:
    """Begin an empty database: its log, the console, and the first person with a link to come in by."""
    custody.begin_log(session, log)
    console = Person(name=CONSOLE)
    granted = (Granted(Role.ADMINISTRATOR), Granted(Role.MANAGER))
    command = Command(
        id=clock.new_key(), fingerprint=bytes(32), person_id=console.id, recorded_at=clock.now()
    )
    actor = Actor(console.id, CONSOLE, "", granted, command.id)
    session.add(console)
    session.flush()
    session.add(command)
    session.flush()
    _open(session, actor, console, granted, inserted=True)
    person = Person(name=first)
    _open(session, actor, person, tuple(Granted(role) for role in roles))
    return invite(session, person, secret)


def add_person(session: Session, actor: Actor, order: PersonOrder, secret: str) -> Invited:
    """Add a person and the one-time link (made of `secret`) by which they choose their password.

    A person who is there already gets the further grant, and a new link, the only one that still works, if
    they have no password. Refused: a site or a study that does not exist, the console's name, a role that
    they have there.
    """
    people.require(actor, May.ADMINISTER)
    if order.name == CONSOLE:
        message = N_("%(name)s stands for the command line. Nobody signs in by that name.")
        raise RuleBroken("name_of_console", message, field="name", name=order.name)
    site = site_by_code(session, order.site).id if order.site else None
    study = _study_id(session, order.study) if order.study else None
    granted = Granted(order.role, site, study)
    people.require_over(actor, May.ADMINISTER, site, study)
    # Locked, so that nobody comes in by an older link while a new one is made.
    asked = select(Person).where(col(Person.name) == order.name).with_for_update()
    person = session.exec(asked).first()
    if person is None:
        person = Person(name=order.name)
        _open(session, actor, person, (granted,))
    else:
        _require_active(person)
        _require_further(session, person, granted)
        if person.password_hash is None:
            # Whoever gets the link comes in as this person, with all that others granted them.
            for own in _grants(session, person):
                people.require_over(actor, May.ADMINISTER, own.site_id, own.study_id)
        _grant(session, actor, person, granted)
    if person.password_hash is not None:
        return Invited(person.id, person.name, None)
    # By an older link, whoever gave it would come in with what is granted now.
    end_links(session, person.id)
    return invite(session, person, secret)


def end_grant(session: Session, actor: Actor, order: GrantOrder) -> str:
    """Take one role from a person, at once. Answers the name. Refused: a role they do not have, one's own."""
    person = person_by_name(session, actor, order.name)
    _require_other(actor, person)
    site = site_by_code(session, order.site).id if order.site else None
    study = _study_id(session, order.study) if order.study else None
    wanted = grant_said(order.role.value, site, study)
    rows = [row for row in _grants(session, person) if _said(row) == wanted]
    if not rows:
        raise RuleBroken("grant_unknown", N_("%(name)s does not have this role there."), name=person.name)
    session.delete(rows[0])
    state = custody.lock(session, [person.id])[person.id]
    grants = list(state["grants"])
    grants.remove(wanted)
    custody.record(session, actor, person, Kind.CHANGED, change={"grants": grants})
    session.flush()
    return person.name


def end_person(session: Session, actor: Actor, name: str) -> str:
    """End somebody's account: sessions, tokens, links and badges stop at once. Answers the name.

    What they did stays under their name. Refused: oneself, the console, who ended already.
    """
    person = person_by_name(session, actor, name)
    _require_other(actor, person)
    person.active = False
    now = clock.now()
    for table, column in (
        (SignIn, "ended_at"),
        (Token, "ended_at"),
        (Badge, "ended_at"),
        (FirstLink, "used_at"),
    ):
        ending = update(table).where(
            table_of(table).c.person_id == person.id, table_of(table).c[column].is_(None)
        )
        session.connection().execute(ending.values({column: now}))
    custody.lock(session, [person.id])
    custody.record(session, actor, person, Kind.CHANGED, change={"active": False})
    session.flush()
    return person.name


def invite_first(session: Session, secret: str) -> Invited | None:
    """A further link for the first person as long as nobody has come in, None from then on.

    Somebody came in who has no password: it is forgotten, and another link was given.
    """
    came = select(Person.id).where(col(Person.password_hash).is_not(None)).limit(1)
    if session.exec(came).first() or session.exec(select(SignIn.id).limit(1)).first():
        return None
    others = select(Person).where(col(Person.name) != CONSOLE)
    first = session.exec(others.order_by(col(Person.id)).limit(1)).first()
    return invite(session, first, secret) if first else None


# --- questions ---


def everyone(session: Session, actor: Actor) -> list[PersonRow]:
    """Everybody with an account, by name, with their grants."""
    people.require(actor, May.ADMINISTER)
    return _rows(session)


def changeable(session: Session, actor: Actor) -> set[UUID]:
    """Whom the actor may change: those with no role that reaches further than the actor's own."""
    people.require(actor, May.ADMINISTER)
    beyond = {
        own.person_id
        for own in session.exec(select(Grant))
        if not people.reaches(actor, May.ADMINISTER, own.site_id, own.study_id)
    }
    return {row for row in session.exec(select(Person.id)) if row not in beyond}


def study_codes(session: Session, actor: Actor) -> list[str]:
    """The studies that a role can be given in: whoever grants it need not see what is in them."""
    people.require(actor, May.ADMINISTER)
    return list(session.exec(select(Study.code).order_by(col(Study.code))))


def oneself(session: Session, actor: Actor) -> PersonRow:
    """The actor as a person in a list: whoever is signed in may know that."""
    (row,) = _rows(session, col(Person.id) == actor.id)
    return row


def person_by_name(session: Session, actor: Actor, name: str) -> Person:
    """Somebody whom the actor may administer, locked. Refused: nobody of that name, the console, who ended.

    Somebody with a role that reaches further than the actor's own is not theirs to change.
    """
    people.require(actor, May.ADMINISTER)
    asked = select(Person).where(col(Person.name) == name.strip(), col(Person.name) != CONSOLE)
    person = session.exec(asked.with_for_update()).first()
    if person is None:
        message = N_("There is nobody with the name “%(name)s”.")
        raise RuleBroken("person_unknown", message, field="name", name=name[:60])
    _require_active(person)
    for own in _grants(session, person):
        people.require_over(actor, May.ADMINISTER, own.site_id, own.study_id)
    return person


# --- how ---


def _rows(session: Session, *where: ColumnElement[bool]) -> list[PersonRow]:
    sites: dict[UUID | None, str] = dict(session.exec(select(Site.id, Site.code)).all())
    studies: dict[UUID | None, str] = dict(session.exec(select(Study.id, Study.code)).all())
    badges = set(session.exec(select(Badge.person_id).where(col(Badge.ended_at).is_(None))).all())
    rows: dict[UUID, PersonRow] = {}
    asked = select(Person, Grant).outerjoin(Grant, col(Grant.person_id) == col(Person.id)).where(*where)
    found: Sequence[tuple[Person, Grant | None]] = session.exec(
        asked.order_by(col(Person.name), col(Grant.id))
    ).all()
    for person, grant in found:
        pin = person.pin_hash is not None
        fresh = PersonRow(person.id, person.name, person.active, [], person.id in badges, pin, [])
        row = rows.setdefault(person.id, fresh)
        if grant:
            site, study = sites.get(grant.site_id, ""), studies.get(grant.study_id, "")
            row.roles.append(f"{grant.role.value} @ {site or '*'}{f' / {study}' if study else ''}")
            row.grants.append(GrantRow(grant.role, site, study))
    return list(rows.values())


def _require_active(person: Person) -> None:
    if not person.active:
        message = N_("The account %(name)s was ended. Choose another name.")
        raise RuleBroken("person_ended", message, field="name", name=person.name)


def _require_further(session: Session, person: Person, granted: Granted) -> None:
    if grant_said(granted.role.value, granted.site_id, granted.study_id) in map(
        _said, _grants(session, person)
    ):
        message = N_("%(name)s has this role there already. A new link is given on their own page.")
        raise RuleBroken("grant_held", message, field="role", name=person.name)


def _require_other(actor: Actor, person: Person) -> None:
    if person.id == actor.id:
        raise RuleBroken(
            "not_yourself", N_("Nobody ends their own account or role. Ask another administrator.")
        )


def _grants(session: Session, person: Person) -> Sequence[Grant]:
    return session.exec(select(Grant).where(col(Grant.person_id) == person.id).order_by(col(Grant.id))).all()


def _said(grant: Grant) -> State:
    return grant_said(grant.role.value, grant.site_id, grant.study_id)


def _open(
    session: Session, actor: Actor, person: Person, grants: tuple[Granted, ...], *, inserted: bool = False
) -> None:
    change = {
        "active": True,
        "grants": [grant_said(grant.role.value, grant.site_id, grant.study_id) for grant in grants],
    }
    if inserted:
        # The console is its own first actor, so its row had to be there before its first event.
        custody.open_chain(session, person)
    custody.record(session, actor, person, Kind.OPENED, change=change)
    session.add_all(Grant(person_id=person.id, **msgspec.structs.asdict(grant)) for grant in grants)
    session.flush()


def _grant(session: Session, actor: Actor, person: Person, granted: Granted) -> None:
    state = custody.lock(session, [person.id])[person.id]
    grants = [*state["grants"], grant_said(granted.role.value, granted.site_id, granted.study_id)]
    custody.record(session, actor, person, Kind.CHANGED, change={"grants": grants})
    session.add(Grant(person_id=person.id, **msgspec.structs.asdict(granted)))


def _study_id(session: Session, code: str) -> UUID:
    found = session.exec(select(Study.id).where(col(Study.code) == code)).first()
    if found is None:
        message = N_("There is no study “%(code)s”.")
        raise RuleBroken("study_unknown", message, field="study", code=code[:40])
    return found
