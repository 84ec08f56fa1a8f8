"""Specimens: registered at a visit, spun, divided, sought, looked up."""

from collections.abc import Iterator
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlmodel import Session

from biobank import inputs, specimens
from biobank.api.answers import AT_ONCE, CSV, After, Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.people import Actor
from biobank.specimens import (
    Aliquots,
    Derivative,
    Registration,
    Sought,
    SpecimenCard,
    SpecimenRow,
    SpinOrder,
    TimelineRow,
)
from biobank.tables import DeviationCode, Life, SpecimenKind
from biobank.web import OpenDoor

Event = Annotated[str | None, QueryParameter(description="The code of the visit's event.")]
Dataset = Annotated[str | None, QueryParameter(description="Its visit is linked to a dataset of this kind.")]


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


def sought(
    event: Event = None,
    material: FromQuery[str | None] = None,
    kind: FromQuery[SpecimenKind | None] = None,
    life: FromQuery[Life | None] = None,
    dataset: Dataset = None,
    deviation: FromQuery[DeviationCode | None] = None,
    participant: FromQuery[str | None] = None,
) -> Sought:
    """Which specimens are sought by an address. Refused: what a `Sought` refuses, by its field."""
    return inputs.read(
        Sought,
        {
            "event": event,
            "material": material,
            "kind": kind,
            "life": life,
            "dataset": dataset,
            "deviation": deviation,
            "participant": participant,
        },
    )


LIST = {"sought": Provide(sought, sync_to_thread=False)}


@get("/specimens", sync_to_thread=True, dependencies=LIST)
def list_specimens(
    door: OpenDoor,
    sought: NamedDependency[Sought],
    study: FromQuery[str | None] = None,
    limit: Limit = 50,
    after: After = "",
) -> Page[SpecimenRow]:
    """Specimens in your scope that fit all that is told, by code."""
    rows = door.ask(lambda session, actor: specimens.page(session, actor, study, after, limit + 1, sought))
    return page(rows, limit, lambda row: row.code)


@get("/specimens.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet(), dependencies=LIST)
def list_specimens_as_csv(
    door: OpenDoor, sought: NamedDependency[Sought], study: FromQuery[str | None] = None
) -> Response[bytes]:
    """All specimens in your scope that fit, as CSV."""
    rows = door.ask(lambda session, actor: list(_all(session, actor, study, sought)))
    return csv_file("specimens.csv", SpecimenRow, rows)


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


def _all(session: Session, actor: Actor, study: str | None, sought: Sought) -> Iterator[SpecimenRow]:
    after = ""
    while rows := specimens.page(session, actor, study, after, AT_ONCE, sought):
        yield from rows
        after = rows[-1].code


router = noun(
    "specimens",
    [
        register,
        spin,
        make_aliquots,
        make_derivative,
        list_specimens,
        list_specimens_as_csv,
        get_specimen,
        get_history,
        get_family,
    ],
)
