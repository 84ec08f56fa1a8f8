"""Protocols: a version whole, its file, and a new file looked at before it is loaded."""

import base64
import binascii
import re
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import participants, studies, web
from biobank.errors import Malformed
from biobank.pages import shell
from biobank.pages.charts import lasting
from biobank.pages.shell import Form
from biobank.participants import Adopted, Preview
from biobank.people import Actor
from biobank.studies import ProtocolCard, StudyCard
from biobank.texts import N_

_VERSION = re.compile(r"[1-9]\d{0,7}", re.ASCII)


class Shown(msgspec.Struct, frozen=True):
    """What a file is of and would change, and the file itself, to be sent again as it came."""

    code: str
    title: str
    before: StudyCard | None
    preview: Preview
    file: str


@get("/studies/{study:str}/protocol", sync_to_thread=True)
def protocol_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """A version of the protocol, the one in force unless another is asked for."""
    version = _version(request.query_params.get("version", ""))

    def question(session: Session, actor: Actor) -> tuple[StudyCard, ProtocolCard]:
        found = studies.by_code(session, actor, study)
        return studies.card(session, found), studies.protocol_card(session, found, version)

    me, (card, protocol) = shell.ask(door, question)
    return shell.page("studies/protocol.html", me, study=card, protocol=protocol, lasting=lasting)


@get("/studies/{study:str}/protocol/{version:str}", sync_to_thread=True)
def protocol_file(door: web.OpenDoor, study: FromPath[str], version: FromPath[str]) -> Response[bytes]:
    """The file of a version, byte for byte as it was loaded."""

    def question(session: Session, actor: Actor) -> str:
        return studies.protocol_text(session, studies.by_code(session, actor, study), _version(version) or 0)

    text = door.ask(question)
    headers = {"Content-Disposition": f'attachment; filename="protocol-{_version(version)}.toml"'}
    return Response(text.encode(), media_type="application/toml", headers=headers)


def _version(told: str) -> int | None:
    """The number of a version as we write it: `int` reads `+1`, `1_0` and the digits of every script."""
    return int(told) if _VERSION.fullmatch(told) else None


async def provide_file(request: Request[Any, Any, Any], door: web.OpenDoor) -> bytes:  # noqa: ARG001
    """The file that a form brought; empty where it brought none."""
    # The door reads the form as well. It comes first: two at once would each get a part of what is sent.
    sent = (await request.form()).get("file")
    return await sent.read() if isinstance(sent, UploadFile) else b""


@post(
    "/protocols/preview", sync_to_thread=True, status_code=200, dependencies={"file": Provide(provide_file)}
)
def preview(request: Request[Any, Any, Any], door: web.OpenDoor, file: NamedDependency[bytes]) -> Template:
    """What a file would change, in words and in numbers of visits. Nothing is changed yet."""

    def question(session: Session, actor: Actor) -> Shown:
        told = participants.preview(session, actor, file)
        of = studies.read_protocol(file).study
        before = next((each for each in studies.everything(session, actor) if each.code == of.code), None)
        return Shown(of.code, of.title, before, told, base64.b64encode(file).decode())

    me, shown = shell.ask(door, question)
    name = "studies/_preview.html" if "hx-request" in request.headers else "studies/preview.html"
    return shell.page(name, me, shown=shown)


@post("/protocols", sync_to_thread=True)
def load(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Load a file that was looked at: a new study, or a new version of one; visits follow."""
    text = decoded(shell.one(form, "file"))
    made = door.act(lambda session, actor: participants.adopt(session, actor, text), Adopted)
    return shell.go(request, f"/studies/{made.study.code}/protocol")


def decoded(sent: str) -> bytes:
    """The file that a preview carried on. Refused: what is not one."""
    # A form changes the ends of lines in a text, and with them its SHA-256; in base64 it cannot.
    try:
        return base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        message = N_("The file cannot be read any more. Choose it anew.")
        raise Malformed("protocol_file_lost", message, field="file") from None


HANDLERS = [protocol_page, protocol_file, preview, load]
