"""Who stands at a bench: a badge is scanned, and a PIN where it was not confirmed there of late."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from biobank import accounts, clock, codes, people
from biobank.codes import CodeKind
from biobank.errors import NotAllowed, NotFound, NotSignedIn, RuleBroken
from biobank.stations.enrolling import StationRow, here
from biobank.tables import Badge, Person, SignIn, Station
from biobank.texts import N_

PIN_LASTS = timedelta(hours=8)
"""How long a PIN, confirmed at a bench, lets the badge alone do there."""

FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)

# --- words ---


class Standing(msgspec.Struct, frozen=True):
    """Whose badge was scanned at which station, and when they last confirmed their PIN there, if of late."""

    station: StationRow
    person_id: UUID
    name: str
    pin_at: datetime | None


class Trial(NamedTuple):
    """A try at a PIN that was counted before it is looked at; `kept` is the hash it has to fit."""

    standing: Standing
    kept: str


class Opened(msgspec.Struct, frozen=True):
    """A sign-in by badge: whose, at which station, until when."""

    name: str
    station: StationRow
    ends: datetime


# --- actions ---


def try_pin(session: Session, station_secret: str, badge: str) -> Trial:
    """Count a try at a PIN as if it failed; `open_by_badge` takes that back. So a crowd of tries counts too.

    Refused as `standing` refuses; `NotAllowed` after five failures for a quarter of an hour; without a PIN.
    """
    found = standing(session, station_secret, badge)
    person = session.get_one(Person, found.person_id, with_for_update=True, populate_existing=True)
    now = clock.now()
    if person.pin_hash is None:
        raise RuleBroken("pin_missing", _PIN_MISSING, name=person.name)
    if person.pin_failed_at is None or person.pin_failed_at + LOCKED_FOR <= now:
        person.pin_failures = 0
    if person.pin_failures >= FAILURES and person.pin_failed_at is not None:
        left = person.pin_failed_at + LOCKED_FOR - now
        message = N_("Too many wrong PINs. Wait %(minutes)s minutes, or sign in with your password.")
        raise NotAllowed("pin_locked", message, minutes=max(1, round(left.total_seconds() / 60)))
    person.pin_failures += 1
    person.pin_failed_at = now
    session.flush()
    return Trial(found, person.pin_hash)


def require_fit(trial: Trial, pin: str) -> None:
    """Refused: a PIN that is not theirs. Asked between two transactions: hashing is slow."""
    if not people.password_fits(pin, trial.kept):
        raise NotSignedIn(
            "pin_wrong", N_("This is not the PIN of %(name)s."), field="pin", name=trial.standing.name
        )


def open_by_badge(
    session: Session, station_secret: str, badge: str, before: str, secret: str, confirmed: str = ""
) -> Opened:
    """Open a sign-in by badge under a new secret; the one that this browser had, `before`, ends.

    `confirmed` is the hash that the PIN was found to fit just now; without it, the PIN must have been
    confirmed at this station within 8 hours. Refused as `standing` refuses; `NotSignedIn` where the PIN
    is needed.
    """
    found = standing(session, station_secret, badge)
    now, pin_at = clock.now(), found.pin_at
    if confirmed:
        person = session.get_one(Person, found.person_id, with_for_update=True, populate_existing=True)
        if person.pin_hash == confirmed:
            person.pin_failures, person.pin_failed_at, pin_at = 0, None, now
    if pin_at is None:
        raise NotSignedIn("pin_needed", N_("Type your PIN to go on here."), field="pin")
    accounts.sign_out(session, before)
    session.get_one(Station, found.station.id).seen_at = now
    ends = pin_at + PIN_LASTS
    session.add(
        SignIn(
            person_id=found.person_id,
            secret_hash=people.hashed(secret),
            opened_at=now,
            ends_at=ends,
            station_id=found.station.id,
            by_badge=True,
            pin_at=pin_at,
        )
    )
    session.flush()
    return Opened(found.name, found.station, ends)


# --- questions ---


def standing(session: Session, station_secret: str, badge: str) -> Standing:
    """Whose badge it is, at the station of this browser.

    Refused: `RuleBroken` where the browser is no enrolled bench; `NotFound` for a badge that is not known
    or ended, or whose person ended, alike; a code that is no badge's.
    """
    station = here(session, station_secret)
    if station is None:
        message = N_("This browser is no enrolled bench. Sign in with your name and password.")
        raise RuleBroken("station_unknown", message)
    code = codes.require(badge, CodeKind.BADGE, "badge")
    asked = (
        select(Person)
        .join(Badge, col(Badge.person_id) == col(Person.id))
        .where(col(Badge.code) == code, col(Badge.ended_at).is_(None), col(Person.active))
    )
    person = session.exec(asked).first()
    if person is None:
        message = N_("This badge is not in use. Ask an administrator for a new one.")
        raise NotFound("badge_unknown", message, field="badge")
    confirmed = select(func.max(SignIn.pin_at)).where(
        col(SignIn.person_id) == person.id,
        col(SignIn.station_id) == station.id,
        col(SignIn.pin_at) > clock.now() - PIN_LASTS,
    )
    return Standing(station, person.id, person.name, session.exec(confirmed).one())


# --- how ---

_PIN_MISSING = N_(
    "%(name)s has no PIN yet. Sign in with name and password and choose one on your account page."
)
