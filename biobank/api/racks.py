"""Rack scanners: their files kept, judged well by well, confirmed, registered."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlmodel import Session

from biobank import racks
from biobank.api.answers import Limit, Page, page
from biobank.api.documents import noun
from biobank.inputs import Input
from biobank.people import Actor
from biobank.racks import (
    Confirmation,
    Confirmed,
    Profile,
    RackFileOrder,
    RackRegistered,
    RackRegistration,
    RackVerdict,
    ReadAs,
    WaitingFile,
)
from biobank.web import OpenDoor

Box = Annotated[str, QueryParameter(max_length=100, description="The box's code, or its manufacturer's.")]
Turned = Annotated[bool | None, QueryParameter(description="Whether the rack lay the wrong way round.")]
As = Annotated[Profile | None, QueryParameter(description="The scanner it is of, where the guess is wrong.")]
AfterFile = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]


class SetAside(Input):
    """A file of a rack scanner that nothing is confirmed of."""

    file: UUID


@post("/rack-files", sync_to_thread=True)
def receive_file(door: OpenDoor, data: JSONBody[RackFileOrder]) -> WaitingFile:
    """Keep the file of a rack scanner as it came, for the box it is of."""

    def work(session: Session, actor: Actor) -> WaitingFile:
        return racks.file_row(session, actor, racks.receive(session, actor, data).id)

    return door.act(work, WaitingFile)


@get("/rack-files", sync_to_thread=True)
def list_files(
    door: OpenDoor, box: Box = "", limit: Limit = 50, after: AfterFile = None
) -> Page[WaitingFile]:
    """The files that nobody has dealt with yet, newest first; those of one box where it is told."""
    rows = door.ask(lambda session, actor: racks.waiting(session, actor, box or None, limit + 1, after))
    return page(rows, limit, lambda row: str(row.id))


@get("/rack-files/{file:uuid}", sync_to_thread=True)
def get_file(door: OpenDoor, file: FromPath[UUID]) -> WaitingFile:
    """One file, dealt with or not."""
    return door.ask(lambda session, actor: racks.file_row(session, actor, file))


@get(
    "/rack-files/{file:uuid}/content",
    sync_to_thread=True,
    media_type="application/octet-stream",
    responses={
        200: ResponseSpec(
            bytes,
            generate_examples=False,
            media_type="application/octet-stream",
            description="The file, byte for byte as it came.",
        )
    },
)
def get_content(door: OpenDoor, file: FromPath[UUID]) -> Response[bytes]:
    """The file itself; its SHA-256 stands in every event that it led to."""
    kept = door.ask(lambda session, actor: racks.raw_file(session, actor, file))
    headers = {"Content-Disposition": f'attachment; filename="rack-{file}.txt"'}
    return Response(kept, media_type="application/octet-stream", headers=headers)


@get("/rack-files/{file:uuid}/verdict", sync_to_thread=True)
def get_verdict(
    door: OpenDoor, file: FromPath[UUID], box: Box = "", turned: Turned = None, profile: As = None
) -> RackVerdict:
    """What each well is, held against the database; nothing is written. Without a box, that of the file."""

    def question(session: Session, actor: Actor) -> RackVerdict:
        kept = racks.file_by_id(session, actor, file)
        of = box or racks.file_row(session, actor, file).box
        return racks.verdict_of(session, actor, of, kept, ReadAs(profile=profile), turn=bool(turned))

    return door.ask(question)


@post("/rack-files-set-aside", sync_to_thread=True, status_code=200)
def set_aside(door: OpenDoor, data: JSONBody[SetAside]) -> WaitingFile:
    """Deal with a file without confirming anything; it stays kept."""

    def work(session: Session, actor: Actor) -> WaitingFile:
        racks.set_aside(session, actor, data.file)
        return racks.file_row(session, actor, data.file)

    return door.act(work, WaitingFile)


@post("/rack-confirmations", sync_to_thread=True, status_code=200)
def confirm(door: OpenDoor, data: JSONBody[Confirmation]) -> Confirmed:
    """Put the confirmed tubes to their slots in one gesture, and make tasks of the other wells."""
    return door.act(lambda session, actor: racks.confirm(session, actor, data), Confirmed)


@post("/rack-registrations", sync_to_thread=True)
def register_by_rack(door: OpenDoor, data: JSONBody[RackRegistration]) -> RackRegistered:
    """Register the new tubes of a rack with their codes and slots in one act."""
    return door.act(lambda session, actor: racks.register_rack(session, actor, data), RackRegistered)


HANDLERS = noun(
    "racks",
    [receive_file, list_files, get_file, get_content, get_verdict, set_aside, confirm, register_by_rack],
)
