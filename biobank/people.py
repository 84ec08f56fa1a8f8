"""Who is asking, and the table of who may do what."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, true
from sqlmodel import Session, SQLModel, col

from biobank import clock
from biobank.database import Sifting, table_of
from biobank.errors import Busy, NotAllowed, NotFound, NotSignedIn
from biobank.tables import Grant, Person, Role, SignIn, Token
from biobank.texts import N_

CONSOLE = "console"
"""The person that stands for the command line; it has no password and never signs in."""


class May(StrEnum):
    """What one may do with a thing."""

    SEE = "see"
    HANDLE = "handle"
    REGISTER = "register"
    PRINT = "print"
    AUDIT = "audit"
    SET_UP = "set up"
    ADMINISTER = "administer"


WHO_MAY: Mapping[Role, frozenset[May]] = {
    Role.TECHNICIAN: frozenset({May.SEE, May.HANDLE, May.REGISTER, May.PRINT}),
    Role.AUDITOR: frozenset({May.SEE, May.AUDIT}),
    Role.RESEARCHER: frozenset(),
    Role.MANAGER: frozenset({May.SEE, May.HANDLE, May.REGISTER, May.PRINT, May.AUDIT, May.SET_UP}),
    Role.ADMINISTRATOR: frozenset({May.ADMINISTER}),
}


NOT_BY_BADGE = frozenset({May.AUDIT, May.SET_UP, May.ADMINISTER})
"""A badge can be photographed: whoever came in by one sets nothing up, and reads no log of others."""


class Granted(msgspec.Struct, frozen=True):
    """One grant, as it stands now: a role at one site or all, in one study or all."""

    role: Role
    site_id: UUID | None = None
    study_id: UUID | None = None


class Actor(msgspec.Struct, frozen=True):
    """Who acts in this transaction, with the rights of this moment and the command under way."""

    id: UUID
    name: str
    language: str
    grants: tuple[Granted, ...]
    command_id: UUID | None = None
    station_id: UUID | None = None
    by_token: bool = False
    by_badge: bool = False
    performer: UUID | None = None
    """Whose scan it was, where another person hands it in: both stand in the log."""
    source: str = ""
    """How the code came in where it was not scanned (`typed`): it stands in the log."""

    @property
    def role(self) -> str:
        """The roles held at this moment, as the ledger writes them."""
        return ",".join(sorted({grant.role.value for grant in self.grants}))


class Credentials(msgspec.Struct, frozen=True):
    """What a request showed: the secret of a session or a token, or a name the command line acts for."""

    session: str = ""
    token: str = ""
    name: str = ""


class Placed(Protocol):
    """Anything that belongs to a site; what also has a `study_id` belongs to a study."""

    @property
    def site_id(self) -> Any:
        """The site it belongs to, None for all."""


# --- rules ---


def allowed(actor: Actor, may: May, thing: Placed | None = None) -> bool:
    """Whether some grant of the actor covers this; without a thing, whether any grant does."""
    site = getattr(thing, "site_id", None)
    study = getattr(thing, "study_id", None)
    return not _kept_from_badges(actor, may) and any(
        may in WHO_MAY[grant.role]
        and (site is None or grant.site_id in (None, site))
        and (study is None or grant.study_id in (None, study))
        for grant in actor.grants
    )


def require(actor: Actor, may: May, thing: Placed | None = None) -> None:
    """Refused: `NotFound` where the actor may not even see the thing, `NotAllowed` where only this."""
    if allowed(actor, may, thing):
        return
    if thing is not None and not allowed(actor, May.SEE, thing):
        raise NotFound("not_found", N_("There is nothing of that code in your scope."))
    raise _not_allowed(may)


def reaches(actor: Actor, may: May, site_id: UUID | None, study_id: UUID | None) -> bool:
    """Whether one grant of the actor covers this at a whole site in a whole study; None is all of them."""
    return not _kept_from_badges(actor, may) and any(
        may in WHO_MAY[grant.role] and grant.site_id in (None, site_id) and grant.study_id in (None, study_id)
        for grant in actor.grants
    )


def require_over(actor: Actor, may: May, site_id: UUID | None, study_id: UUID | None) -> None:
    """Refused: what reaches further than any one grant of the actor does; None is every site, every study."""
    if not reaches(actor, may, site_id, study_id):
        raise _not_allowed(may)


def visible(actor: Actor, may: May, table: type[SQLModel], *, leads: bool = False) -> ColumnElement[bool]:
    """The rows of a table that the actor may see (or handle ...), as a criterion for a query.

    It sifts what the query finds by something else, unless it `leads`: for all that one may see.
    """
    if _kept_from_badges(actor, may):
        return false()
    columns = table_of(table).c
    covered: list[ColumnElement[bool]] = []
    for grant in actor.grants:
        if may not in WHO_MAY[grant.role]:
            continue
        limits = [
            columns[name] == value
            for name, value in (("site_id", grant.site_id), ("study_id", grant.study_id))
            if value is not None and name in columns
        ]
        if not limits:
            return true()
        covered.append(and_(*limits))
    if not covered:
        return false()
    return or_(*covered) if leads else Sifting(or_(*covered))


def _kept_from_badges(actor: Actor, may: May) -> bool:
    return actor.by_badge and may in NOT_BY_BADGE


def _not_allowed(may: May) -> NotAllowed:
    message = N_("Your role does not allow this (%(may)s). Ask a manager of the site.")
    return NotAllowed("not_allowed", message, may=may.value)


# --- passwords ---

SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 256

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_one_at_a_time = threading.Semaphore(1)


def hash_password(password: str) -> str:
    """Argon2id, 64 MiB, three passes. Refused: `Busy` when others are being hashed for too long."""
    with _Turn():
        return _hasher.hash(password)


def password_fits(password: str, kept: str | None) -> bool:
    """Whether it is the password; takes as long for a person who does not exist."""
    if len(password) > LONGEST_PASSWORD:
        return False
    with _Turn():
        try:
            _hasher.verify(kept or _nobody(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


@cache
def _nobody() -> str:
    return _hasher.hash(clock.new_secret())


class _Turn:
    """One hash at a time: five hundred sign-ins at once must not take the memory of the bench."""

    def __enter__(self) -> None:
        if not _one_at_a_time.acquire(timeout=5):
            raise Busy("sign_in_busy", N_("Too many people sign in at this moment. Try again."))

    def __exit__(self, *_: object) -> None:
        _one_at_a_time.release()


# --- questions ---


def hashed(secret: str) -> bytes:
    """What is kept of a secret that we made: its SHA-256 (256 bits of chance need no salt)."""
    return hashlib.sha256(secret.encode()).digest()


_WHO = (
    select(
        col(Person.id),
        col(Person.name),
        col(Person.language),
        col(Grant.role),
        col(Grant.site_id),
        col(Grant.study_id),
    )
    .select_from(Person)
    .outerjoin(Grant, col(Grant.person_id) == col(Person.id))
    .where(col(Person.active))
)
BY_SESSION = (
    _WHO.add_columns(col(SignIn.station_id), col(SignIn.by_badge))
    .join(SignIn, col(SignIn.person_id) == col(Person.id))
    .where(
        col(SignIn.secret_hash) == bindparam("secret"),
        col(SignIn.ended_at).is_(None),
        col(SignIn.ends_at) > bindparam("now"),
    )
)
"""Who has this session: one row for each grant. The first statement of every request."""

_BY_TOKEN = _WHO.join(Token, col(Token.person_id) == col(Person.id)).where(
    col(Token.secret_hash) == bindparam("secret"),
    col(Token.ended_at).is_(None),
    col(Token.ends_at) > bindparam("now"),
)
_BY_NAME = _WHO.where(col(Person.name) == bindparam("name"))


def resolve(session: Session, shown: Credentials, command_id: UUID | None = None) -> Actor:
    """The actor behind what was shown, with the rights of this moment. Refused: `NotSignedIn`."""
    connection = session.connection()
    rows: Sequence[Any]
    if shown.token:
        rows = connection.execute(_BY_TOKEN, {"secret": hashed(shown.token), "now": clock.now()}).all()
    elif shown.session:
        rows = connection.execute(BY_SESSION, {"secret": hashed(shown.session), "now": clock.now()}).all()
    else:
        rows = connection.execute(_BY_NAME, {"name": shown.name}).all() if shown.name else []
    if not rows:
        raise NotSignedIn(
            "not_signed_in", N_("Nobody is signed in, or the session has ended. Sign in again.")
        )
    person, name, language = rows[0][:3]
    # A person without a grant comes as one row of the outer join, with nothing where the grant would be.
    held: list[tuple[Role | None, UUID | None, UUID | None]] = [(row[3], row[4], row[5]) for row in rows]
    grants = tuple(Granted(role, site, study) for role, site, study in held if role is not None)
    if shown.token or not shown.session:
        return Actor(person, name, language, grants, command_id, by_token=bool(shown.token))
    station, by_badge = tuple(rows[0])[6:]
    return Actor(person, name, language, grants, command_id, station_id=station, by_badge=by_badge)
