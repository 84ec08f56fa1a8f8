"""Which findings one tap settles: a known tube, in a slot that is free for its record."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import not_
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import people
from biobank.audits.closing import CARRIED
from biobank.audits.planning import by_id
from biobank.people import Actor, May
from biobank.tables import AuditBox, AuditLine, Placement, Result, Specimen

# --- questions ---


def settled_by_a_tap(session: Session, actor: Actor, key: UUID) -> dict[UUID, list[UUID]]:
    """The findings whose records can simply follow the tubes, each with all that move in one gesture with it.

    They are open, the tube was not carried on since, and its record may go where it was found: nothing has
    its record there, or what has it there is moved in the same gesture, as two that changed places.
    """
    audit = by_id(session, actor, key)
    asked = (
        core_select(col(AuditLine.id), col(AuditLine.specimen_id), col(Placement.specimen_id))
        .join(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.found_box_id))
        .outerjoin(
            Placement,
            (col(Placement.container_id) == col(AuditBox.container_id))
            & (col(Placement.row) == col(AuditLine.found_row))
            & (col(Placement.col) == col(AuditLine.found_col)),
        )
        .where(
            col(AuditLine.audit_id) == audit.id,
            col(AuditLine.result).in_([Result.WRONG_SLOT, Result.WRONG_CONTAINER]),
            col(AuditLine.decision).is_(None),
            not_(CARRIED),
            people.visible(actor, May.SEE, Specimen),
        )
        .order_by(col(AuditLine.id))
    )
    lines = {line: (tube, held_by) for line, tube, held_by in session.execute(asked)}
    return gestures(lines)


# --- rules ---


def gestures(lines: Mapping[UUID, tuple[UUID, UUID | None]]) -> dict[UUID, list[UUID]]:
    """Of each line, told with its tube and with whose record is where that was found, all that move with it.

    Left out are those that would come where the record of a tube is that stays.
    """
    of = {tube: line for line, (tube, _) in lines.items()}
    found: dict[UUID, list[UUID]] = {}
    for line in lines:
        chain: list[UUID] = []
        at: UUID | None = line
        while at is not None and at not in chain:
            chain.append(at)
            tube, held_by = lines[at]
            if held_by is None or held_by == tube:
                break
            at = of.get(held_by)
        if at is not None:
            found[line] = chain
    return found
