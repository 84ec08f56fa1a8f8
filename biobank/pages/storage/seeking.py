"""What a map is asked to show: the tubes sought, and what they are told apart by; kept in the address."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request
from sqlmodel import Session

from biobank import amounts, inputs, storage, studies
from biobank.people import Actor
from biobank.storage import Coloured, Sought, Trait

FIELDS = ("study", "material", "event", "not_seen_since", "text")


class Choices(msgspec.Struct, frozen=True):
    """What may be chosen to be sought."""

    studies: list[str]
    materials: list[str]
    events: list[str]


class Wish:
    """What an address asks a map to show."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        told = {name: request.query_params.get(name, "").strip() for name in FIELDS}
        self.told = {name: value for name, value in told.items() if value}
        self.sought = inputs.read(Sought, self.told, form=True)
        colour = request.query_params.get("colour", "")
        self.colour = Trait(colour) if colour in set(Trait) else None

    @property
    def active(self) -> bool:
        """Whether some tubes are sought."""
        return bool(self.told)

    @property
    def query(self) -> str:
        """What an address says of it; empty where nothing is asked."""
        return urlencode(self.told | ({"colour": self.colour.value} if self.colour else {}))


class Seen(msgspec.Struct, frozen=True):
    """What was found on a map: slots of a box, or numbers by the codes of boxes; and the colours."""

    slots: set[str] | None = None
    direct: dict[str, int] | None = None
    coloured: Coloured | None = None


def look(session: Session, actor: Actor, wish: Wish, box: str = "") -> Seen:
    """What a wish finds: slots of one box, or numbers wherever tubes stand. Refused: a box out of scope."""
    if not box:
        return Seen(direct=storage.sought_counts(session, actor, wish.sought) if wish.active else None)
    return Seen(
        slots=storage.sought_slots(session, actor, box, wish.sought) if wish.active else None,
        coloured=storage.coloured(session, actor, box, wish.colour) if wish.colour else None,
    )


def choices(session: Session, actor: Actor) -> Choices:
    """The studies in scope, all materials, the events of these studies."""
    codes = [card.code for card in studies.everything(session, actor)]
    return Choices(codes, list(amounts.MATERIALS), storage.event_codes(session, actor))
