"""The addresses of one application: made once for it, never copied, with one answer to OPTIONS."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

from litestar import Request, Response, Router, route
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute


@route("/", http_method="OPTIONS", include_in_schema=False, status_code=204)
async def tell_methods(request: Request[Any, Any, Any]) -> Response[None]:
    """Which methods an address takes (RFC 9110, section 9.3.7)."""
    at = request.scope["path_template"]
    methods = next(each.methods for each in request.app.routes if each.path_format == at)
    return Response(None, headers={"Allow": ", ".join(sorted(methods))}, media_type="text/plain")


class Routes(Router):
    """A router for the one application that it was made for.

    Litestar copies a router with all it holds when it is registered, since it could be registered again, and
    makes a handler of OPTIONS for each address, as much work as for any other: half of a start together.
    """

    def __init__(self, path: str, handlers: Sequence[HTTPRouteHandler], **layer: Any) -> None:
        """The handlers below a path; `layer` is what a Router takes besides."""
        super().__init__(path, route_handlers=[], **layer)
        places: dict[str, list[HTTPRouteHandler]] = {}
        for handler in handlers:
            ours = self._own(handler)
            for place in handler.paths:
                places.setdefault(self.path + place, []).append(ours)
        options = self._own(tell_methods)
        self.routes = [
            HTTPRoute(path=place, route_handlers=[*each, options]) for place, each in places.items()
        ]

    def __deepcopy__(self, _: object) -> Self:
        return self

    def _own(self, handler: HTTPRouteHandler) -> HTTPRouteHandler:
        ours = copy(handler)
        ours.owner = self
        return ours
