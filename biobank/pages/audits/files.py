"""Rack files of an audit: each goes to the box that it names, and tells what it found or why it cannot."""

import base64
from typing import Any
from uuid import UUID, uuid5

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.response import Template

from biobank import audits, inputs, racks, web
from biobank.audits import BoxCount, CountedByFile, words
from biobank.door import Door
from biobank.errors import Busy, NotSignedIn, Refusal, Refusals
from biobank.pages import shell
from biobank.pages.audits.boards import Seen, seen
from biobank.pages.shell import Form
from biobank.tables import BoxState

MOST = 200
"""So many files are taken at once."""

SHOWN = 20
"""So many faults of one file are told."""

RACK_WANTED = ("rack_unnamed", "rack_unknown")


class Sent(msgspec.Struct, frozen=True):
    """A file that a form brought, in base64."""

    name: str
    content: str


class Came(msgspec.Struct, frozen=True):
    """What came of a file: the count of its box, or why there is none."""

    file: Sent
    count: BoxCount | None = None
    refusals: list[Refusal] = []

    @property
    def turned(self) -> bool:
        """Whether somebody has to say how the rack lay."""
        return any(each.slug == "rack_turned" for each in self.refusals)

    @property
    def unnamed(self) -> bool:
        """Whether somebody has to say which rack it is of."""
        return any(each.slug in RACK_WANTED for each in self.refusals)


async def provide_files(request: Request[Any, Any, Any], door: web.OpenDoor) -> list[Sent]:  # noqa: ARG001
    """The files of a form, or the one that it sends again with how its rack lay."""
    # The door reads the form as well. It comes first: two at once would each get a part of what is sent.
    form = await request.form()
    chosen = [each for each in form.getall("file", []) if isinstance(each, UploadFile)]
    read = [(each.filename, await each.read()) for each in chosen[:MOST]]
    sent = [Sent(name, base64.b64encode(data).decode()) for name, data in read if data]
    again = str(form.get("content") or "")
    return [*sent, Sent(str(form.get("name") or ""), again)] if again else sent


@get("/audits/{key:uuid}/files", sync_to_thread=True)
def files_page(door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """Where files are sent in, and the boxes that are still to be counted."""
    me, shown = shell.ask(door, lambda session, actor: seen(session, actor, key))
    return _page(me, shown, [])


@post(
    "/audits/{key:uuid}/files",
    sync_to_thread=True,
    status_code=200,
    dependencies={"sent": Provide(provide_files)},
)
def send_files(
    door: web.OpenDoor, form: Form, sent: NamedDependency[list[Sent]], key: FromPath[UUID]
) -> Template:
    """Count a box from each file, whatever comes of the others."""
    told = {name: shell.one(form, name) for name in ("turned", "rack", "unread_empty")}
    came = [_count(_door_of(door, number, file), file, key, told) for number, file in enumerate(sent)]
    me, shown = shell.ask(door, lambda session, actor: seen(session, actor, key))
    return _page(me, shown, came)


# --- how ---


def _door_of(door: Door, number: int, file: Sent) -> Door:
    """Each file is a command of its own; the form sent again does none of them twice."""
    command = uuid5(door.command_id, f"file {number}") if door.command_id else None
    return Door(door.database, door.shown, command, door.fingerprint + file.content.encode())


def _count(door: Door, file: Sent, key: UUID, told: dict[str, str]) -> Came:
    try:
        sent = {"audit": key, "content": file.content, "name": file.name, **told}
        order = inputs.read(CountedByFile, sent, form=True)
        return Came(
            file, door.act(lambda session, actor: audits.count_by_file(session, actor, order), BoxCount)
        )
    except (Busy, NotSignedIn):
        raise
    except Refusal as refusal:
        # The other files are counted all the same: what is refused stands beside what they found.
        return Came(file, None, refusal.each if isinstance(refusal, Refusals) else [refusal])


def _page(me: Any, shown: Seen, came: list[Came]) -> Template:
    board = shown.board
    return shell.page(
        "audits/files.html",
        me,
        board=board,
        came=came,
        boxes={box.code: box for box in board.boxes},
        waiting=[box for box in board.boxes if box.state is not BoxState.COUNTED],
        profiles=racks.PROFILES,
        words=words,
        most=SHOWN,
        in_words=web.in_words,
    )


HANDLERS = [files_page, send_files]
