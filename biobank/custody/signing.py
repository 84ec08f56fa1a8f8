"""The primitive of signing: the signer's password again, a meaning, bound to one entry's hash."""

from typing import Any, Literal, Protocol
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


class Proof(Protocol):
    """What proves that a person is who signs: their password, in whatever order it comes."""

    @property
    def password(self) -> str:
        """As it was typed."""


class Signed(msgspec.Struct, frozen=True):
    """A signature as it stands in the log."""

    event: UUID
    entry: str
    meaning: str
    signer: str


def prove_password(session: Session, actor: Actor, order: Proof) -> str:
    """That the password is the signer's; answers the hash it fits, for `sign`.

    Asked by `door.prove`, which counts what fails, before the transaction that signs: hashing is slow, and
    SQLite has one writer. Refused:
    `NotAllowed` for a program's token, for the console, for a wrong password.
    """
    kept = session.exec(select(Person.password_hash).where(col(Person.id) == actor.id)).first()
    if actor.by_token or kept is None:
        raise NotAllowed("cannot_sign", N_("Only a person signed in with a password can sign."))
    if not people.password_fits(order.password, kept):
        message = N_("The password is not right. Nothing was signed.")
        raise NotAllowed("password_wrong", message, field="password")
    return kept


def sign(session: Session, actor: Actor, order: SignatureOrder, proved: str) -> Signed:
    """Sign an entry: a `signed` event on the record it is about, or else on the signer's own record.

    `proved` is what `prove_password` answered. Refused: `NotAllowed` where the password was changed
    since, `NotFound` where there is no such entry in the signer's scope.
    """
    signer = session.get_one(Person, actor.id)
    if actor.by_token or signer.password_hash != proved:
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
