"""What the bench says after a command card, and of an old label."""

import msgspec

from biobank.codes import grouped, read
from biobank.pages.bench.answers import Lead, Outcome, Result, short
from biobank.pages.bench.asking import said
from biobank.pages.bench.order import Order
from biobank.pages.bench.scanning import Mode
from biobank.printing.ordering import JobMade
from biobank.storage import BoxMap
from biobank.storage.undoing import Undone
from biobank.texts import gettext as _
from biobank.texts import listed


def undone(order: Order, what: Undone) -> Result:
    """The last act was taken back."""
    where = listed(
        f"{grouped(each.code) if read(each.code) else each.code}: {short(each.box_name, each.slot)}"
        for each in what.places[:3]
        if each.box_name
    )
    return Result(
        outcome=Outcome.OK,
        headline=_("Undone"),
        detail=said(what.said),
        next=_("Now %(places)s.") % {"places": where} if where else "",
        mode=order.mode,
        box=order.box or "",
    )


def cursor_moved(box: BoxMap, at: str) -> Result:
    """Where the next tube goes."""
    if not at:
        headline, coming = _("There is no free slot further on"), _("Scan the tubes.")
        return Result(outcome=Outcome.NOTICE, headline=headline, next=coming, mode=Mode.STORE, box=box.code)
    headline = _("Next: %(slot)s") % {"slot": short(box.name, at)}
    return Result(
        outcome=Outcome.OK, headline=headline, next=_("Scan the tubes."), mode=Mode.STORE, box=box.code, at=at
    )


def needs_box(order: Order) -> Result:
    """A card about slots where no box is being filled."""
    headline, coming = _("No box is being filled"), _("Scan STORE, then a box.")
    return _notice(order, headline, coming)


def nothing_chosen(order: Order) -> Result:
    """A card about a tube where none is shown and no slot was chosen."""
    return _notice(
        order, _("Which tube?"), _("Scan it, or open its box and tap its slot; then scan the card.")
    )


def asked_to_look(order: Order, code: str, slot: str) -> Result:
    """A tube that is not where it should be is on the list; the log still has it there."""
    headline = _("%(code)s is missing") % {"code": grouped(code)}
    detail = _("It is on the list of tasks. Until it is found the log has it where it was.")
    return Result(
        outcome=Outcome.NOTICE,
        headline=headline,
        detail=detail,
        meta=slot,
        mode=order.mode,
        box=order.box or "",
        about=code,
    )


def wipe_first(order: Order, code: str, slot: str) -> Result:
    """What to do with a code that cannot be read; where its label is replaced, if wiping does not help."""
    detail = _("Wipe the frost and try again; try the code on the cap. It is on the list of tasks.")
    told = _("By its place it is %(code)s.") % {"code": grouped(code)} if code else ""
    return Result(
        outcome=Outcome.NOTICE,
        headline=_("The code cannot be read"),
        detail=detail,
        next=told,
        meta=slot,
        mode=order.mode,
        box=order.box or "",
        at=order.at or "",
        about=code,
        replaces=code,
    )


def label_printed(order: Order, made: JobMade) -> Result:
    """A label is on its way to the printer of this bench."""
    told = {"code": grouped(made.first), "printer": made.printer}
    return Result(
        outcome=Outcome.OK,
        headline=_("%(printer)s prints the label") % told,
        detail=_("Stick it on %(code)s, then scan it there.") % told,
        mode=order.mode,
        box=order.box or "",
        at=order.at or "",
        about=made.first,
        candidates=[Lead(_("Its print job"), f"/labels/jobs/{made.job}")],
    )


def old_label(result: Result, code: str) -> Result:
    """The same of a tube whose label of before was scanned, or another code that was replaced."""
    told = _("This code is old: the tube is called %(code)s now. Take the old label off.")
    detail = " ".join(part for part in (result.detail, told % {"code": grouped(code)}) if part)
    outcome = Outcome.NOTICE if result.outcome in (Outcome.OK, Outcome.DONE) else result.outcome
    return msgspec.structs.replace(result, outcome=outcome, detail=detail)


def page_opens(order: Order, address: str) -> Result:
    """A card that leads to a page."""
    return Result(
        outcome=Outcome.OK,
        headline=_("Its page opens."),
        mode=order.mode,
        box=order.box or "",
        at=order.at or "",
        leads=address,
    )


def part_opens(order: Order, part: str, headline: str) -> Result:
    """A card that opens a part of the page itself: the help, the lock."""
    return Result(
        outcome=Outcome.OK,
        headline=headline,
        mode=order.mode,
        box=order.box or "",
        at=order.at or "",
        opens=part,
    )


def _notice(order: Order, headline: str, coming: str) -> Result:
    return Result(
        outcome=Outcome.NOTICE,
        headline=headline,
        next=coming,
        mode=order.mode,
        box=order.box or "",
        at=order.at or "",
    )
