"""What the bench says after a scan: the outcome, what and where, and what comes next."""

from collections.abc import Sequence

import msgspec

from biobank import texts, web
from biobank.amounts import material_name
from biobank.codes import grouped
from biobank.errors import Refusal
from biobank.pages.scanning import Mode
from biobank.pages.words import moment
from biobank.specimens import KitCard, SpecimenCard
from biobank.storage import BoxMap, Step, Stored
from biobank.texts import N_
from biobank.texts import gettext as _

BOX_FIRST = N_("Scan the box first. Keep %(code)s in your hand: it was not stored.")
CLOSE_FIRST = N_("A box is open. Scan DONE to close it, then scan %(code)s again.")
OTHER_BOX = N_("%(code)s is not from the open box. Put it back: it belongs to %(place)s.")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome: ok, notice or stop. `other` says a STOP in the second language; `leads` opens a page."""

    outcome: str
    headline: str
    mode: Mode
    box: str = ""
    detail: str = ""
    next: str = ""
    meta: str = ""
    other: str = ""
    other_language: str = ""
    sound: str = ""
    leads: str = ""
    card: str = ""


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
    code = grouped(tube.code)
    elsewhere = bool(box) and (not tube.place or tube.place[-1].code != box)
    if tube.custody == "out":
        headline = _("%(code)s is out") % {"code": code}
        detail = _("Taken by %(person)s, %(when)s.") % {
            "person": tube.holder or "-",
            "when": moment(tube.out_since, tube.time_zone),
        }
        kept = _("Its slot is kept: %(place)s.") % {"place": way(tube.place)} if tube.place else ""
        return Result(
            outcome="notice",
            headline=headline,
            detail=detail,
            next=kept,
            meta=about(tube),
            mode=mode,
            box=box,
            card=tube.code,
        )
    if not tube.place:
        headline = _("%(code)s is in no box") % {"code": code}
        words = {"headline": headline, "detail": about(tube)}
        return Result(outcome="notice", mode=mode, box=box, card=tube.code, **words)
    place = short(tube.place[-1].name, tube.place[-1].slot)
    words = {"headline": place, "detail": f"{code} · {about(tube)}", "meta": way(tube.place)}
    if elsewhere:
        words["headline"] = _("Not in this box: %(place)s") % {"place": place}
    layout = layout_words(corrected=corrected)
    outcome = "notice" if elsewhere or corrected else "ok"
    return Result(outcome=outcome, mode=mode, box=box, card=tube.code, next=layout, **words)


# --- storing and taking ---


def stored(now: Stored, before: SpecimenCard, box: BoxMap, *, corrected: bool) -> Result:
    """A tube in the open box: new there, moved, brought back, or there already."""
    code, place = grouped(now.code), short(now.box_name, now.slot)
    coming = _("Next: %(slot)s.") % {"slot": box.next_free} if box.next_free else ""
    full = box.free == 0
    if full:
        coming = _("%(box)s is full. Scan another box.") % {"box": box.name}
    full_way = " · ".join([*(step.name for step in box.path), *([now.slot] if now.slot else [])])
    if not now.changed:
        headline = _("Already here: %(place)s") % {"place": place}
        return Result(
            outcome="notice",
            headline=headline,
            detail=f"{code} · {about(before)}",
            next=coming,
            mode=Mode.STORE,
            box=now.box,
        )
    told = _("Stored %(code)s → %(place)s.") % {"code": code, "place": full_way}
    came = _came_from(before)
    return Result(
        outcome="notice" if corrected else "ok",
        headline=place,
        detail=f"{told} {came}".strip(),
        next=coming,
        meta=" ".join(part for part in (about(before), layout_words(corrected=corrected)) if part),
        mode=Mode.STORE,
        box=now.box,
        sound="done" if full else "",
    )


def taken(now: Stored, before: SpecimenCard, box: str, *, corrected: bool) -> Result:
    """A tube that is now with the person who scanned it."""
    place = short(now.box_name, now.slot)
    headline = _("Took out %(code)s") % {"code": grouped(now.code)}
    kept = _("From %(place)s. The slot is kept for it.") % {"place": way(before.place) or place}
    words = {"headline": headline, "detail": kept, "meta": about(before)}
    layout = layout_words(corrected=corrected)
    return Result(outcome="notice" if corrected else "ok", mode=Mode.TAKE, box=box, next=layout, **words)


# --- boxes and modes ---


def opened(box: BoxMap, mode: Mode) -> Result:
    """A box that is now open, or a holder whose inside is on show."""
    if box.level != "box":
        around = way(box.path[:-1])
        return Result(outcome="ok", headline=box.name, detail=around, meta=grouped(box.code), mode=mode)
    headline = _("%(box)s is open") % {"box": box.name}
    coming = ""
    if mode is Mode.STORE:
        coming = _("Next: %(slot)s.") % {"slot": box.next_free} if box.next_free else _("Scan the tubes.")
        if box.free == 0:
            coming = _("%(box)s is full. Scan another box.") % {"box": box.name}
    held = _("%(used)s tubes.") % {"used": box.used}
    if box.free is not None:
        held = _("%(used)s tubes, %(free)s slots free.") % {"used": box.used, "free": box.free}
    return Result(
        outcome="notice" if mode is Mode.STORE and box.free == 0 else "ok",
        headline=headline,
        detail=held,
        next=coming,
        meta=way(box.path),
        mode=mode,
        box=box.code,
    )


def box_moved(box: BoxMap, mode: Mode) -> Result:
    """The open box stands in another rack now, and stays open."""
    headline = _("Moved %(box)s") % {"box": box.name}
    return Result(outcome="ok", headline=headline, detail=way(box.path), mode=mode, box=box.code)


def mode_chosen(mode: Mode, box: str) -> Result:
    """The mode that scans are read in from now on."""
    headline, coming = {
        Mode.LOOKUP: (_("Look up"), _("Nothing changes. Scan anything.")),
        Mode.STORE: (_("Store"), _("Scan the tubes.") if box else _("Scan a box.")),
        Mode.TAKE: (_("Take out"), _("Scan the tubes to take out.")),
    }[mode]
    return Result(outcome="ok", headline=headline, next=coming, mode=mode, box=box)


def closed(mode: Mode) -> Result:
    """No box is open now."""
    return Result(outcome="ok", headline=_("Box closed"), next=_("Scan a box."), mode=mode, sound="done")


def no_visit_open(mode: Mode, box: str) -> Result:
    """The card ALL PRESENT where no visit is being collected."""
    headline, coming = _("No visit is open"), _("Scan the visit or its kit first.")
    return Result(outcome="notice", headline=headline, next=coming, mode=mode, box=box)


def nothing_to_acknowledge(mode: Mode, box: str) -> Result:
    """The ACK card without a STOP."""
    return Result(outcome="notice", headline=_("There is nothing to acknowledge."), mode=mode, box=box)


def leading_to(address: str, code: str, mode: Mode, box: str) -> Result:
    """A page opens."""
    return Result(outcome="ok", headline=code, detail=_("Its page opens."), mode=mode, box=box, leads=address)


# --- what is not known ---


def unassigned(code: str, mode: Mode, box: str) -> Result:
    """A good code of ours that is on nothing in the reader's scope."""
    headline = _("%(code)s is on nothing yet") % {"code": grouped(code)}
    detail = _("It is a good code. Register the tube at its visit; nothing was changed.")
    return Result(outcome="notice", headline=headline, detail=detail, mode=mode, box=box)


def unknown(text: str, mode: Mode, box: str) -> Result:
    """A text that names nothing."""
    headline = _("Nothing is known by “%(text)s”") % {"text": text}
    detail = _("Wipe the label and scan again, or type the code. Nothing was changed.")
    return Result(outcome="notice", headline=headline, detail=detail, mode=mode, box=box)


def for_an_event(kit: KitCard, mode: Mode, box: str) -> Result:
    """A kit that is nobody's yet."""
    headline = _("Kit for %(event)s") % {"event": kit.event}
    detail = _("%(study)s, %(title)s, %(labels)s labels. It is nobody's yet.") % {
        "study": kit.study,
        "title": kit.title,
        "labels": len(kit.labels),
    }
    coming = _("Scan the visit that it is for.")
    meta = grouped(kit.code)
    return Result(
        outcome="notice", headline=headline, detail=detail, next=coming, meta=meta, mode=mode, box=box
    )


def of_a_kit(label: str, kit: KitCard, mode: Mode, box: str) -> Result:
    """The label of a kit that was not begun with: there is no such tube yet."""
    headline = _("%(code)s is on nothing yet") % {"code": grouped(label)}
    named = {"kit": grouped(kit.code), "study": kit.study, "event": kit.event}
    detail = _("It is a label of kit %(kit)s, for %(study)s %(event)s. Nothing was changed.") % named
    coming = _("Open its visit and scan it there.") if kit.visit else _("Scan the visit that it is for.")
    return Result(outcome="notice", headline=headline, detail=detail, next=coming, mode=mode, box=box)


def not_in_use(code: str, mode: Mode, box: str) -> Result:
    """A badge, a request or a shipment."""
    headline = _("%(code)s is a code that is not in use here yet") % {"code": grouped(code)}
    return Result(outcome="notice", headline=headline, detail=_("Nothing was changed."), mode=mode, box=box)


def refused(refusal: Refusal, mode: Mode, box: str) -> Result:
    """STOP, in the reader's language first and in the other one after it."""
    mine = texts.language.get()
    other = texts.CHINESE if mine == texts.ENGLISH else texts.ENGLISH
    return Result(
        outcome="stop",
        headline=web.in_words(refusal, mine),
        other=web.in_words(refusal, other),
        other_language=other.replace("_", "-"),
        mode=mode,
        box=box,
    )


def _came_from(before: SpecimenCard) -> str:
    if before.custody == "out":
        when = moment(before.out_since, before.time_zone)
        return _("Brought back; it was out since %(when)s.") % {"when": when}
    return _("Moved from %(place)s.") % {"place": way(before.place)} if before.place else ""


def layout_words(*, corrected: bool) -> str:
    return _("The keyboard layout was corrected.") if corrected else ""
