"""Studies, loaded from their protocol files."""

from dataclasses import dataclass

from litestar import get, post
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, RequestBody, Schema
from litestar.params import FromPath, RawBody

from biobank import studies
from biobank.api.documents import Act, noun
from biobank.studies import StudyCard
from biobank.web import OpenDoor

TOML = "application/toml"


@dataclass
class LoadStudy(Act):
    """Its body is a file, which a type cannot describe."""

    def __post_init__(self) -> None:
        super().__post_init__()
        content = {TOML: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
        self.request_body = RequestBody(content=content, required=True)


@post("/studies", sync_to_thread=True, opt={"takes": TOML}, operation_class=LoadStudy)
def load_study(door: OpenDoor, body: RawBody) -> StudyCard:
    """Load a protocol file (TOML): a new study, or a new version of one."""
    return door.act(lambda session, actor: studies.load(session, actor, body), StudyCard)


@get("/studies", sync_to_thread=True)
def list_studies(door: OpenDoor) -> list[StudyCard]:
    """The studies in your scope, by code."""
    return door.ask(studies.everything)


@get("/studies/{code:str}", sync_to_thread=True)
def get_study(door: OpenDoor, code: FromPath[str]) -> StudyCard:
    """One study."""
    return door.ask(lambda session, actor: studies.card(session, studies.by_code(session, actor, code)))


router = noun("studies", [load_study, list_studies, get_study])
