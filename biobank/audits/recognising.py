"""Whose a code is that was scanned: ours, or one that a tube had elsewhere; it may be of several tubes."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from biobank import codes
from biobank.database import one_of
from biobank.tables import Identifier, Specimen


def recognised(
    session: Session, texts: Collection[str], among: ColumnElement[bool]
) -> dict[str, list[Specimen]]:
    """The tubes that each of these codes names, of those that fit; a code that names none is left out."""
    ours = {text: code for text in texts if (code := codes.read(text))}
    named: dict[str, dict[UUID, Specimen]] = {}
    if ours:
        asked = select(Specimen).where(one_of(col(Specimen.code), ours.values()), among)
        tubes = {tube.code: tube for tube in session.exec(asked)}
        named = {text: {tubes[code].id: tubes[code]} for text, code in ours.items() if code in tubes}
    foreign = {spelled: text for text in texts if text not in ours for spelled in (codes.fold(text), text)}
    if foreign:
        known = select(Identifier.value, Specimen).where(one_of(col(Identifier.value), foreign), among)
        known = known.join(Specimen, col(Specimen.id) == col(Identifier.specimen_id))
        for value, tube in session.exec(known):
            named.setdefault(foreign[value], {})[tube.id] = tube
    return {text: list(found.values()) for text, found in named.items()}
