"""Kits: labelled tubes for one event, made ahead."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from biobank import specimens
from biobank.api.answers import After, Limit, Page, page
from biobank.api.documents import noun
from biobank.api.print_jobs import PDF, labels, printed
from biobank.printing import ordering
from biobank.printing.ordering import JobMade, KitLabels, KitReprint
from biobank.specimens import KitCard, KitOrder, UnusedKit
from biobank.web import OpenDoor


@post("/kits", sync_to_thread=True)
def make_kits(door: OpenDoor, data: JSONBody[KitOrder]) -> list[KitCard]:
    """Make kits for an event: a code for each kit, and one for each of its labels."""
    return door.act(lambda session, actor: specimens.print_kits(session, actor, data), list[KitCard])


@post("/kit-labels", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def make_kit_labels(door: OpenDoor, data: JSONBody[KitLabels]) -> Response[Any]:
    """Make kits and print their labels. The same command again gives the same bytes, and no second kit."""
    return printed(door, door.act(lambda s, actor: ordering.print_kit_labels(s, actor, data), JobMade))


@post("/kit-reprints", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def reprint_kits(door: OpenDoor, data: JSONBody[KitReprint]) -> Response[Any]:
    """Print the labels of kits that were made before, the same codes."""
    return printed(door, door.act(lambda s, actor: ordering.reprint_kits(s, actor, data), JobMade))


@get("/kits", sync_to_thread=True)
def list_kits(door: OpenDoor, study: FromQuery[str], limit: Limit = 50, after: After = "") -> Page[UnusedKit]:
    """Kits of a study that lie ready: made, and at no visit yet; the newest first."""
    rows = door.ask(lambda session, actor: specimens.unused_kits(session, actor, study, after, limit + 1))
    return page(rows, limit, lambda row: row.code)


@get("/kits/{code:str}", sync_to_thread=True)
def get_kit(door: OpenDoor, code: FromPath[str]) -> KitCard:
    """A kit: what it is for, whose it is, its labels in order."""
    return door.ask(lambda session, actor: specimens.kit_card(session, actor, code))


HANDLERS = noun("kits", [make_kits, make_kit_labels, reprint_kits, list_kits, get_kit])
