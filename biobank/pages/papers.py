"""Labels that were ordered, as a PDF to save and print."""

from litestar import Response

from biobank.door import Door
from biobank.printing import spooler
from biobank.printing.ordering import JobMade


def pdf(door: Door, made: JobMade, kind: str) -> Response[bytes]:
    """The document of a job, drawn once the order is kept; the same command gives the same bytes.

    Refused: what the job failed by, such as a text that does not fit.
    """
    spooler.drain(door.database, made.job)
    name = f"{kind}-{made.first}-{made.total}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(spooler.pdf(door.database, made.job), media_type="application/pdf", headers=headers)
