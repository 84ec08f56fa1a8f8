"""Signing an audit: what is still lacking is said before anybody types a password; the certificate."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import audits, custody, inputs, web
from biobank.audits import AuditBoard, AuditSignature, SoughtFindings, words
from biobank.custody import Signed
from biobank.pages import shell
from biobank.pages.audits import boards, sayings
from biobank.pages.audits.boards import Seen
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.texts import gettext as _
from biobank.texts import ngettext


class Lack(msgspec.Struct, frozen=True):
    """What has to be done before a signature, and where; the link is empty where another person is needed."""

    says: str
    to: str = ""
    name: str = ""


class Signing(msgspec.Struct, frozen=True):
    """An audit, and how many of its findings nobody decided and nobody owns."""

    seen: Seen
    loose: int


@get("/audits/{key:uuid}/sign", sync_to_thread=True)
def sign_page(door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """What is signed and by whom, what is lacking, and a field for the password where nothing is."""
    me, told = shell.ask(door, lambda session, actor: _signing(session, actor, key))
    board = told.seen.board
    return shell.page(
        "audits/sign.html",
        me,
        board=board,
        zone=told.seen.zone,
        lacking=list(lacking(board, told.loose, me)),
        rate=sayings.rate(board.rate),
        claim=sayings.claim_of(board),
        words=words,
    )


@post("/audits/{key:uuid}/sign", sync_to_thread=True, opt={"secret": True})
def sign(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, key: FromPath[UUID]
) -> Response[Any]:
    """Sign as who performed it, or as who reviewed it, with the password."""
    order = inputs.read(
        AuditSignature, {"audit": str(key), "password": shell.one(form, "password")}, form=True
    )
    proved = door.prove(lambda session, actor: custody.prove_password(session, actor, order))
    act = audits.review if shell.one(form, "as") == "reviewed" else audits.perform
    door.act(lambda session, actor: act(session, actor, order, proved), Signed)
    return shell.go(request, f"/audits/{key}/sign")


@get("/audits/{key:uuid}/certificate.pdf", sync_to_thread=True)
def certificate(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Response[bytes]:
    """The certificate as PDF, in the reader's language or the one that is asked for."""
    wanted = request.query_params.get("language", "")

    def question(session: Session, actor: Actor) -> tuple[audits.Certified, str]:
        language = audits.require_language(wanted)
        return audits.certified(session, actor, key), language

    # A long one takes seconds to draw: meanwhile the database serves others.
    drawn = audits.certificate(*door.ask(question))
    headers = {"Content-Disposition": f'attachment; filename="audit-{key}.pdf"'}
    return Response(drawn, media_type="application/pdf", headers=headers)


# --- rules ---


def lacking(board: AuditBoard, loose: int, me: Actor) -> Iterator[Lack]:
    """What stands between an audit and its next signature, where this person would give it."""
    row, at = board.row, f"/audits/{board.row.id}"
    if row.status == "performed":
        counted = {name for box in board.boxes for name in (box.counted_by, box.second_by)}
        if me.name in counted | {board.performed_by}:
            yield Lack(_("You counted in it or signed it. Another person reviews it."))
        return
    if not board.started_at:
        yield Lack(_("It has not begun: nothing is written down yet."), at, _("Start it"))
        return
    if left := row.boxes - row.counted:
        says = ngettext("%(num)s box is not counted.", "%(num)s boxes are not counted.", left) % {"num": left}
        yield Lack(says, f"{at}?state=open", _("Count them"))
    if not any(box.scanned for box in board.boxes):
        yield Lack(_("Nothing was scanned in it."), at, _("Count them"))
    if loose:
        said = ngettext(
            "%(num)s finding is neither decided nor left to somebody.",
            "%(num)s findings are neither decided nor left to somebody.",
            loose,
        )
        yield Lack(said % {"num": loose}, f"{at}/findings?open=true", _("Settle them"))


# --- how ---


def _signing(session: Session, actor: Actor, key: UUID) -> Signing:
    still_open = SoughtFindings(open=True, limit=1_001)
    rows = audits.findings(session, actor, key, still_open)
    return Signing(boards.seen(session, actor, key), sum(not row.owner for row in rows))


HANDLERS = [sign_page, sign, certificate]
