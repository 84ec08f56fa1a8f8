"""Making a print job: an order becomes a job with a row for each label, and nothing is drawn yet."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import clock
from biobank.database import add_rows
from biobank.errors import RuleBroken
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import Stock
from biobank.people import Actor
from biobank.printing import stocks
from biobank.tables import (
    Container,
    JobState,
    Kit,
    LabelState,
    PrintedLabel,
    Printer,
    PrinterLanguage,
    PrintJob,
    Specimen,
)
from biobank.texts import N_

MOST = 20_000
"""Labels of one job: a roll of the thickest holds no more than ten thousand."""

_PDF_DPI = 300

# --- words ---


class Ordered(msgspec.Struct, frozen=True):
    """One label of an order: what it says, and the tube or container that it is of where there is one."""

    face: Face
    specimen_id: UUID | None = None
    container_id: UUID | None = None


# --- rules ---


def require_room(name: str, per_page: int, skip: int) -> None:
    """Refused: skipping a whole sheet or more."""
    if not 0 <= skip < per_page:
        message = N_("A sheet of %(name)s has %(labels)s labels, so at most %(most)s can be skipped.")
        raise RuleBroken("skip_too_far", message, field="skip", name=name, labels=per_page, most=per_page - 1)


def _require_loaded(printer: Printer, stock: str) -> None:
    if printer.ended_at:
        message = N_("The printer %(name)s is out of use.")
        raise RuleBroken("printer_ended", message, field="printer", name=printer.name)
    if printer.language is not PrinterLanguage.PDF and stock != printer.stock:
        message = N_(
            "The printer %(name)s has %(loaded)s in it, not %(stock)s. Choose that stock, or another printer."
        )
        raise RuleBroken(
            "printer_other_stock",
            message,
            field="stock",
            name=printer.name,
            loaded=printer.stock,
            stock=stock[:40],
        )


def _require_count(count: int) -> None:
    if not count:
        message = N_("There is nothing to print: choose at least one label.")
        raise RuleBroken("labels_none", message, field="codes")
    if count > MOST:
        message = N_("These are %(count)s labels; one job has at most %(most)s. Print them in parts.")
        raise RuleBroken("labels_too_many", message, field="codes", count=count, most=MOST)


# --- actions ---


def make(  # noqa: PLR0913 (everything that an order may say, each by name)
    session: Session,
    actor: Actor,
    *,
    of: Of,
    faces: Sequence[Ordered],
    printer: Printer | None = None,
    stock: str = "",
    layout: str = "",
    language: PrinterLanguage | None = None,
    dpi: int | None = None,
    skip: int = 0,
    copies: int = 1,
    reason: str = "",
    site_id: UUID | None = None,
    study_id: UUID | None = None,
) -> PrintJob:
    """Keep a job with a row for each label, in the order of the faces; nothing is drawn yet.

    Who may print what is asked before, by who orders. Without a printer it is a document to be taken
    along, a PDF unless `language` and `dpi` say otherwise. An empty stock is the printer's own, an empty
    layout the shipped one of its kind and stock. Site and study are those of the tubes and containers
    where they are all of one, unless told. Refused: no labels or too many, an unknown stock or layout, one
    that is not in the printer, a printer that ended, a sheet skipped whole.
    """
    _require_count(len(faces) * copies)
    stock = stock or (printer.stock if printer else "")
    kept = stocks.stock(session, stock)
    if printer:
        _require_loaded(printer, stock)
    require_room(kept.name, kept.per_page, skip)
    chosen = _layout(session, layout, faces, kept)
    here = _belongs(session, faces, printer)
    job = PrintJob(
        printer_id=printer.id if printer else None,
        site_id=site_id or here[0],
        study_id=study_id or here[1],
        of=of.value,
        stock=kept.code,
        layout=chosen,
        language=printer.language if printer else language or PrinterLanguage.PDF,
        dpi=printer.dpi if printer else dpi or _PDF_DPI,
        offset_x_um=printer.offset_x_um if printer else 0,
        offset_y_um=printer.offset_y_um if printer else 0,
        skip=skip,
        total=len(faces) * copies,
        reason=reason,
        state=JobState.QUEUED,
        person_id=actor.id,
        station_id=actor.station_id,
        command_id=actor.command_id,
        made_at=clock.now(),
    )
    session.add(job)
    session.flush()
    add_rows(session, PrintedLabel, _rows(job, [each for each in faces for _ in range(copies)]))
    return job


def _layout(session: Session, code: str, faces: Sequence[Ordered], on: Stock) -> str:
    """The code of the one layout of these labels; empty where each has the one for what it is stuck to."""
    each = [stocks.layout(session, code, of, on) for of in dict.fromkeys(each.face.of for each in faces)]
    return each[0].code if len({found.code for found in each}) == 1 else ""


def _rows(job: PrintJob, labels: Sequence[Ordered]) -> list[dict[str, Any]]:
    return [
        {
            "id": clock.new_key(),
            "job_id": job.id,
            "serial": serial,
            "code": each.face.code,
            "specimen_id": each.specimen_id,
            "container_id": each.container_id,
            "face": msgspec.json.encode(each.face).decode(),
            "state": LabelState.QUEUED,
            "state_at": job.made_at,
            "event_id": None,
        }
        for serial, each in enumerate(labels, 1)
    ]


def _belongs(
    session: Session, faces: Sequence[Ordered], printer: Printer | None
) -> tuple[UUID | None, UUID | None]:
    """The one site and the one study that all of this is of; None where there are several, or none."""
    tubes = {each.specimen_id for each in faces if each.specimen_id}
    kits = {each.face.code for each in faces if each.face.of is Of.KIT}
    holders = {each.container_id for each in faces if each.container_id}
    sites: set[UUID] = set()
    studies: set[UUID] = set()
    for noun, column, named in ((Specimen, Specimen.id, tubes), (Kit, Kit.code, kits)):
        for some in _in_parts(named):
            asked = select(noun.site_id, noun.study_id).where(col(column).in_(some)).distinct()
            for site, study in session.exec(asked):
                sites.add(site)
                studies.add(study)
    for some in _in_parts(holders):
        sites |= set(session.exec(select(Container.site_id).where(col(Container.id).in_(some)).distinct()))
    if not sites and printer:
        sites = {printer.site_id}
    return _only(sites), _only(studies)


def _in_parts(ids: Collection[Any]) -> list[list[Any]]:
    every = list(ids)
    return [every[start : start + 1000] for start in range(0, len(every), 1000)]


def _only(ids: set[UUID]) -> UUID | None:
    return next(iter(ids)) if len(ids) == 1 else None
