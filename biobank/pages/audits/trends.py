"""How accurate storage is over time: a chart for each freezer, box or study, and a table under them."""

from collections.abc import Sequence
from datetime import date
from math import floor
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, audits, inputs, web
from biobank.accounts import SiteRow
from biobank.audits import ErrorRate, TrendAsked, TrendBy, TrendRow
from biobank.pages import shell
from biobank.pages.charts import WIDTH, Tick
from biobank.people import Actor, May
from biobank.texts import gettext as _

DRAWN, LISTED = 24, 1_000
"""So many charts are drawn, those of the lowest accuracy; and so many rows listed, the newest."""

_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""How much of the errors an axis can show: the first that all intervals fit in."""

_LEFT, _RIGHT, _TOP, _BASE, _HEIGHT = 52.0, WIDTH - 12.0, 12.0, 128.0, 158
_DAY_ROOM = 72


class Point(msgspec.Struct, frozen=True):
    """One audit in a chart: where its accuracy is, where the interval begins and ends, and it in words."""

    x: float
    y: float
    high: float
    low: float
    says: str


class Series(msgspec.Struct, frozen=True):
    """One freezer, box or study: its audits as they are drawn, the oldest first."""

    group: str
    code: str
    last: str
    path: str
    points: list[Point]


class Frame(msgspec.Struct, frozen=True):
    """What all charts of a page have in common, so that they can be compared: their axes."""

    width: int
    height: int
    left: float
    right: float
    base: float
    rows: list[Tick]
    days: list[Tick]


class Drawn(msgspec.Struct, frozen=True):
    """The charts of a page."""

    frame: Frame
    series: list[Series]
    further: int


class Told(msgspec.Struct, frozen=True):
    """What the page tells: error rates, the sites to choose from."""

    rows: list[TrendRow]
    sites: list[SiteRow]


@get("/audits/trend", sync_to_thread=True)
def trend_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Accuracy with its intervals, audit by audit."""
    sent = {name: request.query_params.get(name, "").strip() for name in ("by", "site", "since")}
    asked = inputs.read(TrendAsked, {**sent, "by": sent["by"] or TrendBy.FREEZER.value}, form=True)

    def question(session: Session, actor: Actor) -> Told:
        return Told(audits.trend(session, actor, asked), accounts.sites(session, actor, May.SEE))

    me, told = shell.ask(door, question)
    kept = {name: sent[name] for name in ("site", "since") if sent[name]}
    return shell.page(
        "audits/trend.html",
        me,
        asked=asked,
        sites=told.sites,
        drawn=drawn(told.rows),
        rows=told.rows[::-1][:LISTED],
        count=len(told.rows),
        names=_names(),
        links={by: f"/audits/trend?{urlencode({'by': by.value, **kept})}" for by in TrendBy},
        accuracy=accuracy,
        interval=interval,
    )


# --- drawing; no colours, no markup ---


def drawn(rows: Sequence[TrendRow]) -> Drawn | None:
    """A chart for each group on axes that all of them share; None where no audit is signed."""
    if not rows:
        return None
    groups: dict[tuple[str, str], list[TrendRow]] = {}
    for row in rows:
        groups.setdefault((row.group, row.code), []).append(row)
    least_first = sorted(groups.items(), key=lambda each: (-each[1][-1].rate.rate, each[0]))[:DRAWN]
    shown = [row for _key, some in least_first for row in some]
    widest = max(row.rate.high for row in shown)
    most_wrong = next(each for each in _STEPS if each >= widest)
    first, last = min(row.on for row in shown), max(row.on for row in shown)
    series = [_series(group, code, some, most_wrong, (first, last)) for (group, code), some in least_first]
    return Drawn(_frame(most_wrong, first, last), series, len(groups) - len(series))


def accuracy(rate: ErrorRate) -> str:
    """The share that was right, in per cent."""
    return _percent(1 - rate.rate)


def interval(rate: ErrorRate) -> str:
    """The accuracies between which the true one lies."""
    return _("%(low)s to %(high)s") % {"low": _percent(1 - rate.high), "high": _percent(1 - rate.low)}


def _frame(most: float, first: date, last: date) -> Frame:
    rows = [Tick(_at(error, most), _percent(1 - error)) for error in (0.0, most / 2, most)]
    days = [Tick(_LEFT + _DAY_ROOM / 2 - 12, first.isoformat())] if first < last else []
    days.append(Tick(_RIGHT - _DAY_ROOM / 2 + 12, last.isoformat()))
    return Frame(WIDTH, _HEIGHT, _LEFT, _RIGHT, _BASE, rows, days)


def _series(group: str, code: str, rows: Sequence[TrendRow], most: float, days: tuple[date, date]) -> Series:
    points = [_point(row, most, days) for row in rows]
    path = "M" + "L".join(f"{point.x:g} {point.y:g}" for point in points)
    return Series(group, code, accuracy(rows[-1].rate), path, points)


def _point(row: TrendRow, most: float, days: tuple[date, date]) -> Point:
    first, last = days
    wide = _RIGHT - _LEFT - 24
    share = (row.on - first) / (last - first) if first < last else 0.5
    facts = {"day": row.on, "accuracy": accuracy(row.rate), "interval": interval(row.rate)}
    says = _("%(day)s: %(accuracy)s right (%(interval)s)") % facts
    y, high, low = (_at(error, most) for error in (row.rate.rate, row.rate.low, row.rate.high))
    return Point(round(_LEFT + 12 + wide * share, 1), y, high, low, says)


def _at(error: float, most: float) -> float:
    """How far down an error rate is drawn: accuracy rises to the top, where all is right."""
    return round(_TOP + (_BASE - _TOP) * error / most, 1)


def _percent(share: float) -> str:
    """A share in per cent, cut after two places: what is not all right never reads 100 %."""
    return f"{floor(round(share * 10_000, 6)) / 100:g} %"


def _names() -> dict[TrendBy, str]:
    return {
        TrendBy.FREEZER: _("Freezer"),
        TrendBy.BOX: _("Box"),
        TrendBy.STUDY: _("Study"),
        TrendBy.AUDIT: _("Audit"),
    }


HANDLERS = [trend_page]
