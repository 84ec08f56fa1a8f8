"""Days counted from an anchor, and windows that overlap themselves."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from biobank.studies.file import EventPart


class Overlap(NamedTuple):
    """Two events that both claim a day, for one anchor."""

    first: EventPart
    second: EventPart
    anchored_on: date
    day: date


def add_months(day: date, months: int) -> date:
    """So many calendar months later: 31 January and one month is the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def counted(anchor: date, months: int, days: int) -> date:
    """The day so many months, then so many days from an anchor."""
    return add_months(anchor, months) + timedelta(days=days)


def overlapping(events: Sequence[EventPart], arms: Iterable[str]) -> Overlap | None:
    """Two events of one anchor and one arm whose windows share a day, whatever day the anchor falls on."""
    for anchor in ("enrolment", "procedure"):
        anchored = [event for event in events if event.anchor == anchor]
        groups = {
            tuple(place for place, event in enumerate(anchored) if not event.arms or arm in event.arms)
            for arm in (*arms, None)
        }
        for day in _anchors(anchored):
            windows = [_window(event, day) for event in anchored]
            for group in sorted(groups):
                found = _shared([windows[place] for place in group])
                if found:
                    first, second, shared = found
                    return Overlap(anchored[group[first]], anchored[group[second]], day, shared)
    return None


def _anchors(events: Sequence[EventPart]) -> Iterator[date]:
    """Anchors that tell: all of four years that months treat differently; one, where only days count.

    Up to the 28th, the days between two events are those of the months between them, on any day alike.
    """
    yield date(2027, 1, 1)
    if any(event.month for event in events):
        for month in range(48):
            first = add_months(date(2027, 1, 1), month)
            last = monthrange(first.year, first.month)[1]
            yield from (first.replace(day=day) for day in (1, *range(28, last + 1)))


def _window(event: EventPart, anchor: date) -> tuple[date, date]:
    planned = counted(anchor, event.month or 0, event.day or 0)
    return planned - timedelta(days=event.before), planned + timedelta(days=event.after)


def _shared(windows: Sequence[tuple[date, date]]) -> tuple[int, int, date] | None:
    """The places of two windows that overlap, and the first day they share."""
    in_order = sorted(range(len(windows)), key=windows.__getitem__)
    for before, after in pairwise(in_order):
        if windows[before][1] >= windows[after][0]:
            return before, after, windows[after][0]
    return None
