"""Who stands at the bench: the lock screen, a badge that is scanned, and the PIN that it may ask for.

Other pages send a badge to `POST /bench/badge` with `badge`, and where to go on: `mode`, `box` and `at`
of the bench, or `next`, another page. The answer leads on, signed in, or to the number pad.
"""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.enums import MediaType
from litestar.response import Redirect, Template

from biobank import accounts, clock, errors, stations, web
from biobank.door import Door
from biobank.errors import Refusal
from biobank.pages import shell, signing
from biobank.pages.bench import answers, at_station
from biobank.pages.bench.scanning import Mode
from biobank.pages.shell import Form
from biobank.stations import Opened, StationRow

Asked = Request[Any, Any, Any]
_KEPT = ("mode", "box", "at", "next")

# --- pages ---


@get("/bench/locked", sync_to_thread=True)
def locked_page(request: Asked, door: web.OpenDoor) -> Template | Redirect:
    """The lock screen: a badge opens it again, with the box that was open. Elsewhere, the way to sign in."""
    station = _station(request, door)
    if station is None and not door.shown.session:
        return Redirect(f"/sign-in?{urlencode({'next': _bench(_asked(request), unlocked=True)})}")
    return shell.page(
        "stations/locked.html",
        station=station,
        kept=_asked(request),
        to=_bench(_asked(request), unlocked=True),
    )


@get("/bench/pin", sync_to_thread=True)
def pin_page(request: Asked, door: web.OpenDoor) -> Template:
    """The number pad for the PIN of whose badge was scanned."""
    badge = request.query_params.get("badge", "")
    found = door.glance(lambda session: stations.standing(session, at_station.secret(request), badge))
    return shell.page(
        "stations/pin.html", station=found.station, whose=found.name, badge=badge, kept=_asked(request)
    )


# --- acts ---


@post("/bench/badge", sync_to_thread=True, status_code=200)
def badge(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any] | Template:
    """Let the person of the badge go on where the bench stands, or ask for their PIN first.

    A script at the bench (`X-Fragment: 1`) reads where to go from `HX-Redirect`, and a refusal as a STOP.
    """
    kept = {name: shell.one(form, name) for name in _KEPT}
    code, pin, secret = shell.one(form, "badge"), shell.one(form, "pin"), clock.new_secret()
    try:
        opened = _open(request, door, code, pin, secret)
    except errors.Busy:
        raise
    except Refusal as refusal:
        if refusal.slug == "pin_needed":
            return _lead(request, f"/bench/pin?{urlencode({'badge': code, **_told(kept)})}")
        if request.headers.get("x-fragment") != "1":
            raise
        mode = Mode(kept["mode"]) if kept["mode"] in set(Mode) else Mode.LOOKUP
        return shell.page("bench/_result.html", result=answers.refused(refusal, mode, kept["box"]))
    answer = signing.signed_in(request, _lead(request, _bench(kept)), secret)
    at_station.keep_ways(request, answer, opened.station)
    return answer


@post("/bench/lock", sync_to_thread=True, status_code=200)
def lock(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """End the session, and show the lock screen, which keeps the open box."""
    door.admit(lambda session: accounts.sign_out(session, door.shown.session))
    kept = _told({name: shell.one(form, name) for name in _KEPT})
    answer = _lead(request, f"/bench/locked?{urlencode(kept)}")
    answer.delete_cookie(web.cookie_name(request), path="/")
    return answer


# --- how ---


def _open(request: Asked, door: Door, code: str, pin: str, secret: str) -> Opened:
    """Open a sign-in by badge; a PIN is hashed between two transactions, since hashing is slow."""
    at, kept, before = at_station.secret(request), "", door.shown.session
    if pin:
        trial = door.admit(lambda session: stations.try_pin(session, at, code))
        stations.require_fit(trial, pin)
        kept = trial.kept
    return door.admit(lambda session: stations.open_by_badge(session, at, code, before, secret, kept))


def _lead(request: Asked, to: str) -> Response[Any]:
    if request.headers.get("x-fragment") == "1":
        return Response("", headers={"HX-Redirect": to}, media_type=MediaType.TEXT, status_code=200)
    return shell.go(request, to)


def _station(request: Asked, door: Door) -> StationRow | None:
    return door.glance(lambda session: stations.here(session, at_station.secret(request)))


def _asked(request: Asked) -> dict[str, str]:
    return {name: request.query_params.get(name, "")[:200] for name in _KEPT}


def _told(kept: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in kept.items() if value}


def _bench(kept: dict[str, str], *, unlocked: bool = False) -> str:
    """Where to go on. A bench that was locked rests in its own mode again; its box is open as before."""
    if kept["next"]:
        return shell.local(kept["next"])
    names = ("box",) if unlocked else ("mode", "box", "at")
    told = urlencode({name: kept[name] for name in names if kept[name]})
    return f"/bench?{told}" if told else "/bench"


HANDLERS = [locked_page, pin_page, badge, lock]
