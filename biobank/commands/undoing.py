"""Rearranging tubes, seating a spilled box anew, and undoing what one did last."""

from typing import TYPE_CHECKING

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, gettext, language
from biobank.texts import in_language as said_in

if TYPE_CHECKING:
    from uuid import UUID

    from biobank.storage import Said, Stored


@click.command()
@click.argument("moves", nargs=-1, required=True, metavar="TUBE=BOX:SLOT...")
@click.option("--note")
@running.as_json
def rearrange(moves: tuple[str, ...], note: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Put tubes to named slots in one gesture, such as `S...=C...:B7`; two may change places."""
    from biobank import storage

    order = running.ordered(storage.Rearrangement, {"moves": [_move(text) for text in moves], "note": note})
    _tell_stored(
        running.acted(lambda session, actor: storage.rearrange(session, actor, order), list[storage.Stored]),
        as_json=as_json,
    )


def _move(text: str) -> dict[str, str]:
    tube, _, place = text.partition("=")
    box, _, slot = place.partition(":")
    return {"tube": tube, "box": box, "slot": slot}


@click.command()
@click.argument("box")
@click.argument("tubes", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Only show what would change.")
@click.option("--note")
@running.as_json
def reseat(box: str, tubes: tuple[str, ...], note: str | None, check: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Seat the TUBES of a spilled BOX anew, in the order in which they stand now; `-` is an empty slot."""
    from biobank import storage

    scanned = ["" if text == "-" else text for text in tubes]
    order = running.ordered(storage.Reseat, {"box": box, "tubes": scanned, "note": note})
    if not check:
        done = running.acted(
            lambda session, actor: storage.reseat(session, actor, order), list[storage.Stored]
        )
        _tell_stored(done, as_json=as_json)
        return
    shown = running.asked(lambda session, actor: storage.reseat_preview(session, actor, order))
    if as_json:
        running.tell_json(shown)
        return
    running.table([(grouped(seat.code), seat.was, "→", seat.goes) for seat in shown.seats])
    for each in shown.missing:
        running.say(N_("%(code)s of %(slot)s was not scanned."), code=grouped(each.code), slot=each.place)
    for each in shown.strangers:
        running.say(N_("%(code)s is not of this box."), code=grouped(each.code))


@click.command()
@running.as_json
def acts(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List what was done from here in this shift, newest first, and whether it can be undone."""
    from biobank import storage

    found = running.asked(storage.last_acts)
    if as_json:
        running.tell_json(found)
        return
    running.table(
        [
            (act.command, act.at.isoformat(timespec="seconds"), _words(act.said), _stands(act.in_the_way))
            for act in found
        ]
    )


@click.command()
@click.argument("command", type=click.UUID, required=False)
@running.as_json
def undo(command: "UUID | None", as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Take back the act COMMAND, or the last one that was not undone yet."""
    from biobank import storage
    from biobank.errors import NotFound

    if command is None:
        last = [act.command for act in running.asked(storage.last_acts) if not act.undone]
        if not last:
            raise NotFound("act_not_found", N_("There is no such act of yours to undo."))
        command = last[0]
    order = storage.Undo(command=command)
    done = running.acted(lambda session, actor: storage.undo(session, actor, order), storage.Undone)
    if as_json:
        running.tell_json(done)
    else:
        running.say(N_("Undone: %(what)s"), what=_words(done.said))


def _words(said: "Said") -> str:
    return said_in(language.get(), said.message, said.facts)


def _stands(said: "Said | None") -> str:
    return _words(said) if said else gettext(N_("can be undone"))


def _tell_stored(stored: "list[Stored]", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(stored)
    else:
        running.table([(grouped(each.code), each.box_name, grouped(each.box), each.slot) for each in stored])
