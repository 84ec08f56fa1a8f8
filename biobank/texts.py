"""Texts: what people read, in their language; message ids are English."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

ENGLISH = "en"
CHINESE = "zh_Hans"
LANGUAGES: Mapping[str, str] = {ENGLISH: "English", CHINESE: "简体中文"}

_WORDS = frozenset({"inner", "level", "life", "material", "may", "outer", "scope"})
"""Facts that are words of ours, such as `rack`, and are put into the language too."""

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


def gettext(message: str) -> str:
    """Put a message id into the reader's language."""
    return catalogue(language.get()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The same, for a message that counts."""
    return catalogue(language.get()).ngettext(one, many, count)


def in_language(code: str, message: str, facts: Mapping[str, object]) -> str:
    """A message in a stated language with its facts filled in (STOP screens show two languages)."""
    words = catalogue(code).gettext(message)
    said = {
        name: catalogue(code).gettext(fact) if name in _WORDS and isinstance(fact, str) and fact else fact
        for name, fact in facts.items()
    }
    return words % said if said else words


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
