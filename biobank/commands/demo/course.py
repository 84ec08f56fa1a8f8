"""Who takes part in the demonstration, and what becomes of each: drawn from their numbers alone."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from biobank.participants import MissedReason
from biobank.tables import Visit, WithdrawalLevel

PARTICIPANTS = 360
FIRST_ONES = 18
"""So many of them, from the oldest to the newest, are what the first start makes."""

_ENROLLING = 450
"""Days over which they were enrolled; the last one was two days ago."""
_KINDS = 19
"""The number modulo this says what is special of somebody: the first ones are all of different kinds."""

SURGICAL, NON_SURGICAL = "surgical", "non-surgical"
_CHANGED = (2, 12)
_TWICE = (1, 9)
_NEVER = (15,)
_CANCELLED = (7,)
_NO_GENETICS, _NO_MICROBIOME = 13, 10
_WITHDREW = {
    4: WithdrawalLevel.NO_FURTHER_USE,
    6: WithdrawalLevel.DESTROY,
    8: WithdrawalLevel.NO_MORE_COLLECTION,
}
_EXTRACTED = (1, 7, 14)
_MISSED = {(5, "M3"): MissedReason.ILL, (3, "M6"): MissedReason.UNREACHABLE}
_UNDER_WAY = (354, 360)
_REASONS = (
    MissedReason.DECLINED,
    MissedReason.UNREACHABLE,
    MissedReason.ILL,
    MissedReason.SITE_CLOSED,
    MissedReason.OTHER,
)
_SUBTYPES = ("discogenic", "radicular", "non-specific", "other")


class Procedure(msgspec.Struct, frozen=True):
    """A procedure: `first_said` is the day it was planned on at first, where it was moved."""

    name: str
    day: date | None
    first_said: date | None = None
    cancelled: bool = False


class Course(msgspec.Struct, frozen=True):
    """One participant as the demonstration wants them."""

    number: int
    enrolled_on: date
    arm: str
    attributes: dict[str, str | int]
    granted: list[str]
    declined: list[str]
    changed_on: date | None
    procedures: list[Procedure]
    withdrawal: tuple[WithdrawalLevel, date] | None
    extracted: bool
    under_way: bool
    """Their baseline is being collected at the moment the demonstration is made."""

    @property
    def pseudonym(self) -> str:
        """An invented pseudonym; it stands for nobody."""
        return f"LBPB-{self.number:03}"


class Fate(msgspec.Struct, frozen=True):
    """What became of a visit: the day they came, or why they did not; neither while it is open."""

    came_on: date | None = None
    missed: MissedReason | None = None


def numbers() -> list[int]:
    """All participants' numbers in the order they are made: each run of 18 spans the whole study."""
    every = PARTICIPANTS // FIRST_ONES
    return sorted(range(1, PARTICIPANTS + 1), key=lambda number: (-number % every, number))


def drawn(below: int, *about: object) -> int:
    """A number from 0 to `below` - 1 that is always the same for what it is about."""
    text = " ".join(map(str, about))
    return int.from_bytes(hashlib.sha256(f"biobank demonstration {text}".encode()).digest()[:8]) % below


def course(number: int, today: date) -> Course:
    """What becomes of a participant, as it stands on this day."""
    kind = number % _KINDS
    enrolled = today - timedelta(days=2 + (PARTICIPANTS - number) * _ENROLLING // PARTICIPANTS)
    changed = enrolled + timedelta(days=30 + drawn(12, number, "changed")) if kind in _CHANGED else None
    if changed and changed > today:
        changed = None
    begins_surgical = kind % 2 == 1
    declined = [
        *(["genetics"] if kind == _NO_GENETICS else []),
        *(["microbiome"] if kind == _NO_MICROBIOME else []),
        *(["foreign_release"] if drawn(2, number, "foreign") else []),
        *(["recontact"] if not drawn(6, number, "recontact") else []),
    ]
    scopes = ["storage", "genetics", "microbiome", "foreign_release", "recontact"]
    return Course(
        number=number,
        enrolled_on=enrolled,
        arm=SURGICAL if begins_surgical else NON_SURGICAL,
        attributes=_attributes(number),
        granted=[scope for scope in scopes if scope not in declined],
        declined=declined,
        changed_on=changed,
        procedures=list(_procedures(number, enrolled, today)) if begins_surgical or changed else [],
        withdrawal=_withdrawal(number, enrolled, today),
        extracted=kind in _EXTRACTED,
        under_way=number in _UNDER_WAY,
    )


def fate(person: Course, visit: Visit, today: date) -> Fate:
    """What became of a visit by this day.

    Most came near the planned day, some late; of those who did not come, the reason is known once the
    window is closed for four weeks, and until then they are overdue.
    """
    planned, opens, closes = visit.planned_on, visit.opens_on, visit.closes_on
    if planned is None or opens is None or closes is None:
        return Fate()
    about = (person.number, visit.label, visit.occasion)
    reason = _MISSED.get((person.number % _KINDS, visit.label))
    if reason or (visit.label not in ("RUN", "BL") and drawn(100, *about, "missed") < 6):
        known = known_on(closes) < min(today, person.withdrawal[1] if person.withdrawal else today)
        why = reason or _REASONS[drawn(len(_REASONS), *about, "reason")]
        return Fate(missed=why if known else None)
    near = planned + timedelta(days=drawn(3, *about, "came"))
    came = near if visit.label == "BL" else _came(opens, closes, about)
    gone = person.withdrawal and person.withdrawal[1] < came
    if gone or came >= today or (person.under_way and visit.label == "BL"):
        return Fate()
    return Fate(came_on=came)


def known_on(closes: date) -> date:
    """The day on which it is known why nobody came to a visit whose window closed on this one."""
    return closes + timedelta(days=28)


# --- how ---


def _came(opens: date, closes: date, about: tuple[object, ...]) -> date:
    """Some day of the window, more likely in its middle; for one in forty some days after it."""
    if not drawn(40, *about, "late"):
        return closes + timedelta(days=1 + drawn(5, *about, "so late"))
    days = (closes - opens).days
    twice = drawn(days + 1, *about, "came") + drawn(days + 1, *about, "came near")
    return opens + timedelta(days=twice // 2)


def _attributes(number: int) -> dict[str, str | int]:
    return {
        "sex": ("female", "male")[drawn(2, number, "sex")],
        "age": 24 + drawn(28, number, "age") + drawn(26, number, "more of age"),
        "pain": ("chronic", "chronic", "acute")[drawn(3, number, "pain")],
        "subtype": _SUBTYPES[drawn(len(_SUBTYPES), number, "subtype")],
    }


def _procedures(number: int, enrolled: date, today: date) -> Iterator[Procedure]:
    """None, one or two, as far as anybody plans ahead; one is named before its day is known."""
    kind = number % _KINDS
    if kind in _NEVER:
        return
    first = enrolled + timedelta(days=44 + drawn(30, number, "procedure"))
    if first > today + timedelta(days=21):
        if drawn(2, number, "named"):
            yield Procedure("nerve block", None)
        return
    moved = None if drawn(5, number, "moved") else first - timedelta(days=7)
    yield Procedure("nerve block", first, moved, cancelled=kind in _CANCELLED)
    second = enrolled + timedelta(days=150 + drawn(60, number, "second procedure"))
    if kind in _TWICE and second <= today + timedelta(days=21):
        yield Procedure("endoscopic spinal discectomy", second)


def _withdrawal(number: int, enrolled: date, today: date) -> tuple[WithdrawalLevel, date] | None:
    """Of those kinds one in five withdrew, after the visit at three months."""
    kind = number % _KINDS
    day = enrolled + timedelta(days=115)
    if kind not in _WITHDREW or number // _KINDS % 5 != kind % 5 or day >= today:
        return None
    return _WITHDREW[kind], day
