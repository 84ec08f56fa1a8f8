"""What the bench says after a scan: the outcome, what and where, and what comes next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from biobank import texts, web
from biobank.amounts import material_name
from biobank.codes import grouped
from biobank.errors import Refusal
from biobank.pages.bench.scanning import Mode
from biobank.pages.words import moment, word
from biobank.specimens import SpecimenCard
from biobank.storage import BoxMap, Exposure, Step, Stored
from biobank.tables import HoldKind
from biobank.texts import N_, listed
from biobank.texts import gettext as _

BOX_FIRST = N_("Scan the box first. Keep %(code)s in your hand: it was not stored.")
CLOSE_FIRST = N_("A box is open. Scan DONE to close it, then scan %(code)s again.")
KEPT_ELSEWHERE = N_(
    "The slot of %(code)s is kept elsewhere: %(place)s. Bring it there, or choose to store it here."
)
OTHER_BOX = N_("%(code)s is not from the open box. Put it back: it belongs to %(place)s.")


class Outcome(StrEnum):
    """How a scan came out. Each has one sound, one colour and one shape, and no two share any."""

    OK = "ok"
    NOTICE = "notice"
    STOP = "stop"
    DONE = "done"


class Choice(msgspec.Struct, frozen=True):
    """One way on from a STOP: its name, what the scan is sent again with, the card that says it."""

    answer: str
    name: str
    card: str = ""


class Lead(msgspec.Struct, frozen=True):
    """What something may be, or may be meant for: its name, and its page."""

    name: str
    address: str


class Clock(msgspec.Struct, frozen=True):
    """The clock of a tube that is out: since when, when it is late, and when its limit is over."""

    since: datetime
    late: datetime
    over: datetime
    level: str
    minutes: int
    limit: int

    @property
    def left(self) -> str:
        """Hours and minutes until the limit, or past it."""
        away = abs(self.limit - self.minutes)
        return f"{away // 60:02}:{away % 60:02}"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a scan. `other` says a STOP in the second language; `leads` opens a page.

    `opens` a dialog; `at` is the slot the cursor stands on from now on, `about` the tube that is shown.
    `candidates` are what the code may be meant for; `clock` runs for a frozen tube that is out. The label of
    the tube in `replaces` can be replaced.
    """

    outcome: Outcome
    headline: str
    mode: Mode
    box: str = ""
    detail: str = ""
    next: str = ""
    meta: str = ""
    other: str = ""
    other_language: str = ""
    leads: str = ""
    opens: str = ""
    card: str = ""
    at: str = ""
    about: str = ""
    choices: list[Choice] = []
    candidates: list[Lead] = []
    replaces: str = ""
    clock: Clock | None = None


def way(steps: Sequence[Step]) -> str:
    """`Freezer 1 · Shelf 2 · Rack 1 · Box 12 · B7`."""
    if not steps:
        return ""
    slot = steps[-1].slot
    return " · ".join([*(step.name for step in steps), *([slot] if slot else [])])


def short(box: str, slot: str) -> str:
    """`B7 · Box 12`, or the box alone where things lie unplaced."""
    return f"{slot} · {box}" if slot else box


def about(tube: SpecimenCard) -> str:
    """What a tube is, in one line."""
    number = f"{tube.serial}/{tube.total}" if tube.total > 1 else ""
    told = (material_name(tube.material), tube.amount, number, tube.participant, tube.event)
    return " · ".join(part for part in told if part)


# --- look-up ---


def where(tube: SpecimenCard, mode: Mode, box: str, *, corrected: bool) -> Result:
    """Where a tube is. A notice where it is out, nowhere, or not in the box that is open."""
    if tube.custody == "out":
        found = _is_out(tube, mode)
    elif tube.place:
        found = _is_in_place(tube, mode, box, corrected=corrected)
    else:
        found = _is_nowhere(tube, mode)
    return msgspec.structs.replace(found, box=box, card=tube.code, replaces=tube.code, about=tube.code)


def _is_out(tube: SpecimenCard, mode: Mode) -> Result:
    who, when = tube.holder or "-", moment(tube.out_since, tube.time_zone)
    kept = _("Its slot is kept: %(place)s.") % {"place": way(tube.place)} if tube.place else ""
    return Result(
        outcome=Outcome.NOTICE,
        headline=_("%(code)s is out") % {"code": grouped(tube.code)},
        detail=_("Taken by %(person)s, %(when)s.") % {"person": who, "when": when},
        next=kept,
        meta=about(tube),
        mode=mode,
        clock=clock_of(tube),
    )


def _is_nowhere(tube: SpecimenCard, mode: Mode) -> Result:
    headline = _("%(code)s is in no box") % {"code": grouped(tube.code)}
    return Result(outcome=Outcome.NOTICE, headline=headline, detail=about(tube), next=held(tube), mode=mode)


def _is_in_place(tube: SpecimenCard, mode: Mode, box: str, *, corrected: bool) -> Result:
    last = tube.place[-1]
    place, elsewhere = short(last.name, last.slot), bool(box) and last.code != box
    told = " ".join(part for part in (held(tube), layout_words(corrected=corrected)) if part)
    return Result(
        outcome=Outcome.NOTICE if elsewhere or told else Outcome.OK,
        headline=_("Not in this box: %(place)s") % {"place": place} if elsewhere else place,
        detail=f"{grouped(tube.code)} · {about(tube)}",
        next=told,
        meta=way(tube.place),
        mode=mode,
        at="" if elsewhere or not box else last.slot,
    )


# --- storing and taking ---


def stored(now: Stored, before: SpecimenCard, box: BoxMap, cursor: str, *, corrected: bool) -> Result:
    """A tube in the open box: new there, moved, brought back, or there already. `cursor`: the next slot."""
    code, place = grouped(now.code), short(now.box_name, now.slot)
    full = box.free == 0
    coming = _("Next: %(slot)s.") % {"slot": cursor} if cursor else ""
    if full:
        coming = _("%(box)s is full. Scan another box.") % {"box": box.name}
    if not now.changed:
        headline = _("Already here: %(place)s") % {"place": place}
        return Result(
            outcome=Outcome.NOTICE,
            headline=headline,
            detail=f"{code} · {about(before)}",
            next=coming,
            mode=Mode.STORE,
            box=now.box,
            about=now.code,
        )
    way_there = " · ".join([*(step.name for step in box.path), *([now.slot] if now.slot else [])])
    told = _("Stored %(code)s → %(place)s.") % {"code": code, "place": way_there}
    told_also = (held(before), too_long_out(before.clock), layout_words(corrected=corrected))
    warned = " ".join(part for part in told_also if part)
    outcome = Outcome.NOTICE if warned else Outcome.DONE if full else Outcome.OK
    return Result(
        outcome=outcome,
        headline=place,
        detail=" ".join(part for part in (told, warned, _came_from(before)) if part),
        next=coming,
        meta=about(before),
        mode=Mode.STORE,
        box=now.box,
        about=now.code,
    )


def taken(
    now: Stored, before: SpecimenCard, box: str, clock: Clock | None = None, *, corrected: bool
) -> Result:
    """A tube that is now with the person who scanned it; the clock of a frozen one runs."""
    place = short(now.box_name, now.slot)
    headline = _("Took out %(code)s") % {"code": grouped(now.code)}
    kept = _("From %(place)s. The slot is kept for it.") % {"place": way(before.place) or place}
    return Result(
        outcome=Outcome.NOTICE if corrected else Outcome.OK,
        headline=headline,
        detail=kept,
        next=layout_words(corrected=corrected),
        meta=about(before),
        mode=Mode.TAKE,
        box=box,
        about=now.code,
        clock=clock,
    )


# --- boxes and modes ---


def opened(box: BoxMap, mode: Mode, *, stays: bool = False) -> Result:
    """A box that is now open, or a holder whose inside is on show; where it `stays` open, it can be moved."""
    headline = _("%(box)s is open") % {"box": box.name}
    if box.level != "box":
        around, code = way(box.path[:-1]), grouped(box.code)
        if not stays:
            return Result(outcome=Outcome.OK, headline=box.name, detail=around, meta=code, mode=mode)
        coming = _("Scan the shelf that it goes onto, or a box.")
        if box.level == "shelf":
            coming = _("Scan the freezer that it goes into, or a box.")
        return Result(
            outcome=Outcome.OK,
            headline=headline,
            detail=around,
            next=coming,
            meta=code,
            mode=mode,
            box=box.code,
        )
    coming = ""
    if mode is Mode.STORE:
        coming = _("Next: %(slot)s.") % {"slot": box.next_free} if box.next_free else _("Scan the tubes.")
        if box.free == 0:
            coming = _("%(box)s is full. Scan another box.") % {"box": box.name}
    return Result(
        outcome=Outcome.NOTICE if mode is Mode.STORE and box.free == 0 else Outcome.OK,
        headline=headline,
        detail=filled(box),
        next=coming,
        meta=way(box.path),
        mode=mode,
        box=box.code,
    )


def moved(box: BoxMap, mode: Mode) -> Result:
    """The open container stands in another one now, and stays open."""
    headline = _("Moved %(box)s") % {"box": box.name}
    return Result(outcome=Outcome.OK, headline=headline, detail=way(box.path), mode=mode, box=box.code)


def mode_chosen(mode: Mode, box: str) -> Result:
    """The mode that scans are read in from now on."""
    headline, coming = {
        Mode.LOOKUP: (_("Look up"), _("Nothing changes. Scan anything.")),
        Mode.STORE: (_("Store"), _("Scan the tubes.") if box else _("Scan a box.")),
        Mode.TAKE: (_("Take out"), _("Scan the tubes to take out.")),
    }[mode]
    return Result(outcome=Outcome.OK, headline=headline, next=coming, mode=mode, box=box)


def closed(box: BoxMap | None, mode: Mode) -> Result:
    """No box is open now; what is in the one that was."""
    if box is None:
        return Result(outcome=Outcome.NOTICE, headline=_("No box is open"), next=_("Scan a box."), mode=mode)
    headline = _("%(box)s is closed") % {"box": box.name}
    return Result(
        outcome=Outcome.DONE, headline=headline, detail=filled(box), next=_("Scan a box."), mode=mode
    )


def filled(box: BoxMap) -> str:
    """How full a box is; empty for what holds no tubes itself."""
    if box.level != "box":
        return ""
    if box.free is None:
        return _("%(used)s tubes.") % {"used": box.used}
    return _("%(used)s tubes, %(free)s slots free.") % {"used": box.used, "free": box.free}


def no_visit_open(mode: Mode, box: str) -> Result:
    """The card ALL PRESENT where no visit is being collected."""
    headline, coming = _("No visit is open"), _("Scan the visit or its kit first.")
    return Result(outcome=Outcome.NOTICE, headline=headline, next=coming, mode=mode, box=box)


def nothing_to_swap(mode: Mode, box: str) -> Result:
    """The SWAP card where no tube met another one."""
    headline, coming = _("There is nothing to swap."), _("Scan the tube first that is to go to this slot.")
    return Result(outcome=Outcome.NOTICE, headline=headline, next=coming, mode=mode, box=box)


def nothing_to_acknowledge(mode: Mode, box: str) -> Result:
    """The ACK card without a STOP."""
    return Result(outcome=Outcome.NOTICE, headline=_("There is nothing to acknowledge."), mode=mode, box=box)


def badge_elsewhere(mode: Mode, box: str) -> Result:
    """A badge where no station is enrolled: elsewhere the page takes it before it is sent."""
    detail = _("Badges let people in at an enrolled bench. A manager enrols this one under Stations.")
    return Result(outcome=Outcome.NOTICE, headline=_("This is a badge"), detail=detail, mode=mode, box=box)


def leading_to(address: str, code: str, mode: Mode, box: str) -> Result:
    """A page opens."""
    return Result(
        outcome=Outcome.OK, headline=code, detail=_("Its page opens."), mode=mode, box=box, leads=address
    )


# --- a refusal ---


def refused(
    refusal: Refusal, mode: Mode, box: str, *, at: str = "", choices: Sequence[Choice] = ()
) -> Result:
    """STOP, in the reader's language first and in the other one after it; with what can be done instead."""
    mine = texts.language.get()
    other = texts.CHINESE if mine == texts.ENGLISH else texts.ENGLISH
    return Result(
        outcome=Outcome.STOP,
        headline=web.in_words(refusal, mine),
        other=web.in_words(refusal, other),
        other_language=other.replace("_", "-"),
        mode=mode,
        box=box,
        at=at,
        choices=list(choices),
    )


def held(tube: SpecimenCard) -> str:
    """That a tube is stopped, and why; a reservation stops nobody who looks after it."""
    stops = [hold for hold in tube.holds if hold.kind != HoldKind.RESERVATION]
    if not stops:
        return ""
    why = listed(f"{word(hold.kind, 'hold')}: {word(hold.reason)}" for hold in stops)
    return _("It is on hold (%(why)s).") % {"why": why}


def clock_of(tube: SpecimenCard) -> Clock | None:
    """The running clock of a frozen tube that is out; None for any other."""
    stands, since = tube.clock, tube.out_since
    if stands is None or since is None or stands.level == "none":
        return None
    late, over = timedelta(minutes=stands.warn), timedelta(minutes=stands.limit)
    return Clock(since, since + late, since + over, stands.level, stands.minutes, stands.limit)


def too_long_out(stands: Exposure | None) -> str:
    """That a frozen tube came back late, or past its limit."""
    if stands is None or stands.level not in ("amber", "red"):
        return ""
    told = {"minutes": stands.minutes, "limit": stands.limit}
    if stands.level == "red":
        return _("It was out for %(minutes)s min, past its limit of %(limit)s: a thaw is noted.") % told
    return _("It was out for %(minutes)s of %(limit)s min.") % told


def _came_from(before: SpecimenCard) -> str:
    if before.custody == "out":
        when = moment(before.out_since, before.time_zone)
        return _("Brought back; it was out since %(when)s.") % {"when": when}
    return _("Moved from %(place)s.") % {"place": way(before.place)} if before.place else ""


def layout_words(*, corrected: bool) -> str:
    return _("The keyboard layout was corrected.") if corrected else ""
