"""Participants under pseudonyms: enrolment, consents, withdrawal."""

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from biobank import participants
from biobank.api.answers import After, Limit, Page, page
from biobank.api.documents import noun
from biobank.inputs import Line, Pseudonym
from biobank.participants import Answer, AtStake, ConsentOrder, Enrolment, ParticipantCard, WithdrawalOrder
from biobank.web import OpenDoor


class FurtherConsent(ConsentOrder):
    """A consent of a participant who is enrolled already."""

    study: Line
    pseudonym: Pseudonym


@post("/participants", sync_to_thread=True)
def enroll(door: OpenDoor, data: JSONBody[Enrolment]) -> ParticipantCard:
    """Enrol a participant with a consent; the visits of the protocol are planned by that."""
    return door.act(
        lambda session, actor: participants.card(session, participants.enroll(session, actor, data)),
        ParticipantCard,
    )


@get("/participants", sync_to_thread=True)
def list_participants(
    door: OpenDoor, study: FromQuery[str], limit: Limit = 50, after: After = ""
) -> Page[ParticipantCard]:
    """Participants of a study in your scope, by pseudonym."""
    rows = door.ask(lambda session, actor: participants.page(session, actor, study, after, limit + 1))
    return page(rows, limit, lambda row: row.pseudonym)


@get("/participants/{study:str}/{pseudonym:path}", sync_to_thread=True)
def get_participant(door: OpenDoor, study: FromPath[str], pseudonym: FromPath[str]) -> ParticipantCard:
    """One participant with consents, arms, procedures and visits. A pseudonym may hold slashes."""
    name = pseudonym.removeprefix("/")
    return door.ask(
        lambda session, actor: participants.card(
            session, participants.by_pseudonym(session, actor, study, name)
        )
    )


@post("/consents", sync_to_thread=True)
def give_consent(door: OpenDoor, data: JSONBody[FurtherConsent]) -> ParticipantCard:
    """Record further answers of a participant to a consent."""
    return door.act(
        lambda session, actor: participants.card(
            session, participants.give_consent(session, actor, data.study, data.pseudonym, data)
        ),
        ParticipantCard,
    )


@get("/consents", sync_to_thread=True)
def list_answers(door: OpenDoor, study: FromQuery[str], participant: FromQuery[str]) -> list[Answer]:
    """What a participant last answered to each scope of consent that was asked."""
    return door.ask(
        lambda session, actor: participants.answers(
            participants.consents(session, participants.by_pseudonym(session, actor, study, participant))
        )
    )


@post("/withdrawals", sync_to_thread=True)
def withdraw(door: OpenDoor, data: JSONBody[WithdrawalOrder]) -> ParticipantCard:
    """Record that a participant withdraws, and stop all that must stop, in one act."""
    return door.act(
        lambda session, actor: participants.card(session, participants.withdraw(session, actor, data)),
        ParticipantCard,
    )


@get("/withdrawals/at-stake", sync_to_thread=True)
def get_at_stake(door: OpenDoor, study: FromQuery[str], participant: FromQuery[str]) -> AtStake:
    """What would stop if a participant withdrew now."""
    return door.ask(
        lambda session, actor: participants.at_stake(
            session, participants.by_pseudonym(session, actor, study, participant)
        )
    )


HANDLERS = noun(
    "participants",
    [enroll, list_participants, get_participant, give_consent, list_answers, withdraw, get_at_stake],
)
