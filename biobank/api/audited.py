"""What audits found: findings, certificates, missing tubes, error rates over time, how much was verified."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath, QueryParameter
from sqlmodel import Session

from biobank import audits, inputs
from biobank.api.answers import CSV, Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.api.print_jobs import PDF, sheet
from biobank.audits import (
    CoverageAsked,
    Covered,
    Finding,
    Onward,
    SoughtFindings,
    TrendAsked,
    TrendRow,
)
from biobank.door import Door
from biobank.people import Actor
from biobank.tables import Result
from biobank.web import OpenDoor

Ended = Annotated[Result | None, QueryParameter(description="Of this kind alone.")]
Box = Annotated[str | None, QueryParameter(max_length=100, description="Expected in this box alone.")]
Open = Annotated[bool, QueryParameter(description="Only those that nobody has decided.")]
Mine = Annotated[bool, QueryParameter(description="Only those that you are to look after.")]
AfterFinding = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]
Language = Annotated[
    str, QueryParameter(max_length=20, description="`en` or `zh_Hans`; that of the request when left out.")
]
Boxes = Annotated[
    list[str] | None, QueryParameter(description="Of these boxes; all that are not counted when left out.")
]
By = Annotated[audits.TrendBy, QueryParameter(description="What error rates are told apart by.")]
Site = Annotated[str | None, QueryParameter(max_length=40, description="Of this site alone.")]
Signed = Annotated[str | None, QueryParameter(description="Of audits signed since this day.")]
Since = Annotated[str, QueryParameter(description="Seen since this day began (UTC), such as 2026-01-31.")]


@get("/audits/{key:uuid}/findings", sync_to_thread=True)
def list_findings(
    door: OpenDoor,
    key: FromPath[UUID],
    result: Ended = None,
    box: Box = None,
    open: Open = False,  # noqa: FBT002 - a filter of the address
    limit: Limit = 50,
    after: AfterFinding = None,
) -> Page[Finding]:
    """What an audit found otherwise than its record, and what was done about it."""
    sought = _sought(result, box, still=open).model_copy(update={"limit": limit + 1, "after": after})
    rows = door.ask(lambda session, actor: audits.findings(session, actor, key, sought))
    return page(rows, limit, lambda row: str(row.id))


@get("/audits/{key:uuid}/findings.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet())
def list_findings_as_csv(
    door: OpenDoor,
    key: FromPath[UUID],
    result: Ended = None,
    box: Box = None,
    open: Open = False,  # noqa: FBT002 - a filter of the address
) -> Response[bytes]:
    """All findings of an audit as CSV."""
    return csv_file("findings.csv", Finding, _every(door, key, _sought(result, box, still=open)))


@get("/audits/{key:uuid}/findings.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book())
def list_findings_as_xlsx(
    door: OpenDoor,
    key: FromPath[UUID],
    result: Ended = None,
    box: Box = None,
    open: Open = False,  # noqa: FBT002 - a filter of the address
) -> Response[bytes]:
    """All findings of an audit as a spreadsheet."""
    return xlsx_file("findings.xlsx", Finding, _every(door, key, _sought(result, box, still=open)))


@get(
    "/audits/{key:uuid}/certificate.pdf",
    sync_to_thread=True,
    media_type=PDF,
    responses=sheet("The certificate, on A4."),
)
def get_certificate(door: OpenDoor, key: FromPath[UUID], language: Language = "") -> Response[bytes]:
    """The certificate of an audit: what was found, who signed it, and how each word of it is proved."""

    def asked(session: Session, actor: Actor) -> tuple[audits.Certified, str]:
        told = audits.require_language(language)
        return audits.certified(session, actor, key), told

    # A long one takes seconds to draw: meanwhile the database serves others.
    return _pdf(audits.certificate(*door.ask(asked)), f"audit-{key}.pdf")


@get(
    "/audits/{key:uuid}/sheet.pdf",
    sync_to_thread=True,
    media_type=PDF,
    responses=sheet("A code for each box and each line, with room to tick and to write."),
)
def get_sheet(
    door: OpenDoor, key: FromPath[UUID], box: Boxes = None, language: Language = ""
) -> Response[bytes]:
    """The paper to count by while there is no power; it is entered afterwards."""

    def asked(session: Session, actor: Actor) -> bytes:
        told = audits.require_language(language)
        return audits.sheet(*audits.paper_of(session, actor, key, box or ()), told)

    return _pdf(door.ask(asked), f"sheet-{key}.pdf")


@get("/audit-entrustings", sync_to_thread=True)
def list_entrusted(
    door: OpenDoor,
    mine: Mine = False,  # noqa: FBT002 - a filter of the address
    limit: Limit = 50,
    after: AfterFinding = None,
) -> Page[Finding]:
    """The findings of all audits that somebody is to look after, those due first."""
    sought = Onward(limit=limit + 1, after=after)
    rows = door.ask(lambda session, actor: audits.entrusted(session, actor, mine=mine, sought=sought))
    return page(rows, limit, lambda row: str(row.id))


@get("/missing", sync_to_thread=True)
def list_missing(door: OpenDoor, limit: Limit = 50, after: AfterFinding = None) -> Page[Finding]:
    """The tubes that audits found missing and nobody has had in a hand since, in walking order."""
    sought = Onward(limit=limit + 1, after=after)
    rows = door.ask(lambda session, actor: audits.missing(session, actor, sought))
    return page(rows, limit, lambda row: str(row.id))


@get("/missing.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet())
def list_missing_as_csv(door: OpenDoor) -> Response[bytes]:
    """All tubes that are missing, as CSV."""
    return csv_file("missing.csv", Finding, door.ask(audits.every_missing))


@get("/missing.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book())
def list_missing_as_xlsx(door: OpenDoor) -> Response[bytes]:
    """All tubes that are missing, as a spreadsheet."""
    return xlsx_file("missing.xlsx", Finding, door.ask(audits.every_missing))


@get("/audit-trends", sync_to_thread=True)
def get_trend(
    door: OpenDoor, by: By = audits.TrendBy.AUDIT, site: Site = None, since: Signed = None
) -> list[TrendRow]:
    """The error rates of signed audits over time, each with its exact interval, oldest first."""
    asked = inputs.read(TrendAsked, {"by": by, "site": site, "since": since})
    return door.ask(lambda session, actor: audits.trend(session, actor, asked))


@get("/containers/{code:str}/coverage", sync_to_thread=True)
def get_coverage(door: OpenDoor, code: FromPath[str], since: Since) -> dict[str, Covered]:
    """How much of a container, and of each one in it by its code, was in somebody's hand since a day."""
    asked = inputs.read(CoverageAsked, {"since": since})
    return door.ask(lambda session, actor: audits.coverage(session, actor, code, asked.since))


def _sought(result: Result | None, box: str | None, *, still: bool) -> SoughtFindings:
    return inputs.read(SoughtFindings, {"result": result, "box": box, "open": still})


def _every(door: Door, key: UUID, sought: SoughtFindings) -> list[Finding]:
    return door.ask(lambda session, actor: audits.every_finding(session, actor, key, sought))


def _pdf(content: bytes, name: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=PDF, headers=headers)


HANDLERS = noun(
    "audits",
    [
        list_findings,
        list_findings_as_csv,
        list_findings_as_xlsx,
        get_certificate,
        get_sheet,
        list_entrusted,
        list_missing,
        list_missing_as_csv,
        list_missing_as_xlsx,
        get_trend,
        get_coverage,
    ],
)
