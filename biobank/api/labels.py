"""Labels as a PDF, ready for the printer."""

from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from biobank.api.documents import noun
from biobank.printing import ordering
from biobank.printing.ordering import PrintJob, PrintOrder
from biobank.web import OpenDoor

PDF = "application/pdf"


def sheet() -> dict[int, ResponseSpec]:
    """What the description of the API says of an answer on paper."""
    return {200: ResponseSpec(bytes, generate_examples=False, media_type=PDF, description="The labels.")}


def pdf(job: PrintJob) -> Response[bytes]:
    """Labels, drawn from what is kept, after it is kept: paper must never tell of what is not there."""
    return Response(ordering.drawn(job), media_type=PDF)


@post("/labels", sync_to_thread=True, status_code=200, media_type=PDF, responses=sheet())
def print_labels(door: OpenDoor, data: JSONBody[PrintOrder]) -> Response[bytes]:
    """Print labels. The same command again gives the same bytes, and no second event."""
    return pdf(door.act(lambda session, actor: ordering.print_labels(session, actor, data), PrintJob))


router = noun("labels", [print_labels])
