"""The keys that people gave to programs: which there are, and their end."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import and_
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.accounts.persons import person_by_name
from biobank.custody import Kind
from biobank.errors import NotFound
from biobank.inputs import Input
from biobank.people import Actor, May
from biobank.tables import Person, Token
from biobank.texts import N_


class TokenEnd(Input):
    """Which token ends."""

    token: UUID


class TokenRow(msgspec.Struct, frozen=True):
    """A token of a person: what it is for, and until when it lasts. Its secret is kept nowhere."""

    id: UUID
    person: str
    name: str
    ends: datetime
    ended_at: datetime | None


def tokens(session: Session, actor: Actor, *, every: bool = False) -> list[TokenRow]:
    """The actor's own tokens that still last, newest first; with `every` those of everybody.

    Refused: everybody's, to who does not administer.
    """
    if every:
        people.require(actor, May.ADMINISTER)
    mine = col(Token.person_id) == actor.id
    lasts = and_(col(Token.ended_at).is_(None), col(Token.ends_at) > clock.now())
    asked = select(Token, Person.name).join(Person, col(Person.id) == col(Token.person_id)).where(lasts)
    rows = session.exec((asked if every else asked.where(mine)).order_by(col(Token.id).desc())).all()
    return [_row(token, name) for token, name in rows]


def end_token(session: Session, actor: Actor, order: TokenEnd) -> TokenRow:
    """End a token at once; one that ended already stays as it is.

    Refused: `NotFound` for one that is nobody's, or somebody else's where the actor does not administer.
    """
    asked = select(Token, Person).join(Person, col(Person.id) == col(Token.person_id))
    found = session.exec(asked.where(col(Token.id) == order.token).with_for_update(of=Token)).first()
    if found is None or (found[1].id != actor.id and not people.allowed(actor, May.ADMINISTER)):
        raise NotFound("token_not_found", N_("There is no such token of yours."), field="token")
    token, person = found
    if person.id != actor.id and person.active:
        person_by_name(session, actor, person.name)  # refused: who reaches further than the actor does
    if token.ended_at is None:
        token.ended_at = clock.now()
        session.flush()
        custody.lock(session, [person.id])
        custody.record(session, actor, person, Kind.CHANGED, refs={"token_ended": str(token.id)})
    return _row(token, person.name)


def _row(token: Token, name: str) -> TokenRow:
    return TokenRow(token.id, name, token.name, token.ends_at, token.ended_at)
