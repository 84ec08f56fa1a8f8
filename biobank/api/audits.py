"""Freezer audits: planned, begun, counted, reconciled, signed."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlmodel import Session

from biobank import audits, custody, texts
from biobank.api.answers import Limit, Page, page
from biobank.api.documents import Question, noun
from biobank.audits import (
    AuditBoard,
    AuditChosen,
    AuditOrder,
    AuditRow,
    AuditSignature,
    AuditSuggestion,
    BoxCount,
    Counted,
    CountedByFile,
    CountedOnPaper,
    Counting,
    Decide,
    Entrust,
    Foreseen,
)
from biobank.custody import Signed
from biobank.people import Actor
from biobank.web import OpenDoor

Closed = Annotated[bool, QueryParameter(description="Those that are closed or were given up, newest first.")]
Site = Annotated[str | None, QueryParameter(max_length=40, description="Of this site alone.")]
AfterAudit = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]


@post("/audits", sync_to_thread=True)
def plan_audit(door: OpenDoor, data: JSONBody[AuditOrder]) -> AuditBoard:
    """Plan an audit: its scope, every tube or a sample, by when."""
    return door.act(
        lambda session, actor: audits.board(session, actor, audits.plan(session, actor, data).id), AuditBoard
    )


@get("/audit-suggestions", sync_to_thread=True)
def list_suggestions(door: OpenDoor) -> list[AuditSuggestion]:
    """What calls for an audit: a loss, a move, somebody who left. Its fields are those of the order.

    One without a share looks at every tube, one without a container at the whole site.
    """
    told = texts.language.get()
    return [
        msgspec.structs.replace(each, reason=texts.in_language(told, each.reason, each.facts))
        for each in door.ask(audits.suggestions)
    ]


@post("/audit-previews", sync_to_thread=True, status_code=200, operation_class=Question)
def foresee_audit(door: OpenDoor, data: JSONBody[AuditOrder]) -> Foreseen:
    """What an audit would look at, and what a sample would show; nothing is planned."""
    return door.ask(lambda session, actor: audits.foresee(session, actor, data))


@get("/audits", sync_to_thread=True)
def list_audits(
    door: OpenDoor,
    closed: Closed = False,  # noqa: FBT002 - a filter of the address
    site: Site = None,
    limit: Limit = 50,
    after: AfterAudit = None,
) -> Page[AuditRow]:
    """The audits in your scope that are not closed, those due first."""
    sought = audits.SoughtAudits(closed=closed, site=site, limit=limit + 1, after=after)
    rows = door.ask(lambda session, actor: audits.listing(session, actor, sought))
    return page(rows, limit, lambda row: str(row.id))


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
    return door.ask(lambda session, actor: audits.counted_box(session, actor, key, code))


@post("/audit-counts", sync_to_thread=True, status_code=200)
def count_box(door: OpenDoor, data: JSONBody[Counted]) -> BoxCount:
    """Scans of one box, one by one or many at once; with `done` every slot of it is judged."""
    return door.act(lambda session, actor: audits.count(session, actor, data), BoxCount)


@post("/audit-rack-files", sync_to_thread=True, status_code=200)
def count_by_file(door: OpenDoor, data: JSONBody[CountedByFile]) -> BoxCount:
    """A box counted by the file of a rack scanner, which is kept as it came."""
    return door.act(lambda session, actor: audits.count_by_file(session, actor, data), BoxCount)


@post("/audit-papers", sync_to_thread=True, status_code=200)
def count_on_paper(door: OpenDoor, data: JSONBody[CountedOnPaper]) -> BoxCount:
    """A box counted on its sheet of paper, line by line as it is scanned in and typed."""
    return door.act(lambda session, actor: audits.count_on_paper(session, actor, data), BoxCount)


@post("/audit-decisions", sync_to_thread=True, status_code=200)
def decide_findings(door: OpenDoor, data: JSONBody[Decide]) -> AuditRow:
    """Decide findings: the record follows the tube, it was put back, it is missing, it is explained."""

    def work(session: Session, actor: Actor) -> AuditRow:
        audits.decide(session, actor, data)
        return audits.board(session, actor, data.audit).row

    return door.act(work, AuditRow)


@post("/audit-entrustings", sync_to_thread=True, status_code=200)
def entrust_findings(door: OpenDoor, data: JSONBody[Entrust]) -> AuditRow:
    """Say who looks after findings that stay open, and by when."""

    def work(session: Session, actor: Actor) -> AuditRow:
        audits.entrust(session, actor, data)
        return audits.board(session, actor, data.audit).row

    return door.act(work, AuditRow)


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


HANDLERS = noun(
    "audits",
    [
        plan_audit,
        list_suggestions,
        foresee_audit,
        list_audits,
        get_audit,
        start_audit,
        cancel_audit,
        get_counting,
        count_box,
        count_by_file,
        count_on_paper,
        decide_findings,
        entrust_findings,
        sign_as_performer,
        sign_as_reviewer,
    ],
)
