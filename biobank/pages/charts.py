"""Charts of a study's progress: where each bar, step and tick is drawn. Pure; no colours, no markup."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from biobank.progress import Accrual, Allowed, By, Collected, Delay, Reason, Shortfalls
from biobank.texts import gettext as _

# A chart is as wide as a phone, so that its letters keep their size there; on a desk it grows a little.
WIDTH = 360

TICK_ROOM = 52
"""What a month such as 2026-03 needs on the axis."""

SHARE = 64
"""Width of the small bar in a cell of a table."""

_ROUND = (1, 2, 5)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


# --- words ---


class Tick(msgspec.Struct, frozen=True):
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


class Line(msgspec.Struct, frozen=True):
    """One curve: an arm's code, or empty for all; its path, and what it comes to."""

    arm: str
    path: str
    total: int


class Curve(msgspec.Struct, frozen=True):
    """Enrolment as steps, a step for each month, to `last`. `area` is what lies under the line of all."""

    last: str
    width: int
    height: int
    left: float
    right: float
    base: float
    rows: list[Tick]
    months: list[Tick]
    lines: list[Line]
    area: str


class Bar(msgspec.Struct, frozen=True):
    """One upright bar of a histogram: `late` where all of it is past a limit that counts from the draw."""

    x: float
    y: float
    width: float
    height: float
    count: int
    late: bool


class Histogram(msgspec.Struct, frozen=True):
    """How long tubes of one material took. `limit` is the line of the protocol's limit, if it has one."""

    width: int
    height: int
    base: float
    top: float
    left: float
    right: float
    bars: list[Bar]
    edges: list[Tick]
    limit: Tick | None
    limit_before: bool
    delay: Delay


class Row(msgspec.Struct, frozen=True):
    """One lying bar with its name above it and its number at the end."""

    y: int
    name: str
    count: int
    length: float


class Bars(msgspec.Struct, frozen=True):
    """Lying bars, the longest first; `full` is how long a bar can be."""

    width: int
    height: int
    full: int
    rows: list[Row]


# --- charts ---


def told(
    counted: Collected, accrual: Accrual, delays: Sequence[Delay], shortfalls: Shortfalls
) -> dict[str, object]:
    """What the fragment `studies/_progress.html` is given, beside `study` (its StudyCard)."""
    return {
        "counted": counted,
        "groupings": [each.value for each in By if _tells(each, counted, accrual)],
        "lasting": lasting,
        "share": share,
        "share_width": SHARE,
        "accrual": accrual,
        "curve": curve(accrual),
        "histograms": [histogram(delay) for delay in delays],
        "shortfalls": shortfalls,
        "missed": bars(shortfalls.missed),
    }


def _tells(by: By, counted: Collected, accrual: Accrual) -> bool:
    """Whether lines of this kind tell anything: a study may have no arms, or collect nothing."""
    told = {By.ARM: len(accrual.arms) > 1, By.MATERIAL: bool(counted.materials)}
    return by == counted.by or told.get(by, True)


def curve(accrual: Accrual) -> Curve | None:
    """Enrolment month by month: one line for all, and one for each arm where there are several."""
    if not accrual.months:
        return None
    totals = [month.total for month in accrual.months]
    ticks = round_ticks(totals[-1])
    left, right, top, base = 14.0 + 7 * len(str(ticks[-1])), WIDTH - 10.0, 12.0, 184.0
    wide = (right - left) / len(totals)

    def height(count: int) -> float:
        return round(base - (base - top) * count / ticks[-1], 1)

    def steps(counts: Sequence[int]) -> str:
        ends = [round(left + wide * (place + 1), 1) for place in range(len(counts))]
        return f"M{left:g} {base:g}" + "".join(
            f"V{height(count):g}H{end:g}" for count, end in zip(counts, ends, strict=True)
        )

    arms = list(zip(*(month.arms for month in accrual.months), strict=True))
    lines = [Line(arm, steps(counts), counts[-1]) for arm, counts in zip(accrual.arms, arms, strict=True)]
    every = steps(totals)
    return Curve(
        last=accrual.months[-1].month,
        width=WIDTH,
        height=212,
        left=left,
        right=right,
        base=base,
        rows=[Tick(height(count), str(count)) for count in ticks],
        months=_months([month.month for month in accrual.months], left, right),
        lines=[*(lines if len(lines) > 1 else []), Line("", every, totals[-1])],
        area=f"{every}V{base:g}Z",
    )


def histogram(delay: Delay) -> Histogram:
    """Bins of equal width above their edges; the last, beyond the last edge, has no end."""
    left, right, base, top = 8.0, WIDTH - 8.0, 148.0, 44.0 if delay.allowed else 24.0
    wide = (right - left) / len(delay.bins)
    most = max(delay.bins)
    begins = [0, *(edge * delay.scale.minutes for edge in delay.scale.edges)]
    allowed = delay.allowed
    bars = []
    for place, count in enumerate(delay.bins):
        tall = max(1.5, (base - top) * count / most) if count else 0.0
        late = bool(allowed and not allowed.to_spin and begins[place] >= allowed.to_freezer)
        x = round(left + place * wide + 1.5, 1)
        bars.append(Bar(x, round(base - tall, 1), round(wide - 3, 1), round(tall, 1), count, late))
    edges = [
        Tick(round(left + place * wide, 1), str(edge)) for place, edge in enumerate((0, *delay.scale.edges))
    ]
    limit = Tick(_place(allowed.total, begins, left, wide), limits(allowed)) if allowed else None
    before = limit is not None and limit.at > WIDTH / 2
    return Histogram(WIDTH, 180, base, top, left, right, bars, edges, limit, before, delay)


def bars(reasons: Sequence[Reason]) -> Bars:
    """Missed visits by reason."""
    most = max((each.visits for each in reasons), default=0)
    rows = [
        Row(place * 38, each.reason, each.visits, round(WIDTH * each.visits / most, 1))
        for place, each in enumerate(reasons)
    ]
    return Bars(WIDTH, 38 * len(rows), WIDTH, rows)


def share(expected: int, collected: int) -> float:
    """How much of a small bar of width SHARE is filled; full where more came than was expected."""
    return round(SHARE * min(1.0, collected / expected), 1) if expected else 0.0


# --- words for minutes ---


def lasting(minutes: int) -> str:
    """A stretch of time as people say it: minutes up to four hours, then hours, after four days in days."""
    if minutes <= 240:
        return _("%(minutes)s min") % {"minutes": minutes}
    if minutes <= 4 * 1440:
        whole, words, rest = minutes // 60, _("%(hours)s h"), _("%(minutes)s min")
        return _together(words % {"hours": whole}, rest % {"minutes": minutes % 60}, minutes % 60)
    whole, words, rest = minutes // 1440, _("%(days)s d"), _("%(hours)s h")
    hours = minutes % 1440 // 60
    return _together(words % {"days": whole}, rest % {"hours": hours}, hours)


def limits(allowed: Allowed) -> str:
    """What the line of a limit says: both limits where something is spun between them."""
    parts = [allowed.to_spin, allowed.to_freezer] if allowed.to_spin else [allowed.to_freezer]
    return _("at most %(time)s") % {"time": " + ".join(lasting(each) for each in parts)}


def _together(whole: str, rest: str, left: int) -> str:
    return f"{whole} {rest}" if left else whole


# --- ticks ---


def round_ticks(most: int, about: int = 4) -> list[int]:
    """Whole numbers from 0 to at least `most` in steps of 1, 2 or 5 times a power of ten."""
    size = 1
    while True:
        for factor in _ROUND:
            step = factor * size
            if step * about >= most:
                return [step * each for each in range(-(-max(most, 1) // step) + 1)]
        size *= 10


def _months(months: Sequence[str], left: float, right: float) -> list[Tick]:
    """A mark under the middle of a month: of each, or of every second, third ... from January on."""
    wide = (right - left) / len(months)
    every = next((each for each in _MONTHS if each * wide >= TICK_ROOM), _MONTHS[-1])
    ticks = []
    for place, month in enumerate(months):
        year, number = month.split("-")
        at = left + wide * (place + 0.5)
        if (int(year) * 12 + int(number) - 1) % every == 0 and _fits(at):
            ticks.append(Tick(round(at, 1), year if every >= 12 else month))
    if not ticks:
        ticks = [Tick(round((left + right) / 2, 1), months[len(months) // 2])]
    return ticks


def _fits(at: float) -> bool:
    return at - TICK_ROOM / 2 >= 0 and at + TICK_ROOM / 2 <= WIDTH


def _place(minutes: int, begins: Sequence[int], left: float, wide: float) -> float:
    """Where a number of minutes is among bins that are equally wide; beyond the last edge, in its middle."""
    for place, (begin, end) in enumerate(pairwise(begins)):
        if minutes <= end:
            return round(left + wide * (place + (minutes - begin) / (end - begin)), 1)
    return round(left + wide * (len(begins) - 0.5), 1)
