"""Counting on paper: what goes onto the sheet of an audit, and what is entered from it later."""

from collections.abc import Iterator, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import codes, inputs, people
from biobank.amounts import material_name
from biobank.audits.boards import box_of
from biobank.audits.counting import BoxCount, Counted, SlotTold, count, require_counter
from biobank.audits.papers import Paper, PaperBox, PaperLine, line_named
from biobank.audits.planning import by_id, under_way
from biobank.codes import CodeKind, grouped
from biobank.errors import Malformed, Refusal, Refusals, RuleBroken
from biobank.inputs import Flag, Input, Moment, Scanned
from biobank.labels.cards import Card
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    AuditScan,
    BoxState,
    Container,
    ContainerType,
    Mark,
    ScanSource,
    Site,
    Specimen,
)
from biobank.texts import N_

LONGEST = 100
"""No code has more characters."""

_MARKS = {
    "-": Mark.EMPTY,
    "–": Mark.EMPTY,
    Card.EMPTY_HERE.value: Mark.EMPTY,
    "?": Mark.UNREADABLE,
    "？": Mark.UNREADABLE,
    Card.UNREADABLE.value: Mark.UNREADABLE,
}
"""What is written, or scanned from a card, of a slot that holds nothing or a code that cannot be read."""

# --- words ---


class CountedOnPaper(Input):
    """What a sheet says of one box, line by line as it is scanned and typed.

    The code of a line alone: the line is ticked, what should stand there does. A code after it, `-` or `?`
    stands there instead. A line may begin with the slot's name in place of its code: `A4 SM9S346Q35`. With
    `rest_absent` nothing stood in the lines that are left. `occurred` is when it was counted.
    """

    audit: UUID
    box: Scanned
    entries: Annotated[str, Field(max_length=200_000)] = ""
    rest_absent: Flag = False
    occurred: Moment | None = None


class EnteredLine(msgspec.Struct, frozen=True):
    """A line as the sheet has it, and what is entered of it: nothing, a tick, or what stood there instead.

    `mark` is None where the line is left; `before` says that its slot was scanned already.
    """

    line: PaperLine
    mark: Mark | None = None
    text: str = ""
    ticked: bool = False
    before: bool = False


class Fault(msgspec.Struct, frozen=True):
    """What cannot be used of the entries, on a line of theirs; message id and facts."""

    line: int
    message: str
    facts: dict[str, str]


class Entered(msgspec.Struct, frozen=True):
    """A box as far as it is entered: its lines, codes that lie in it besides, and what is wrong."""

    box: PaperBox
    state: BoxState
    lines: list[EnteredLine]
    others: list[str]
    faults: list[Fault]

    @property
    def left(self) -> int:
        """How many lines nobody has said anything of."""
        return sum(each.mark is None and not each.before for each in self.lines)

    @property
    def ends(self) -> bool:
        """Whether every slot of the box has been told of, so that its count is over without another word."""
        return not self.left and any(each.line.slot for each in self.lines)


# --- actions ---


def count_on_paper(session: Session, actor: Actor, order: CountedOnPaper) -> BoxCount:
    """Count a box from its sheet; it is done once every line is told of, or the rest was absent.

    Refused: whatever cannot be used of the entries, all at once and with their lines; a sheet without any
    entry; and what `count` refuses.
    """
    audit = under_way(session, actor, order.audit)
    require_counter(actor, audit)
    found = _entered(session, actor, audit, order)
    if found.faults:
        each = [_refusal(fault) for fault in found.faults]
        raise Refusals("entries_unusable", N_("Some entries cannot be used. See each line."), each)
    scans = list(_scans(found, rest_absent=order.rest_absent))
    if not scans and not order.rest_absent:
        message = N_("Nothing was entered of %(name)s. Scan the lines that are ticked on its sheet.")
        raise RuleBroken("nothing_entered", message, field="entries", name=found.box.name)
    told = {
        "audit": order.audit,
        "box": order.box,
        "scans": scans,
        "done": order.rest_absent or found.ends,
        "source": ScanSource.PAPER,
        "occurred": order.occurred,
    }
    return count(session, actor, inputs.read(Counted, told))


# --- questions ---


def entered(session: Session, actor: Actor, order: CountedOnPaper) -> Entered:
    """What entries come to, before anything is kept. Refused: a box that is no part of the audit."""
    return _entered(session, actor, by_id(session, actor, order.audit), order)


def paper_of(
    session: Session, actor: Actor, key: UUID, wanted: Sequence[str] = ()
) -> tuple[Paper, Iterator[PaperBox]]:
    """The sheet of an audit: the boxes named by their codes, or all that are not counted yet.

    Refused: an audit that has not begun, a box that is no part of it.
    """
    audit = by_id(session, actor, key)
    if audit.started_at is None:
        message = N_("%(name)s has not begun. Start it first: what should be there is written down then.")
        raise RuleBroken("audit_not_started", message, field="audit", name=audit.name)
    asked = (
        core_select(AuditBox, Container, ContainerType)
        .join(Container, col(Container.id) == col(AuditBox.container_id))
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(col(AuditBox.audit_id) == audit.id)
        .order_by(col(AuditBox.position))
    )
    if wanted:
        named = [box_of(session, audit, by_code(session, actor, each), locked=False).id for each in wanted]
        asked = asked.where(col(AuditBox.id).in_(named))
    else:
        asked = asked.where(col(AuditBox.state) != BoxState.COUNTED)
    zone = session.get_one(Site, audit.site_id).time_zone
    rows = session.execute(asked).all()
    boxes = (_paper_box(session, actor, audit, box, holds, Grid.of(kind)) for box, holds, kind in rows)
    return Paper(audit.name, audit.started_at, zone, audit.blind), boxes


# --- how ---


def _entered(session: Session, actor: Actor, audit: Audit, order: CountedOnPaper) -> Entered:
    container = by_code(session, actor, order.box)
    box = box_of(session, audit, container, locked=False)
    grid = Grid.of(session.get_one(ContainerType, container.type_id))
    told = _paper_box(session, actor, audit, box, container, grid)
    entries = _Entries(told, blind=audit.blind)
    entries.read(order.entries)
    before = _before(session, box, grid)
    lines = [
        msgspec.structs.replace(
            entries.lines.get(line.number) or EnteredLine(line), before=(line.slot or line.tube) in before
        )
        for line in told.lines
    ]
    return Entered(told, box.state, lines, entries.others, entries.faults)


def _paper_box(
    session: Session, actor: Actor, audit: Audit, box: AuditBox, container: Container, grid: Grid
) -> PaperBox:
    again = box.state is BoxState.AGAIN or box.second_at is not None
    lines = _lines(session, actor, audit, box, grid)
    return PaperBox(box.position, container.code, container.name, box.path, again, lines)


def _lines(session: Session, actor: Actor, audit: Audit, box: AuditBox, grid: Grid) -> list[PaperLine]:
    """Every slot in fill order, or of a sample those that were drawn; without slots every tube.

    A line keeps its number for ever: that of its slot, or that of its tube in the snapshot.
    """
    asked = (
        core_select(col(AuditLine.row), col(AuditLine.col), col(Specimen.code), col(Specimen.material))
        .add_columns(people.visible(actor, May.SEE, Specimen).label("mine"))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
        .where(
            col(AuditLine.audit_id) == box.audit_id,
            col(AuditLine.box_id) == box.id,
            col(AuditLine.in_snapshot),
        )
        .order_by(col(AuditLine.id))
    )
    rows = session.execute(asked).all()
    if grid.size is None:
        return [] if audit.blind else [_line(number, "", row) for number, row in enumerate(rows, 1)]
    awaited = {Slot(row.row, row.col): row for row in rows}
    return [
        _line(_number(grid, slot), slot_name(grid, slot), None if audit.blind else awaited.get(slot))
        for slot in grid.slots()
        if box.whole or slot in awaited
    ]


def _number(grid: Grid, slot: Slot) -> int:
    return (slot.row or 0) * (grid.cols or 0) + (slot.col or 0) + 1


def _line(number: int, slot: str, row: object) -> PaperLine:
    code, material, mine = (getattr(row, name, None) for name in ("code", "material", "mine"))
    if code and not mine:
        return PaperLine(number, slot, strange=True)
    return PaperLine(number, slot, code or "", material_name(material) if material else "")


def _before(session: Session, box: AuditBox, grid: Grid) -> set[str]:
    """The slots that were scanned in this count already, by name; without slots the codes of the tubes."""
    number = 2 if box.state is BoxState.AGAIN or box.second_at else 1
    asked = (
        core_select(col(AuditScan.row), col(AuditScan.col), col(Specimen.code))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditScan.specimen_id))
        .where(col(AuditScan.box_id) == box.id, col(AuditScan.counting) == number)
    )
    return {slot_name(grid, Slot(row, column)) or code or "" for row, column, code in session.execute(asked)}


def _scans(found: Entered, *, rest_absent: bool) -> Iterator[SlotTold]:
    for each in found.lines:
        slot = each.line.slot or None
        if each.mark is not None:
            yield SlotTold(slot=slot, mark=each.mark, code=each.text or None)
        elif rest_absent and slot and not each.before:
            yield SlotTold(slot=slot, mark=Mark.EMPTY)
    for code in found.others:
        mark = _MARKS.get(codes.read(code) or code, Mark.TUBE)
        yield SlotTold(mark=mark, code=code if mark is Mark.TUBE else None)


def _refusal(fault: Fault) -> Refusal:
    refusal = Malformed("entry_unusable", fault.message, field="entries", **fault.facts)
    refusal.line = fault.line
    return refusal


class _Entries:
    """What was scanned and typed of one sheet, in its order: a line of the sheet, then what stood there."""

    def __init__(self, box: PaperBox, *, blind: bool) -> None:
        self.box, self.blind = box, blind
        self.by_number = {line.number: line for line in box.lines}
        self.by_slot = {line.slot.upper(): line for line in box.lines if line.slot}
        self.lines: dict[int, EnteredLine] = {}
        self.others: list[str] = []
        self.faults: list[Fault] = []
        self.on = self.since = 0
        self.at: PaperLine | None = None
        """The line that was scanned last, at `since`, until it is told what stood there."""

    def read(self, text: str) -> None:
        for self.on, raw in enumerate(text.splitlines(), 1):
            if said := raw.strip():
                self._one(said)
        self._leave()

    def _one(self, said: str) -> None:
        if named := line_named(said):
            self._named(*named)
        elif (code := codes.read(said)) and code[0] == CodeKind.CONTAINER:
            self._leave()
            if code != self.box.code:
                message = N_("%(code)s is another box than %(name)s. Enter its sheet by itself.")
                self._fault(message, code=grouped(code), name=self.box.name)
        elif line := self.by_slot.get((parts := said.split(maxsplit=1))[0].strip(":：").upper()):
            self._to(line)
            if parts[1:]:
                self._content(parts[1])
        else:
            self._content(said)

    def _named(self, position: int, number: int) -> None:
        line = self.by_number.get(number) if position == self.box.position else None
        if line:
            self._to(line)
            return
        self._leave()
        message = N_("This line is of another sheet than that of %(name)s. Enter it by itself.")
        self._fault(message, name=self.box.name)

    def _to(self, line: PaperLine) -> None:
        self._leave()
        self.at, self.since = line, self.on

    def _leave(self) -> None:
        """What was scanned and nothing after it is ticked; a blind sheet has nothing to be ticked."""
        line, self.at = self.at, None
        if line is None:
            return
        if self.blind:
            message = N_(
                "Say what stood at %(slot)s: its code, - for nothing, ? for one that cannot be read."
            )
            self._fault(message, on=self.since, slot=line.slot)
        elif line.strange:
            message = N_(
                "What stands at %(slot)s is of a study that you do not see. Write its code after it."
            )
            self._fault(message, on=self.since, slot=line.slot)
        else:
            mark = Mark.TUBE if line.tube else Mark.EMPTY
            self.lines[line.number] = EnteredLine(line, mark, line.tube, ticked=True)

    def _content(self, said: str) -> None:
        code = codes.read(said) or said
        mark = _MARKS.get(code, Mark.TUBE)
        if mark is Mark.TUBE and code[0] == CodeKind.COMMAND and code in set(Card):
            self._fault(N_("This card says nothing of a slot. Only EMPTY HERE and UNREADABLE do."))
        elif len(said) > LONGEST or not said.isprintable():
            self._fault(N_("This is no code of a tube: it is too long, or holds what cannot be printed."))
        elif not self.by_slot:
            self._beside(said, mark)
        elif self.at is None:
            message = N_("Scan the line first whose slot %(code)s stood in, or write the slot before it.")
            self._fault(message, code=grouped(code) if codes.is_code(code) else code[:40])
        else:
            text = said if mark is Mark.TUBE else ""
            self.lines[self.at.number] = EnteredLine(self.at, mark, text)
        self.at = None

    def _beside(self, said: str, mark: Mark) -> None:
        """Without slots nothing stands in the place of another: the line before is ticked."""
        if mark is not Mark.EMPTY:
            self._leave()
            self.others.append(said)

    def _fault(self, message: str, on: int = 0, **facts: str) -> None:
        self.faults.append(Fault(on or self.on, message, facts))
