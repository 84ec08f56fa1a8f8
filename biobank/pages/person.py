"""One person: roles, badge, where they are signed in, the keys of their programs, their history."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session, col, select

from biobank import accounts, clock, inputs, trail, tries, web
from biobank.accounts import Invited, LinkOrder, PersonRow, TokenEnd, TokenMade, TokenOrder, TokenRow
from biobank.accounts.coming import SignInRow, sign_ins, sign_out_everywhere
from biobank.errors import NotFound
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.tables import Person
from biobank.texts import N_
from biobank.trail import LogRow
from biobank.tries import Failed

Asked = Request[Any, Any, Any]


class Ways(msgspec.Struct, frozen=True):
    """How somebody comes in: browsers that are signed in, keys that programs have; and who could not."""

    sign_ins: list[SignInRow]
    tokens: list[TokenRow]
    failed: Failed | None


class Told(msgspec.Struct, frozen=True):
    """A person as who administers sees them."""

    person: PersonRow
    ways: Ways
    history: list[LogRow]
    changeable: bool


# --- pages ---


@get("/people/{name:str}", sync_to_thread=True)
def person_page(door: web.OpenDoor, name: FromPath[str]) -> Template:
    """Everything of one person, for who administers."""

    def question(session: Session, actor: Actor) -> Told:
        named = [row for row in accounts.everyone(session, actor) if row.name == name]
        if not named:
            message = N_("There is nobody with the name “%(name)s”.")
            raise NotFound("person_unknown", message, field="name", name=name[:60])
        key = session.exec(select(Person.id).where(col(Person.name) == name)).one()
        keys = [each for each in accounts.tokens(session, actor, every=True) if each.person == name]
        ways = Ways(sign_ins(session, actor, name), keys, tries.failed(session, name))
        changeable = named[0].active and key != actor.id and key in accounts.changeable(session, actor)
        return Told(named[0], ways, trail.of_subject(session, key), changeable)

    me, told = shell.ask(door, question)
    return shell.page("people/person.html", me, told=told, person=told.person, ways=told.ways)


def ways_of(session: Session, actor: Actor) -> Ways:
    """How the actor comes in."""
    failed = tries.failed(session, actor.name)
    return Ways(sign_ins(session, actor, actor.name), accounts.tokens(session, actor), failed)


# --- acts ---


@post("/account/tokens", sync_to_thread=True, status_code=200)
def make_token(request: Asked, door: web.OpenDoor, form: Form) -> Template:
    """Make a key for a program with one's own rights; its secret is shown once."""
    told = {name: shell.one(form, name) for name in ("name", "days") if shell.one(form, name)}
    order, secret = inputs.read(TokenOrder, told, form=True), clock.new_secret()
    made = door.act_once(lambda session, actor: accounts.make_token(session, actor, order, secret), TokenMade)
    name = "people/_token.html" if "hx-request" in request.headers else "people/token.html"
    return shell.page(name, made=made, secret=secret)


@post("/account/tokens/end", sync_to_thread=True, status_code=200)
def end_token(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """End a token at once."""
    order = inputs.read(TokenEnd, {"token": shell.one(form, "token")}, form=True)
    door.act(lambda session, actor: accounts.end_token(session, actor, order), TokenRow)
    return shell.go(request, shell.local(shell.one(form, "next"), "/account"))


@post("/people/{name:str}/sign-out", sync_to_thread=True, status_code=200)
def sign_out(request: Asked, door: web.OpenDoor, name: FromPath[str]) -> Response[Any]:
    """End every sign-in of a person; whoever ends their own is signed out here too."""

    def work(session: Session, actor: Actor) -> bool:
        sign_out_everywhere(session, actor, name)
        return actor.name == name

    own = door.act(work, bool)
    return shell.go(request, "/sign-in" if own else f"/people/{name}")


@post("/people/{name:str}/link", sync_to_thread=True, status_code=200)
def give_link(request: Asked, door: web.OpenDoor, name: FromPath[str]) -> Template:
    """Give somebody who forgot the password a new link, which is shown once."""
    order, secret = inputs.read(LinkOrder, {"name": name}), clock.new_secret()
    told = door.act_once(lambda session, actor: accounts.new_link(session, actor, order, secret), Invited)
    return invited(request, told, secret)


def invited(request: Asked, told: Invited, secret: str) -> Template:
    """Show a link once; who has a password needs none."""
    link = f"{str(request.base_url).rstrip('/')}{web.FIRST_LINK}{secret}" if told.ends else ""
    name = "people/_invited.html" if "hx-request" in request.headers else "people/invited.html"
    return shell.page(name, told=told, link=link)


HANDLERS = [person_page, make_token, end_token, sign_out, give_link]
