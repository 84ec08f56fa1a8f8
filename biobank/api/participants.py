"""Participants under pseudonyms, and their consents."""

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from biobank import participants
from biobank.api.answers import After, Limit, Page, page
from biobank.api.documents import noun
from biobank.inputs import Line, Pseudonym
from biobank.participants import ConsentOrder, Enrolment, ParticipantCard
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
    """One participant with consents and visits. A pseudonym may hold slashes."""
    name = pseudonym.removeprefix("/")
    return door.ask(
        lambda session, actor: participants.card(
            session, participants.by_pseudonym(session, actor, study, name)
        )
    )


@post("/consents", sync_to_thread=True)
def give_consent(door: OpenDoor, data: JSONBody[FurtherConsent]) -> ParticipantCard:
    """Record a further consent of a participant."""
    return door.act(
        lambda session, actor: participants.card(
            session, participants.give_consent(session, actor, data.study, data.pseudonym, data)
        ),
        ParticipantCard,
    )


router = noun("participants", [enroll, list_participants, get_participant, give_consent])
