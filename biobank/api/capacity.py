"""How much room there is: used and free, when it runs out, how boxes come free."""

from typing import Annotated

from litestar import get, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from biobank import capacity
from biobank.api.documents import Question, noun
from biobank.capacity import Forecast, GapKeep, GapOrder, GapPlan, Use
from biobank.storage import Reservation
from biobank.web import OpenDoor

Months = Annotated[int, QueryParameter(ge=1, le=120, description="How many months from this one on.")]


@get("/capacity", sync_to_thread=True)
def get_use(door: OpenDoor) -> Use:
    """Slots used and free, by site and freezer, by type of box, by study."""
    return door.ask(capacity.use)


@get("/capacity/forecast", sync_to_thread=True)
def get_forecast(door: OpenDoor, months: Months = capacity.MONTHS, site: FromQuery[str] = "") -> Forecast:
    """The tubes of the planned visits against the free slots, by storage class."""
    return door.ask(lambda session, actor: capacity.forecast(session, actor, site, months))


@post("/gap-previews", sync_to_thread=True, status_code=200, operation_class=Question)
def get_gaps(door: OpenDoor, data: JSONBody[GapOrder]) -> GapPlan:
    """Which tubes would move where so that boxes come free; nothing is changed."""
    return door.ask(lambda session, actor: capacity.gap_plan(session, actor, data))


@post("/gap-plans", sync_to_thread=True)
def keep_gaps(door: OpenDoor, data: JSONBody[GapKeep]) -> Reservation:
    """Reserve the gaps for the tubes that shall move there; carry it out as any plan."""
    return door.act(lambda session, actor: capacity.keep_gap_plan(session, actor, data), Reservation)


HANDLERS = noun("capacity", [get_use, get_forecast, get_gaps, keep_gaps])
