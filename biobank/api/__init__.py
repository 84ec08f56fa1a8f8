"""JSON for programs: the same acts as the pages, under /api/v1."""

from litestar import Router

from biobank.api import (
    agenda,
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
    moves,
    participants,
    people,
    print_jobs,
    printers,
    progress,
    racks,
    reservations,
    seeking,
    signatures,
    sites,
    specimens,
    stations,
    studies,
    tasks,
    undoing,
    visits,
)
from biobank.api.answers import require_readable
from biobank.api.documents import openapi_config
from biobank.api.etags import Tagged
from biobank.api.health import health, ready

__all__ = ["health", "openapi_config", "ready", "router"]

router = Router(
    "/api/v1",
    route_handlers=[
        each.router
        for each in (
            sites,
            people,
            studies,
            participants,
            courses,
            visits,
            agenda,
            kits,
            collecting,
            specimens,
            discards,
            finding,
            containers,
            container_settings,
            seeking,
            moves,
            undoing,
            evacuations,
            labels,
            print_jobs,
            printers,
            label_stocks,
            late,
            signatures,
            progress,
            stations,
            tasks,
            racks,
            reservations,
            capacity,
        )
    ],
    before_request=require_readable,
    middleware=[Tagged()],
)
