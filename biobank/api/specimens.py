"""Specimens: registered at a visit, spun, divided, sought, looked up."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from biobank import specimens
from biobank.api.answers import CSV, After, Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.api.seeking import LIST, Within
from biobank.door import Door
from biobank.specimens import (
    Aliquots,
    Derivative,
    Registration,
    SpecimenCard,
    SpecimenLine,
    SpecimenRow,
    SpinOrder,
    TimelineRow,
)
from biobank.web import OpenDoor


@post("/specimens", sync_to_thread=True)
def register(door: OpenDoor, data: JSONBody[Registration]) -> list[SpecimenRow]:
    """Register the primary specimens of a visit."""
    return door.act(
        lambda session, actor: specimens.rows(session, specimens.register(session, actor, data)),
        list[SpecimenRow],
    )


@post("/spins", sync_to_thread=True)
def spin(door: OpenDoor, data: JSONBody[SpinOrder]) -> list[SpecimenRow]:
    """Record one run of a centrifuge for each of its tubes."""
    return door.act(
        lambda session, actor: specimens.rows(session, specimens.spin(session, actor, data)),
        list[SpecimenRow],
    )


@post("/aliquots", sync_to_thread=True)
def make_aliquots(door: OpenDoor, data: JSONBody[Aliquots]) -> list[SpecimenRow]:
    """Divide a specimen into equal aliquots."""
    return door.act(
        lambda session, actor: specimens.rows(session, specimens.aliquot(session, actor, data)),
        list[SpecimenRow],
    )


@post("/derivatives", sync_to_thread=True)
def make_derivative(door: OpenDoor, data: JSONBody[Derivative]) -> SpecimenRow:
    """Make another material of a specimen, or of several that are pooled, such as plasma or DNA."""
    return door.act(
        lambda session, actor: specimens.rows(session, [specimens.derive(session, actor, data)])[0],
        SpecimenRow,
    )


@get("/specimens", sync_to_thread=True, dependencies=LIST)
def list_specimens(
    door: OpenDoor, within: NamedDependency[Within], limit: Limit = 50, after: After = ""
) -> Page[SpecimenRow]:
    """Specimens in your scope that fit all that is told, in the order of `sort`."""
    rows = door.ask(
        lambda session, actor: specimens.page(session, actor, within.study, after, limit + 1, within.sought)
    )
    return page(rows, limit, lambda row: specimens.place_of(row, within.sought))


@get("/specimens.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet(), dependencies=LIST)
def list_specimens_as_csv(door: OpenDoor, within: NamedDependency[Within]) -> Response[bytes]:
    """All specimens in your scope that fit, 100,000 at most, as CSV."""
    return csv_file("specimens.csv", SpecimenLine, _all(door, within))


@get("/specimens.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book(), dependencies=LIST)
def list_specimens_as_xlsx(door: OpenDoor, within: NamedDependency[Within]) -> Response[bytes]:
    """All specimens in your scope that fit, 100,000 at most, as a spreadsheet."""
    return xlsx_file("specimens.xlsx", SpecimenLine, _all(door, within))


@get("/specimens/{code:str}", sync_to_thread=True)
def get_specimen(door: OpenDoor, code: FromPath[str]) -> SpecimenCard:
    """A specimen: what it is, where it is, how much is left, what happened last."""
    return door.ask(lambda session, actor: specimens.card(session, actor, code))


@get("/specimens/{code:str}/history", sync_to_thread=True)
def get_history(door: OpenDoor, code: FromPath[str]) -> list[TimelineRow]:
    """Everything that happened to a specimen and to what held it, oldest first."""
    return door.ask(lambda session, actor: specimens.timeline(session, actor, code))


@get("/specimens/{code:str}/family", sync_to_thread=True)
def get_family(door: OpenDoor, code: FromPath[str]) -> list[SpecimenRow]:
    """What was made of a specimen, directly."""
    return door.ask(lambda session, actor: specimens.family(session, actor, code))


def _all(door: Door, within: Within) -> list[SpecimenLine]:
    return door.ask(lambda session, actor: list(specimens.every(session, actor, within.study, within.sought)))


HANDLERS = noun(
    "specimens",
    [
        register,
        spin,
        make_aliquots,
        make_derivative,
        list_specimens,
        list_specimens_as_csv,
        list_specimens_as_xlsx,
        get_specimen,
        get_history,
        get_family,
    ],
)
