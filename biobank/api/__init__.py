"""JSON for programs: the same acts as the pages, under /api/v1."""

from litestar import Router

from biobank.api import (
    agenda,
    audited,
    audits,
    bulk,
    capacity,
    collecting,
    container_settings,
    containers,
    courses,
    discards,
    evacuations,
    finding,
    kits,
    label_stocks,
    labels,
    late,
    log,
    maps,
    moves,
    participants,
    people,
    print_jobs,
    printers,
    progress,
    racks,
    reservations,
    signatures,
    sites,
    specimens,
    stations,
    studies,
    tasks,
    undoing,
    visits,
)
from biobank.api.documents import openapi_config
from biobank.api.etags import Tagged
from biobank.api.health import health, ready
from biobank.api.reading import require_readable
from biobank.routes import Routes

__all__ = ["health", "openapi_config", "ready", "routes"]

_NOUNS = (
    sites,
    people,
    studies,
    participants,
    courses,
    bulk,
    visits,
    agenda,
    kits,
    collecting,
    specimens,
    discards,
    finding,
    containers,
    container_settings,
    maps,
    moves,
    undoing,
    evacuations,
    audits,
    audited,
    labels,
    print_jobs,
    printers,
    label_stocks,
    late,
    log,
    signatures,
    progress,
    stations,
    tasks,
    racks,
    reservations,
    capacity,
)


def routes() -> Router:
    """Every address of the API, for one application."""
    return Routes(
        "/api/v1",
        [handler for noun in _NOUNS for handler in noun.HANDLERS],
        before_request=require_readable,
        middleware=[Tagged()],
    )
