"""The primitive of signing: the signer's password again, a meaning, bound to one entry's hash."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import people
from biobank.custody.words import NOUNS, Kind
from biobank.custody.writing import lock, record
from biobank.errors import NotAllowed, NotFound, RuleBroken
from biobank.inputs import Input, Line
from biobank.people import Actor, May
from biobank.tables import Container, CustodyEvent, Participant, Person, Specimen, Visit
from biobank.texts import N_


class SignatureOrder(Input):
    """What is signed (the 64 hex digits of an entry's hash), what signing it means, and the password."""

    entry: Line
    meaning: Literal["performed", "reviewed", "approved"]
    password: str


class Signed(msgspec.Struct, frozen=True):
    """A signature as it stands in the log."""

    event: UUID
    entry: str
    meaning: str
    signer: str


def sign(session: Session, actor: Actor, order: SignatureOrder) -> Signed:
    """Sign an entry: a `signed` event on the record it is about, or else on the signer's own record.

    Refused: `NotAllowed` for a program's token or a wrong password; `NotFound` where there is no such
    entry; `RuleBroken` for the console, which nobody can be held to.
    """
    signer = session.get(Person, actor.id)
    if actor.by_token or signer is None or signer.password_hash is None:
        raise NotAllowed("cannot_sign", N_("Only a person signed in with a password can sign."))
    try:
        wanted = bytes.fromhex(order.entry)
    except ValueError:
        raise RuleBroken(
            "entry_hash_unreadable", N_("The hash of an entry is 64 hexadecimal digits."), field="entry"
        ) from None
    event = session.exec(select(CustodyEvent).where(col(CustodyEvent.leaf_hash) == wanted)).first()
    if event is None:
        raise NotFound("entry_not_found", N_("The log has no entry with this hash."), field="entry")
    if not people.password_fits(order.password, signer.password_hash):
        raise NotAllowed(
            "password_wrong", N_("The password is not right. Nothing was signed."), field="password"
        )
    about = _row_of(session, event.subject_id)
    people.require(actor, May.SEE, _whose(session, about))
    subject = about if type(about) in NOUNS else signer
    lock(session, [subject.id])
    entry = event.leaf_hash.hex()  # in its one form, however it was typed
    written = record(
        session,
        actor,
        subject,
        Kind.SIGNED,
        refs={"entry": str(event.id), "subject": str(event.subject_id)},
        sig={"entry": entry, "meaning": order.meaning, "method": "password", "signer": str(actor.id)},
    )
    return Signed(written.id, entry, order.meaning, actor.name)


def _whose(session: Session, about: Any) -> Any:
    """What rights are asked for: a visit belongs to its participant's site and study."""
    return session.get(Participant, about.participant_id) if isinstance(about, Visit) else about


def _row_of(session: Session, subject_id: UUID) -> Any:
    tables: tuple[type[Any], ...] = (Specimen, Container, *NOUNS)
    return next(row for table in tables if (row := session.get(table, subject_id)) is not None)
