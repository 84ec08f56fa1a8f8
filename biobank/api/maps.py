"""What a map is asked: where the tubes stand that are sought, and what the tubes of a box differ in."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from biobank import inputs, storage
from biobank.api.documents import noun
from biobank.storage import Coloured, Sought, Trait
from biobank.web import OpenDoor

Unseen = Annotated[str | None, QueryParameter(description="In no hand since this day began (UTC).")]
Part = Annotated[str | None, QueryParameter(description="A part of a code or a pseudonym.")]


class Standing(msgspec.Struct, frozen=True):
    """A container that holds some of the tubes that are sought, directly, and how many."""

    container: str
    tubes: int


class Slots(msgspec.Struct, frozen=True):
    """The slots of a box, by name, whose tubes are sought."""

    slots: list[str]


def sought(
    study: FromQuery[str | None] = None,
    material: FromQuery[str | None] = None,
    event: FromQuery[str | None] = None,
    not_seen_since: Unseen = None,
    text: Part = None,
) -> Sought:
    """Which tubes are sought by an address. Refused: what a `Sought` refuses, by its field."""
    told = {"study": study, "material": material, "event": event, "text": text}
    return inputs.read(Sought, {**told, "not_seen_since": not_seen_since})


WISH = {"sought": Provide(sought, sync_to_thread=False)}


@get("/container-matches", sync_to_thread=True, dependencies=WISH)
def list_matches(door: OpenDoor, sought: NamedDependency[Sought]) -> list[Standing]:
    """The containers in your scope that hold tubes which fit all that is told, with how many."""
    found = door.ask(lambda session, actor: storage.sought_counts(session, actor, sought))
    return [Standing(code, tubes) for code, tubes in sorted(found.items())]


@get("/containers/{code:str}/matches", sync_to_thread=True, dependencies=WISH)
def get_matches(door: OpenDoor, code: FromPath[str], sought: NamedDependency[Sought]) -> Slots:
    """The slots of one box whose tubes fit all that is told, out or not."""
    return Slots(sorted(door.ask(lambda session, actor: storage.sought_slots(session, actor, code, sought))))


@get("/containers/{code:str}/classes", sync_to_thread=True)
def get_classes(door: OpenDoor, code: FromPath[str], by: FromQuery[Trait]) -> Coloured:
    """The tubes of a box told apart by their study, material, event or another trait."""
    return door.ask(lambda session, actor: storage.coloured(session, actor, code, by))


HANDLERS = noun("containers", [list_matches, get_matches, get_classes])
