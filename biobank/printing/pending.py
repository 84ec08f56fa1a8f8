"""Which tubes still lack a label: neither printed, nor out of a kit that was printed ahead."""

from collections.abc import Sequence

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank.custody import Kind
from biobank.tables import CustodyEvent, IssuedCode, LabelState, PrintedLabel, Specimen


def unprinted(session: Session, wanted: Sequence[str]) -> list[str]:
    """Those of these specimens that no label was printed for, or none that still is, in the order given."""
    void = aliased(CustodyEvent)
    taken_back = select(void.id).where(
        col(void.subject_id) == col(CustodyEvent.subject_id), col(void.corrects_id) == col(CustodyEvent.id)
    )
    printed = select(CustodyEvent.id).where(
        col(CustodyEvent.subject_id) == col(Specimen.id),
        col(CustodyEvent.kind) == Kind.LABEL_PRINTED.value,
        col(CustodyEvent.corrects_id).is_(None),
        ~taken_back.exists(),
    )
    ahead = select(IssuedCode.id).where(col(IssuedCode.code) == col(Specimen.code))
    # One that waits for its printer has no event yet; it is not ordered once more for that.
    ordered = select(PrintedLabel.id).where(
        col(PrintedLabel.code) == col(Specimen.code), col(PrintedLabel.state) == LabelState.QUEUED
    )
    asked = select(Specimen.code).where(
        col(Specimen.code).in_(wanted), ~printed.exists(), ~ahead.exists(), ~ordered.exists()
    )
    found = set(session.exec(asked))
    return [code for code in wanted if code in found]
