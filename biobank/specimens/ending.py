"""Discarding a tube: scanned twice, with a reason, signed with the person's password."""

from enum import StrEnum
from typing import Any

import msgspec
from sqlmodel import Session

from biobank import amounts, codes, custody, people
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind, SignatureOrder, Signed
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input, Note, Scanned
from biobank.people import Actor, May
from biobank.tables import PRESENT, HoldKind, Life, Specimen
from biobank.texts import N_

DESTROYED = "destroyed"
"""How a discarded tube ended."""


# --- words ---


class Reason(StrEnum):
    """Why a tube is discarded."""

    BROKEN = "broken"
    CONTAMINATED = "contaminated"
    THAWED = "thawed"
    EMPTY = "empty"
    CONSENT = "consent"
    EXPIRED = "expired"
    OTHER = "other"


class Discard(Input):
    """A tube to discard: its code scanned a second time, why, and the password of the person who does it."""

    tube: Scanned
    again: Scanned
    reason: Reason
    password: str
    note: Note | None = None


class Discarded(msgspec.Struct, frozen=True):
    """A tube that has ended, and the signature on the entry that says so."""

    code: str
    reason: str
    signed: Signed


# --- rules ---


def require_same(order: Discard) -> str:
    """The code of the tube. Refused: two scans of two tubes, a code that is not a tube's."""
    code = codes.require(order.tube, CodeKind.SPECIMEN, "tube")
    if codes.require(order.again, CodeKind.SPECIMEN, "again") != code:
        message = N_("The two scans are of two tubes. Nothing was discarded. Scan the same tube twice.")
        raise RuleBroken("other_tube_scanned", message, field="again")
    return code


def require_discardable(session: Session, tube: Specimen, reason: Reason) -> None:
    """Refused: a tube that is not there; one on hold, but for a consent hold where that is the reason."""
    if tube.life not in PRESENT:
        message = N_("%(code)s cannot be discarded: it is %(life)s.")
        code, life = grouped(tube.code), tube.life.value
        raise RuleBroken("not_discardable", message, field="tube", code=code, life=life)
    for hold in custody.state(session, tube)["holds"]:
        if hold["kind"] != HoldKind.CONSENT or reason is not Reason.CONSENT:
            message = N_("%(code)s is on hold (%(reason)s), so it is not discarded. Put it back.")
            raise Conflict("held", message, field="tube", code=grouped(tube.code), reason=hold["reason"])


# --- actions ---


def discard(session: Session, actor: Actor, order: Discard, proved: str) -> Discarded:
    """End a tube for good: it leaves its place, nothing is left of it, and the entry is signed.

    `proved` is what `custody.prove_password` answered. It cannot be undone. Refused: two different codes,
    a tube that has ended or is on hold (`held`), whoever may not handle it, a password changed since.
    """
    code = require_same(order)
    tube = custody.load(session, actor, [code])[0]
    people.require(actor, May.HANDLE, tube)
    require_discardable(session, tube, order.reason)
    written = custody.record_all(session, actor, [_ended(session, tube, order)])[0]
    signature = SignatureOrder(entry=written.leaf_hash.hex(), meaning="performed", password=order.password)
    return Discarded(code, order.reason.value, custody.sign(session, actor, signature, proved))


# --- how ---


def _ended(session: Session, tube: Specimen, order: Discard) -> custody.Line:
    place = custody.state(session, tube)["place"]
    change: dict[str, Any] = {
        "life": Life.ENDED.value,
        "end_reason": DESTROYED,
        "place": None,
        "out_since": None,
    }
    refs: dict[str, Any] = {"left": place} if place else {}
    lost = -(tube.amount or 0)
    if tube.amount is not None:
        dimension = amounts.MATERIALS[tube.material].dimension
        change["amount"] = amounts.canonical(0, dimension)
        refs |= {"posted": amounts.canonical(lost, dimension)} if lost else {}
    return custody.Line(
        subject=tube,
        kind=Kind.ENDED,
        change=change,
        refs=refs,
        postings=((lost, None),) if lost else (),
        reason=order.reason.value,
        note=order.note,
    )
