"""The scan bench: one scan in, one outcome out; look-up changes nothing."""

from typing import Any

from litestar import Request, get, post
from litestar.response import Template

from biobank import codes, errors, inputs, web
from biobank.errors import Refusal
from biobank.labels.cards import Card
from biobank.pages import answers, shell
from biobank.pages.bench.deeds import do
from biobank.pages.bench.drawing import around, with_cursor
from biobank.pages.bench.looking import look, open_box
from biobank.pages.bench.order import Order
from biobank.pages.scanning import Mode
from biobank.pages.shell import Form

__all__ = ["HANDLERS", "Order"]


@get("/bench", sync_to_thread=True)
def bench_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The bench in the mode and with the box that the address names."""
    asked = request.query_params
    mode = Mode(asked["mode"]) if asked.get("mode") in {each.value for each in Mode} else Mode.LOOKUP
    code = codes.read(asked.get("box", "")) or ""
    me, inside = shell.ask(door, lambda session, actor: open_box(session, actor, code))
    return shell.page("bench/bench.html", me, cards=Card, **around(mode, with_cursor(inside, mode)))


@post("/bench/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form) -> Template:
    """Do what the scan means here, and answer with its outcome, the map and the band of the mode.

    A refusal is an outcome too: STOP, in both languages, with what to do about it. Only what the
    bench itself must repeat (a database that is busy) or cannot solve (a session that ended) is not.
    """
    order = inputs.read(Order, form, form=True)
    seen = door.ask(lambda session, actor: look(session, actor, order.scan))
    try:
        result, shown = do(door, order, seen)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result, shown = answers.refused(refusal, order.mode, order.box or ""), None
    if shown is None and result.box:
        inside = door.ask(lambda session, actor: open_box(session, actor, result.box))
        shown = with_cursor(inside, result.mode)
    return shell.page("bench/_answer.html", result=result, **around(result.mode, shown, result.box))


HANDLERS = [bench_page, scan]
