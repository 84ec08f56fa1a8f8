"""Participants: enrolment, course, consent, withdrawal."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, listed
from biobank.texts import gettext as _

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.participants import ParticipantCard
    from biobank.people import Actor

AT_ONCE = 200

SCOPES = ("storage", "genetics", "microbiome", "foreign_release", "recontact")
LEVELS = ("no_more_collection", "no_further_use", "destroy")


@click.group()
def participant() -> None:
    """Participants under pseudonyms."""


def whose(command: Callable[..., None]) -> Callable[..., None]:
    """A command about one participant: STUDY PSEUDONYM, and `--json`."""
    return click.argument("study")(click.argument("pseudonym")(running.as_json(command)))


@participant.command("list")
@click.argument("study")
@running.as_json
def list_participants(study: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List the participants of a STUDY, by pseudonym."""
    from biobank import participants

    def question(session: "Session", actor: "Actor") -> "list[ParticipantCard]":
        rows: list[ParticipantCard] = []
        while found := participants.page(session, actor, study, rows[-1].pseudonym if rows else "", AT_ONCE):
            rows += found
        return rows

    rows = running.asked(question)
    if as_json:
        running.tell_json(rows)
    elif rows:
        running.table([(row.pseudonym, row.site, row.withdrawn, len(row.visits)) for row in rows])


@participant.command("show")
@whose
def show(study: str, pseudonym: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell a participant's consents, arm, procedures and visits."""
    from biobank import participants

    card = running.asked(
        lambda session, actor: participants.card(
            session, participants.by_pseudonym(session, actor, study, pseudonym)
        )
    )
    _tell(card, as_json=as_json)


@participant.command("answers")
@whose
def list_answers(study: str, pseudonym: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List what a participant last answered to each scope of consent that was asked."""
    from biobank import participants

    rows = running.asked(
        lambda session, actor: participants.answers(
            participants.consents(session, participants.by_pseudonym(session, actor, study, pseudonym))
        )
    )
    if as_json:
        running.tell_json(rows)
    elif rows:
        running.table(
            [(row.scope, _("yes") if row.granted else _("no"), row.version, row.given_on) for row in rows]
        )


@participant.command("at-stake")
@whose
def at_stake(study: str, pseudonym: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Tell what would stop if a participant withdrew now; nothing is changed."""
    from biobank import participants

    told = running.asked(
        lambda session, actor: participants.at_stake(
            session, participants.by_pseudonym(session, actor, study, pseudonym)
        )
    )
    if as_json:
        running.tell_json(told)
    else:
        message = N_("Planned visits: %(visits)s, tubes expected: %(expected)s, tubes kept: %(tubes)s.")
        running.say(message, visits=told.visits, expected=told.expected, tubes=told.tubes)


@participant.command("enroll")
@whose
@click.option("--site", required=True)
@click.option("--arm")
@click.option("--enrolled-on", help="The day, such as 2026-05-04.")
@click.option("--attribute", multiple=True, metavar="NAME=VALUE", help="Such as sex=female.")
@click.option("--consent", required=True, metavar="VERSION", help="The version that was signed.")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, help="Agreed to.")
@click.option("--declined", type=click.Choice(SCOPES), multiple=True)
@click.option("--given-on", help="The day it was signed.")
def enroll(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Enrol a participant with a consent; the visits of the protocol are planned by that."""
    from biobank import participants

    pairs = [text.partition("=") for text in told.pop("attribute")]
    noted = {name: int(value) if value.isdecimal() else value for name, _, value in pairs}
    consent = {"version": told.pop("consent"), **{name: told.pop(name) for name in _ANSWERS}}
    _act(
        participants.Enrolment,
        participants.enroll,
        {**told, "attributes": noted, "consent": consent},
        as_json,
    )


_ANSWERS = ("scopes", "declined", "given_on")


@participant.command("consent")
@whose
@click.argument("version")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, help="Agreed to.")
@click.option("--declined", type=click.Choice(SCOPES), multiple=True)
@click.option("--given-on", help="The day it was signed; left out, today.")
def consent(study: str, pseudonym: str, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag
    """Record further answers of a participant to a VERSION of the consent."""
    from biobank import participants

    order = running.ordered(participants.ConsentOrder, told)
    card = running.acted(
        lambda session, actor: participants.card(
            session, participants.give_consent(session, actor, study, pseudonym, order)
        ),
        participants.ParticipantCard,
    )
    _tell(card, as_json=as_json)


@participant.command("withdraw")
@whose
@click.option("--level", type=click.Choice(LEVELS), required=True)
@click.option("--on", "withdrawn_on", required=True, help="The day, such as 2026-05-04.")
@click.option("--note")
def withdraw(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Record that a participant withdraws, and stop all that must stop, in one act."""
    from biobank import participants

    _act(participants.WithdrawalOrder, participants.withdraw, told, as_json)


@participant.command("arm")
@whose
@click.argument("arm")
@click.option("--since", help="The day; left out, today at the site.")
def change_arm(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Put a participant into another ARM; what was collected stays."""
    from biobank import participants

    _act(participants.ArmOrder, participants.change_arm, told, as_json)


@participant.command("procedure")
@whose
@click.argument("name")
@click.option("--number", help="Of one that is there; left out, it is a new one.")
@click.option("--on", "happens_on", help="The day, where it is known.")
def set_procedure(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Add a procedure of this NAME, or move one that is there; its visits follow."""
    from biobank import participants

    _act(participants.ProcedureOrder, participants.set_procedure, told, as_json)


@participant.command("cancel-procedure")
@whose
@click.argument("number")
def cancel_procedure(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Cancel the procedure of this NUMBER, with its planned visits."""
    from biobank import participants

    _act(participants.ProcedureCancellation, participants.cancel_procedure, told, as_json)


@participant.command("enrolled-on")
@whose
@click.argument("enrolled_on", metavar="DAY")
def set_enrolment_date(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell the DAY of enrolment late, or set it right."""
    from biobank import participants

    _act(participants.EnrolmentDateOrder, participants.set_enrolment_date, told, as_json)


def _act(order: Any, act: Callable[..., Any], told: Mapping[str, Any], as_json: bool) -> None:  # noqa: FBT001
    from biobank import participants

    wish = running.ordered(order, told)
    card = running.acted(
        lambda session, actor: participants.card(session, act(session, actor, wish)),
        participants.ParticipantCard,
    )
    _tell(card, as_json=as_json)


def _tell(card: "ParticipantCard", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(card)
        return
    running.say(
        N_("%(pseudonym)s of %(study)s at %(site)s, consent: %(scopes)s"),
        pseudonym=card.pseudonym,
        study=card.study,
        site=card.site,
        scopes=listed(card.scopes) or "-",
    )
    running.table(
        [(grouped(row.code), row.event, row.procedure, row.status, row.planned_on) for row in card.visits]
    )
