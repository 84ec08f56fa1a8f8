"""The scan bench: one scan in, one outcome out; look-up changes nothing."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import MediaType
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, errors, inputs, web
from biobank.door import Door
from biobank.errors import Refusal
from biobank.labels.cards import NAMES, Card
from biobank.pages import shell
from biobank.pages.bench import answers, saying, unknown
from biobank.pages.bench.answers import Result
from biobank.pages.bench.asking import LastAct, Unresolved, acts, unresolved, ways
from biobank.pages.bench.deeds import do
from biobank.pages.bench.drawing import around, surroundings, tag, with_cursor
from biobank.pages.bench.due import Due, due_in
from biobank.pages.bench.looking import Seen, look, opened
from biobank.pages.bench.order import Came, Order, Shown
from biobank.pages.bench.scanning import Mode, Open
from biobank.pages.bench.storing import ways_on
from biobank.pages.shell import Form
from biobank.pages.storage.containers import Inside
from biobank.people import Actor

__all__ = ["HANDLERS", "Order"]


class State(inputs.Input):
    """What the address of the bench says: its mode, the open container, the slot of the cursor."""

    mode: Mode | None = None
    box: str = ""
    at: str = ""


@get("/bench", sync_to_thread=True)
def bench_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The bench in the mode and with the box that the address names; at a station, in that station's ways."""
    state = _state(request)
    code = codes.read(state.box) or ""
    me, (found, done, open_scans, inside) = shell.ask(
        door,
        lambda session, actor: (
            ways(session, actor),
            acts(session, actor),
            unresolved(session, actor),
            surroundings(session, actor, code),
        ),
    )
    mode = state.mode or Mode(found.starts_in)
    shown = with_cursor(inside, mode, state.at)
    return shell.page(
        "bench/bench.html",
        me,
        cards=Card,
        card_names=NAMES,
        ways=found,
        acts=done,
        unresolved=open_scans,
        **around(mode, shown, at=state.at),
    )


@get("/bench/map", sync_to_thread=True)
def live_map(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template | Response[str]:
    """The open container as it is now; 304 where it is as the page has it."""
    state = _state(request)
    mode, code = state.mode or Mode.LOOKUP, codes.read(state.box) or ""
    inside = door.ask(lambda session, actor: surroundings(session, actor, code))
    known = request.headers.get("if-none-match", "").strip('W/"')
    if inside is not None and known == tag(inside):
        return Response("", status_code=304, media_type=MediaType.TEXT)
    answer = shell.page(
        "bench/_beside.html", **around(mode, with_cursor(inside, mode, state.at), at=state.at)
    )
    answer.headers["ETag"] = f'"{tag(inside)}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@post("/bench/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form) -> Template:
    """Do what the scan means here, and answer with its outcome, the map and the band of the mode.

    A refusal is an outcome too: STOP, in both languages, with what to do about it. Only what the
    bench itself must repeat (a database that is busy) or cannot solve (a session that ended) is not.
    """
    order = inputs.read(Order, form, form=True)
    seen, open_ = door.ask(
        lambda session, actor: (look(session, actor, order.scan), opened(session, actor, order.box or ""))
    )
    if open_ is Open.NOTHING and order.box:
        order = order.model_copy(update={"box": None})
    try:
        result, shown = do(door, order, seen, open_)
        if seen.found and seen.found.retired:
            result = saying.old_label(result, seen.code)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result, shown = _stopped(door, order, seen, refusal)
    code = shown.inside.map.code if shown else result.box
    me, after = shell.ask(door, lambda session, actor: _after(session, actor, code, order, result))
    inside = after.inside
    if inside is not None:
        marks = shown.marks if shown else {}
        drawn = with_cursor(inside, result.mode if result.box else Mode.LOOKUP, result.at)
        shown = Shown(inside, {**(drawn.marks if drawn else {}), **marks})
    told = around(result.mode, shown, result.box, result.at)
    return shell.page(
        "bench/_answer.html",
        me,
        result=result,
        acts=after.acts,
        unresolved=after.unresolved,
        due=after.due,
        cards=Card,
        scanned=order.scan,
        **told,
    )


class After(msgspec.Struct, frozen=True):
    """What stands around a result; the lists only where something may have changed."""

    inside: Inside | None
    acts: list[LastAct] | None
    unresolved: Unresolved | None
    due: Due | None


def _after(session: Session, actor: Actor, code: str, order: Order, result: Result) -> After:
    inside = surroundings(session, actor, code)
    changed = result.mode is not Mode.LOOKUP
    return After(
        inside,
        acts(session, actor) if changed else None,
        unresolved(session, actor) if changed and order.mode is not Mode.LOOKUP else None,
        due_in(session, actor, inside),
    )


def _stopped(door: Door, order: Order, seen: Seen, refusal: Refusal) -> Came:
    inside = door.ask(lambda session, actor: surroundings(session, actor, order.box or ""))
    choices = ways_on(order, seen, refusal, inside.map if inside else None)
    result = answers.refused(refusal, order.mode, order.box or "", at=order.at or "", choices=choices)
    return result, None


def _state(request: Request[Any, Any, Any]) -> State:
    asked = request.query_params
    known = {each.value for each in Mode}
    mode = asked.get("mode") if asked.get("mode") in known else None
    return State.model_validate(
        {"mode": mode, "box": asked.get("box", ""), "at": asked.get("at", "")[:20].strip().upper()}
    )


HANDLERS = [bench_page, live_map, scan, *unknown.HANDLERS]
