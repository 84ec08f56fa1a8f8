"""Enrolment of participants under pseudonyms."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from biobank import accounts, custody, people, studies
from biobank.custody import Kind, records
from biobank.errors import Conflict, Fact, RuleBroken
from biobank.inputs import Day, Input, Line, Naming, Pseudonym, Whole
from biobank.participants.consenting import ConsentOrder, new_consent, require_signed
from biobank.participants.planning import plan
from biobank.people import Actor, May
from biobank.tables import (
    ArmChange,
    Attribute,
    Consent,
    Participant,
    Site,
    Study,
)
from biobank.texts import N_

# --- words ---


class Enrolment(Input):
    """A new participant: a pseudonym in a study at a site, with consent. Never a name or a birth date."""

    study: Line
    site: Line
    pseudonym: Pseudonym
    arm: str = ""
    enrolled_on: Day | None = None
    attributes: dict[str, Naming | Whole] = {}
    consent: ConsentOrder


# --- rules ---


def require_attributes(known: Sequence[Attribute], given: dict[str, Any]) -> None:
    """Refused: an attribute the protocol does not note, or a value it does not allow."""
    declared = {attribute.name: attribute for attribute in known}
    for name, value in given.items():
        field, attribute = f"attributes.{name}", declared.get(name)
        if attribute is None:
            message = N_("The protocol notes no “%(name)s”. It notes: %(known)s.")
            shown = ", ".join(declared) or "-"
            raise RuleBroken("attribute_unknown", message, field=field, name=name[:40], known=shown)
        if attribute.values and str(value) not in attribute.values:
            message = N_("“%(value)s” is not one of: %(known)s.")
            shown = ", ".join(attribute.values)
            raise RuleBroken("attribute_value", message, field=field, value=str(value)[:40], known=shown)
        lowest, highest = attribute.lowest, attribute.highest
        if lowest is None and highest is None:
            continue
        least, most = lowest or 0, 2**31 - 1 if highest is None else highest
        if not isinstance(value, int) or not least <= value <= most:
            message = N_("%(name)s must be a whole number from %(lowest)s to %(highest)s.")
            facts: dict[str, Fact] = {"name": name, "lowest": least, "highest": most}
            raise RuleBroken("attribute_range", message, field=field, **facts)


# --- actions ---


def enroll(session: Session, actor: Actor, order: Enrolment) -> Participant:
    """Enrol one participant with a consent and the visits the protocol plans for the arm.

    Refused: a pseudonym taken in this study, a study, site or arm that is not there, an attribute the
    protocol does not note or allow, a consent said to be imported.
    """
    study = studies.by_code(session, actor, order.study, May.REGISTER)
    require_signed(order.consent)
    custody.lock(session, [study.id])  # a new version of the protocol must not pass somebody by
    session.refresh(study)
    (participant,) = enroll_all(session, actor, study, [order])
    plan(session, actor, [participant])
    return participant


def enroll_all(
    session: Session, actor: Actor, study: Study, orders: Sequence[Enrolment]
) -> list[Participant]:
    """Enrol several participants of one study, without planning visits. Refused as `enroll` refuses."""
    noted, arms = studies.attributes(session, study), studies.arms(session, study)
    sites = {code: accounts.site_by_code(session, code) for code in {order.site for order in orders}}
    _require_new(session, study, [order.pseudonym for order in orders])
    made: list[Participant] = []
    consents: list[Consent] = []
    begun: list[ArmChange | None] = []
    for order in orders:
        participant = _participant(study, sites[order.site], order, arms)
        people.require(actor, May.REGISTER, participant)
        require_attributes(noted, order.attributes)
        consents.append(new_consent(session, participant, order.consent, "consent."))
        begun.append(_first_arm(participant))
        made.append(participant)
    custody.record_all(
        session,
        actor,
        [
            custody.Line(subject=participant, kind=Kind.OPENED, change=_opening(participant, consent, arm))
            for participant, consent, arm in zip(made, consents, begun, strict=True)
        ],
    )
    session.add_all(consents)
    session.add_all([arm for arm in begun if arm])
    session.flush()
    return made


# --- how ---


def _participant(study: Study, site: Site, order: Enrolment, arms: Sequence[str]) -> Participant:
    if (order.arm or arms) and order.arm not in arms:
        message = N_("There is no arm “%(arm)s” in the protocol. It has: %(known)s.")
        raise RuleBroken(
            "arm_unknown", message, field="arm", arm=order.arm[:40], known=", ".join(arms) or "-"
        )
    return Participant(
        study_id=study.id,
        site_id=site.id,
        pseudonym=order.pseudonym,
        arm=order.arm,
        enrolled_on=order.enrolled_on,
        attributes=dict(order.attributes),
        salt=secrets.token_bytes(16),
    )


def _require_new(session: Session, study: Study, pseudonyms: Sequence[str]) -> None:
    asked = select(Participant.pseudonym).where(
        col(Participant.study_id) == study.id, col(Participant.pseudonym).in_(pseudonyms)
    )
    twice = {name for name, times in Counter(pseudonyms).items() if times > 1}
    taken = set(session.exec(asked)) | twice
    if taken:
        message = N_(
            "%(pseudonym)s is enrolled in %(study)s already. Open that one, or choose another pseudonym."
        )
        raise Conflict("pseudonym_taken", message, field="pseudonym", pseudonym=min(taken), study=study.code)


def _first_arm(participant: Participant) -> ArmChange | None:
    """The arm of the day of enrolment begins the history of arms, where the study has any."""
    if not participant.arm:
        return None
    return ArmChange(participant_id=participant.id, arm=participant.arm, since=participant.enrolled_on)


def _opening(participant: Participant, consent: Consent, arm: ArmChange | None) -> dict[str, Any]:
    """The state a participant's chain begins with: ids, and a blinded commitment to the rest."""
    return {
        "study": str(participant.study_id),
        "site": str(participant.site_id),
        "told": records.told(participant),
        "consents": [records.consent_said(consent)],
        "withdrawn": None,
        "noted": records.noted(participant, [arm] if arm else [], [], [consent], None),
    }
