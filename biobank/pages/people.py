"""People: who has an account, their roles and badges; and one's own account with its PIN."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, clock, inputs, people, stations, web
from biobank.accounts import GrantOrder, Invited, PersonOrder, PersonRow, SiteRow
from biobank.labels.shapes import Of
from biobank.pages import shell
from biobank.pages.labels import papers
from biobank.pages.labels.papers import Papers
from biobank.pages.person import Ways, invited, ways_of
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.printing import badges
from biobank.printing.badges import BadgePrint
from biobank.printing.ordering import JobMade
from biobank.stations import BadgeOrder, PinOrder
from biobank.tables import Person, Role

Asked = Request[Any, Any, Any]


class Told(msgspec.Struct, frozen=True):
    """Everybody, and what a new person can be given."""

    everyone: list[PersonRow]
    sites: list[SiteRow]
    studies: list[str]
    changeable: set[UUID]


# --- pages ---


@get("/people", sync_to_thread=True)
def people_page(door: web.OpenDoor) -> Template:
    """Everybody with an account, and a form to add somebody."""

    def question(session: Session, actor: Actor) -> tuple[Told, Papers]:
        rows = [row for row in accounts.everyone(session, actor) if row.name != people.CONSOLE]
        sites = accounts.sites(session, actor, people.May.ADMINISTER)
        told = Told(rows, sites, accounts.study_codes(session, actor), accounts.changeable(session, actor))
        return told, papers.papers(session, actor, Of.BADGE)

    me, (told, offered) = shell.ask(door, question)
    return shell.page("people/people.html", me, told=told, roles=list(Role), papers=offered)


@get("/account", sync_to_thread=True)
def account_page(door: web.OpenDoor) -> Template:
    """One's own account: the PIN that confirms a badge, where one is signed in, keys of programs."""

    def question(session: Session, actor: Actor) -> tuple[bool, Ways]:
        return session.get_one(Person, actor.id).pin_hash is not None, ways_of(session, actor)

    me, (has_pin, ways) = shell.ask(door, question)
    return shell.page("people/account.html", me, has_pin=has_pin, ways=ways)


# --- acts ---


@post("/people", sync_to_thread=True, status_code=200)
def add(request: Asked, door: web.OpenDoor, form: Form) -> Template:
    """Add a person, or give one a further role; who never came in gets a link, which is shown once."""
    order, secret = inputs.read(PersonOrder, form, form=True), clock.new_secret()
    told = door.act_once(lambda session, actor: accounts.add_person(session, actor, order, secret), Invited)
    return invited(request, told, secret)


@post("/people/end", sync_to_thread=True, status_code=200)
def end(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """End somebody's account."""
    name = shell.one(form, "name")
    door.act(lambda session, actor: accounts.end_person(session, actor, name), str)
    return shell.go(request, "/people")


@post("/people/roles/end", sync_to_thread=True, status_code=200)
def end_role(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Take one role from a person."""
    order = inputs.read(GrantOrder, form, form=True)
    door.act(lambda session, actor: accounts.end_grant(session, actor, order), str)
    return shell.go(request, "/people")


@post("/people/badges", sync_to_thread=True, status_code=200)
def print_badges(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Print badges; who has none yet gets one."""
    order = inputs.read(
        BadgePrint, {**papers.asked(door, form), "names": shell.several(form, "names")}, form=True
    )
    made = door.act(lambda session, actor: badges.print_badges(session, actor, order), JobMade)
    return papers.handed(request, door, made, "badges")


@post("/people/badges/end", sync_to_thread=True, status_code=200)
def end_badge(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """End somebody's badge."""
    order = inputs.read(BadgeOrder, form, form=True)
    door.act(lambda session, actor: stations.end_badge(session, actor, order), str)
    return shell.go(request, "/people")


@post("/account/pin", sync_to_thread=True, status_code=200, opt={"secret": True})
def choose_pin(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Keep a PIN; the password is asked, since whoever has the PIN and the badge stands as this person."""
    told = {name: shell.one(form, name) for name in ("pin", "again", "password")}
    order = inputs.read(PinOrder, told)
    pin = stations.require_pin(order)
    proved = door.prove(lambda session, actor: stations.prove_owner(session, actor, order))
    kept = people.hash_password(pin)
    door.act(lambda session, actor: stations.choose_pin(session, actor, kept, proved), str)
    return shell.go(request, "/account")


HANDLERS = [people_page, account_page, add, end, end_role, print_badges, end_badge, choose_pin]
