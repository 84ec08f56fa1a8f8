"""A container as of a past moment, and the tubes in it: where each is, and when it was last seen."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import clock, inputs, storage, web
from biobank.pages import files, shell
from biobank.pages.studies.visits import with_offset
from biobank.people import Actor
from biobank.storage import AsOf, ContainerPlace, SeenAsked, TubeRow
from biobank.tables import Site
from biobank.texts import gettext as _

PAGE = 200


class When(msgspec.Struct, frozen=True):
    """The moment a page looks back to, on the clock of the container's site; None is now."""

    at: datetime | None
    zone: str

    @property
    def query(self) -> str:
        """What an address says of it; empty for now."""
        return urlencode({"at": self.at.isoformat()}) if self.at else ""

    @property
    def local(self) -> str:
        """The moment as a field of a form takes it."""
        return self.at.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%dT%H:%M:%S") if self.at else ""


class Tubes(msgspec.Struct, frozen=True):
    """A page of the tubes in a container, one more than are shown."""

    place: ContainerPlace
    when: When
    rows: list[TubeRow]


class View:
    """Which tubes of a container are asked for, and the addresses that keep it."""

    def __init__(self, request: Request[Any, Any, Any], code: str) -> None:
        told = {
            name: request.query_params.get(name, "").strip() for name in ("at", "not_seen_since", "after")
        }
        self.base, self.after = f"/containers/{code}/tubes", told.pop("after")[:40]
        self.kept = {name: value for name, value in told.items() if value}
        # Of the past nobody asks who was not seen since.
        seen = {} if told["at"] else {"not_seen_since": told["not_seen_since"]}
        self.asked = inputs.read(SeenAsked, seen, form=True)

    def address(self, where: str = "", **further: str) -> str:
        """Another place of the list, with what is asked kept."""
        query = urlencode({name: value for name, value in (self.kept | further).items() if value})
        return f"{self.base}{where}?{query}" if query else f"{self.base}{where}"

    def rows(self, session: Session, actor: Actor, code: str, when: When, most: int | None) -> list[TubeRow]:
        """The tubes that fit, by code; the whole of a past list is read at once."""
        if when.at is None:
            return storage.tubes_in(session, actor, code, self.asked, most, self.after)
        every = storage.tubes_at(session, actor, code, when.at)
        return [row for row in every if row.code > self.after][:most]


def when_asked(session: Session, actor: Actor, code: str, told: str) -> When:
    """The moment that an address names, such as 2026-05-04T09:30 on the site's own clock; empty is now."""
    zone = session.get_one(Site, storage.by_code(session, actor, code, field="code").site_id).time_zone
    return When(inputs.read(AsOf, {"at": with_offset(told.strip(), zone)}, form=True).at, zone)


@get("/containers/{code:str}/tubes", sync_to_thread=True)
def tubes_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """Every tube in a container, however deep, now or then; or those that nobody saw for long."""
    view = View(request, code)

    def question(session: Session, actor: Actor) -> Tubes:
        when = when_asked(session, actor, code, view.kept.get("at", ""))
        place = storage.place_of(session, storage.by_code(session, actor, code, field="code"))
        return Tubes(place, when, view.rows(session, actor, code, when, PAGE + 1))

    me, told = shell.ask(door, question)
    return shell.page(
        "storage/tubes.html",
        me,
        view=view,
        told=told,
        shown=told.rows[:PAGE],
        following=told.rows[PAGE - 1].code if len(told.rows) > PAGE else "",
        days=[storage.days_unseen(row.seen, clock.now()) for row in told.rows],
    )


@get("/containers/{code:str}/tubes/file", sync_to_thread=True)
def tubes_file(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Response[bytes]:
    """All tubes in a container that fit, as a file."""
    view = View(request, code)
    files.kind_asked(request)

    def question(session: Session, actor: Actor) -> tuple[str, list[TubeRow]]:
        when = when_asked(session, actor, code, view.kept.get("at", ""))
        ours = storage.by_code(session, actor, code, field="code").code
        return ours, view.rows(session, actor, code, when, None)

    name, rows = door.ask(question)
    header = [_("Code"), _("Material"), _("Box"), _("Name"), _("Slot"), _("State"), _("Last seen")]
    return files.sheet(request, ["tubes", name], header, map(msgspec.structs.astuple, rows))


HANDLERS = [tubes_page, tubes_file]
