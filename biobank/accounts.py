"""Accounts: sites, people, their grants, how they sign in, and the keys they give to programs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from pydantic import Field, StringConstraints
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.custody import Kind
from biobank.custody.records import grant_said
from biobank.errors import NotFound, NotSignedIn, RuleBroken
from biobank.inputs import Input, Line, Whole
from biobank.people import CONSOLE, Actor, Granted, May
from biobank.tables import Command, FirstLink, Grant, Person, Role, SignIn, Site, Study, Token
from biobank.texts import N_

SESSION_LASTS = timedelta(hours=12)
FIRST_LINK_LASTS = timedelta(hours=24)

Name = Annotated[str, StringConstraints(min_length=2, max_length=60, pattern=r"^[a-z][a-z0-9._-]*$")]


# --- words ---


class SiteOrder(Input):
    """A new site: a short code, a name, an IANA time zone."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
    name: Line
    time_zone: str = "UTC"


class PersonOrder(Input):
    """A new person: a sign-in name, and a role at a site (or all) in a study (or all)."""

    name: Name
    role: Role
    site: str | None = None
    study: str | None = None


class TokenOrder(Input):
    """A key for a program: what it is for, and for how many days (a year at most)."""

    name: Annotated[Line, Field(max_length=60)]
    days: Whole = 90


class SignInOrder(Input):
    """A name and its password, exactly as typed."""

    name: str
    password: str


class PasswordOrder(Input):
    """The password a person chooses by the first link, twice."""

    password: str
    again: str


class Invited(msgspec.Struct, frozen=True):
    """A person who can choose a password until the link ends; without an end, one who has done so.

    The link's secret is not kept.
    """

    id: UUID
    name: str
    ends: datetime | None


class SiteRow(msgspec.Struct, frozen=True):
    """A site to choose from."""

    code: str
    name: str
    time_zone: str


class TokenMade(msgspec.Struct, frozen=True):
    """A token without its secret, which is shown once by whoever made it."""

    id: UUID
    name: str
    ends: datetime


class PersonRow(msgspec.Struct, frozen=True):
    """A person in a list, with their roles in words such as `technician at CN-01`."""

    id: UUID
    name: str
    active: bool
    roles: list[str]


# --- rules ---


def require_password(order: PasswordOrder) -> str:
    """Refused: fewer than 15 characters, more than 256, or two that differ. Nothing else is asked of it."""
    shortest, longest = people.SHORTEST_PASSWORD, people.LONGEST_PASSWORD
    if not shortest <= len(order.password) <= longest:
        message = N_("A password has %(shortest)s to %(longest)s characters. A few words make a good one.")
        raise RuleBroken("password_length", message, field="password", shortest=shortest, longest=longest)
    if order.password != order.again:
        raise RuleBroken("passwords_differ", N_("The two passwords differ. Type them again."), field="again")
    return order.password


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
    return _invite(session, person, secret)


def add_site(session: Session, actor: Actor, order: SiteOrder) -> Site:
    """Add a site. Refused: a time zone that does not exist, a code that is taken."""
    people.require_over(actor, May.ADMINISTER, None, None)
    if order.time_zone not in available_timezones():
        message = N_("There is no time zone “%(zone)s”. Use a name such as Asia/Shanghai.")
        raise RuleBroken("time_zone_unknown", message, field="time_zone", zone=order.time_zone[:60])
    if session.exec(select(Site).where(col(Site.code) == order.code)).first():
        raise RuleBroken(
            "site_exists", N_("There is a site %(code)s already."), field="code", code=order.code
        )
    site = Site(code=order.code, name=order.name, time_zone=order.time_zone)
    session.add(site)
    session.flush()
    return site


def add_person(session: Session, actor: Actor, order: PersonOrder, secret: str) -> Invited:
    """Add a person and the one-time link (made of `secret`) by which they choose their password.

    A person who is there already gets the further grant, and a new link only if they never came in.
    Refused: a site or a study that does not exist, the console's name.
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
        if person.password_hash is None:
            # Whoever gets the link comes in as this person, with all that others granted them.
            for own in session.exec(select(Grant).where(col(Grant.person_id) == person.id)).all():
                people.require_over(actor, May.ADMINISTER, own.site_id, own.study_id)
        _grant(session, actor, person, granted)
    if person.password_hash is not None:
        return Invited(person.id, person.name, None)
    return _invite(session, person, secret)


def make_token(session: Session, actor: Actor, order: TokenOrder, secret: str) -> TokenMade:
    """Give a program a key with the actor's own rights. Refused: more than a year, a token making tokens."""
    people.require(actor, May.SEE)
    if actor.by_token:
        raise RuleBroken("token_from_token", N_("A token cannot make tokens. Sign in to make one."))
    if not 1 <= order.days <= 366:
        message = N_("A token lasts from 1 to 366 days.")
        raise RuleBroken("token_days", message, field="days")
    ends = clock.now() + timedelta(days=order.days)
    token = Token(person_id=actor.id, name=order.name, secret_hash=people.hashed(secret), ends_at=ends)
    session.add(token)
    person = session.get_one(Person, actor.id)
    custody.lock(session, [person.id])
    custody.record(session, actor, person, Kind.CHANGED, refs={"token": str(token.id)})
    return TokenMade(token.id, token.name, ends)


def choose_password(session: Session, link: str, password_hash: str, secret: str) -> str:
    """Use the first link: keep the password, end every link of theirs, open a session. Answers the name.

    The password was required and hashed before, outside the transaction, since hashing is slow.
    """
    found = session.exec(
        select(FirstLink)
        .where(col(FirstLink.secret_hash) == people.hashed(link), col(FirstLink.used_at).is_(None))
        .with_for_update()
    ).first()
    if found is None or found.ends_at < clock.now():
        message = N_("This link was used already, or its time is over. Ask an administrator for a new one.")
        raise NotFound("link_over", message)
    # The person is locked before their links are ended: one that is made meanwhile must be seen.
    person = session.get_one(Person, found.person_id, with_for_update=True)
    _end_links(session, person.id)
    person.password_hash = password_hash
    open_session(session, person.id, secret)
    return person.name


def invite_first(session: Session, secret: str) -> Invited | None:
    """A further link for the first person as long as nobody has come in, None from then on."""
    if session.exec(select(Person.id).where(col(Person.password_hash).is_not(None)).limit(1)).first():
        return None
    others = select(Person).where(col(Person.name) != CONSOLE)
    first = session.exec(others.order_by(col(Person.id)).limit(1)).first()
    return _invite(session, first, secret) if first else None


def open_session(session: Session, person_id: UUID, secret: str) -> None:
    """Open a session under a secret that the caller made for it: its id is never one that a client chose."""
    now = clock.now()
    kept = people.hashed(secret)
    session.add(SignIn(person_id=person_id, secret_hash=kept, opened_at=now, ends_at=now + SESSION_LASTS))


def sign_out(session: Session, secret: str) -> None:
    """End the session of this secret, at the server."""
    asked = select(SignIn).where(col(SignIn.secret_hash) == people.hashed(secret))
    for open_session in session.exec(asked.where(col(SignIn.ended_at).is_(None))):
        open_session.ended_at = clock.now()


# --- questions ---


def recognise(session: Session, order: SignInOrder) -> UUID:
    """Who has this name and this password. Refused alike, and after as long, for a wrong one of either."""
    asked = select(Person).where(col(Person.name) == order.name.strip().lower(), col(Person.active))
    person = session.exec(asked).first()
    if not people.password_fits(order.password, person.password_hash if person else None) or person is None:
        raise NotSignedIn("sign_in_wrong", N_("The name or the password is not right."), field="password")
    return person.id


def site_by_code(session: Session, code: str, field: str = "site") -> Site:
    """The site of that code. Refused: `RuleBroken` that names the field and the sites there are."""
    site = session.exec(select(Site).where(col(Site.code) == code)).first()
    if site is None:
        known = ", ".join(session.exec(select(Site.code).order_by(col(Site.code))))
        message = N_("There is no site “%(code)s”. Known are: %(known)s.")
        raise RuleBroken("site_unknown", message, field=field, code=code[:40], known=known or "-")
    return site


def site_row(site: Site) -> SiteRow:
    """One site as lists show it."""
    return SiteRow(site.code, site.name, site.time_zone)


def sites(session: Session, actor: Actor, may: May = May.SEE) -> list[SiteRow]:
    """The sites where the actor may do that, by code."""
    return [
        site_row(site)
        for site in session.exec(select(Site).order_by(col(Site.code)))
        if people.allowed(actor, may, _At(site.id))
    ]


def everyone(session: Session, actor: Actor) -> list[PersonRow]:
    """Everybody with an account, by name, with their grants."""
    people.require(actor, May.ADMINISTER)
    sites = dict(session.exec(select(Site.id, Site.code)).all())
    rows: dict[UUID, PersonRow] = {}
    asked = select(Person, Grant).outerjoin(Grant, col(Grant.person_id) == col(Person.id))
    found: Sequence[tuple[Person, Grant | None]] = session.exec(
        asked.order_by(col(Person.name), col(Grant.id))
    ).all()
    for person, grant in found:
        row = rows.setdefault(person.id, PersonRow(person.id, person.name, person.active, []))
        if grant:
            row.roles.append(f"{grant.role.value} @ {sites[grant.site_id] if grant.site_id else '*'}")
    return list(rows.values())


# --- how ---


class _At(msgspec.Struct, frozen=True):
    """A site as something rights are asked for."""

    site_id: UUID


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


def _invite(session: Session, person: Person, secret: str) -> Invited:
    ends = clock.now() + FIRST_LINK_LASTS
    session.add(FirstLink(person_id=person.id, secret_hash=people.hashed(secret), ends_at=ends))
    session.flush()
    return Invited(person.id, person.name, ends)


def _end_links(session: Session, person_id: UUID) -> None:
    """Whoever holds another link of this person must not choose the password anew with it."""
    asked = select(FirstLink).where(col(FirstLink.person_id) == person_id, col(FirstLink.used_at).is_(None))
    for link in session.exec(asked):
        link.used_at = clock.now()


def _study_id(session: Session, code: str) -> UUID:
    found = session.exec(select(Study.id).where(col(Study.code) == code)).first()
    if found is None:
        message = N_("There is no study “%(code)s”.")
        raise RuleBroken("study_unknown", message, field="study", code=code[:40])
    return found
