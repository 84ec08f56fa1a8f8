"""Studies: their protocol files previewed and adopted, and the protocol in force."""

from dataclasses import dataclass

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, RequestBody, Schema
from litestar.params import FromPath, FromQuery, RawBody

from biobank import participants, studies
from biobank.api.documents import Act, Question, noun
from biobank.participants import Adopted, Changes
from biobank.studies import ProtocolCard, StudyCard
from biobank.web import OpenDoor

TOML = "application/toml"


def _file() -> RequestBody:
    content = {TOML: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
    return RequestBody(content=content, required=True)


@dataclass
class AdoptFile(Act):
    """Its body is a file, which a type cannot describe."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _file()


@dataclass
class ReadFile(Question):
    """The same, of what changes nothing and so needs no command id."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _file()


class Previewed(msgspec.Struct, frozen=True):
    """What adopting a file would change: of the study, in the reader's language, and of how many visits."""

    differences: list[str]
    changes: Changes


@post("/studies", sync_to_thread=True, opt={"takes": TOML}, operation_class=AdoptFile)
def adopt_protocol(door: OpenDoor, body: RawBody) -> Adopted:
    """Adopt a protocol file (TOML): a new study, or a new version of one, by which visits are planned."""
    return door.act(lambda session, actor: participants.adopt(session, actor, body), Adopted)


@post(
    "/study-previews",
    sync_to_thread=True,
    status_code=200,
    opt={"takes": TOML},
    operation_class=ReadFile,
)
def preview_protocol(door: OpenDoor, body: RawBody) -> Previewed:
    """Tell what adopting a protocol file would change, and change nothing."""
    told = door.ask(lambda session, actor: participants.preview(session, actor, body))
    return Previewed([each.in_words() for each in told.differences], told.changes)


@get("/studies", sync_to_thread=True)
def list_studies(door: OpenDoor) -> list[StudyCard]:
    """The studies in your scope, by code."""
    return door.ask(studies.everything)


@get("/studies/{code:str}", sync_to_thread=True)
def get_study(door: OpenDoor, code: FromPath[str]) -> StudyCard:
    """One study."""
    return door.ask(lambda session, actor: studies.card(session, studies.by_code(session, actor, code)))


@get("/studies/{code:str}/protocol", sync_to_thread=True)
def get_protocol(door: OpenDoor, code: FromPath[str], version: FromQuery[int | None] = None) -> ProtocolCard:
    """A version of a study's protocol, with its events and what they collect; else the one in force."""
    return door.ask(
        lambda session, actor: studies.protocol_card(session, studies.by_code(session, actor, code), version)
    )


@get(
    "/studies/{code:str}/protocol.toml",
    sync_to_thread=True,
    media_type=TOML,
    responses={200: ResponseSpec(str, generate_examples=False, media_type=TOML, description="The file.")},
)
def get_protocol_file(door: OpenDoor, code: FromPath[str], version: FromQuery[int]) -> Response[str]:
    """The file of a version, as it was adopted; empty of one that was loaded before texts were kept."""
    text = door.ask(
        lambda session, actor: studies.protocol_text(session, studies.by_code(session, actor, code), version)
    )
    return Response(text, media_type=TOML)


HANDLERS = noun(
    "studies",
    [adopt_protocol, preview_protocol, list_studies, get_study, get_protocol, get_protocol_file],
)
