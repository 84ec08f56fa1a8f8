"""Tubes whose label was replaced: their old codes lead to them, and say that they are old."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from biobank import people
from biobank.codes import grouped
from biobank.errors import Conflict
from biobank.people import Actor, May
from biobank.tables import Identifier, Specimen
from biobank.texts import N_

LABEL = "label"
"""The scheme of the identifier that a tube's own code becomes when its label is replaced."""


def borne_now(session: Session, old: Collection[str]) -> dict[str, str]:
    """What the tubes of old labels are called now, by what they were; a code that is not old is left out."""
    asked = (
        select(Identifier.value, Specimen.code)
        .join(Specimen, col(Specimen.id) == col(Identifier.specimen_id))
        .where(col(Identifier.value).in_(old), col(Identifier.scheme) == LABEL)
    )
    return dict(session.exec(asked).all()) if old else {}


def of_old_label(session: Session, actor: Actor, code: str) -> str:
    """What the tube of an old label is called now; empty for any other code, and out of the actor's scope."""
    asked = (
        select(Specimen.code)
        .join(Identifier, col(Identifier.specimen_id) == col(Specimen.id))
        .where(col(Identifier.value) == code, col(Identifier.scheme) == LABEL)
        .where(people.visible(actor, May.SEE, Specimen))
    )
    return session.exec(asked).first() or ""


def require_not_old(session: Session, actor: Actor, code: str) -> None:
    """Refused (`label_old`): a code whose label was replaced, naming the one that its tube has now."""
    now = of_old_label(session, actor, code)
    if now:
        message = N_("%(code)s is an old label: its tube is called %(now)s now. Scan the new label.")
        raise Conflict("label_old", message, field="code", code=grouped(code), now=grouped(now))
