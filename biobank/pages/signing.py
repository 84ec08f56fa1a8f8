"""Signing in and out, the one-time first link, and the language of this browser."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlmodel import Session

from biobank import accounts, clock, inputs, people, stations, texts, web
from biobank.accounts import PasswordOrder, SignInOrder
from biobank.pages import shell
from biobank.pages.bench import at_station
from biobank.pages.shell import Form
from biobank.stations import StationRow

A_YEAR = 365 * 24 * 3600


@get("/sign-in", sync_to_thread=False)
def sign_in_page(request: Request[Any, Any, Any]) -> Template:
    """Name and password."""
    wanted = request.query_params.get("next", "/")
    return shell.page("signing/sign_in.html", next=shell.local(wanted))


@post("/sign-in", sync_to_thread=True)
def sign_in(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Open a session under a new secret; one that this browser had ends."""
    told = {name: shell.one(form, name) for name in ("name", "password")}
    order = inputs.read(SignInOrder, told, form=True)
    who = door.recognise(order.name, lambda session: accounts.recognise(session, order))
    secret = clock.new_secret()

    def open_session(session: Session) -> StationRow | None:
        accounts.sign_out(session, door.shown.session)
        station = stations.arrive(session, at_station.secret(request))
        accounts.come_in(session, who, secret, station.id if station else None)
        return station

    station = door.admit(open_session)
    answer = signed_in(request, shell.go(request, shell.local(shell.one(form, "next"))), secret)
    if station:
        at_station.keep_ways(request, answer, station)
    return answer


@get("/first/{link:str}", sync_to_thread=False)
def first_page(link: FromPath[str]) -> Template:
    """Choose a password by a one-time link."""
    return shell.page("signing/first.html", link=link, shortest=people.SHORTEST_PASSWORD)


@post("/first/{link:str}", sync_to_thread=True)
def first(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, link: FromPath[str]
) -> Response[Any]:
    """Keep the chosen password, end the link, and open a session."""
    told = {name: shell.one(form, name) for name in ("password", "again")}
    password = accounts.require_password(inputs.read(PasswordOrder, told, form=True))
    kept = people.hash_password(password)
    secret = clock.new_secret()

    def choose(session: Session) -> str:
        station = stations.arrive(session, at_station.secret(request))
        return accounts.choose_password(session, link, kept, secret, station.id if station else None)

    door.admit(choose)
    return signed_in(request, shell.go(request, "/"), secret)


@post("/sign-out", sync_to_thread=True)
def sign_out(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[Any]:
    """End the session, at the server too."""
    door.admit(lambda session: accounts.sign_out(session, door.shown.session))
    answer = shell.go(request, "/sign-in")
    answer.delete_cookie(web.cookie_name(request), path="/")
    return answer


@get("/language/{code:str}", sync_to_thread=False)
def choose_language(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[Any]:
    """Keep the chosen language in this browser, and go back to the page."""
    answer = Redirect(quote(shell.local(request.query_params.get("next", "/")), safe="/?&=%#"))
    if code in texts.LANGUAGES:
        answer.set_cookie(
            "language", code, path="/", max_age=A_YEAR, samesite="lax", secure=request.app.state.secure
        )
    return answer


def signed_in(request: Request[Any, Any, Any], answer: Response[Any], secret: str) -> Response[Any]:
    """The answer, with the cookie of a session that was opened under that secret."""
    answer.set_cookie(
        web.cookie_name(request),
        secret,
        path="/",
        max_age=int(accounts.SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.app.state.secure,
    )
    return answer


HANDLERS = [sign_in_page, sign_in, first_page, first, sign_out, choose_language]
