"""Consent: what a participant answered to which version, and what that covers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from biobank import amounts, clock, custody, studies
from biobank.custody import Kind, records
from biobank.errors import RuleBroken
from biobank.inputs import Flag, Input, Line
from biobank.participants.naming import locked
from biobank.people import Actor, May
from biobank.tables import (
    Consent,
    Participant,
    Scope,
    Site,
    Study,
)
from biobank.texts import N_

# --- words ---


class ConsentOrder(Input):
    """A signed consent: its version, the scopes granted and declined, the day they were answered.

    Without a day it is the day of recording; of an imported one the day stays unknown.
    """

    version: Annotated[Line, Field(max_length=40)]
    scopes: Annotated[list[Scope], Field(max_length=len(Scope))] = []
    declined: Annotated[list[Scope], Field(max_length=len(Scope))] = []
    given_on: date | None = None
    imported: Flag = False

    @model_validator(mode="after")
    def _answers_something(self) -> Self:
        if not self.scopes and not self.declined:
            raise PydanticCustomError("too_short", "At least one answer", {"min_length": 1})
        return self


class Answer(msgspec.Struct, frozen=True):
    """What a participant last said to one scope, and when; imported answers may have no day."""

    scope: Scope
    granted: bool
    version: str
    given_on: date | None


# --- rules ---


def answers(given: Iterable[Consent]) -> list[Answer]:
    """The answer in force to each scope that was ever answered: the newest by day, then as recorded.

    An answer whose day is not known is older than any whose day is.
    """
    newest: dict[Scope, Answer] = {}
    for consent in sorted(given, key=lambda each: (each.given_on or date.min, each.id)):
        for said, granted_now in ((consent.scopes, True), (consent.declined, False)):
            for scope in map(Scope, said):
                newest[scope] = Answer(scope, granted_now, consent.version, consent.given_on)
    return [newest[scope] for scope in Scope if scope in newest]


def granted(given: Iterable[Consent]) -> set[Scope]:
    """The scopes that are agreed to now."""
    return {answer.scope for answer in answers(given) if answer.granted}


def require_cover(session: Session, participant: Participant, materials: Iterable[str]) -> None:
    """Lock a participant and be sure that these materials may be collected or made.

    Refused: after any withdrawal; without consent for storage, which is always needed, or for the
    scope that the protocol's needs ask for one of the materials. A withdrawal waits for this lock.
    """
    require_covers(session, [(participant, materials)])


def require_covers(session: Session, wanted: Sequence[tuple[Participant, Iterable[str]]]) -> None:
    """`require_cover` of many participants, in a few statements however many they are."""
    whose = {participant.id: participant for participant, _ in wanted}
    states = custody.lock(session, list(whose))
    for key, participant in whose.items():
        if states[key].get("withdrawn"):
            raise _withdrawn(participant)
    kept = select(Consent).where(col(Consent.participant_id).in_(list(whose)))
    given: dict[object, list[Consent]] = {}
    for consent in session.exec(kept):
        given.setdefault(consent.participant_id, []).append(consent)
    covered = {key: granted(given.get(key, ())) for key in whose}
    needs = {study: studies.needs(session, study) for study in {each.study_id for each in whose.values()}}
    for participant, materials in wanted:
        asked = sorted(set(materials))
        _require_scopes(participant, asked, needs[participant.study_id], covered[participant.id])


def require_signed(order: ConsentOrder) -> None:
    """Refused: a consent said to be imported; only a file that is taken in brings those."""
    if order.imported:
        message = N_("Only a file that is taken in brings a consent whose form nobody here has seen.")
        raise RuleBroken("consent_imported", message, field="consent.imported")


def require_not_withdrawn(session: Session, participant: Participant) -> None:
    """Lock a participant. Refused: one who withdrew, at whatever level."""
    if custody.lock(session, [participant.id])[participant.id].get("withdrawn"):
        raise _withdrawn(participant)


# --- actions ---


def give_consent(
    session: Session, actor: Actor, study: str, pseudonym: str, order: ConsentOrder
) -> Participant:
    """Record further answers of a participant.

    Refused: after a withdrawal, a day in the future, a scope both granted and declined, a version or
    scopes that the study's protocol does not put to its participants.
    """
    require_signed(order)
    participant = locked(session, actor, study, pseudonym, May.REGISTER)
    require_not_withdrawn(session, participant)
    session.add(new_consent(session, participant, order))
    record_change(session, actor, participant)
    return participant


def record_change(session: Session, actor: Actor, participant: Participant, note: str | None = None) -> None:
    """Write what the rows of a participant now say that its log does not say yet.

    It was locked and read anew (`naming.locked`): what was read before the lock may be out of date.
    """
    before = custody.state(session, participant)
    now = records.participant_said(session, participant)
    change = {name: value for name, value in now.items() if before.get(name) != value}
    custody.record(session, actor, participant, Kind.CHANGED, change=change, note=note)


# --- questions ---


def consents(session: Session, participant: Participant) -> list[Consent]:
    """Every consent of a participant, as they were recorded, oldest first."""
    asked = select(Consent).where(col(Consent.participant_id) == participant.id)
    return list(session.exec(asked.order_by(col(Consent.id))))


# --- how ---


def new_consent(session: Session, participant: Participant, order: ConsentOrder, at: str = "") -> Consent:
    """A consent not yet kept; `at` is where it stands in what was sent. Refused as `give_consent` refuses."""
    today = clock.now().astimezone(ZoneInfo(session.get_one(Site, participant.site_id).time_zone)).date()
    if order.given_on and order.given_on > today:
        raise RuleBroken(
            "consent_in_future", N_("The consent's date is in the future."), field=f"{at}given_on"
        )
    both = sorted(set(order.scopes) & set(order.declined))
    if both:
        message = N_("%(scope)s is both granted and declined. Choose one.")
        raise RuleBroken("consent_contradicts", message, field=f"{at}declined", scope=both[0].value)
    if not order.imported:  # of what is imported nobody knows which form was signed
        _require_put(session, participant, order, at)
    return Consent(
        participant_id=participant.id,
        version=order.version,
        given_on=order.given_on or (None if order.imported else today),
        imported=order.imported,
        scopes=list(dict.fromkeys(scope.value for scope in order.scopes)),
        declined=list(dict.fromkeys(scope.value for scope in order.declined)),
    )


def _require_put(session: Session, participant: Participant, order: ConsentOrder, at: str) -> None:
    """Refused: a version the study does not have, where it names any; scopes that version does not put."""
    study = session.get_one(Study, participant.study_id)
    known = {each.version: each for each in studies.consent_versions(session, study)}
    if not known:
        return
    if order.version not in known:
        message = N_("The study has no consent version %(version)s. It has: %(known)s.")
        versions = ", ".join(known)
        raise RuleBroken(
            "consent_version_unknown", message, field=f"{at}version", version=order.version, known=versions
        )
    put = known[order.version].scopes
    for scope in (*order.scopes, *order.declined):
        if scope.value not in put:
            message = N_(
                "Version %(version)s of the consent does not ask about %(scope)s. It asks: %(scopes)s."
            )
            facts = {"version": order.version, "scope": scope.value, "scopes": ", ".join(put)}
            raise RuleBroken("consent_scope_unknown", message, field=f"{at}scopes", **facts)


def _require_scopes(
    participant: Participant, materials: Sequence[str], needs: Mapping[str, str], covered: set[Scope]
) -> None:
    if Scope.STORAGE not in covered:
        raise _missing(participant, Scope.STORAGE.value, materials[0] if materials else "")
    for material in materials:
        scope = needs.get(material, Scope.STORAGE.value)
        if scope not in covered:
            raise _missing(participant, scope, material)


def _missing(participant: Participant, scope: str, material: str) -> RuleBroken:
    """What is missing, in words: whose consent, to what, and for which material where one is known."""
    facts = {"pseudonym": participant.pseudonym, "scope": scope}
    if not material:
        message = N_("%(pseudonym)s has not agreed to %(scope)s. Record the consent first.")
        return RuleBroken("consent_missing", message, **facts)
    message = N_(
        "%(pseudonym)s has not agreed to %(scope)s, which %(material)s needs. "
        "Nothing was collected or made. Record the consent first."
    )
    known = amounts.MATERIALS.get(material)
    return RuleBroken("consent_missing", message, **facts, material=known.name if known else material[:40])


def _withdrawn(participant: Participant) -> RuleBroken:
    message = N_("%(pseudonym)s has withdrawn. Nothing more is collected, made or asked of this participant.")
    return RuleBroken("withdrawn", message, pseudonym=participant.pseudonym)
