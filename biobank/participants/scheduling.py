"""From anchors to days: when an event is due, and within which window it still counts."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from biobank.studies import counted
from biobank.tables import Anchor, Event, Procedure


class Wanted(msgspec.Struct, frozen=True):
    """A visit that the protocol wants of a participant; without days as long as its anchor has none.

    `occasion` is the number of the procedure the event is counted from, 0 for enrolment.
    """

    event: Event
    occasion: int = 0
    procedure: Procedure | None = None
    planned_on: date | None = None
    opens_on: date | None = None
    closes_on: date | None = None


def planned_on(event: Event, anchor_day: date) -> date:
    """The day an event is due: its calendar months from the anchor, then its days.

    Where a month is too short it is that month's last day: 31 January and one month is 28 February.
    """
    return counted(anchor_day, event.offset_months, event.offset_days)


def window(event: Event, planned: date) -> tuple[date, date]:
    """The first and the last day on which a visit still is in time."""
    return planned - timedelta(days=event.window_before), planned + timedelta(days=event.window_after)


def is_for(event: Event, arm: str) -> bool:
    """Whether participants of this arm have the event."""
    return not event.arms or arm in event.arms


def wanted(
    arm: str, enrolled_on: date | None, procedures: Sequence[Procedure], events: Iterable[Event]
) -> list[Wanted]:
    """Every visit of a participant: each event of the arm once, those of procedures once for each."""
    return [each for event in events if is_for(event, arm) for each in _each(event, enrolled_on, procedures)]


def site_day(time_zone: str, moment: datetime) -> date:
    """The day on the calendar of a site (its IANA time zone) at an aware moment."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


# --- how ---


def _each(event: Event, enrolled_on: date | None, procedures: Sequence[Procedure]) -> Iterator[Wanted]:
    if event.anchor is Anchor.ENROLMENT:
        yield _dated(event, enrolled_on)
        return
    for procedure in procedures:
        if not procedure.cancelled:
            yield _dated(event, procedure.happens_on, procedure)


def _dated(event: Event, anchor_day: date | None, procedure: Procedure | None = None) -> Wanted:
    occasion = procedure.number if procedure else 0
    if anchor_day is None:
        return Wanted(event, occasion, procedure)
    planned = planned_on(event, anchor_day)
    return Wanted(event, occasion, procedure, planned, *window(event, planned))
