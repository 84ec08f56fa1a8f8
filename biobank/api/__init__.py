"""JSON for programs: the same acts as the pages, under /api/v1."""

from litestar import Router, get
from litestar.openapi.config import OpenAPIConfig


@get("/healthz", sync_to_thread=False)
def health() -> dict[str, str]:
    """Alive: the process answers. It asks nothing of the database."""
    return {"status": "alive"}


router = Router("/api/v1", route_handlers=[])


def openapi_config(version: str) -> OpenAPIConfig:
    """What /schema/openapi.json says of itself."""
    return OpenAPIConfig(title="Biobank", version=version)
