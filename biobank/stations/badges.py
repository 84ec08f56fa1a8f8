"""Badges and PINs: a badge identifies, a PIN confirms the switch, and neither signs."""

import re
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import StringConstraints
from sqlalchemy import update
from sqlmodel import Session, col, select

from biobank import accounts, clock, codes, custody, people
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.errors import NotAllowed, RuleBroken
from biobank.inputs import Input
from biobank.people import Actor, May
from biobank.tables import Badge, Person, SignIn
from biobank.texts import N_

SHORTEST_PIN, LONGEST_PIN = 4, 8
_RUNS = ("01234567890", "09876543210")

# --- words ---


class BadgeOrder(Input):
    """Whose badge."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class PinOrder(Input):
    """The PIN somebody chooses, twice, and their password."""

    pin: str
    again: str
    password: str


class BadgeRow(msgspec.Struct, frozen=True):
    """A badge, with the code that is printed on it."""

    id: UUID
    code: str
    name: str


# --- rules ---


def require_pin(order: PinOrder) -> str:
    """Refused: anything but 4 to 8 digits, one digit again and again, digits in a row, two that differ."""
    shortest, longest = SHORTEST_PIN, LONGEST_PIN
    if not re.fullmatch(rf"[0-9]{{{shortest},{longest}}}", order.pin):
        message = N_("A PIN has %(shortest)s to %(longest)s digits.")
        raise RuleBroken("pin_shape", message, field="pin", shortest=shortest, longest=longest)
    if len(set(order.pin)) == 1 or any(order.pin in run for run in _RUNS):
        message = N_("Anybody would guess this PIN. Choose digits that follow no rule.")
        raise RuleBroken("pin_guessable", message, field="pin")
    if order.pin != order.again:
        raise RuleBroken("pins_differ", N_("The two PINs differ. Type them again."), field="again")
    return order.pin


# --- actions ---


def make_badge(session: Session, actor: Actor, order: BadgeOrder) -> BadgeRow:
    """Give somebody a badge; the one they had before ends. Refused: nobody of that name, who ended."""
    person = accounts.person_by_name(session, actor, order.name)
    _end(session, person)
    badge = Badge(person_id=person.id, code=codes.new_code(CodeKind.BADGE))
    session.add(badge)
    _note(session, actor, person, {"badge": str(badge.id)})
    return BadgeRow(badge.id, badge.code, person.name)


def end_badge(session: Session, actor: Actor, order: BadgeOrder) -> str:
    """End somebody's badge, and whatever they opened by one, at once. Refused: who has none."""
    person = accounts.person_by_name(session, actor, order.name)
    badges = _end(session, person)
    if not badges:
        raise RuleBroken("badge_none", N_("%(name)s has no badge."), field="name", name=person.name)
    _note(session, actor, person, {"badge_ended": str(badges[-1])})
    return person.name


def prove_owner(session: Session, actor: Actor, order: PinOrder) -> str:
    """That the password is the actor's own; answers the hash it fits, for `choose_pin`.

    Asked by `door.prove`, before the transaction: hashing is slow. Refused: a program's token, the console,
    a wrong password.
    """
    kept = session.exec(select(Person.password_hash).where(col(Person.id) == actor.id)).first()
    if actor.by_token or kept is None:
        raise NotAllowed("pin_not_yours", N_("Only a person signed in with a password chooses a PIN."))
    if not people.password_fits(order.password, kept):
        message = N_("The password is not right. Nothing was changed.")
        raise NotAllowed("password_wrong", message, field="password")
    return kept


def choose_pin(session: Session, actor: Actor, pin_hash: str, proved: str) -> str:
    """Keep a new PIN of the actor's own. It has to be confirmed anew at every bench. Answers the name.

    `proved` is what `prove_owner` answered. Refused: `NotAllowed` where the password was changed since.
    """
    person = session.get_one(Person, actor.id, with_for_update=True)
    if actor.by_token or person.password_hash != proved:
        raise NotAllowed("pin_not_yours", N_("Only a person signed in with a password chooses a PIN."))
    person.pin_hash, person.pin_failures, person.pin_failed_at = pin_hash, 0, None
    session.connection().execute(update(SignIn).where(col(SignIn.person_id) == person.id).values(pin_at=None))
    _note(session, actor, person, {"pin": "chosen"})
    return person.name


# --- questions ---


def badges(session: Session, actor: Actor, names: list[str]) -> list[BadgeRow]:
    """The badges that these people have, in the order asked; who has none is left out."""
    people.require(actor, May.ADMINISTER)
    asked = (
        select(Badge, Person.name)
        .join(Person, col(Person.id) == col(Badge.person_id))
        .where(col(Person.name).in_(names), col(Badge.ended_at).is_(None), col(Person.active))
    )
    found = {name: BadgeRow(badge.id, badge.code, name) for badge, name in session.exec(asked).all()}
    return [found[name] for name in names if name in found]


# --- how ---


def _end(session: Session, person: Person) -> list[UUID]:
    """End the badges of a person and what was opened by them; their ids."""
    now = clock.now()
    mine = select(Badge).where(col(Badge.person_id) == person.id, col(Badge.ended_at).is_(None))
    ended = session.exec(mine.order_by(col(Badge.id)).with_for_update()).all()
    for badge in ended:
        badge.ended_at = now
    opened = update(SignIn).where(
        col(SignIn.person_id) == person.id, col(SignIn.by_badge), col(SignIn.ended_at).is_(None)
    )
    session.connection().execute(opened.values(ended_at=now))
    return [badge.id for badge in ended]


def _note(session: Session, actor: Actor, person: Person, refs: dict[str, str]) -> None:
    session.flush()
    custody.lock(session, [person.id])
    custody.record(session, actor, person, Kind.CHANGED, refs=refs)
