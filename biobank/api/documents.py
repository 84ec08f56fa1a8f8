"""The API's description of itself: OpenAPI, and a viewer of it that loads nothing from elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Components,
    License,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIFormat
from litestar.params import BodyKwarg
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from biobank.api.answers import Page
from biobank.api.examples import Example, example_of

_WORDS = {
    400: "It cannot be read; `errors` names each field.",
    401: "Nobody is signed in, or the token has ended.",
    403: "You may see it, but not do this.",
    404: "There is nothing of that code in your scope.",
    409: "Somebody else has it, or what you saw is stale.",
    413: "What was sent is too large: 1 MiB is the most.",
    415: "It was sent as another media type than this address takes.",
    422: "A rule of the biobank refuses it; or the command id belongs to another command.",
    429: "Too many wrong passwords for your name. `Retry-After` and `facts.seconds` say when to try again.",
    503: "The database is busy. Send the same command again.",
}


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of several refusals: the field that is at fault, the slug, the words; in a file its line."""

    field: str | None
    title: str
    detail: str
    line: int | None = None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal (RFC 9457). Nothing of what was asked is kept.

    `title` is a slug that never changes, `detail` is in the language of Accept-Language, `field` is at
    fault (in a file on that `line`), `facts` are what `detail` says, as values.
    """

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    line: int | None = None
    facts: dict[str, str | int] | None = None
    errors: list[Fault] | None = None


_OF_A_BODY, _OF_A_PASSWORD = {413, 415}, {429}
REFUSALS = {
    status: ResponseSpec(
        Problem, generate_examples=False, description=words, media_type="application/problem+json"
    )
    for status, words in _WORDS.items()
}
_DESCRIPTION = (
    "Register, label, store, scan and move specimens. Sign in with a token:"
    " `Authorization: Bearer ...`. Every change carries a UUID of its own in `Idempotency-Key`: sent again,"
    " it has no second effect and the same answer. Lists are read page by page with `after` and `limit`."
    " Each answer to a question has an `ETag`: send it in `If-None-Match`, and get 304 while nothing changed."
)


@dataclass
class Described(Operation):
    """An operation with what it was sent and answered once, and what it was seen to refuse."""

    def __post_init__(self) -> None:
        example = example_of(self.operation_id)
        if isinstance(self.request_body, RequestBody) and example.order is not None:
            for media in self.request_body.content.values():
                media.example = example.order
        for status, response in (self.responses or {}).items():
            if isinstance(response, OpenAPIResponse):
                _tell(response, example, status)


def _tell(response: OpenAPIResponse, example: Example, status: str) -> None:
    seen = example.refusals.get(status, [])
    if seen:
        response.description += f" Among others: {', '.join(f'`{slug}`' for slug in seen)}."
    for name, media in (response.content or {}).items():
        if status.startswith("2") and name == MediaType.JSON.value and example.answer is not None:
            media.example = example.answer


@dataclass
class Answered(Described):
    """A question by its address alone: who has the answer already gets 304."""

    def __post_init__(self) -> None:
        super().__post_init__()
        known = Parameter(
            name="If-None-Match",
            param_in="header",
            required=False,
            description="The `ETag` of an answer you have.",
            schema=Schema(type=OpenAPIType.STRING),
        )
        self.parameters = [*(self.parameters or []), known]
        unchanged = OpenAPIResponse(description="It is still the answer that you have.")
        self.responses = {**(self.responses or {}), "304": unchanged}


@dataclass
class Act(Described):
    """An operation that changes something: it carries a command id."""

    def __post_init__(self) -> None:
        super().__post_init__()
        key = Parameter(
            name="Idempotency-Key",
            param_in="header",
            required=True,
            description="A new UUID for each command; the same one to send a command again.",
            schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID),
        )
        self.parameters = [*(self.parameters or []), key]


@dataclass
class Question(Described):
    """A question whose words are a body: it changes nothing, and needs no command id."""


def noun(name: str, handlers: Sequence[HTTPRouteHandler]) -> Sequence[HTTPRouteHandler]:
    """The handlers of one noun, described alike."""
    for handler in handlers:
        sends = "POST" in handler.http_methods
        if handler.operation_class is Operation:
            handler.operation_class = Act if sends else Answered
        absent = set() if sends else set(_OF_A_BODY)
        absent |= set() if handler.opt.get("secret") else _OF_A_PASSWORD
        refusals = {status: each for status, each in REFUSALS.items() if status not in absent}
        handler.responses = {**(handler.responses or {}), **refusals}
        handler.summary = (handler.fn.__doc__ or "").split(".")[0].split(":")[0]
        handler.tags = [name]
    return handlers


class Tuples(OpenAPISchemaPlugin):
    """Describes `tuple[X, ...]` as a list of X, and `tuple[X, Y]` as a list of two that are X or Y.

    Litestar takes the dots for one more kind of item, and tells the kind at each place, which few readers of
    descriptions understand.
    """

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a tuple."""
        return field_definition.origin is tuple

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """A list of the same items, or of so many that are one of some kinds."""
        if field_definition.args[1:] != (Ellipsis,):
            kinds = [FieldDefinition.from_annotation(each) for each in field_definition.args]
            either = Schema(one_of=[schema_creator.for_field_definition(kind) for kind in kinds])
            return Schema(type=OpenAPIType.ARRAY, items=either, min_items=len(kinds), max_items=len(kinds))
        rows = FieldDefinition.from_annotation(list[field_definition.args[0]])  # type: ignore[name-defined]
        described: Schema = schema_creator.for_field_definition(rows)
        return described


class Pages(OpenAPISchemaPlugin):
    """Names a page after its rows, as `SpecimenPage`; Litestar would spell out the module they are from."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a page that has no name yet."""
        return field_definition.origin is Page and field_definition.kwarg_definition is None

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """What the page is described as, under its name."""
        name = field_definition.args[0].__name__.removesuffix("Row") + "Page"
        named = replace(field_definition, kwarg_definition=BodyKwarg(schema_component_key=name))
        described: Schema = schema_creator.for_field_definition(named)
        return described


class Viewer(OpenAPIRenderPlugin):
    """Swagger UI from our own bundle: no script from elsewhere, none in the page."""

    def __init__(self, assets: Path) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)
        self.assets = assets

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page; the bundle's script finds the description by `data-openapi`."""
        address = self.get_openapi_json_route(request)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{openapi_schema['info']['title']} API</title>"
            f'<link rel="icon" href="data:,">{self._tags()}</head>'
            f'<body><div data-openapi="{address}"></div></body></html>'
        ).encode()

    def _tags(self) -> str:
        manifest = self.assets / "manifest.json"
        if not manifest.is_file():
            return ""  # a checkout whose assets were not built yet: the description itself is served
        built = json.loads(manifest.read_text())
        entries = [built[name] for name in ("src/app.js", "src/swagger.js")]
        styles = (
            f'<link rel="stylesheet" href="/static/{name}">' for each in entries for name in each["css"]
        )
        scripts = (f'<script type="module" src="/static/{each["file"]}"></script>' for each in entries)
        return "".join((*styles, *scripts))


def openapi_config(version: str, assets: Path) -> OpenAPIConfig:
    """What /schema/openapi.json says of itself; `assets` is where the viewer's built files stand."""
    bearer = SecurityScheme(type="http", scheme="bearer", description="A token made at /api/v1/tokens.")
    return OpenAPIConfig(
        title="Biobank",
        version=version,
        description=_DESCRIPTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        components=Components(security_schemes={"token": bearer}),
        security=[{"token": []}],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
        render_plugins=[Viewer(assets), JsonRenderPlugin()],
    )
