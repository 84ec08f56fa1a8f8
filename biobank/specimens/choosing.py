"""Tubes chosen by what they are, not by scanning each: for printing and storing a whole study."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from biobank import people, studies
from biobank.people import Actor, May
from biobank.tables import PRESENT, Placement, Specimen, SpecimenKind


def living(session: Session, actor: Actor, study: str) -> Sequence[str]:
    """The codes of every specimen of a study that was drawn and has not ended, as they were made."""
    found = studies.by_code(session, actor, study)
    asked = select(Specimen.code).where(
        col(Specimen.study_id) == found.id,
        col(Specimen.life).in_(PRESENT),
        people.visible(actor, May.PRINT, Specimen),
    )
    return session.exec(asked.order_by(col(Specimen.id))).all()


def unplaced(session: Session, actor: Actor, study: str) -> Sequence[Specimen]:
    """The aliquots of a study that stand nowhere and are not out, in the order they were made."""
    found = studies.by_code(session, actor, study)
    asked = (
        select(Specimen)
        .outerjoin(Placement, col(Placement.specimen_id) == col(Specimen.id))
        .where(
            col(Specimen.study_id) == found.id,
            col(Specimen.kind) == SpecimenKind.ALIQUOT,
            col(Specimen.life).in_(PRESENT),
            col(Specimen.out_with).is_(None),
            col(Placement.id).is_(None),
            people.visible(actor, May.HANDLE, Specimen),
        )
    )
    return session.exec(asked.order_by(col(Specimen.id))).all()
