"""Planning an audit: its scope, how much of it and by when, and what a sample of it would show."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, audits, clock, inputs, studies, web
from biobank.accounts import SiteRow
from biobank.audits import AuditOrder, Foreseen, words
from biobank.errors import NotSignedIn, Refusal
from biobank.pages import shell
from biobank.pages.audits import sayings
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.tables import AuditMethod, Trigger

USUAL = {
    **dict.fromkeys(AuditOrder.model_fields, ""),
    "limit": "1",
    "confidence": "95",
    "share": "10",
    "shelf_slots": "0",
}
"""What stands in the fields at first: the numbers that are asked for most, and nothing in the others."""

SOON = timedelta(days=14)

_SCOPES = {
    "container": ("container",),
    "study": ("study", "site"),
    "tubes": ("tubes", "site"),
    "site": ("site",),
}
_SAMPLES = {
    "full": (),
    "claim": ("limit", "confidence", "weighting"),
    "share": ("share", "weighting"),
}
_PLAIN = ("name", "trigger", "due", "every_days", "owner", "blind", "second_count")


_GUESSED = ("container", "tubes", "study", "site")
"""What an address means that names no scope: the first of these that it fills."""

_WITH_SLOTS = ("container", "site")
"""Scopes of which slots are drawn too."""


class Choices(msgspec.Struct, frozen=True):
    """What may be chosen, and what the scope comes to; `why` is why it cannot be told."""

    sites: list[SiteRow]
    studies: list[str]
    foreseen: Foreseen | None = None
    why: str = ""


@get("/audits/plan", sync_to_thread=True)
def plan_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The plan as far as the address tells it, and what it would come to."""
    told = {name: value for name, value in request.query_params.items() if value}
    wish = _wish(told)
    me, choices = shell.ask(door, lambda session, actor: _choices(session, actor, told, wish))
    return shell.page(
        "audits/plan.html",
        me,
        told={**USUAL, "due": (clock.now().date() + SOON).isoformat(), **told},
        wish=wish,
        choices=choices,
        shows=_shows(choices.foreseen),
        triggers=list(Trigger),
        words=words,
    )


@post("/audits", sync_to_thread=True)
def plan(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Plan it, and open its board."""
    told = {name: shell.one(form, name) for name in form}
    order = inputs.read(AuditOrder, _order(told, _wish(told)), form=True)
    key = door.act(lambda session, actor: audits.plan(session, actor, order).id, UUID)
    return shell.go(request, f"/audits/{key}")


# --- how ---


def _wish(told: Mapping[str, str]) -> tuple[str, str]:
    """Which scope and which sample are meant: as chosen, or else by the fields that an address fills."""
    scope = told.get("scope") or next((each for each in _GUESSED if told.get(each)), "container")
    sample = told.get("sample") or ("full" if told.get("method") != AuditMethod.SAMPLE else "claim")
    if "sample" not in told and told.get("share"):
        sample = "share"
    return scope if scope in _SCOPES else "container", sample if sample in _SAMPLES else "full"


def _order(told: Mapping[str, str], wish: tuple[str, str]) -> dict[str, Any]:
    """The fields that belong to what was chosen; what stands in the others was not meant."""
    scope, sample = wish
    names = (*_PLAIN, *_SCOPES[scope], *_SAMPLES[sample])
    order: dict[str, Any] = {name: told[name] for name in names if told.get(name)}
    if "tubes" in order:
        order["tubes"] = order["tubes"].split()
    order["method"] = AuditMethod.FULL if sample == "full" else AuditMethod.SAMPLE
    if sample != "full" and scope in _WITH_SLOTS and told.get("shelf_slots"):
        order["shelf_slots"] = told["shelf_slots"]
    return order


def _choices(session: Session, actor: Actor, told: Mapping[str, str], wish: tuple[str, str]) -> Choices:
    choices = Choices(
        accounts.sites(session, actor, May.AUDIT),
        [study.code for study in studies.everything(session, actor)],
    )
    if not told.get(wish[0]):
        return choices
    fields = {"name": "-", "due": clock.now().date().isoformat(), **_order(told, wish)}
    try:
        order = inputs.read(AuditOrder, fields, form=True)
        return msgspec.structs.replace(choices, foreseen=audits.foresee(session, actor, order))
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return msgspec.structs.replace(choices, why=web.in_words(refusal))


def _shows(foreseen: Foreseen | None) -> str:
    """What the sample would show; empty where it says nothing of the rest."""
    if foreseen is None or not foreseen.limit:
        return ""
    return sayings.claim(foreseen.tubes, foreseen.drawn, foreseen.limit, foreseen.confidence)


HANDLERS = [plan_page, plan]
