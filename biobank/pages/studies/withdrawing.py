"""Withdrawal: how far it goes, told in words; then what stops, told in numbers; then it is recorded."""

from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, inputs, participants, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.pages.studies import schedule
from biobank.pages.studies.participants import participant_address
from biobank.participants import AtStake, ParticipantCard, WithdrawalOrder
from biobank.people import Actor, May
from biobank.tables import WithdrawalLevel

_FIELDS = ("pseudonym", "level", "withdrawn_on", "note")


class Told(msgspec.Struct, frozen=True):
    """Who withdraws, what would stop, and today at their site."""

    card: ParticipantCard
    stops: AtStake
    today: date


@get("/studies/{study:str}/withdrawal", sync_to_thread=True)
def withdrawal_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """The levels in words; of somebody who withdrew already, those that go further."""
    pseudonym = request.query_params.get("pseudonym", "")[:40]
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, study, pseudonym))
    every = [level.value for level in WithdrawalLevel]
    further = every[every.index(told.card.withdrawn) + 1 :] if told.card.withdrawn else every
    return shell.page("studies/withdrawal.html", me, told=told, participant=told.card, levels=further)


@post("/studies/{study:str}/withdrawal", sync_to_thread=True, status_code=200)
def check_withdrawal(door: web.OpenDoor, form: Form, study: FromPath[str]) -> Template:
    """What would stop, in numbers, to be confirmed. Nothing is changed yet."""
    order = _order(form, study)
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, study, order.pseudonym))
    return shell.page("studies/withdrawal_check.html", me, told=told, participant=told.card, order=order)


@post("/studies/{study:str}/withdrawals", sync_to_thread=True)
def withdraw(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, study: FromPath[str]
) -> Response[Any]:
    """Record the withdrawal, and stop what must stop, in one act."""
    order = _order(form, study)

    def work(session: Session, actor: Actor) -> ParticipantCard:
        return participants.card(session, participants.withdraw(session, actor, order))

    made = door.act(work, ParticipantCard)
    return shell.go(request, participant_address(made.study, made.pseudonym))


def _order(form: shell.Fields, study: str) -> WithdrawalOrder:
    told = {name: shell.one(form, name) for name in _FIELDS if name in form}
    return inputs.read(WithdrawalOrder, {"study": study, **told}, form=True)


def _told(session: Session, actor: Actor, study: str, pseudonym: str) -> Told:
    found = participants.by_pseudonym(session, actor, study, pseudonym, May.REGISTER)
    card = participants.card(session, found)
    site = accounts.site_row(accounts.site_by_code(session, card.site))
    return Told(card, participants.at_stake(session, found), schedule.today_at([site])[card.site])


HANDLERS = [withdrawal_page, check_withdrawal, withdraw]
