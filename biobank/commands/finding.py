"""Telling what a code is and where."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank import codes as ours
from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import gettext as _
from biobank.texts import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from biobank.participants import ParticipantCard
    from biobank.people import Actor
    from biobank.specimens import Found, FoundRow, KitCard, SpecimenCard, SpecimenRow, VisitCard
    from biobank.storage import Step


@click.command()
@click.argument("codes", nargs=-1, required=True)
@running.as_csv
@running.as_json
def find(codes: tuple[str, ...], as_csv: bool, as_json: bool) -> None:  # noqa: FBT001 - flags of the command line
    """Tell what CODES are and where: our own, those from elsewhere, or participants' pseudonyms.

    Of one code its card is told, of several a line for each; `-` reads up to 10,000 from stdin.
    """
    if len(codes) == 1 and codes[0] != "-" and not as_csv:
        _find_one(codes[0], as_json=as_json)
    else:
        _find_list(codes, as_csv=as_csv, as_json=as_json)


def _find_one(code: str, *, as_json: bool) -> None:
    from biobank import specimens

    def ask(session: "Session", actor: "Actor") -> "tuple[Found, dict[str, Any]]":
        found = specimens.find(session, actor, code)
        return found, _about(session, actor, found)

    with running.opened() as database:
        found, about = running.console(database).ask(ask)
    if as_json:
        running.tell_json({"kind": found.kind, **about})
    else:
        _TOLD[found.kind](**about)


def _find_list(given: "Sequence[str]", *, as_csv: bool, as_json: bool) -> None:
    from biobank import specimens

    each: list[str] = []
    for text in given:
        each += specimens.split(sys.stdin.read()) if text == "-" else [text]
    asked = running.ordered(specimens.FindList, {"codes": each})
    told = running.asked(lambda session, actor: specimens.find_list(session, actor, asked))
    if as_json:
        running.tell_json(told)
    elif not running.tell_rows(specimens.FoundRow, told.rows, as_json=False, as_csv=as_csv):
        running.table([_line(row) for row in told.rows])


def _line(row: "FoundRow") -> list[object]:
    notes = [_("old code")] if row.retired else []
    notes += [_("as row %(number)s") % {"number": row.again}] if row.again else []
    named = listed(row.choices) or (grouped(row.code) if ours.read(row.code) else row.code)
    what = row.kind or row.state.value
    place = _("out") if row.custody == "out" else row.place
    return [row.number, row.text, what, named, row.study, row.material, row.amount, place, listed(notes)]


def _about(session: "Session", actor: "Actor", found: "Found") -> dict[str, Any]:
    """The card of what was found; of a specimen also what was made of it."""
    from biobank import participants, specimens, storage

    match found.kind:
        case "specimen":
            made = specimens.family(session, actor, found.code)
            return {"card": specimens.card(session, actor, found.code), "made": made}
        case "container":
            return {"card": storage.place_of(session, storage.by_code(session, actor, found.code))}
        case "visit":
            return {"card": specimens.visit_card(session, actor, found.code)}
        case "kit":
            return {"card": specimens.kit_card(session, actor, found.code)}
        case _:
            whose = participants.by_pseudonym(session, actor, found.study, found.code)
            return {"card": participants.card(session, whose)}


def _specimen(card: "SpecimenCard", made: "Sequence[SpecimenRow]") -> None:
    place, out = _way(card.place), card.custody == "out"
    running.table(
        [
            (grouped(card.code), f"{card.material}, {card.kind} {card.serial}/{card.total}, {card.life}"),
            (_("amount"), card.amount or _("not known")),
            (_("of"), f"{card.study} {card.participant} {card.event}, {card.site}"),
            (_("place"), _("out, kept for it: %(place)s") % {"place": place} if out else place),
            ("SPREC", card.sprec or "-"),
            (_("deviations"), listed(each.code for each in card.deviations) or "-"),
            (_("also"), listed(card.identifiers) or "-"),
            *((_("made"), f"{grouped(row.code)}  {row.amount}  {row.place or _('nowhere')}") for row in made),
        ]
    )


def _container(card: Any) -> None:
    click.echo(f"{grouped(card.code)}  {_way(card.path)}")


def _visit(card: "VisitCard") -> None:
    click.echo(f"{grouped(card.code)}  {card.study} {card.participant} {card.event}, {card.status}")
    running.table([(grouped(row.code), row.kind, row.material, row.amount) for row in card.specimens])


def tell_kit(card: "KitCard") -> None:
    """What a kit is for, whose it is, and its labels in order."""
    whose = f"{card.participant} {grouped(card.visit)}" if card.visit else "-"
    click.echo(f"{grouped(card.code)}  {card.study} {card.event}, {card.site}, {whose}")
    running.table([(grouped(each.code), each.material, each.amount, each.number) for each in card.labels])


def _participant(card: "ParticipantCard") -> None:
    click.echo(f"{card.pseudonym}  {card.study}, {card.site}")
    running.table([(grouped(row.code), row.event, row.status) for row in card.visits])


_TOLD: dict[str, Callable[..., None]] = {
    "specimen": _specimen,
    "container": _container,
    "visit": _visit,
    "kit": tell_kit,
    "participant": _participant,
}


def _way(path: "Sequence[Step]") -> str:
    """A path in words: `Freezer 1 · Shelf 1 · Rack 1 · Box 1 · A1`."""
    if not path:
        return _("nowhere")
    return " · ".join([*(step.name for step in path), *([path[-1].slot] if path[-1].slot else [])])
