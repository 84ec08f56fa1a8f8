"""What a scan came to while boxes are counted, put into words."""

from collections.abc import Callable, Mapping, Sequence

from biobank.amounts import material_name
from biobank.audits import BoxRow
from biobank.audits.words import RESULTS
from biobank.codes import grouped, read
from biobank.labels.cards import NAMES, Card
from biobank.pages.audits.scans import TOLD, Answer, Said, What
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Choice, Outcome, Result, layout_words, short
from biobank.pages.bench.scanning import Mode
from biobank.tables import BoxState
from biobank.tables import Result as Ended
from biobank.texts import N_, listed
from biobank.texts import gettext as _

FEW = 8
"""So many slots are named before the others are only counted."""

LEAVE = N_("Leave it where it is: it is put right after the count.")


def result(told: Said, coming: str = "", *, corrected: bool = False) -> Result:
    """What is shown of a scan. `coming` is the box to go to next, once one is counted."""
    shown = _WORDS[told.what](told)
    ahead = coming if told.what is What.DONE else _ahead(told)
    outcome = shown[0]
    if outcome is Outcome.OK and told.what in TOLD and not told.left:
        outcome = Outcome.DONE
    if corrected and outcome is Outcome.OK:
        outcome = Outcome.NOTICE
    return Result(
        outcome=outcome,
        headline=shown[1],
        detail=shown[2],
        next=shown[3] if len(shown) > 3 else ahead,
        meta=layout_words(corrected=corrected),
        mode=Mode.LOOKUP,
        box=told.box,
        at=told.at,
        opens="help" if told.what is What.HELP else "",
        choices=_choices(told),
    )


def ended(results: Mapping[str, int]) -> str:
    """How the slots of a counted box ended: `Found 79, Missing 2`."""
    return listed(f"{_(RESULTS[Ended(word)])} {often}" for word, often in results.items() if often)


def coming(boxes: Sequence[BoxRow], done: str, mine: str) -> str:
    """The box to go to next, in walking order from the one that is done; one that nobody began, if there is.

    A second count is not of a box that `mine` counted first.
    """
    place = next((index for index, each in enumerate(boxes, 1) if each.code == done), 0)
    for state in (BoxState.OPEN, BoxState.AGAIN, BoxState.COUNTING):
        for each in [*boxes[place:], *boxes[:place]]:
            if each.state is state and not (state is BoxState.AGAIN and each.counted_by == mine):
                return _("Next: %(box)s. Scan it.") % {"box": each.path}
    return _("Every box of the audit is counted.")


# --- how ---

_Shown = tuple[Outcome, str, str] | tuple[Outcome, str, str, str]


def _ahead(told: Said) -> str:
    """The next slot; that there is none that is awaited."""
    if not told.box:
        return _("Scan a box.")
    if not told.left:
        return _("All of it was scanned. Scan DONE.")
    return _("Next: %(slot)s.") % {"slot": told.ahead} if told.ahead else _("Scan the tubes.")


def _code(text: str) -> str:
    return grouped(text) if read(text) else text


def _what(told: Said) -> str:
    material = material_name(told.material) if told.material else ""
    return " · ".join(part for part in (_code(told.code), material) if part)


def _opened(told: Said) -> _Shown:
    headline = _("%(box)s is open") % {"box": told.name}
    if told.state == BoxState.AGAIN:
        headline = _("%(box)s is open for its second count") % {"box": told.name}
    return Outcome.OK, headline, told.place


def _right(told: Said) -> _Shown:
    return Outcome.OK, short(told.name, told.slot), _what(told)


def _wrong_slot(told: Said) -> _Shown:
    says = _("Its record has it at %(slot)s.") % {"slot": told.place}
    return Outcome.NOTICE, _headed(told, _("Wrong slot here")), f"{_what(told)}. {says} {_(LEAVE)}"


def _elsewhere(told: Said) -> _Shown:
    says = _("Its record has it in %(place)s.") % {"place": told.place}
    return Outcome.NOTICE, _headed(told, _("Wrong container")), f"{_what(told)}. {says} {_(LEAVE)}"


def _nowhere(told: Said) -> _Shown:
    says = _("Its record has it in no box.")
    return Outcome.NOTICE, _headed(told, _("Unexpected")), f"{_what(told)}. {says} {_(LEAVE)}"


def _out(told: Said) -> _Shown:
    says = _("Its record has it with %(person)s, taken out.") % {"person": told.place or "–"}
    return Outcome.NOTICE, _headed(told, _("Unexpected")), f"{_what(told)}. {says} {_(LEAVE)}"


def _unknown(told: Said) -> _Shown:
    says = _("Nothing is known by it; it is written down as it was read.")
    return Outcome.NOTICE, _headed(told, _("Unknown code")), f"{_code(told.code)}. {says}"


def _next_door(told: Said) -> _Shown:
    empty = _("%(slot)s is empty.") % {"slot": told.other}
    return Outcome.OK, short(told.name, told.slot), f"{empty} {_what(told)}"


def _empty(told: Said) -> _Shown:
    says = _("%(code)s is not there.") % {"code": _code(told.code)} if told.code else ""
    return Outcome.OK, _headed(told, _("Empty")), says


def _unreadable(told: Said) -> _Shown:
    says = _("Wipe the frost, scan UNDO, and try its code again. If it stays unreadable, go on.")
    return Outcome.NOTICE, _headed(told, _("Unreadable")), says


def _already(told: Said) -> _Shown:
    return (
        Outcome.NOTICE,
        _("Scanned already: %(place)s") % {"place": short(told.name, told.slot)},
        _what(told),
    )


def _asks_twice(told: Said) -> _Shown:
    asks = _("Scan it again if a second tube with this code stands in %(slot)s. If not, go on.")
    headline = _("Scanned already at %(slot)s") % {"slot": told.other}
    return Outcome.NOTICE, headline, _what(told), asks % {"slot": told.slot}


def _asks_next(told: Said) -> _Shown:
    headline = _("%(next)s expected. Scan it again if %(slot)s is empty.")
    asks = _("If it stands in %(slot)s, scan ACK.") % {"slot": told.slot}
    return Outcome.NOTICE, headline % {"next": told.other, "slot": told.slot}, _what(told), asks


def _asks_done(told: Said) -> _Shown:
    some = [_code(each) for each in told.left[:FEW]]
    if more := len(told.left) - FEW:
        some += [_("%(count)s more") % {"count": more}] if more > 0 else []
    asks = _("Scan DONE again if nothing stands there.")
    return Outcome.NOTICE, _("Not scanned: %(count)s") % {"count": len(told.left)}, listed(some), asks


def _moved(told: Said) -> _Shown:
    if not told.slot:
        return Outcome.NOTICE, _("There is no slot further on"), ""
    return (
        Outcome.OK,
        _("Next: %(slot)s") % {"slot": short(told.name, told.slot)},
        "",
        _("Scan what stands in it."),
    )


def _back(told: Said) -> _Shown:
    headline = _("Back at %(slot)s") % {"slot": short(told.name, told.slot)}
    return Outcome.OK, headline, _what(told), _("Scan what stands in it: the newer scan counts.")


def _nothing_back(_told: Said) -> _Shown:
    return Outcome.NOTICE, _("There is nothing to go back to: you scanned nothing in this box."), ""


def _done(told: Said) -> _Shown:
    says = ended(told.results)
    if told.state == BoxState.AGAIN:
        again = _("It was not as the record has it: another person counts it again.")
        return Outcome.DONE, _("%(box)s is counted") % {"box": told.name}, f"{says}. {again}"
    return Outcome.DONE, _("%(box)s is counted") % {"box": told.name}, says


def _card(told: Said) -> _Shown:
    headline = _("The card %(card)s does nothing here") % {"card": _(NAMES[Card(told.code)])}
    return Outcome.NOTICE, headline, ""


def _help(_told: Said) -> _Shown:
    return Outcome.OK, _("How to scan"), ""


def _badge(told: Said) -> _Shown:
    shown = answers.badge_elsewhere(Mode.LOOKUP, told.box)
    return shown.outcome, shown.headline, shown.detail


def _headed(told: Said, word: str) -> str:
    return f"{told.slot} · {word}" if told.slot else word


def _choices(told: Said) -> list[Choice]:
    """A question's answers by touch."""
    here = {"slot": told.slot}
    if told.what is What.ASKS_NEXT:
        return [
            Choice(Answer.NEXT.value, _("%(slot)s is empty") % here),
            Choice(Answer.HERE.value, _("It stands in %(slot)s") % here),
        ]
    if told.what is What.ASKS_TWICE:
        return [Choice(Answer.HERE.value, _("A second one stands in %(slot)s") % here)]
    return []


_WORDS: Mapping[What, Callable[[Said], _Shown]] = {
    What.OPENED: _opened,
    What.RIGHT: _right,
    What.SCANNED: _right,
    What.WRONG_SLOT: _wrong_slot,
    What.ELSEWHERE: _elsewhere,
    What.NOWHERE: _nowhere,
    What.OUT: _out,
    What.UNKNOWN: _unknown,
    What.NEXT_DOOR: _next_door,
    What.EMPTY: _empty,
    What.UNREADABLE: _unreadable,
    What.ALREADY: _already,
    What.ASKS_TWICE: _asks_twice,
    What.ASKS_NEXT: _asks_next,
    What.ASKS_DONE: _asks_done,
    What.MOVED: _moved,
    What.BACK: _back,
    What.NOTHING_BACK: _nothing_back,
    What.DONE: _done,
    What.CARD: _card,
    What.HELP: _help,
    What.BADGE: _badge,
}
