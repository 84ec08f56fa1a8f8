"""Taking tubes out and bringing them back, what is out, and what is or was in a container."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_
from biobank.texts import gettext as _

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.people import Actor
    from biobank.storage import Stored, TubeRow

PURPOSES = ("processing", "aliquoting", "quality_control", "shipping", "relocation", "destruction", "other")
LEVELS = {"ok": "", "none": "", "amber": N_("late"), "red": N_("past its limit")}

_at = click.option("--at", help="A past moment with its offset, such as 2026-05-04T09:30:00+08:00.")


@click.command()
@click.argument("tubes", nargs=-1, required=True)
@click.option("--holder", help="Who has them; the console where it is not said.")
@click.option("--purpose", type=click.Choice(PURPOSES))
@click.option("--due", help="When they shall be back, with its offset.")
@click.option("--occurred", help="When they were taken out, if not just now.")
@click.option("--note")
@running.as_json
def take(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Take TUBES out of their boxes; their slots are kept for them."""
    from biobank import storage

    order = running.ordered(storage.TakeOut, told)
    done = running.acted(lambda session, actor: storage.take_out(session, actor, order), list[storage.Stored])
    _tell_stored(done, as_json=as_json)


@click.command()
@click.argument("tubes", nargs=-1, required=True)
@click.option("--occurred", help="When they came back, if not just now.")
@click.option("--note")
@running.as_json
def back(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Bring TUBES back to the slots that were kept for them."""
    from biobank import storage

    order = running.ordered(storage.BringBack, told)
    done = running.acted(
        lambda session, actor: storage.bring_back(session, actor, order), list[storage.Stored]
    )
    _tell_stored(done, as_json=as_json)


@click.command()
@click.option("--of", type=click.Choice(["late", "thawed", "overdue"]), help="Only those.")
@click.option("--holder", help="With whom.")
@click.option("--purpose", type=click.Choice(PURPOSES))
@click.option("--study")
@click.option("--site")
@running.as_json
@running.as_csv
def out(as_json: bool, as_csv: bool, **told: Any) -> None:  # noqa: FBT001 - flags of the command line
    """List the tubes that are out: with whom, for how long, and which are late."""
    from biobank import storage

    asked = running.ordered(storage.OutAsked, told)
    rows = running.asked(lambda session, actor: storage.what_is_out(session, actor, asked))
    if running.tell_rows(storage.OutRow, rows, as_json=as_json, as_csv=as_csv):
        return
    if not rows:
        running.say(N_("Every tube is in its place."))
        return
    running.table(
        [
            (
                grouped(row.code),
                row.material,
                row.holder,
                row.purpose,
                f"{row.minutes} min",
                _(LEVELS[row.level]) if LEVELS[row.level] else "",
                _("overdue") if row.overdue else "",
                row.place,
            )
            for row in rows
        ]
    )


@click.command()
@click.argument("container")
@_at
@click.option(
    "--not-seen-since", metavar="DAY", help="Only tubes in no hand since that day, such as 2026-01-31."
)
@click.option("--count", is_flag=True, help="Tell how many, not which.")
@running.as_json
@running.as_csv
def inside(container: str, as_json: bool, as_csv: bool, **told: Any) -> None:  # noqa: FBT001 - flags
    """List the tubes in a CONTAINER, however deep, now or as it was at a past moment."""
    from biobank import clock, storage

    at = _moment(told["at"])
    if told["count"]:
        counted = running.asked(
            lambda session, actor: storage.count_at(session, actor, container, at or clock.now())
        )
        if as_json:
            running.tell_json(counted)
        else:
            message = N_("Tubes: %(tubes)s, out of their slots: %(out)s, containers: %(containers)s.")
            facts = {"tubes": counted.tubes, "out": counted.out, "containers": counted.containers}
            running.say(message, **facts)
        return
    seen = {"not_seen_since": told["not_seen_since"]} if at is None else {}
    asked = running.ordered(storage.SeenAsked, seen)

    def question(session: "Session", actor: "Actor") -> "list[TubeRow]":
        if at:
            return storage.tubes_at(session, actor, container, at)
        return storage.tubes_in(session, actor, container, asked)

    rows = running.asked(question)
    if not running.tell_rows(storage.TubeRow, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([_row(row) for row in rows])


@click.command("map")
@click.argument("container")
@_at
@running.as_json
def map_(container: str, at: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Tell what is in each slot of a CONTAINER, now or as it was at a past moment."""
    from biobank import storage

    when = _moment(at)
    found = running.asked(
        lambda session, actor: (
            storage.box_map_at(session, actor, container, when)
            if when
            else storage.box_map(session, actor, container)
        )
    )
    if as_json:
        running.tell_json(found)
        return
    held = [slot for slot in found.slots if slot.state != "empty"]
    if held:
        running.table(
            [(slot.name, slot.state, grouped(slot.code), slot.label or slot.material) for slot in held]
        )


def _moment(told: str | None) -> datetime | None:
    from biobank import storage

    return running.ordered(storage.AsOf, {"at": told}).at


def _row(row: "TubeRow") -> tuple[str, ...]:
    seen = row.seen.isoformat(timespec="minutes") if row.seen else ""
    return grouped(row.code), row.material, row.box_name, row.slot, row.state, seen


def _tell_stored(done: "list[Stored]", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(done)
    else:
        running.table([(grouped(each.code), each.box_name, grouped(each.box), each.slot) for each in done])
