"""Texts: what people read, in their language; message ids are English."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

ENGLISH = "en"
CHINESE = "zh_Hans"
LANGUAGES: Mapping[str, str] = {ENGLISH: "English", CHINESE: "简体中文"}

language: ContextVar[str] = ContextVar("language", default=ENGLISH)
"""The reader's language for the request under way."""


@cache
def catalogue(code: str) -> NullTranslations:
    """The compiled catalogue of one language; English is the message ids themselves."""
    if code == ENGLISH:
        return NullTranslations()
    return translation("biobank", Path(__file__).parent / "locale", [code], fallback=True)


def N_(message: str) -> str:
    """Mark a message id for the catalogue where it is written down, to be put into words elsewhere."""
    return message


CODES: Mapping[str, str] = {
    # scopes of a consent, and how far a withdrawal goes
    "foreign_release": N_("release abroad"),
    "recontact": N_("contact again"),
    "no_more_collection": N_("no more collection"),
    "no_further_use": N_("no further use"),
    "destroy": N_("destroy what is kept"),
    # how something was collected
    "haemolysis": N_("Grade of haemolysis"),
    "source": N_("Collected at"),
    "stabiliser": N_("Stabiliser"),
    "bristol": N_("Bristol stool scale"),
    "antibiotics": N_("Antibiotics"),
    "probiotics": N_("Probiotics"),
    "ppi": N_("Proton-pump inhibitor"),
    "antibiotics_on": N_("Antibiotics"),
    "probiotics_on": N_("Probiotics"),
    "ppi_on": N_("Proton-pump inhibitor"),
    # why a tube is on hold
    "quarantine": N_("in quarantine"),
    "consent": N_("consent withdrawn"),
    "place_disputed": N_("place in dispute"),
    # what a well of a rack's file is
    "match": N_("in its place"),
    "moved_from": N_("moved here"),
    "moved from": N_("moved here"),
    "new_here": N_("new here"),
    "duplicate": N_("twice"),
}
"""Codes of ours that are no message by themselves, by the message that says them."""

TIMES: Mapping[str, str] = {
    "collected": N_("collection"),
    "received": N_("receipt"),
    "processed": N_("processing"),
    "spin": N_("spin"),
    "frozen": N_("freezing"),
    "out_since": N_("taking out"),
    "at": N_("the time given"),
    "occurred": N_("the time given"),
}
"""Times of a tube by the message that says them."""

MEASURES: Mapping[str, str] = {
    "page_width": N_("Page width"),
    "page_height": N_("Page height"),
    "width": N_("Label width"),
    "height": N_("Label height"),
    "columns": N_("Columns"),
    "rows": N_("Rows"),
    "left": N_("First label from the left"),
    "top": N_("First label from the top"),
    "pitch_x": N_("From label to label, across"),
    "pitch_y": N_("From label to label, down"),
    "tail": N_("Clear end at the right"),
    "dot": N_("Cap dot, across"),
    "dot_x": N_("Cap dot from the left of the label"),
    "tube": N_("Tube, across"),
}
"""What is measured of a label stock, by the name that its file has for it."""

_SAID: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("fact", "inner", "level", "life", "material", "may"), CODES),
    **dict.fromkeys(("of", "outer", "scope", "scopes", "status", "allowed", "value"), CODES),
    **dict.fromkeys(("hold", "reason", "role", "verdict", "resolution", "claimed", "logged"), CODES),
    **dict.fromkeys(("earlier", "later"), TIMES),
    "setting": MEASURES,
    "stock": {},  # the names of shipped ones
}
"""Facts that are words of ours, such as `rack`, and are put into the language too."""


_LISTS = frozenset(
    {"allowed", "arms", "choices", "codes", "examples", "expected", "known", "scopes", "values", "wells"}
)
"""Facts that are several things with `, ` between them, whatever they are called."""

_COMMAS: Mapping[str, str] = {ENGLISH: ", ", CHINESE: "、"}
"""What stands between the things of a list, by the language."""


def gettext(message: str) -> str:
    """Put a message id into the reader's language."""
    return catalogue(language.get()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The same, for a message that counts."""
    return catalogue(language.get()).ngettext(one, many, count)


def listed(words: Iterable[object], code: str | None = None) -> str:
    """Several things in one line, with the comma that the reader's language, or a stated one, has for it."""
    return _COMMAS[code or language.get()].join(str(each) for each in words)


def in_language(code: str, message: str, facts: Mapping[str, object]) -> str:
    """A message in a stated language with its facts filled in (STOP screens show two languages)."""
    words = catalogue(code).gettext(message)
    said = {name: _fact(code, name, fact) for name, fact in facts.items()}
    return words % said if said else words


def _fact(code: str, name: str, fact: object) -> object:
    """A fact as it is read: a word of ours, or several with commas, in the language; all else as it is."""
    if not isinstance(fact, str) or not fact or name not in {*_SAID, *_LISTS}:
        return fact
    words = fact.split(", ")
    if name in _SAID:
        words = [catalogue(code).gettext(_SAID[name].get(each, each)) for each in words]
    return listed(words, code) if name in _LISTS else ", ".join(words)


def chosen(*wishes: str | None) -> str:
    """The first wish that names a language we have: a preference, a cookie, an Accept-Language header."""
    for wish in wishes:
        for part in (wish or "").split(","):
            tag = part.split(";")[0].strip().lower().replace("_", "-")
            if tag.startswith("zh"):
                return CHINESE
            if tag.startswith("en"):
                return ENGLISH
    return ENGLISH
