"""All audits: what is due by when, what is under way, what was closed, and what suggests another one."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get
from litestar.response import Template
from sqlmodel import Session

from biobank import audits, clock, inputs, web
from biobank.audits import AuditOrder, AuditRow, AuditSuggestion, SoughtAudits, words
from biobank.pages import shell
from biobank.people import Actor, May, allowed

PAGE = 100


class Listed(msgspec.Struct, frozen=True):
    """A page of audits, the one from which the next page goes on, and what suggests another audit."""

    rows: list[AuditRow]
    more: str
    suggestions: list[AuditSuggestion]


@get("/audits", sync_to_thread=True)
def audits_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Audits that are not closed by the day they are due, those due now alone, or the closed ones."""
    asked = request.query_params
    told = {name: asked[name] for name in ("closed", "site", "after") if asked.get(name)}
    sought = inputs.read(SoughtAudits, {**told, "limit": PAGE + 1}, form=True)
    until = clock.now().date() if asked.get("of") == "due" else None
    me, listed = shell.ask(door, lambda session, actor: _listed(session, actor, sought, until))
    return shell.page(
        "audits/list.html",
        me,
        listed=listed,
        sought=sought,
        due_alone=until is not None,
        today=clock.now().date(),
        plans=planning_query,
        words=words,
    )


def planning_query(order: AuditOrder) -> str:
    """The query of the page on which an order that was suggested is planned."""
    return urlencode(order.model_dump(mode="json", exclude_defaults=True))


# --- how ---


def _listed(session: Session, actor: Actor, sought: SoughtAudits, until: date | None) -> Listed:
    rows = audits.listing(session, actor, sought)
    if until:
        rows = [row for row in rows if row.due_on <= until]
    more = str(rows[PAGE - 1].id) if len(rows) > PAGE else ""
    first = sought.after is None and not sought.closed and allowed(actor, May.AUDIT)
    return Listed(rows[:PAGE], more, audits.suggestions(session, actor) if first else [])


HANDLERS = [audits_page]
