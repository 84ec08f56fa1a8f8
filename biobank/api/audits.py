"""Freezer audits: planned, counted, reconciled, signed; their findings, certificates and trends."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlmodel import Session

from biobank import audits, custody
from biobank.api.answers import Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.audits import (
    AuditChosen,
    AuditOrder,
    AuditRow,
    AuditSignature,
    AuditBoard,
    BoxCount,
    Counted,
    CountedByFile,
    Counting,
    Covered,
    Decide,
    Entrust,
    Finding,
    TrendRow,
)
from biobank.custody import Signed
from biobank.inputs import Day
from biobank.people import Actor
from biobank.tables import Result
from biobank.web import OpenDoor

AfterFinding = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]


@post("/audits", sync_to_thread=True)
def plan_audit(door: OpenDoor, data: JSONBody[AuditOrder]) -> AuditBoard:
    """Plan an audit: its scope, every tube or a sample, by when."""
    return door.act(
        lambda session, actor: audits.board(session, actor, audits.plan(session, actor, data).id), AuditBoard
    )


@get("/audits", sync_to_thread=True)
def list_audits(
    door: OpenDoor, *, closed: FromQuery[bool] = False, site: FromQuery[str | None] = None
) -> list[AuditRow]:
    """The audits in your scope: those that are not closed by the day they are due, or closed ones."""
    asked = audits.SoughtAudits(closed=closed, site=site)
    return door.ask(lambda session, actor: audits.listing(session, actor, asked))


@get("/audits/{key:uuid}", sync_to_thread=True)
def get_audit(door: OpenDoor, key: FromPath[UUID]) -> AuditBoard:
    """One audit with its boxes, how their slots ended, and the error rate with its interval."""
    return door.ask(lambda session, actor: audits.board(session, actor, key))


@post("/audit-starts", sync_to_thread=True, status_code=200)
def start_audit(door: OpenDoor, data: JSONBody[AuditChosen]) -> AuditBoard:
    """Write down what should be where at this moment, and draw the sample."""

    def work(session: Session, actor: Actor) -> AuditBoard:
        audits.start(session, actor, data)
        return audits.board(session, actor, data.audit)

    return door.act(work, AuditBoard)


@post("/audit-cancellations", sync_to_thread=True, status_code=200)
def cancel_audit(door: OpenDoor, data: JSONBody[AuditChosen]) -> AuditBoard:
    """Give up an audit that is not signed; what was scanned stays in the log."""

    def work(session: Session, actor: Actor) -> AuditBoard:
        audits.cancel(session, actor, data)
        return audits.board(session, actor, data.audit)

    return door.act(work, AuditBoard)


@get("/audits/{key:uuid}/boxes/{code:str}", sync_to_thread=True)
def get_counting(door: OpenDoor, key: FromPath[UUID], code: FromPath[str]) -> Counting:
    """One box of an audit, slot by slot, as far as it is counted."""
    return door.ask(lambda session, actor: audits.counting(session, actor, key, code))


@post("/audit-counts", sync_to_thread=True, status_code=200)
def count_box(door: OpenDoor, data: JSONBody[Counted]) -> BoxCount:
    """Scans of one box, one by one or many at once; with `done` every slot of it is judged."""
    return door.act(lambda session, actor: audits.count(session, actor, data), BoxCount)


@post("/audit-rack-files", sync_to_thread=True, status_code=200)
def count_by_file(door: OpenDoor, data: JSONBody[CountedByFile]) -> BoxCount:
    """A box counted by the file of a rack scanner, which is kept as it came."""
    return door.act(lambda session, actor: audits.count_by_file(session, actor, data), BoxCount)


@get("/audits/{key:uuid}/findings", sync_to_thread=True)
def list_findings(
    door: OpenDoor,
    key: FromPath[UUID],
    *,
    result: FromQuery[Result | None] = None,
    box: FromQuery[str | None] = None,
    open: FromQuery[bool] = False,
    limit: Limit = 50,
    after: AfterFinding = None,
) -> Page[Finding]:
    """What an audit found otherwise, and what was done about it."""
    sought = audits.SoughtFindings(result=result, box=box, open=open, limit=limit + 1, after=after)
    rows = door.ask(lambda session, actor: audits.findings(session, actor, key, sought))
    return page(rows, limit, lambda row: str(row.id))


@get("/audits/{key:uuid}/findings.csv", sync_to_thread=True, responses=spread_sheet())
def findings_as_csv(door: OpenDoor, key: FromPath[UUID]) -> Response[bytes]:
    """The findings of an audit as a CSV file."""
    sought = audits.SoughtFindings(limit=1001)
    rows = door.ask(lambda session, actor: audits.findings(session, actor, key, sought))
    return csv_file("findings.csv", Finding, rows)


@post("/audit-decisions", sync_to_thread=True, status_code=200)
def decide_findings(door: OpenDoor, data: JSONBody[Decide]) -> AuditBoard:
    """Decide findings: the record follows the tube, it was put back, it is missing, it is explained."""

    def work(session: Session, actor: Actor) -> AuditBoard:
        audits.decide(session, actor, data)
        return audits.board(session, actor, data.audit)

    return door.act(work, AuditBoard)


@post("/audit-entrustings", sync_to_thread=True, status_code=200)
def entrust_findings(door: OpenDoor, data: JSONBody[Entrust]) -> AuditBoard:
    """Say who looks after findings that stay open, and by when."""

    def work(session: Session, actor: Actor) -> AuditBoard:
        audits.entrust(session, actor, data)
        return audits.board(session, actor, data.audit)

    return door.act(work, AuditBoard)


@post("/audit-performances", sync_to_thread=True, opt={"secret": True})
def sign_as_performer(door: OpenDoor, data: JSONBody[AuditSignature]) -> Signed:
    """Sign what was counted, with your password. A token cannot."""
    proved = door.prove(lambda session, actor: custody.prove_password(session, actor, data))
    return door.act(lambda session, actor: audits.perform(session, actor, data, proved), Signed)


@post("/audit-reviews", sync_to_thread=True, opt={"secret": True})
def sign_as_reviewer(door: OpenDoor, data: JSONBody[AuditSignature]) -> Signed:
    """Sign as who reviewed it, with your password; this closes the audit. A token cannot."""
    proved = door.prove(lambda session, actor: custody.prove_password(session, actor, data))
    return door.act(lambda session, actor: audits.review(session, actor, data, proved), Signed)


@get("/audits/{key:uuid}/certificate.pdf", sync_to_thread=True, media_type="application/pdf")
def get_certificate(
    door: OpenDoor, key: FromPath[UUID], *, language: FromQuery[str | None] = None
) -> Response[bytes]:
    """The certificate of an audit as PDF, in your language or another one of ours."""

    def asked(session: Session, actor: Actor) -> bytes:
        return audits.certificate(
            audits.certified(session, actor, key), audits.require_language(language or actor.language)
        )

    headers = {"Content-Disposition": f'attachment; filename="audit-{key}.pdf"'}
    return Response(door.ask(asked), media_type="application/pdf", headers=headers)


@get("/missing", sync_to_thread=True)
def list_missing(door: OpenDoor) -> list[Finding]:
    """The tubes that audits found missing, and that nobody has had in a hand since."""
    return door.ask(audits.missing)


@get("/audit-trends", sync_to_thread=True)
def get_trend(
    door: OpenDoor,
    *,
    by: FromQuery[audits.TrendBy] = audits.TrendBy.AUDIT,
    site: FromQuery[str | None] = None,
    since: FromQuery[Day | None] = None,
) -> list[TrendRow]:
    """The error rates of signed audits over time: by audit, freezer, box or study."""
    asked = audits.TrendAsked(by=by, site=site, since=since)
    return door.ask(lambda session, actor: audits.trend(session, actor, asked))


@get("/containers/{code:str}/coverage", sync_to_thread=True)
def get_coverage(door: OpenDoor, code: FromPath[str], *, since: FromQuery[Day]) -> dict[str, Covered]:
    """How much of a container, and of each one in it, was seen since a day."""
    return door.ask(lambda session, actor: audits.coverage(session, actor, code, since))


HANDLERS = noun(
    "audits",
    [
        plan_audit,
        list_audits,
        get_audit,
        start_audit,
        cancel_audit,
        get_counting,
        count_box,
        count_by_file,
        list_findings,
        findings_as_csv,
        decide_findings,
        entrust_findings,
        sign_as_performer,
        sign_as_reviewer,
        get_certificate,
        list_missing,
        get_trend,
        get_coverage,
    ],
)
