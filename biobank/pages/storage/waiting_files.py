"""Files of rack scanners that nobody has dealt with yet, each with the box that it is of."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, racks, web
from biobank.pages import shell
from biobank.people import Actor
from biobank.racks import WaitingFile

PAGE = 100


class Sought(inputs.Input):
    """Which page of the list: the files that came before this one."""

    after: UUID | None = None


@get("/rack-files", sync_to_thread=True)
def waiting_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The files that wait, the newest first; each leads to its box, where it is looked at."""
    sought = inputs.read(Sought, {"after": request.query_params.get("after", "")}, form=True)

    def question(session: Session, actor: Actor) -> list[WaitingFile]:
        return racks.waiting(session, actor, None, PAGE + 1, sought.after)

    me, files = shell.ask(door, question)
    more = files[PAGE - 1].id if len(files) > PAGE else ""
    return shell.page("rack_files/waiting.html", me, files=files[:PAGE], more=more)


HANDLERS = [waiting_page]
