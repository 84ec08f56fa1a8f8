"""The timeline of a tube: what of it is shown, by filters in the address, and as a file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from sqlmodel import Session

from biobank import inputs, specimens, web
from biobank.custody import Kind
from biobank.inputs import Day, Flag, Line
from biobank.pages import files
from biobank.people import Actor
from biobank.specimens import TimelineRow
from biobank.texts import gettext as _


class Sought(inputs.Input):
    """Which events of a timeline; days are those of the tube's site, both included."""

    kind: Kind | None = None
    person: Line | None = None
    source: Literal["scanned", "typed", "file", "other"] | None = None
    since: Day | None = None
    until: Day | None = None
    corrections: Flag = False


class View:
    """What of a timeline is asked for, and the addresses that keep it."""

    def __init__(self, request: Request[Any, Any, Any], code: str) -> None:
        told = {name: request.query_params.get(name, "").strip() for name in Sought.model_fields}
        self.sought = inputs.read(Sought, told, form=True)
        self.kept = {name: value for name, value in told.items() if value}
        self.base = f"/specimens/{code}"

    def address(self, where: str = "", **further: str) -> str:
        """Another place of the timeline, with what is asked kept."""
        query = urlencode({name: value for name, value in (self.kept | further).items() if value})
        return f"{self.base}{where}?{query}" if query else f"{self.base}{where}"

    def fitting(self, rows: Sequence[TimelineRow], zone: str) -> list[TimelineRow]:
        """The events that fit, newest first."""
        return [row for row in reversed(rows) if self._fits(row, zone)]

    def _fits(self, row: TimelineRow, zone: str) -> bool:
        sought, day = self.sought, row.occurred.astimezone(ZoneInfo(zone)).date()
        return (
            sought.kind in (None, row.kind)
            and sought.person in (None, row.actor)
            and sought.source in (None, row.source or "other")
            and (sought.since is None or day >= sought.since)
            and (sought.until is None or day <= sought.until)
            and (not sought.corrections or row.corrects is not None)
        )


@get("/specimens/{code:str}/timeline/file", sync_to_thread=True)
def timeline_file(
    request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]
) -> Response[bytes]:
    """The events that fit as CSV or as a spreadsheet, with every column there is."""
    view = View(request, code)

    def question(session: Session, actor: Actor) -> tuple[str, list[TimelineRow]]:
        card = specimens.card(session, actor, code)
        return card.code, view.fitting(specimens.timeline(session, actor, card.code), card.time_zone)

    ours, rows = door.ask(question)
    return files.sheet(request, ["timeline", ours], _header(), map(msgspec.structs.astuple, rows))


def with_undoing(rows: Sequence[TimelineRow]) -> dict[str, datetime]:
    """When each event that was undone was undone, by its id."""
    return {row.undoes: row.recorded for row in rows if row.undoes}


def _header() -> list[str]:
    """The names of the columns of a file, in the order of TimelineRow."""
    return [
        _("Number"),
        _("Act"),
        _("Happened"),
        _("Recorded"),
        _("Person"),
        _("Roles"),
        _("Place"),
        _("Amount"),
        _("Note"),
        _("Corrects"),
        _("With its container"),
        _("SHA-256"),
        _("Entry"),
        _("Undone"),
        _("Undoes"),
        _("Code"),
        _("Station"),
        _("Source"),
        _("Reason"),
    ]


HANDLERS = [timeline_file]
