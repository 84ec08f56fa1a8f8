"""Room: find it, plan where tubes go, reserve it; how much there is, and when it runs out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_

if TYPE_CHECKING:
    from uuid import UUID

    from biobank.storage import PlannedSlot, Reservation

STRATEGIES = ("first_free", "least_empty", "together", "split", "origin")

_within = click.option("--within", multiple=True, help="A freezer, rack or box; left out, anywhere.")
_minutes = click.option("--minutes", default=30, show_default=True, help="How long it is kept.")
_strategy = click.option("--strategy", type=click.Choice(STRATEGIES), default="first_free", show_default=True)


# --- slots for a time ---


@click.group()
def room() -> None:
    """Room for tubes and boxes: found, and reserved for a time."""


@room.command("find")
@click.option("--count", default=1, show_default=True)
@click.option("--type", "kind", help="Room for containers of this type; left out, for tubes.")
@click.option("--study")
@click.option("--material")
@click.option("--storage", help="A storage class, such as -80.")
@click.option("--vessel")
@click.option("--together", is_flag=True, help="All in one box, or one rack.")
@_within
@running.as_json
def find_room(as_json: bool, kind: str | None, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Find boxes, or racks, with room, by what may stand where and how cold it is."""
    from biobank import storage

    order = running.ordered(storage.RoomOrder, {**told, "type": kind})
    found = running.asked(lambda session, actor: storage.find_room(session, actor, order))
    if as_json:
        running.tell_json(found)
        return
    for place in found.places:
        way = " · ".join(step.name for step in place.path)
        click.echo(f"{grouped(place.code)}  {place.takes:>4} / {place.free:<5}  {way}")
    if found.lacking:
        running.say(N_("There is no room for %(count)s."), count=found.lacking)


@room.command("reserve")
@click.argument("box")
@click.argument("slots", nargs=-1)
@click.option("--count", type=int, help="The next so many free ones instead of named slots.")
@_minutes
@running.as_json
def reserve(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Reserve SLOTS of a box, or its next free ones."""
    from biobank import storage

    order = running.ordered(storage.ReserveOrder, told)
    made = running.acted(lambda session, actor: storage.reserve(session, actor, order), storage.Reservation)
    _tell([made], as_json=as_json)


@room.command("list")
@running.as_json
def list_reservations(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List what the console has reserved."""
    from biobank import storage

    _tell(running.asked(storage.my_reservations), as_json=as_json)


@room.command("show")
@click.argument("plan", type=click.UUID)
@running.as_json
def show_reservation(plan: "UUID", as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell what is left of a reservation, slot by slot."""
    from biobank import storage

    found = running.asked(lambda session, actor: storage.reservation(session, actor, plan))
    if as_json:
        running.tell_json(found)
    else:
        _tell([found], as_json=False)


@room.command("release")
@click.argument("plan")
@running.as_json
def release(plan: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Give up a reservation."""
    from biobank import storage

    order = running.ordered(storage.PlanOrder, {"plan": plan})
    count = running.acted(lambda session, actor: storage.release(session, actor, order), int)
    running.answer(count, N_("%(count)s slots are free again."), as_json=as_json, count=count)


@room.command("prolong")
@click.argument("plan")
@_minutes
@running.as_json
def prolong(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Let a reservation end so many minutes from now."""
    from biobank import storage

    order = running.ordered(storage.Prolonging, told)
    made = running.acted(lambda session, actor: storage.prolong(session, actor, order), storage.Reservation)
    _tell([made], as_json=as_json)


# --- plans ---


@click.group()
def plan() -> None:
    """Where tubes go: seen before, reserved, and carried out."""


@plan.command("show")
@click.argument("tubes", nargs=-1, required=True)
@_strategy
@_within
@running.as_json
def show_plan(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell where TUBES would go; nothing is changed."""
    from biobank import storage

    order = running.ordered(storage.FillOrder, told)
    found = running.asked(lambda session, actor: storage.preview(session, actor, order))
    if as_json:
        running.tell_json(found)
        return
    _tell_seats(found.seats)
    for code in found.without:
        running.say(N_("%(code)s: no place."), code=grouped(code))


@plan.command("keep")
@click.argument("tubes", nargs=-1, required=True)
@_strategy
@_within
@_minutes
@running.as_json
def keep_plan(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Reserve for each of TUBES the slot that the strategy gives it."""
    from biobank import storage

    order = running.ordered(storage.KeepOrder, told)
    made = running.acted(lambda session, actor: storage.keep_plan(session, actor, order), storage.Reservation)
    _tell([made], as_json=as_json)


@plan.command("carry")
@click.argument("plan")
@click.option("--box", help="Only what goes into this box, or comes out of it.")
@running.as_json
def carry_out(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Put away what a plan reserved."""
    from biobank import storage

    order = running.ordered(storage.CarryOut, told)
    stored = running.acted(
        lambda session, actor: storage.carry_out(session, actor, order), list[storage.Stored]
    )
    running.answer(stored, N_("%(count)s tubes were put away."), as_json=as_json, count=len(stored))


@plan.command("fill")
@click.argument("tubes", nargs=-1, required=True)
@_strategy
@_within
@running.as_json
def fill(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Put TUBES away where the strategy says, at once."""
    from biobank import storage

    order = running.ordered(storage.FillOrder, told)
    stored = running.acted(lambda session, actor: storage.fill(session, actor, order), list[storage.Stored])
    if as_json:
        running.tell_json(stored)
    else:
        running.table([(grouped(each.code), grouped(each.box), each.box_name, each.slot) for each in stored])


# --- how much there is ---


@click.group()
def capacity() -> None:
    """How much room there is, when it runs out, and how boxes come free."""


@capacity.command("show")
@running.as_json
def show_use(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell used and free slots by freezer, type of box and study."""
    from biobank import capacity as rooms

    found = running.asked(rooms.use)
    if as_json:
        running.tell_json(found)
        return
    for each in (*found.freezers, *found.types):
        running.say(N_("%(name)s: %(used)s used, %(kept)s kept, %(free)s free of %(slots)s"), **_facts(each))
    for study in found.studies:
        running.say(N_("%(study)s: %(tubes)s tubes in %(boxes)s boxes"), **_facts(study))


@capacity.command("forecast")
@click.option("--site", default="")
@click.option("--months", default=24, show_default=True)
@running.as_json
def show_forecast(as_json: bool, site: str, months: int) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell when the slots run out, by what the planned visits leave behind."""
    from biobank import capacity as rooms

    found = running.asked(lambda session, actor: rooms.forecast(session, actor, site, months))
    if as_json:
        running.tell_json(found)
        return
    for each in found.classes:
        facts = {"storage": each.storage or "-", "tubes": each.tubes, "free": each.free}
        if each.full_on:
            message = N_("%(storage)s: %(tubes)s tubes to come, %(free)s slots free: full on %(day)s.")
            running.say(message, **facts, day=each.full_on.isoformat())
        else:
            running.say(N_("%(storage)s: %(tubes)s tubes to come, %(free)s slots free: enough."), **facts)


@capacity.command("gaps")
@click.option("--boxes", default=1, show_default=True, help="How many are to come free.")
@click.option("--keep", is_flag=True, help="Reserve the gaps, to carry it out with `biobank plan carry`.")
@click.option("--minutes", default=480, show_default=True, help="With --keep: how long.")
@_within
@running.as_json
def show_gaps(as_json: bool, keep: bool, minutes: int, **told: Any) -> None:  # noqa: FBT001 - flags of the command line
    """Tell which tubes to move so that boxes come free, with the fewest moves."""
    from biobank import capacity as rooms
    from biobank import storage

    if keep:
        kept = running.ordered(rooms.GapKeep, {**told, "minutes": minutes})
        made = running.acted(
            lambda session, actor: rooms.keep_gap_plan(session, actor, kept), storage.Reservation
        )
        _tell([made], as_json=as_json)
        return
    order = running.ordered(rooms.GapOrder, told)
    found = running.asked(lambda session, actor: rooms.gap_plan(session, actor, order))
    if as_json:
        running.tell_json(found)
        return
    _tell_seats(found.seats)
    running.say(
        N_("%(freed)s of %(wanted)s boxes come free by %(moves)s moves."),
        freed=len(found.freed),
        wanted=found.wanted,
        moves=len(found.seats),
    )


# --- how ---


def _tell(reservations: "Sequence[Reservation]", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(reservations)
        return
    for each in reservations:
        facts = {"plan": each.plan, "count": len(each.seats), "until": each.ends_at.isoformat(" ", "minutes")}
        running.say(N_("%(plan)s: %(count)s slots until %(until)s"), **facts)
        _tell_seats(each.seats)


def _tell_seats(seats: "Sequence[PlannedSlot]") -> None:
    if seats:
        running.table([(grouped(seat.code), grouped(seat.box), seat.box_name, seat.slot) for seat in seats])


def _facts(row: object) -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(row)
    return facts
