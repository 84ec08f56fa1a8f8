"""Taking tubes out: their slots are kept for them."""

from uuid import UUID

from sqlmodel import Session

from biobank import clock, custody
from biobank.codes import grouped
from biobank.custody import Kind, Place, out_place
from biobank.errors import Conflict
from biobank.inputs import Input, Moment, Note
from biobank.ledger.entries import utc_text
from biobank.people import Actor
from biobank.storage.placing import Stored, Tubes, locked, require_once, stored_at, told_line
from biobank.texts import N_


class TakeOut(Input):
    """Take tubes out; their slots are kept for them."""

    tubes: Tubes
    occurred: Moment | None = None
    note: Note | None = None


def take_out(session: Session, actor: Actor, order: TakeOut) -> list[Stored]:
    """Take tubes out: they are with the actor now, and their slots are kept for them.

    Refused: a tube that stands nowhere or is out already.
    """
    tubes = locked(session, actor, order, require_once(order.tubes))
    now = clock.now()
    lines, told = [], []
    for tube in tubes:
        place = custody.state(session, tube)["place"]
        if not place or place["kind"] == "out":
            message = N_("%(code)s is not in a box, so it cannot be taken out.")
            raise Conflict("not_in_a_box", message, field="tubes", code=grouped(tube.code))
        kept = Place(UUID(place["container"]), place.get("row"), place.get("col"))
        change = {"place": out_place(actor.id, kept), "out_since": utc_text(order.occurred or now)}
        lines.append(told_line(tube, Kind.TAKEN_OUT, change, order, place))
        told.append(stored_at(session, tube, kept))
    custody.record_all(session, actor, lines)
    return told
