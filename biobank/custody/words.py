"""The log's vocabulary: kinds of event, places, and one line to be written."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from biobank.ledger.entries import State, utc_text
from biobank.tables import Audit, Container, Kit, Participant, Person, Specimen, Station, Study, Visit

Subject = Specimen | Container | Participant | Visit | Study | Person | Station | Kit | Audit

NOUNS: dict[type[Subject], str] = {
    Participant: "participant",
    Visit: "visit",
    Study: "study",
    Person: "person",
    Station: "station",
    Kit: "kit",
    Audit: "audit",
}
"""The records that have a chain; a record's state names its noun."""


class Kind(StrEnum):
    """What happened. The same words for specimens, containers and records, where they fit."""

    REGISTERED = "registered"
    COLLECTED = "collected"
    NOT_COLLECTED = "not_collected"
    RECEIVED = "received"
    REJECTED = "rejected"
    PROCESSED = "processed"
    AMOUNT_POSTED = "amount_posted"
    PLACED = "placed"
    TAKEN_OUT = "taken_out"
    SIGHTED = "sighted"
    HOLD_SET = "hold_set"
    HOLD_LIFTED = "hold_lifted"
    THAWED = "thawed"
    IDENTIFIED = "identified"
    IDENTIFIER_RETIRED = "identifier_retired"
    LABEL_PRINTED = "label_printed"
    LABEL_APPLIED = "label_applied"
    PACKED = "packed"
    SENT = "sent"
    DELIVERED = "delivered"
    CAME_BACK = "came_back"
    ENDED = "ended"
    NOTED = "noted"
    MADE = "made"
    CHANGED = "changed"
    RETIRED = "retired"
    OPENED = "opened"
    DECIDED = "decided"
    SIGNED = "signed"
    CLOSED = "closed"


SIGHTINGS = frozenset(
    {
        Kind.COLLECTED,
        Kind.RECEIVED,
        Kind.PLACED,
        Kind.TAKEN_OUT,
        Kind.SIGHTED,
        Kind.LABEL_APPLIED,
        Kind.PACKED,
        Kind.CAME_BACK,
    }
)
"""What happens to a tube in somebody's hand. A correction is none: it was made at a desk."""


MISSING = "missing"
"""The reason of the hold on a tube that is sought. It ends by itself when the tube is in a hand again."""


UNDO = "undo"
"""What `refs` of a correction have that undoes its event: the command whose gesture is undone. An undone
event says nothing any more, of state or of what is noted beside it."""


class Place(msgspec.Struct, frozen=True):
    """A slot of a container, zero-based; without row and column, somewhere in an unplaced one."""

    container_id: UUID
    row: int | None = None
    col: int | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One event to be written: what it is about, what it changes of the state, and what it refers to.

    `change` names keys of the subject's state (see docs/ledger.md), each with its whole new value;
    `postings` are amounts that came (+) or went (-), each with the specimen on the other side.
    """

    subject: Subject
    kind: Kind
    change: State = {}
    refs: dict[str, Any] = {}
    postings: tuple[tuple[int, UUID | None], ...] = ()
    occurred: datetime | None = None
    reason: str | None = None
    corrects: UUID | None = None
    note: str | None = None
    sig: dict[str, str] | None = None


def slot_place(place: Place) -> State:
    """A place as a subject's state has it."""
    if place.row is None or place.col is None:
        return {"kind": "unplaced", "container": str(place.container_id)}
    return {"kind": "slot", "container": str(place.container_id), "row": place.row, "col": place.col}


def out_place(holder: UUID, kept: Place | None, purpose: str = "", due: datetime | None = None) -> State:
    """Out with a holder, for a purpose and until a time where told; `kept` is the slot that waits."""
    told: State = {"purpose": purpose} if purpose else {}
    if due:
        told["due"] = utc_text(due)
    return {"kind": "out", "holder": str(holder), "kept": slot_place(kept) if kept else None, **told}
