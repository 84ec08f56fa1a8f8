"""Audits in words and rings: how a sample, an error rate and the count of a box are told. Pure."""

from decimal import Decimal

import msgspec

from biobank.audits import AuditBoard, BoxRow, ErrorRate
from biobank.audits.words import STATES
from biobank.tables import BoxState
from biobank.texts import gettext as _
from biobank.texts import ngettext

RIGHT = ("found", "empty")
"""The results that are no findings."""


class Ring(msgspec.Struct, frozen=True):
    """How far a box is, as arcs of a circle of 100: what is right, what is wrong or still under way.

    `tone` is the class of the second arc, `text` what stands in the middle, `says` what stands beside it.
    """

    right: float
    rest: float
    tone: str
    text: str
    says: str


# --- numbers ---


def percent(share: float | Decimal) -> str:
    """A share of 1 as people say it, with as many places as a small one needs: `1 %`, `0.5 %`, `0.04 %`."""
    hundredths = float(share) * 100
    if hundredths in (0.0, 100.0):
        return f"{hundredths:.0f} %"
    places = 2 if hundredths < 10 else 1
    return f"{hundredths:.{places}f}".rstrip("0").rstrip(".") + " %"


def rate(told: ErrorRate) -> str:
    """An error rate with its interval."""
    if not told.looked_at:
        return _("nothing is counted yet")
    facts = {
        "errors": told.errors,
        "all": told.looked_at,
        "rate": percent(told.rate),
        "low": percent(told.low),
        "high": percent(told.high),
        "confidence": percent(told.confidence),
    }
    return _("%(errors)s of %(all)s: %(rate)s (%(low)s to %(high)s with %(confidence)s confidence)") % facts


def claim(tubes: int, drawn: int, limit: float | Decimal, confidence: float | Decimal) -> str:
    """What a sample shows, before anybody looks."""
    facts = {"drawn": drawn, "all": tubes, "limit": percent(limit), "confidence": percent(confidence)}
    return (
        _(
            "%(drawn)s of %(all)s tubes: no error among them shows that fewer than %(limit)s are wrong, "
            "with %(confidence)s confidence."
        )
        % facts
    )


def claim_of(board: AuditBoard) -> str:
    """What the sample of an audit that has begun shows; empty where it claims nothing."""
    if not (board.shows_limit and board.population and board.drawn):
        return ""
    return claim(board.population, board.drawn, board.shows_limit, board.shows_confidence)


# --- boxes ---


def ring(box: BoxRow, *, blind: bool = False) -> Ring:
    """The ring of one box; in a blind audit it says nothing of what should be there."""
    expected = 0 if blind else box.expected
    told = _(STATES[box.state])
    if box.state is BoxState.OPEN:
        return Ring(0, 0, "", "", _beside(told, box, "" if blind else _tubes(expected)))
    if box.state is BoxState.COUNTING:
        most = box.slots or expected or box.scanned or 1
        done = round(min(100.0, 100 * box.scanned / most), 1)
        return Ring(0, done, "under-way", str(box.scanned), _beside(told, box, f"{box.scanned} / {most}"))
    wrong = sum(often for word, often in box.results.items() if word not in RIGHT)
    share = max(4.0, round(100 * wrong / sum(box.results.values()), 1)) if wrong else 0.0
    tone, text = ("again", "2") if box.state is BoxState.AGAIN else ("wrong", str(wrong) if wrong else "✓")
    found = ngettext("%(num)s finding", "%(num)s findings", wrong) % {"num": wrong}
    return Ring(100 - share, share, tone, text, _beside(told, box, found))


# --- how ---


def _tubes(count: int) -> str:
    return ngettext("%(num)s tube", "%(num)s tubes", count) % {"num": count}


def _beside(told: str, box: BoxRow, how_much: str) -> str:
    """What stands beside a ring: the state, how much, and who counted."""
    return " · ".join(each for each in (told, how_much, box.counted_by, box.second_by) if each)
