"""What stops a scan at the bench without the network: said by the page itself, so in its texts beforehand."""

from markupsafe import Markup

from biobank import texts
from biobank.texts import N_

STOPS = {
    "box-first": N_("Scan the box first. Nothing was kept."),
    "full": N_("%(box)s is full. Scan another box."),
    "elsewhere": N_("Not from the open box. Put it back."),
}
"""By the name of the template that says it."""

_BOX = Markup('<span data-fact="box"></span>')  # filled in by the script


def stops() -> dict[str, list[tuple[str, Markup]]]:
    """Each STOP in every language, the reader's first: the tag of the language, and the words."""
    mine = texts.language.get()
    languages = [mine, *(each for each in texts.LANGUAGES if each != mine)]
    return {name: [_said(language, message) for language in languages] for name, message in STOPS.items()}


def _said(language: str, message: str) -> tuple[str, Markup]:
    words = Markup(texts.catalogue(language).gettext(message))  # noqa: S704 - a text of ours
    return language.replace("_", "-"), words % {"box": _BOX}
