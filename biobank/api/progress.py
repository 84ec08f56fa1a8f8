"""How a study comes along: expected against collected, enrolment, delays, shortfalls."""

from litestar import get
from litestar.params import FromPath, FromQuery

from biobank import progress
from biobank.api.documents import noun
from biobank.progress import Accrual, By, Collected, Delay, Shortfalls
from biobank.web import OpenDoor


@get("/studies/{code:str}/progress/collected", sync_to_thread=True)
def get_collected(door: OpenDoor, code: FromPath[str], by: FromQuery[By] = By.EVENT) -> Collected:
    """Specimens expected at the visits that are due, against those that were there."""
    return door.ask(lambda session, actor: progress.collected(session, actor, code, by))


@get("/studies/{code:str}/progress/accrual", sync_to_thread=True)
def get_accrual(door: OpenDoor, code: FromPath[str]) -> Accrual:
    """How many were enrolled, month by month and arm by arm."""
    return door.ask(lambda session, actor: progress.accrual(session, actor, code))


@get("/studies/{code:str}/progress/delays", sync_to_thread=True)
def get_delays(door: OpenDoor, code: FromPath[str]) -> list[Delay]:
    """Minutes from the draw to the freezer, material by material."""
    return door.ask(lambda session, actor: progress.delays(session, actor, code))


@get("/studies/{code:str}/progress/shortfalls", sync_to_thread=True)
def get_shortfalls(door: OpenDoor, code: FromPath[str]) -> Shortfalls:
    """Missed visits by reason, and specimens that deviate by code and event."""
    return door.ask(lambda session, actor: progress.shortfalls(session, actor, code))


HANDLERS = noun("progress", [get_collected, get_accrual, get_delays, get_shortfalls])
