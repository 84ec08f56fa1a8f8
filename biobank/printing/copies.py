"""Copies of a label: how many there may be of one code, and why there is to be one more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import case, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import codes, custody, people
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.errors import NotAllowed, RuleBroken
from biobank.labels.shapes import Of
from biobank.people import Actor, May
from biobank.tables import (
    LIVE,
    CustodyEvent,
    Identifier,
    IssuedCode,
    Kit,
    LabelState,
    PrintedLabel,
    PrintJob,
    Specimen,
)
from biobank.texts import N_

# --- words ---


class Reason(StrEnum):
    """Why a label is printed once more, replaced or thrown away."""

    FROST = "frost"
    TORN = "torn"
    FADED = "faded"
    MISSING = "missing"
    MISPRINT = "misprint"
    LOST = "lost"
    OTHER = "other"


REASONS: Mapping[Reason, str] = {
    Reason.FROST: N_("Frost"),
    Reason.TORN: N_("Torn"),
    Reason.FADED: N_("Faded"),
    Reason.MISSING: N_("Missing"),
    Reason.MISPRINT: N_("Misprint"),
    Reason.LOST: N_("Lost"),
    Reason.OTHER: N_("Other"),
}


class Needs(StrEnum):
    """What one more label of a code needs: a manager's right is beside a reason."""

    NOTHING = ""
    REASON = "reason"
    MANAGER = "manager"


class Copies(msgspec.Struct, frozen=True):
    """Labels of one code that may be somewhere or are to be printed, and how many stand on their tube.

    `needs` is what one more needs.
    """

    code: str
    copies: int
    applied: int
    needs: Needs = Needs.NOTHING


# --- rules ---


def require(
    session: Session, actor: Actor, wanted: Sequence[str], of: Of, copies: int, reason: Reason | None
) -> None:
    """That so many copies of these labels may be printed; the same code twice is two.

    Refused: (`reprint_reason_needed`) more than one label of a code without a reason;
    (`reprint_manager_needed`) one more label of a code that stands on its tube, for who is no manager.
    """
    more = {code: count * copies for code, count in Counter(wanted).items()}
    there = {each.code: each for each in of_codes(session, list(more), of)}
    applied = [each for each in there.values() if each.applied]
    if applied:
        _require_manager(session, actor, applied)
    if reason is not None:
        return
    for code, count in more.items():
        if there[code].copies + count > 1:
            message = N_(
                "With this there would be %(copies)s labels of %(code)s, %(there)s of them from before."
                " Say why: frost, torn, faded, missing, misprint, lost or other."
            )
            facts: dict[str, str | int] = {"code": codes.grouped(code), "copies": there[code].copies + count}
            raise RuleBroken(
                "reprint_reason_needed", message, field="reason", there=there[code].copies, **facts
            )


def _require_manager(session: Session, actor: Actor, applied: Sequence[Copies]) -> None:
    by_code = {each.code: each for each in applied}
    asked = select(Specimen).where(col(Specimen.code).in_(list(by_code)))
    for tube in session.exec(asked):
        if not people.allowed(actor, May.SET_UP, tube):
            message = N_(
                "%(code)s has a label on its tube already (%(copies)s in all), and two labels of one code are"
                " how tubes are swapped. Replace the label, which gives it a new code; or ask a manager of"
                " the site to print this one again."
            )
            copies = by_code[tube.code].copies
            raise NotAllowed(
                "reprint_manager_needed", message, field="codes", code=codes.grouped(tube.code), copies=copies
            )


# --- questions ---


def live(session: Session, actor: Actor, wanted: Sequence[str], of: Of = Of.SPECIMEN) -> list[Copies]:
    """How many labels of these tubes or kits there are, in the order asked, for who may see them.

    Labels that were printed before each had a row are counted by the log. A code out of scope has none.
    """
    tubes = select(Specimen.code).where(
        people.visible(actor, May.SEE, Specimen), col(Specimen.code).in_(wanted)
    )
    kits = select(Kit.code).where(people.visible(actor, May.SEE, Kit), col(Kit.code).in_(wanted))
    seen = {*session.exec(tubes), *session.exec(kits)}
    there = {each.code: each for each in of_codes(session, [code for code in wanted if code in seen], of)}
    return [there.get(code) or Copies(code, 0, 0) for code in dict.fromkeys(wanted)]


def of_codes(session: Session, wanted: Sequence[str], of: Of) -> list[Copies]:
    """The same for any codes, whoever asks."""
    is_applied = func.sum(case((col(PrintedLabel.state) == LabelState.APPLIED, 1), else_=0))
    counted = (
        select(PrintedLabel.code, func.count(), is_applied)
        .join(PrintJob, col(PrintJob.id) == col(PrintedLabel.job_id))
        .where(col(PrintedLabel.code).in_(wanted), col(PrintedLabel.state).in_([*LIVE, LabelState.QUEUED]))
        .where((col(PrintJob.of) == Of.CAP) if of is Of.CAP else (col(PrintJob.of) != Of.CAP))
        .group_by(col(PrintedLabel.code))
    )
    rows = {code: (copies, int(applied)) for code, copies, applied in session.exec(counted)}
    before = {} if of is Of.CAP else _before_rows(session, wanted)
    found: list[Copies] = []
    for code in dict.fromkeys(wanted):
        (some, on_tube), (older, older_on_tube) = rows.get(code, (0, 0)), before.get(code, (0, 0))
        found.append(_copies(code, some + older, on_tube + older_on_tube))
    return found


# --- how ---


def _copies(code: str, copies: int, applied: int) -> Copies:
    needs = Needs.MANAGER if applied else Needs.REASON if copies else Needs.NOTHING
    return Copies(code, copies, applied, needs)


def _before_rows(session: Session, wanted: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Labels that the log tells of and no row does: they were printed before there were rows."""
    voided = aliased(CustodyEvent)
    row = select(PrintedLabel.id).where(col(PrintedLabel.event_id) == col(CustodyEvent.id))
    printed = [
        col(CustodyEvent.kind) == Kind.LABEL_PRINTED.value,
        col(CustodyEvent.corrects_id).is_(None),
        ~select(voided.id)
        .where(
            col(voided.corrects_id) == col(CustodyEvent.id),
            col(voided.subject_id) == col(CustodyEvent.subject_id),
        )
        .exists(),
    ]
    replaced = select(Identifier.id).where(
        col(Identifier.specimen_id) == col(Specimen.id), col(Identifier.scheme) == custody.LABEL
    )
    own = (
        select(Specimen.code, Specimen.seen_at, CustodyEvent.occurred_at)
        .join(CustodyEvent, col(CustodyEvent.subject_id) == col(Specimen.id))
        .where(col(Specimen.code).in_(wanted), *printed, ~replaced.exists())
        .where(~row.where(col(PrintedLabel.specimen_id) == col(Specimen.id)).exists())
    )
    found: dict[str, tuple[int, int]] = {}
    for code, seen, printed_at in session.exec(own):
        _add(found, code, applied=seen is not None and seen > printed_at)
    kit_of = _kits(session, wanted)
    kits = (
        select(Kit.code, func.count())
        .join(CustodyEvent, col(CustodyEvent.subject_id) == col(Kit.id))
        .where(col(Kit.code).in_({kit for kit, _ in kit_of.values()}), *printed)
        .where(~row.where(col(PrintedLabel.code) == col(Kit.code)).exists())
        .group_by(col(Kit.code))
    )
    times = dict(session.exec(kits).all()) if kit_of else {}
    for code, (kit, in_hand) in kit_of.items():
        for time in range(times.get(kit, 0)):
            _add(found, code, applied=in_hand and not time)
    return found


def _kits(session: Session, wanted: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """The kit that each code was printed with, and whether its tube was in a hand since."""
    asked = (
        select(IssuedCode.code, Kit.code, Specimen.seen_at)
        .join(Kit, col(Kit.id) == col(IssuedCode.kit_id))
        .outerjoin(Specimen, col(Specimen.code) == col(IssuedCode.code))
        .where(col(IssuedCode.code).in_(wanted))
    )
    own = {code: (code, False) for code in wanted if code[0] == CodeKind.KIT}
    return own | {code: (kit, seen is not None) for code, kit, seen in session.exec(asked)}


def _add(found: dict[str, tuple[int, int]], code: str, *, applied: bool) -> None:
    copies, on_tube = found.get(code, (0, 0))
    found[code] = copies + 1, on_tube + applied
