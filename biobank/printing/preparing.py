"""Preparing: a job's labels are drawn in its printer's language and read back, before any of it is sent."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Self
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel import Session, col, select

from biobank.errors import RuleBroken
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import Stock
from biobank.printing import logged, stocks
from biobank.tables import LabelState, PrintedLabel, Printer, PrinterLanguage, PrintJob
from biobank.texts import N_

if TYPE_CHECKING:
    from biobank.labels import sandbox

_MILLIMETRE = 1000
_AT_ONCE = 500
"""Labels drawn and read back together."""


class Paper(Struct, frozen=True):
    """What is needed to draw a job, or the rest of one; `ids` and `serials` are of the rows of `faces`."""

    job: UUID
    printer: Printer | None
    stock: Stock
    layout: Layout | None
    language: PrinterLanguage
    dpi: int
    offset_x_um: int
    offset_y_um: int
    skip: int
    ids: list[UUID]
    serials: list[int]
    faces: list[Face]


def paper(session: Session, job: PrintJob, states: Sequence[LabelState] = tuple(LabelState)) -> Paper:
    """A job's labels that are in these states; where some are left out, no sheet has a used part any more.

    A document is always the whole of it, without what was void before it was made.
    """
    asked = select(PrintedLabel).where(
        col(PrintedLabel.job_id) == job.id, col(PrintedLabel.state).in_(states)
    )
    labels = session.exec(asked.order_by(col(PrintedLabel.serial))).all()
    if not job.printer_id:
        labels = [label for label in labels if not _was_left_out(job, label)]
    stock = stocks.stock(session, job.stock, ended=True)
    return Paper(
        job=job.id,
        printer=session.get(Printer, job.printer_id) if job.printer_id else None,
        stock=stock,
        layout=stocks.layout(session, job.layout, Of(job.of), stock, ended=True) if job.layout else None,
        language=job.language,
        dpi=job.dpi,
        offset_x_um=job.offset_x_um,
        offset_y_um=job.offset_y_um,
        skip=job.skip if len(labels) == job.total or not job.printer_id else 0,
        ids=[label.id for label in labels],
        serials=[label.serial for label in labels],
        faces=[logged.face_of(label) for label in labels],
    )


def _was_left_out(job: PrintJob, label: PrintedLabel) -> bool:
    """A label that was void before its document was made never stood in the log; a later one did."""
    return label.state is LabelState.VOID and (job.ended_at is None or label.state_at <= job.ended_at)


def require_unchanged(paper: Paper) -> None:
    """Refused: labels of a printer that is spoken to in another way by now, or has another stock in it."""
    printer = paper.printer
    if printer is None:
        return
    ordered, now = (
        (paper.language, paper.dpi, paper.stock.code),
        (printer.language, printer.dpi, printer.stock),
    )
    if printer.language is PrinterLanguage.PDF and paper.language is PrinterLanguage.PDF:
        return  # any sheet can be put into it, and its document is drawn for it
    if ordered != now:
        message = N_("The printer %(name)s was changed after these labels were ordered. Order them anew.")
        raise RuleBroken("printer_changed", message, field="stock", name=printer.name)


class Stacks:
    """The bytes of each stack of a job, read back and found good; kept in a file, for there may be many."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the stacks)
        self._lengths: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        start = 0
        for length in self._lengths:
            self._file.seek(start)
            yield self._file.read(length)
            start += length

    def add(self, parts: Sequence[bytes]) -> None:
        """Keep one more stack."""
        self._lengths.append(sum(map(self._file.write, parts)))


class GivenUp(Exception):
    """Nobody wants the labels any more: their job was stopped, or the program ends."""


def _always() -> bool:
    return True


def stacks(paper: Paper, size: int, goes_on: Callable[[], bool] = _always, *, apart: bool = True) -> Stacks:
    """Everything that is to be sent, in stacks of so many labels.

    Sheets are one stack, and none where no printer takes them: they are drawn when somebody fetches them.
    Drawn and read back `apart`, in a process of its own, or here. `goes_on` is asked now and then; GivenUp
    is raised where it denies. Refused: what cannot be drawn, a label that does not read as its own code, the
    first of them; a process that took too much memory or time.
    """
    made = Stacks()
    try:
        if paper.language is PrinterLanguage.PDF:
            for start, end in _sheets(paper):
                _proved(paper, start, end, goes_on, apart=apart)
            if paper.printer:
                made.add([drawn(paper)])
        else:
            whole = size if paper.language is PrinterLanguage.BROTHER else _AT_ONCE // size * size
            for start in range(0, len(paper.faces), whole):
                parts = _proved(paper, start, start + whole, goes_on, apart=apart)
                for first in range(0, len(parts), size):
                    made.add(parts[first : first + size])
    except BaseException:
        made.__exit__()
        raise
    return made


def drawn(paper: Paper) -> bytes:
    """All of it as one document: always the same bytes for the same labels."""
    from biobank.labels import drawing, sandbox

    if paper.language is not PrinterLanguage.PDF:
        return b"".join(sandbox.prepare(_work(paper, 0, len(paper.faces))).parts)
    return drawing.sheet(
        paper.faces,
        paper.stock,
        paper.layout,
        dpi=paper.dpi,
        skip=paper.skip,
        offset_x=paper.offset_x_um / _MILLIMETRE,
        offset_y=paper.offset_y_um / _MILLIMETRE,
    )


def _sheets(paper: Paper) -> Iterator[tuple[int, int]]:
    """Whole sheets of about as many labels as are drawn together; the first may begin part-used."""
    some = max(1, _AT_ONCE // paper.stock.per_page) * paper.stock.per_page
    start, end = 0, some - paper.skip
    while start < len(paper.faces):
        yield start, end
        start, end = end, end + some


def _proved(
    paper: Paper, start: int, end: int, goes_on: Callable[[], bool], *, apart: bool
) -> Sequence[bytes]:
    from biobank.labels import proofing, sandbox

    if not goes_on():
        raise GivenUp
    made = (sandbox.prepared if apart else sandbox.prepare)(_work(paper, start, end))
    proofing.require_readable(
        replace(each, serial=paper.serials[start + each.serial - 1]) for each in made.verdicts
    )
    return made.parts


def _work(paper: Paper, start: int, end: int) -> "sandbox.Work":
    from biobank.labels import sandbox

    return sandbox.Work(
        tuple(paper.faces[start:end]),
        paper.stock,
        paper.layout,
        paper.language.value,
        paper.dpi,
        paper.skip if start == 0 else 0,
        paper.offset_x_um,
        paper.offset_y_um,
    )
