"""Whether the process answers, and whether it can serve."""

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State

from biobank import migrations, web
from biobank.errors import Refusal


@get("/healthz", sync_to_thread=False, include_in_schema=False)
def health() -> dict[str, str]:
    """Alive: the process answers. It asks nothing of the database."""
    return {"status": "alive"}


def not_ready(_: Request[Any, Any, Any], refusal: Refusal) -> Response[dict[str, str]]:
    """503 with the reason, for whoever sends requests here."""
    told = {"status": "not ready", "title": refusal.slug, "detail": web.in_words(refusal)}
    return Response(told, status_code=503, headers={"Retry-After": "2"})


@get("/readyz", sync_to_thread=True, include_in_schema=False, exception_handlers={Refusal: not_ready})
def ready(state: State) -> dict[str, str]:
    """Ready: the database answers, is in this program's shape, and its ledger is guarded."""
    migrations.require_ready(state.database)
    return {"status": "ready"}
