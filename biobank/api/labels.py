"""Labels as a PDF, ready for the printer."""

from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from biobank.api.documents import noun
from biobank.labels import printing
from biobank.labels.printing import PrintJob, PrintOrder
from biobank.web import OpenDoor

PDF = "application/pdf"


@post(
    "/labels",
    sync_to_thread=True,
    status_code=200,
    media_type=PDF,
    responses={200: ResponseSpec(bytes, generate_examples=False, media_type=PDF, description="The labels.")},
)
def print_labels(door: OpenDoor, data: JSONBody[PrintOrder]) -> Response[bytes]:
    """Print labels. The same command again gives the same bytes, and no second event."""
    job = door.act(lambda session, actor: printing.print_labels(session, actor, data), PrintJob)
    # Drawn from what is kept, after it is kept: paper must never tell of an event that is not there.
    return Response(printing.drawn(job), media_type=PDF)


router = noun("labels", [print_labels])
