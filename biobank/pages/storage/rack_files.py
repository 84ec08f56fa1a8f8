"""A box beside the file of a rack scanner: sent in, looked at well by well, confirmed with one click."""

import base64
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, racks, storage, web
from biobank.errors import Malformed, Refusal, Refusals
from biobank.labels.cards import Card
from biobank.pages import shell, words
from biobank.pages.shell import Form
from biobank.pages.storage import maps
from biobank.pages.storage.maps import Drawing
from biobank.people import Actor
from biobank.racks import (
    Confirmation,
    Confirmed,
    RackFileOrder,
    RackRegistered,
    RackRegistration,
    RackVerdict,
    ReadAs,
    Verdict,
    WaitingFile,
)
from biobank.storage import BoxMap, SlotRow
from biobank.texts import N_, gettext

PARENTS = 8
"""So many parents can be named in the form that registers a rack; more by the API or the command line."""

_COLUMNS = ("position", "tube", "rack")
_DRAWN = {
    Verdict.MATCH: "occupied",
    Verdict.NEW_HERE: "found",
    Verdict.MOVED_FROM: "notice",
    Verdict.ABSENT: "out",
    Verdict.EMPTY: "empty",
}
"""How a well is drawn where it can be confirmed; one that cannot is drawn as a stop."""


class Sent(msgspec.Struct, frozen=True):
    """A file that a form brought."""

    name: str
    data: bytes


class Beside(msgspec.Struct, frozen=True):
    """A box, the files that wait for it, and the one that is looked at: its verdict, or why there is none."""

    box: BoxMap
    waiting: list[WaitingFile]
    file: WaitingFile | None = None
    verdict: RackVerdict | None = None
    refusal: list[Refusal] = []


async def provide_sent(request: Request[Any, Any, Any], door: web.OpenDoor) -> Sent:  # noqa: ARG001
    """The file of a form, or the text that was pasted into it; empty where it brought neither."""
    # The door reads the form as well. It comes first: two at once would each get a part of what is sent.
    form = await request.form()
    file = form.get("file")
    if isinstance(file, UploadFile) and (data := await file.read()):
        return Sent(file.filename, data)
    return Sent("", str(form.get("text") or "").encode())


@get("/boxes/{code:str}/file", sync_to_thread=True)
def file_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """The box beside the file that waits for it, or the one that is asked for."""
    query = dict(request.query_params)
    me, shown = shell.ask(door, lambda session, actor: asked(session, actor, code, query))
    return shell.page(
        "rack_files/file.html",
        me,
        shown=shown,
        box=shown.box,
        done={name: query[name] for name in ("placed", "sighted", "tasks") if query.get(name, "").isdigit()},
        turned=_turned(query),
        reading=_reading(query),
        parents=PARENTS,
        cards=Card,
        **told_of(shown),
    )


@post("/boxes/{code:str}/file", sync_to_thread=True, dependencies={"sent": Provide(provide_sent)})
def send_file(
    request: Request[Any, Any, Any],
    door: web.OpenDoor,
    form: Form,
    sent: NamedDependency[Sent],
    code: FromPath[str],
) -> Response[Any]:
    """Keep a file that was chosen or pasted, and show what it says."""
    order = inputs.read(
        RackFileOrder,
        {
            "content": base64.b64encode(sent.data).decode(),
            "name": sent.name,
            "source": "upload" if sent.name else "paste",
            "box": code,
            "rack": shell.one(form, "rack_code"),
        },
        form=True,
    )
    kept = door.act(lambda session, actor: racks.receive(session, actor, order).id, UUID)
    return shell.go(request, f"/boxes/{code}/file?file={kept}")


@post("/boxes/{code:str}/file/confirm", sync_to_thread=True)
def confirm(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Put the ticked tubes to their slots; the other wells become tasks."""
    told = {name: shell.one(form, name) for name in ("file", "absent_reason", "unread_empty", "turned")}
    told_as = {"wells": shell.several(form, "wells"), "box": code, "reading": _columns(form)}
    order = inputs.read(Confirmation, {**told, **told_as}, form=True)
    done = door.act(lambda session, actor: racks.confirm(session, actor, order), Confirmed)
    counts = f"placed={done.placed}&sighted={done.sighted}&tasks={done.tasks}"
    return shell.go(request, f"/boxes/{code}/file?file={done.file}&{counts}")


@post("/boxes/{code:str}/file/set-aside", sync_to_thread=True)
def set_aside(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Deal with a file without confirming anything."""
    file = _key(shell.one(form, "file"))
    if file is None:
        raise Malformed("rack_file_unknown", N_("There is no such file in your scope."), field="file")
    door.act(lambda session, actor: racks.set_aside(session, actor, file).name, str)
    return shell.go(request, f"/boxes/{code}/file")


@post("/boxes/{code:str}/file/register", sync_to_thread=True)
def register(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Register the new tubes of a file as aliquots of the named parents."""
    columns = [shell.several(form, name) for name in ("parent", "wells", "amount")]
    rows = [
        {"parent": parent, "wells": wells, "amount": amount or None}
        for parent, wells, amount in zip(*columns, strict=True)
        if parent or wells
    ]
    told = {name: shell.one(form, name) for name in ("file", "scheme", "turned")}
    sent = {**told, "box": code, "aliquots": rows, "reading": _columns(form)}
    order = inputs.read(RackRegistration, sent, form=True)
    made = door.act(lambda session, actor: racks.register_rack(session, actor, order), RackRegistered)
    return shell.go(request, f"/boxes/{code}/file?file={made.file}&placed={len(made.tubes)}")


# --- what is shown ---


def asked(session: Session, actor: Actor, code: str, query: dict[str, str]) -> Beside:
    """A box beside the file that an address asks for, read as it says."""
    file, turn = _key(query.get("file", "")), _turned(query) is True
    return beside(session, actor, code, file, _reading(query), turn=turn)


def beside(
    session: Session,
    actor: Actor,
    code: str,
    file: UUID | None = None,
    told: ReadAs | None = None,
    *,
    turn: bool = False,
) -> Beside:
    """A box with its files; the one asked for, or the only one that waits, with its verdict."""
    box = storage.box_map(session, actor, code)
    waiting = racks.waiting(session, actor, box.code)
    if file is None and len(waiting) == 1:
        file = waiting[0].id
    if file is None:
        return Beside(box, waiting)
    row = racks.file_row(session, actor, file)
    try:
        kept = racks.file_by_id(session, actor, file)
        found = racks.verdict_of(session, actor, box.code, kept, told, turn=turn)
    except Refusal as refusal:
        # The page still has to offer another way of reading it: what is refused is shown beside that.
        return Beside(box, waiting, row, None, refusal.each if isinstance(refusal, Refusals) else [refusal])
    return Beside(box, waiting, row, found)


def told_of(shown: Beside) -> dict[str, object]:
    """What the templates of a verdict need, here and on the bench: two drawings, and words."""
    drawing = maps.draw(shown.box) if shown.box.rows else None
    file_box = as_told(shown.box, shown.verdict) if shown.verdict else None
    return {
        "drawing": drawing,
        "file_box": file_box,
        "file_drawing": drawn(file_box, shown.verdict) if file_box and shown.verdict else None,
        "profiles": {profile.value: gettext(name) for profile, name in racks.PROFILES.items()},
        "reasons": {reason.value: gettext(name) for reason, name in racks.ABSENT_REASONS.items()},
        "done_card": Card.DONE.value,
        "stops": {name: gettext(message) for name, message in racks.STOPS.items()},
    }


def as_told(box: BoxMap, found: RackVerdict) -> BoxMap:
    """The box as the file has it: the state of a slot is its verdict in words.

    A map writes codes as they are, so it gets ours alone; what a file says stands in the table beside it.
    """
    wells = {well.slot: well for well in found.wells}
    rows: list[SlotRow] = []
    for slot in box.slots:
        well = wells.get(slot.name)
        verdict = well.verdict if well else Verdict.EMPTY
        absent = well.expected if well and verdict is Verdict.ABSENT else ""
        code = (well.tube or absent) if well else ""
        rows.append(SlotRow(slot.name, slot.row, slot.col, words.word(verdict.value, "verdict"), code))
    return msgspec.structs.replace(box, slots=rows)


def drawn(box: BoxMap, found: RackVerdict) -> Drawing:
    """The grid of the file: every well in the state of its verdict."""
    marks = dict.fromkeys((slot.name for slot in box.slots), "empty")
    for well in found.wells:
        good = well.good or well.verdict in (Verdict.ABSENT, Verdict.EMPTY)
        marks[well.slot] = _DRAWN[well.verdict] if good else "stop"
    return maps.draw(box, marks)


# --- how ---


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _turned(asked: dict[str, str]) -> bool | None:
    return {"true": True, "false": False}.get(asked.get("turned", ""))


def _reading(asked: dict[str, str]) -> ReadAs:
    sent = {name: asked.get(name, "") for name in ("profile", *_COLUMNS)}
    return inputs.read(ReadAs, sent, form=True)


def _columns(form: Any) -> dict[str, str | None]:
    return {name: shell.one(form, name) or None for name in ("profile", *_COLUMNS)}


HANDLERS = [file_page, send_file, confirm, set_aside, register]
