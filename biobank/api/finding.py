"""One look-up for any code: what a scanner asks."""

from contextlib import suppress
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody
from sqlmodel import Session

from biobank import codes, custody, specimens
from biobank.api.answers import CSV, csv_file, spread_sheet
from biobank.api.documents import Question, noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.codes import CodeKind
from biobank.door import Door
from biobank.errors import NotFound
from biobank.people import Actor
from biobank.specimens import FindList, Found, FoundList, FoundRow, SpecimenCard
from biobank.web import OpenDoor

_PLACES = {
    "specimen": "/api/v1/specimens/{code}",
    "container": "/api/v1/containers/{code}",
    "visit": "/api/v1/visits/{code}",
    "kit": "/api/v1/kits/{code}",
    "participant": "/api/v1/participants/{study}/{code}",
}


class Scan(msgspec.Struct, frozen=True):
    """What a code names and where to read it; for a specimen, its whole card.

    `scheme` is that of an outside identifier, `retired` tells that it was replaced. `label` is what was
    scanned where it is the label of a tube that is not there yet: it leads to its kit.
    """

    kind: str
    code: str
    address: str
    study: str = ""
    scheme: str = ""
    retired: bool = False
    label: str = ""
    specimen: SpecimenCard | None = None


@get("/find", sync_to_thread=True)
def find(door: OpenDoor, code: FromQuery[str]) -> Scan:
    """What a scanned or typed code names: our codes, outside identifiers, pseudonyms."""
    return door.ask(lambda session, actor: _scan(session, actor, code))


def _scan(session: Session, actor: Actor, text: str) -> Scan:
    ours = codes.read(text)
    if ours and ours[0] == CodeKind.SPECIMEN:
        # The card comes first, since that is what is scanned all day; only then whether it is a kit's label.
        with suppress(NotFound):
            card = specimens.card(session, actor, ours)
            is_old = card.code != ours
            return _told(
                Found("specimen", card.code, scheme=custody.LABEL if is_old else "", retired=is_old), card
            )
    found = specimens.find(session, actor, text)
    return _told(found, specimens.card(session, actor, found.code) if found.kind == "specimen" else None)


def _told(found: Found, card: SpecimenCard | None) -> Scan:
    study = card.study if card else found.study
    address = _PLACES[found.kind].format(code=quote(found.code), study=quote(study, safe=""))
    return Scan(found.kind, found.code, address, study, found.scheme, found.retired, found.label, card)


def _rows(door: Door, asked: FindList) -> list[FoundRow]:
    return door.ask(lambda session, actor: specimens.find_list(session, actor, asked)).rows


@post("/find-lists", sync_to_thread=True, status_code=200, operation_class=Question)
def find_list(door: OpenDoor, data: JSONBody[FindList]) -> FoundList:
    """What each of up to 10,000 codes names; what is unknown or out of your scope is a row that says so."""
    return door.ask(lambda session, actor: specimens.find_list(session, actor, data))


@post(
    "/find-lists.csv",
    sync_to_thread=True,
    status_code=200,
    operation_class=Question,
    media_type=CSV,
    responses=spread_sheet(),
)
def find_list_as_csv(door: OpenDoor, data: JSONBody[FindList]) -> Response[bytes]:
    """The same as CSV, a row for each code in the order given."""
    return csv_file("codes.csv", FoundRow, _rows(door, data))


@post(
    "/find-lists.xlsx",
    sync_to_thread=True,
    status_code=200,
    operation_class=Question,
    media_type=XLSX,
    responses=work_book(),
)
def find_list_as_xlsx(door: OpenDoor, data: JSONBody[FindList]) -> Response[bytes]:
    """The same as a spreadsheet, a row for each code in the order given."""
    return xlsx_file("codes.xlsx", FoundRow, _rows(door, data))


HANDLERS = noun("find", [find, find_list, find_list_as_csv, find_list_as_xlsx])
