"""Tubes into boxes and out again, and what is out."""

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody
from sqlmodel import Session

from biobank import inputs, storage, studies
from biobank.api.answers import CSV, After, Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.people import Actor
from biobank.storage import BringBack, OutAsked, OutRow, Purpose, PutAway, Stored, TakeOut, Told
from biobank.web import OpenDoor


@post("/moves", sync_to_thread=True, status_code=200)
def move(door: OpenDoor, data: JSONBody[PutAway]) -> list[Stored]:
    """Put tubes into a box, or move them there."""
    return door.act(lambda session, actor: storage.put_away(session, actor, data), list[Stored])


@post("/takings", sync_to_thread=True, status_code=200)
def take(door: OpenDoor, data: JSONBody[TakeOut]) -> list[Stored]:
    """Take tubes out; their slots are kept for them."""
    return door.act(lambda session, actor: storage.take_out(session, actor, data), list[Stored])


@post("/returns", sync_to_thread=True, status_code=200)
def bring_back(door: OpenDoor, data: JSONBody[BringBack]) -> list[Stored]:
    """Bring tubes back to the slots that were kept for them."""
    return door.act(lambda session, actor: storage.bring_back(session, actor, data), list[Stored])


def out_asked(
    of: FromQuery[Told | None] = None,
    holder: FromQuery[str | None] = None,
    purpose: FromQuery[Purpose | None] = None,
    study: FromQuery[str | None] = None,
    site: FromQuery[str | None] = None,
    mine: FromQuery[bool] = False,  # noqa: FBT002 - a flag of an address
) -> OutAsked:
    """What is sought on the board by an address."""
    told = {"of": of, "holder": holder, "purpose": purpose, "study": study, "site": site, "mine": mine}
    return inputs.read(OutAsked, told)


BOARD = {"sought": Provide(out_asked, sync_to_thread=False)}


@get("/out", sync_to_thread=True, dependencies=BOARD)
def list_out(
    door: OpenDoor, sought: NamedDependency[OutAsked], limit: Limit = 50, after: After = ""
) -> Page[OutRow]:
    """The tubes in your scope that are out, those out longest first.

    `level` is amber from the warning of its protocol and red past the limit, where a tube has thawed.
    """
    rows = door.ask(lambda session, actor: _out(session, actor, sought, limit + 1, after))
    return page(rows, limit, lambda row: row.rank)


@get("/out.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet(), dependencies=BOARD)
def list_out_as_csv(door: OpenDoor, sought: NamedDependency[OutAsked]) -> Response[bytes]:
    """The tubes that are out, as CSV."""
    rows = door.ask(lambda session, actor: _out(session, actor, sought))
    return csv_file("out.csv", OutRow, rows)


@get("/out.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book(), dependencies=BOARD)
def list_out_as_xlsx(door: OpenDoor, sought: NamedDependency[OutAsked]) -> Response[bytes]:
    """The tubes that are out, as a spreadsheet."""
    rows = door.ask(lambda session, actor: _out(session, actor, sought))
    return xlsx_file("out.xlsx", OutRow, rows)


def _out(
    session: Session, actor: Actor, sought: OutAsked, limit: int = storage.MOST_OUT, after: str = ""
) -> list[OutRow]:
    """What is out. Refused: a study that is not there or out of scope, both alike."""
    if sought.study:
        studies.by_code(session, actor, sought.study)
    return storage.what_is_out(session, actor, sought, limit, after)


HANDLERS = noun("moves", [move, take, bring_back, list_out, list_out_as_csv, list_out_as_xlsx])
