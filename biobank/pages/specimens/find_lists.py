"""Find many codes at once: pasted or scanned one after another, in a table, to copy, to save, to act on."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template

from biobank import codes, inputs, specimens, storage, web
from biobank.pages import files, shell
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.specimens import FindList, FoundList, FoundRow, FoundState
from biobank.storage import Purpose, Stored, TakeOut
from biobank.texts import N_
from biobank.texts import gettext as _

Asked = Request[Any, Any, Any]

SHOWN = 200
"""So many rows are drawn; the files have all."""

FEW = 100
"""So many tubes fit an address, which is how a plan is asked for."""

PARTS = ("all", "unknown", "ambiguous", "retired", "again", "found")
"""What of a list may be shown alone."""

STORED = ("slot", "unplaced")
"""Where a tube is that can be taken out."""

ADDRESSES = {
    "specimen": "/specimens/{code}",
    "container": "/containers/{code}",
    "visit": "/visits/{code}",
    "kit": "/kits/{code}",
    "participant": "/studies/{study}/participants/{code}",
}


class Part(msgspec.Struct, frozen=True):
    """A part of a list that may be shown alone, with how many rows it has."""

    name: str
    label: str
    count: int


@get("/find/list", sync_to_thread=True)
def list_page(request: Asked, door: web.OpenDoor) -> Template:
    """A field for codes; with `codes` in the address, what they are."""
    return _page(door, request.query_params.get("codes", ""), request.query_params.get("show", ""))


@post("/find/list", sync_to_thread=True, status_code=200)
def found_page(door: web.OpenDoor, form: Form) -> Template:
    """What the codes are; those that are unknown can be shown alone."""
    return _page(door, shell.one(form, "codes"), shell.one(form, "show"))


@post("/find/list/file", sync_to_thread=True, status_code=200)
def found_file(request: Asked, door: web.OpenDoor, form: Form) -> Response[bytes]:
    """What the codes are as a file, a row for each in the order given."""
    files.kind_asked(request)
    asked = _asked(shell.one(form, "codes"))
    told = door.ask(lambda session, actor: specimens.find_list(session, actor, asked))
    return files.sheet(request, ["codes"], _header(), map(msgspec.structs.astuple, told.rows))


@post("/find/list/take-out", sync_to_thread=True)
def take_out(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Take the tubes of a list out, all or none; their slots are kept."""
    told = {"tubes": shell.one(form, "tubes").split(), "purpose": shell.one(form, "purpose")}
    order = inputs.read(TakeOut, told, form=True)
    door.act(lambda session, actor: storage.take_out(session, actor, order), list[Stored])
    return shell.go(request, "/out")


# --- how ---


def _asked(text: str) -> FindList:
    return inputs.read(FindList, {"codes": specimens.split(text)}, form=True)


def _page(door: web.OpenDoor, text: str, show: str) -> Template:
    def question(session: Any, actor: Actor) -> FoundList | None:
        return specimens.find_list(session, actor, _asked(text)) if text.strip() else None

    me, told = shell.ask(door, question)
    part = show if show in PARTS else "all"
    rows = [row for row in told.rows if _is_of(row, part)] if told else []
    return shell.page(
        "find/list.html",
        me,
        text=text.strip(),
        told=told,
        parts_of=_parts_of(told) if told else [],
        part=part,
        rows=rows[:SHOWN],
        count=len(rows),
        tubes=_tubes(rows),
        stored=_tubes(row for row in rows if row.custody in STORED),
        few=FEW,
        most=storage.MOST_TUBES,
        purposes=list(Purpose),
        address=address,
        grouped=grouped,
    )


def _is_of(row: FoundRow, part: str) -> bool:
    match part:
        case "retired":
            return row.retired
        case "again":
            return row.again is not None
        case "all":
            return True
        case _:
            return row.state.value == part


def _parts_of(told: FoundList) -> list[Part]:
    each = [
        Part("all", _("All"), told.total),
        Part("unknown", _("Unknown"), told.unknown),
        Part("ambiguous", _("More than one"), told.ambiguous),
        Part("retired", _("Old code"), told.retired),
        Part("again", _("Twice"), told.again),
        Part("found", _("Found"), told.found),
    ]
    return [part for part in each if part.count]


def _tubes(rows: Iterable[FoundRow]) -> list[str]:
    """The tubes among the rows, each once: what one does with a list is done with tubes."""
    return list(dict.fromkeys(row.code for row in rows if row.kind == "specimen"))


def address(row: FoundRow) -> str:
    """Where what a code names has its page; empty where it names nothing, or several things."""
    if row.state is not FoundState.FOUND:
        return ""
    return ADDRESSES[row.kind].format(code=quote(row.code), study=quote(row.study, safe=""))


def grouped(row: FoundRow) -> str:
    """What is named, as it is written on a label."""
    return codes.grouped(row.code) if codes.read(row.code) else row.code


_NAMES = {
    "number": N_("Number"),
    "text": N_("Given"),
    "state": N_("Result"),
    "kind": N_("Kind"),
    "code": N_("Code"),
    "retired": N_("Old code"),
    "again": N_("Twice: first in row"),
    "scheme": N_("Scheme"),
    "label": N_("Label of a kit"),
    "choices": N_("Names"),
    "study": N_("Study"),
    "site": N_("Site"),
    "participant": N_("Participant"),
    "event": N_("Event"),
    "material": N_("Material"),
    "amount": N_("Amount"),
    "quantity": N_("Amount as a number"),
    "unit": N_("Unit"),
    "life": N_("State"),
    "place": N_("Place"),
    "custody": N_("Whereabouts"),
    "holds": N_("Holds"),
    "deviations": N_("Deviations"),
    "thaws": N_("Thaws"),
}


def _header() -> list[str]:
    """The names of the columns of a file, in the order of FoundRow."""
    return [_(_NAMES[name]) for name in FoundRow.__struct_fields__]


HANDLERS = [list_page, found_page, found_file, take_out]
