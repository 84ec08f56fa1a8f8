"""Judging a counted box: its scans are held against what should be there, and every line gets its word."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import clock
from biobank.audits.classes import Expected, Outcome, Seen, judge, standing
from biobank.audits.expecting import elsewhere, expectation, known_boxes, scans_of
from biobank.database import new_row
from biobank.storage.geometry import Slot
from biobank.tables import Audit, AuditBox, AuditLine, AuditScan, BoxState, Mark, Result

# --- words ---


class Judged(msgspec.Struct, frozen=True):
    """How often each word was given in a box; which other boxes' lines ended otherwise by it.

    `reopened` are findings that were decided, and that are others now.
    """

    results: dict[str, int]
    others: list[UUID]
    reopened: list[UUID]


# --- actions ---


def judge_box(session: Session, audit: Audit, box: AuditBox, number: int) -> Judged:
    """Give every line of a box its word, from its newest count.

    A handful of statements, whatever the biobank holds. A tube of another box that was scanned here has its
    line there, and that line is told where it is; one that was scanned here before, and is not here by the
    newest count, ends anew in the box where it should be.
    """
    scans = scans_of(session, audit, box, number)
    outcomes, beside = _outcomes(session, audit, box, scans)
    saying = _Saying(session, audit, box, again=number > 1)
    saying.say(outcomes)
    saying.unsay(beside)
    box.empty = _empty(box, outcomes, scans)
    here = {scan.tube for scan in standing(scans).values() if scan.tube}
    _judge_elsewhere(session, audit, box, here, saying)
    results = Counter(outcome.result.value for outcome in outcomes if outcome.result is not Result.EMPTY)
    told = {**results, **({Result.EMPTY.value: box.empty} if box.empty else {})}
    return Judged(told, sorted(saying.changed - {box.id}), saying.reopened)


# --- how ---


def _outcomes(
    session: Session, audit: Audit, box: AuditBox, scans: Sequence[Seen]
) -> tuple[list[Outcome], dict[UUID, list[Seen]]]:
    """How everything in a box ended, and the scans of its tubes in other boxes."""
    began = min((scan.at for scan in scans if scan.at), default=clock.now())
    expected = expectation(session, audit, box, began)
    lines = select(AuditLine.specimen_id).where(
        col(AuditLine.audit_id) == box.audit_id, col(AuditLine.box_id) == box.id
    )
    tubes = {*(each.tube for each in expected), *(scan.tube for scan in scans), *session.exec(lines)}
    beside = elsewhere(session, audit, box, {tube for tube in tubes if tube})
    return judge(expected, scans, beside), beside


def _judge_elsewhere(
    session: Session, audit: Audit, box: AuditBox, here: Collection[UUID], saying: "_Saying"
) -> None:
    """Tubes that were scanned here once and are not here end anew where they should be."""
    asked = select(AuditScan.specimen_id).where(col(AuditScan.box_id) == box.id).distinct()
    gone = {tube for tube in session.exec(asked) if tube} - set(here)
    homes: defaultdict[UUID, list[AuditLine]] = defaultdict(list)
    for line in _lines_of(session, audit, gone).values():
        if line.box_id != box.id and line.result is not None:
            homes[line.box_id].append(line)
    for key, lines in homes.items():
        home = session.get_one(AuditBox, key)
        tubes = {line.specimen_id for line in lines}
        if home.state not in {BoxState.COUNTED, BoxState.AGAIN}:
            saying.forget(lines)
            continue
        scans = scans_of(session, audit, home, 2 if home.second_at else 1)
        outcomes, _ = _outcomes(session, audit, home, scans)
        saying.say([each for each in outcomes if each.tube in tubes])


def _lines_of(session: Session, audit: Audit, tubes: Iterable[UUID]) -> dict[UUID, AuditLine]:
    """The lines of these tubes in this audit, in whichever box they are expected."""
    asked = select(AuditLine).where(
        col(AuditLine.audit_id) == audit.id, col(AuditLine.specimen_id).in_(list(tubes))
    )
    return {line.specimen_id: line for line in session.exec(asked) if line.specimen_id}


class _Saying:
    """Writes outcomes onto the lines of an audit, for the count of one box; `again` is a second one."""

    def __init__(self, session: Session, audit: Audit, box: AuditBox, *, again: bool) -> None:
        self.session, self.audit, self.box, self.again = session, audit, box, again
        self.now: datetime = clock.now()
        self.changed: set[UUID] = set()
        self.reopened: list[UUID] = []
        own = session.exec(
            select(AuditLine).where(col(AuditLine.audit_id) == box.audit_id, col(AuditLine.box_id) == box.id)
        ).all()
        self.drawn = {
            Slot(line.row, line.col): line for line in own if line.in_snapshot and not line.specimen_id
        }
        self.besides = [line for line in own if not line.in_snapshot and line.result is not None]
        self.told: set[UUID] = set()

    def say(self, outcomes: Sequence[Outcome]) -> None:
        """Each outcome onto the line of its tube or slot, or onto that of an earlier count, or a new one."""
        lines = _lines_of(self.session, self.audit, {each.tube for each in outcomes if each.tube})
        boxes = known_boxes(self.session, self.audit, outcomes)
        for outcome in outcomes:
            line = self._line(outcome, lines)
            if line is None and outcome.result is Result.FOUND and not self.box.whole:
                continue  # it was not drawn, and stands where it should
            if line is None:
                slot = outcome.expected or Slot(None, None)
                line = new_row(
                    AuditLine,
                    audit_id=self.audit.id,
                    box_id=self.box.id,
                    specimen_id=outcome.tube,
                    row=slot.row,
                    col=slot.col,
                )
                self.session.add(line)
            self._end(line, outcome, boxes)

    def unsay(self, beside: dict[UUID, list[Seen]]) -> None:
        """What an earlier count found here besides, and this one does not, is not there."""
        left = [line for line in self.besides if line.id not in self.told and line.result is not Result.FOUND]
        for line in left:
            tube = line.specimen_id
            outcome = _of_gone(tube, beside.get(tube, [])) if tube else Outcome(Result.EMPTY)
            self._end(line, outcome, known_boxes(self.session, self.audit, [outcome]))

    def forget(self, lines: Iterable[AuditLine]) -> None:
        """Lines of a box that is still to be counted: what was known of them holds no more."""
        for line in lines:
            line.result = line.ended_at = line.found_box_id = line.found_row = line.found_col = None
            line.moved_by_id, line.text = None, ""
            self._reopen(line)
            self.changed.add(line.box_id)

    def _line(self, outcome: Outcome, lines: dict[UUID, AuditLine]) -> AuditLine | None:
        if outcome.tube:
            return lines.get(outcome.tube)
        if outcome.expected:
            return self.drawn[outcome.expected]
        where = (*outcome.found.slot, outcome.text) if outcome.found else (None, None, outcome.text)
        for line in self.besides:
            same = (line.found_row, line.found_col, line.text) == where and not line.specimen_id
            if same and line.id not in self.told:
                return line
        return None

    def _end(self, line: AuditLine, outcome: Outcome, boxes: dict[UUID, UUID]) -> None:
        self.told.add(line.id)
        before = _ending(line)
        if line.result is not outcome.result:
            if line.result is not None and self.again:
                line.first_result = line.first_result or line.result
            if outcome.result is not Result.FOUND:
                self._reopen(line)
            line.ended_at = self.now
        found = outcome.found
        line.result, line.text, line.moved_by_id = outcome.result, outcome.text, outcome.moved_by
        line.found_box_id = boxes.get(found.container_id) if found else None
        line.found_row, line.found_col = found.slot if found else (None, None)
        if _ending(line) != before:
            self.changed.add(line.box_id)

    def _reopen(self, line: AuditLine) -> None:
        """Whoever decided what to do about it decided about something else."""
        if line.decision is not None:
            line.decision = line.decided_by_id = line.decided_at = None
            line.reason = ""
            self.reopened.append(line.id)


def _of_gone(tube: UUID, beside: Sequence[Seen]) -> Outcome:
    """How a tube that should be nowhere here, and is not, ended: as other boxes have it."""
    (outcome,) = judge([Expected(tube, Slot(None, None))], (), {tube: beside})
    if outcome.result is Result.MISSING:
        return Outcome(Result.FOUND if beside else Result.EMPTY, tube)
    return outcome


def _ending(line: AuditLine) -> tuple[object, ...]:
    found = (line.found_box_id, line.found_row, line.found_col)
    return line.result, line.first_result, line.text, line.moved_by_id, *found


def _empty(box: AuditBox, outcomes: Sequence[Outcome], scans: Sequence[Seen]) -> int | None:
    """How many slots were empty as they should be: all others, or those that were drawn."""
    if not box.whole:
        return sum(1 for outcome in outcomes if outcome.result is Result.EMPTY)
    if box.slots is None:
        return None
    taken = {each.expected for each in outcomes if each.expected}
    taken |= {scan.spot.slot for scan in standing(scans).values() if scan.mark is not Mark.EMPTY}
    return box.slots - len(taken)
