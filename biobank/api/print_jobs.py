"""Print jobs: how far they are, what a person decides of them, and what they print."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from biobank.api.answers import Limit, Page, page
from biobank.api.documents import noun
from biobank.door import Door
from biobank.printing import jobs, spooler
from biobank.printing.jobs import Answer, JobCard, JobOrder, JobRow, Void
from biobank.printing.ordering import JobMade
from biobank.tables import PrinterLanguage
from biobank.web import OpenDoor

PDF = "application/pdf"
MEDIA = {
    PrinterLanguage.PDF: PDF,
    PrinterLanguage.ZPL: "text/plain",
    PrinterLanguage.TSPL: "application/octet-stream",
    PrinterLanguage.BROTHER: "application/octet-stream",
}
"""What the labels of a job are sent as, by its language."""

UnderWay = Annotated[bool, QueryParameter(description="Only those that have not ended.")]
AfterJob = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]
FromLabel = Annotated[int, QueryParameter(ge=0, le=100_000, description="`next` of the labels before.")]
Most = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most, from 1 to 1000.")]


def sheet(words: str = "The labels.") -> dict[int, ResponseSpec]:
    """What the description of the API says of an answer on paper."""
    return {200: ResponseSpec(bytes, generate_examples=False, media_type=PDF, description=words)}


def labels() -> dict[int, ResponseSpec]:
    """The same, where it may be a printer's job, or more labels than a request waits for."""
    words = "The job: a printer was asked for, or it is long. It prints by itself; ask for it again."
    return {**sheet(), 202: ResponseSpec(JobMade, generate_examples=False, description=words)}


def printed(door: Door, made: JobMade) -> Response[Any]:
    """Labels, drawn from what is kept, after it is kept: paper must never tell of what is not there.

    Refused: what the job failed by, before it was printed.
    """
    if made.printer or made.total > spooler.AT_ONCE:
        headers = {"Location": f"/api/v1/print-jobs/{made.job}"}
        return Response(made, status_code=202, media_type=MediaType.JSON, headers=headers)
    spooler.drain(door.database, made.job)
    return _document(door, made.job)


@get("/print-jobs", sync_to_thread=True)
def list_jobs(
    door: OpenDoor,
    under_way: UnderWay = False,  # noqa: FBT002 - a filter of the address
    limit: Limit = 50,
    after: AfterJob = None,
) -> Page[JobRow]:
    """Print jobs in your scope: the newest first."""
    rows = door.ask(lambda s, actor: jobs.listed(s, actor, under_way=under_way, most=limit + 1, after=after))
    return page(rows, limit, lambda row: str(row.id))


@get("/print-jobs/{job:uuid}", sync_to_thread=True)
def get_job(door: OpenDoor, job: FromPath[UUID], after: FromLabel = 0, limit: Most = 100) -> JobCard:
    """One print job: how far it is, why it does not get on, what it asks, and its labels in order."""
    return door.ask(lambda session, actor: jobs.card(session, actor, job, after=after, most=limit))


@get("/print-jobs/{job:uuid}/document", sync_to_thread=True, media_type=PDF, responses=sheet())
def get_document(door: OpenDoor, job: FromPath[UUID]) -> Response[Any]:
    """The labels of a job without a printer, in its language: the same bytes each time."""
    return _document(door, job)


@get(
    "/print-jobs/{job:uuid}/inventory.pdf",
    sync_to_thread=True,
    media_type=PDF,
    responses=sheet("A line for each label, in the order they are printed."),
)
def get_inventory(door: OpenDoor, job: FromPath[UUID]) -> Response[bytes]:
    """The sheet to work by: a line for each label, in the order they are printed, with a box to tick."""
    from biobank.labels import inventory

    card = door.ask(lambda session, actor: jobs.card(session, actor, job, most=jobs.MOST))
    return Response(inventory.sheet([line.face for line in card.labels], job=str(card.id)), media_type=PDF)


@post("/print-job-stops", sync_to_thread=True, status_code=200)
def stop_job(door: OpenDoor, data: JSONBody[JobOrder]) -> JobCard:
    """Print no more of a job; what is on its way comes out."""
    return door.act(lambda session, actor: jobs.stop(session, actor, data), JobCard)


@post("/print-job-answers", sync_to_thread=True, status_code=200)
def answer_job(door: OpenDoor, data: JSONBody[Answer]) -> JobCard:
    """Tell what came out of the printer: those are printed, the others are printed again or wait."""
    return door.act(lambda session, actor: jobs.answer(session, actor, data), JobCard)


@post("/print-job-retries", sync_to_thread=True, status_code=200)
def retry_job(door: OpenDoor, data: JSONBody[JobOrder]) -> JobCard:
    """Print what still waits in a job, now; nothing that is known to have come out is printed again."""
    return door.act(lambda session, actor: jobs.retry(session, actor, data), JobCard)


@post("/print-job-voids", sync_to_thread=True, status_code=200)
def void_job(door: OpenDoor, data: JSONBody[Void]) -> JobCard:
    """Never print labels that still wait in a job: those of some numbers, or all."""
    return door.act(lambda session, actor: jobs.void(session, actor, data), JobCard)


def _document(door: Door, job: UUID) -> Response[Any]:
    card = door.ask(lambda session, actor: jobs.card(session, actor, job, most=1))
    return Response(spooler.pdf(door.database, job), media_type=MEDIA[card.language])


HANDLERS = noun(
    "print jobs",
    [
        list_jobs,
        get_job,
        get_document,
        get_inventory,
        stop_job,
        answer_job,
        retry_job,
        void_job,
    ],
)
