"""Specimens: registered at a visit, divided, looked up."""

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from biobank import specimens
from biobank.api.answers import After, Limit, Page, page
from biobank.api.documents import noun
from biobank.specimens import (
    Aliquots,
    Derivative,
    Registration,
    SpecimenCard,
    SpecimenRow,
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


@post("/aliquots", sync_to_thread=True)
def make_aliquots(door: OpenDoor, data: JSONBody[Aliquots]) -> list[SpecimenRow]:
    """Divide a specimen into equal aliquots."""
    return door.act(
        lambda session, actor: specimens.rows(session, specimens.aliquot(session, actor, data)),
        list[SpecimenRow],
    )


@post("/derivatives", sync_to_thread=True)
def make_derivative(door: OpenDoor, data: JSONBody[Derivative]) -> SpecimenRow:
    """Make another material of a specimen, such as plasma of EDTA blood."""
    return door.act(
        lambda session, actor: specimens.rows(session, [specimens.derive(session, actor, data)])[0],
        SpecimenRow,
    )


@get("/specimens", sync_to_thread=True)
def list_specimens(
    door: OpenDoor, study: FromQuery[str | None] = None, limit: Limit = 50, after: After = ""
) -> Page[SpecimenRow]:
    """Specimens in your scope, by code."""
    rows = door.ask(lambda session, actor: specimens.page(session, actor, study, after, limit + 1))
    return page(rows, limit, lambda row: row.code)


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


router = noun(
    "specimens",
    [register, make_aliquots, make_derivative, list_specimens, get_specimen, get_history, get_family],
)
