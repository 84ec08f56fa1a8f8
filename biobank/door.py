"""The door: how everything is asked for. One transaction, one command, one actor."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from biobank import clock, people, tries
from biobank.database import Database
from biobank.errors import Conflict, Malformed, NotAllowed, NotSignedIn, RuleBroken
from biobank.people import Actor, Credentials
from biobank.tables import Command
from biobank.texts import N_

Answer = TypeVar("Answer")

log = structlog.get_logger("biobank")


class Door:
    """Made for one request (or one command line) from what it showed; knows no HTTP."""

    def __init__(
        self, database: Database, shown: Credentials, command_id: UUID | None = None, asked: bytes = b""
    ) -> None:
        self.database = database
        self.shown = shown
        self.command_id = command_id
        self.fingerprint = hashlib.sha256(asked).digest()
        self.actor: Actor | None = None
        """Who asked, once that is known: the page of a refusal is for them too."""

    def act(self, work: Callable[[Session, Actor], Answer], answer: type[Answer]) -> Answer:
        """Do the work in one transaction, once for this command, and answer with its read model.

        The same command sent again gets the stored answer and has no second effect. Refused besides
        what the work refuses: `NotSignedIn`; `Malformed` without a command id; `RuleBroken` for the
        id of another command; `Busy` when the database cannot answer. A refusal keeps nothing.
        """
        command_id = self.command_id
        if command_id is None:
            raise Malformed(
                "command_id_needed",
                N_("A change needs a command id: send a new UUID in the header Idempotency-Key."),
                field="Idempotency-Key",
            )

        def once(session: Session) -> Answer:
            self.actor = actor = people.resolve(session, self.shown, command_id)
            if not self._first_time(session, actor, command_id):
                return self._answered(session, actor, command_id, answer)
            result = work(session, actor)
            session.flush()
            kept = msgspec.json.encode(result)
            session.connection().execute(
                update(Command).where(col(Command.id) == command_id).values(outcome=kept)
            )
            return result

        return self.database.write(once)

    def act_once(self, work: Callable[[Session, Actor], Answer], answer: type[Answer]) -> Answer:
        """An act whose answer goes with a secret, which is kept nowhere.

        Refused: `Conflict` where the command was done before, since its secret cannot be told again.
        """
        made: list[Answer] = []

        def first(session: Session, actor: Actor) -> Answer:
            # Only the last try counts: one that lost a race to the same command kept nothing of its secret.
            made[:] = [work(session, actor)]
            return made[0]

        told = self.act(first, answer)
        if not any(told is each for each in made):
            message = N_(
                "This was done already, and its secret was shown then. It is not kept: make a new one,"
                " with a new command id."
            )
            raise Conflict("secret_shown_once", message, field="Idempotency-Key")
        return told

    def ask(self, question: Callable[[Session, Actor], Answer]) -> Answer:
        """Ask on the engine that cannot write."""

        def asked(session: Session) -> Answer:
            self.actor = actor = people.resolve(session, self.shown)
            return question(session, actor)

        return self.database.read(asked)

    def admit(self, work: Callable[[Session], Answer]) -> Answer:
        """Work that nobody has signed in for yet: signing in itself, and the one-time first link."""
        return self.database.write(work)

    def glance(self, question: Callable[[Session], Answer]) -> Answer:
        """Ask on the engine that cannot write before anybody is signed in: is this their password?"""
        return self.database.read(question)

    def recognise(self, name: str, question: Callable[[Session], Answer]) -> Answer:
        """Ask whether a password fits; what failed stays counted for the name, although it is refused.

        Refused besides what the question refuses: `TooOften` after too many failures.
        """
        self.database.write(lambda session: tries.count(session, name))
        try:
            answer = self.database.read(question)
        except (NotSignedIn, NotAllowed) as refusal:
            # Not the name: people type their password into the wrong field.
            log.warning("password_refused", refusal=refusal.slug, name_sha256=tries.name_hash(name).hex())
            raise
        self.database.write(lambda session: tries.take_back(session, name))
        return answer

    def prove(self, question: Callable[[Session, Actor], Answer]) -> Answer:
        """Ask whether a password is the actor's own; it counts to the same limit as signing in.

        Who is not signed in with a session knows no password, is refused for that, and counts nothing.
        """
        if not self.shown.session or self.shown.token:
            return self.ask(question)
        actor = self.ask(lambda _, actor: actor)
        return self.recognise(actor.name, lambda session: question(session, actor))

    def _first_time(self, session: Session, actor: Actor, command_id: UUID) -> bool:
        row = {
            "id": command_id,
            "fingerprint": self.fingerprint,
            "person_id": actor.id,
            "recorded_at": clock.now(),
        }
        made: Any = (sqlite if self.database.is_sqlite else postgresql).insert(Command).values(row)
        inserted = session.connection().execute(made.on_conflict_do_nothing().returning(col(Command.id)))
        return inserted.first() is not None

    def _answered(self, session: Session, actor: Actor, command_id: UUID, answer: type[Answer]) -> Answer:
        stored = session.get(Command, command_id, populate_existing=True)
        if stored is None or stored.fingerprint != self.fingerprint or stored.person_id != actor.id:
            raise RuleBroken(
                "command_id_reused",
                N_("This command id was used for something else. Make a new one for a new command."),
                field="Idempotency-Key",
            )
        return msgspec.json.decode(stored.outcome or b"null", type=answer)
