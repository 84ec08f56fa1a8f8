"""Containers and their types: added, changed, limited, retired."""

from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, listed
from biobank.texts import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from biobank.inputs import Input
    from biobank.people import Actor
    from biobank.storage import ContainerRow, ContainerSettings
    from biobank.tables import Container

LEVELS = ("freezer", "shelf", "rack", "box")
FILLS = (
    "by_row",
    "by_column",
    "by_row_top_right",
    "by_row_low_left",
    "by_row_low_right",
    "by_col_top_right",
    "by_col_low_left",
    "by_col_low_right",
)
HOLDERS = ("shelf", "stack", "rack", "tray_rack", "loose")


# --- types ---


@click.group("container-type")
def container_type() -> None:
    """Types of containers: what boxes, racks, shelves and freezers are like."""


@container_type.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--level", type=click.Choice(LEVELS), required=True)
@click.option("--rows", type=int, help="Left out with --cols, things lie in it unplaced.")
@click.option("--cols", type=int)
@click.option("--row-labels", type=click.Choice(("letters", "numbers")))
@click.option("--col-labels", type=click.Choice(("letters", "numbers")))
@click.option(
    "--numbering", type=click.Choice(("grid", "by_row", "by_column")), help="Or count slots through."
)
@click.option("--fill", type=click.Choice(FILLS), help="The order in which free slots are taken.")
@click.option("--holder", type=click.Choice(HOLDERS), help="How a shelf or rack holds its boxes.")
@running.as_json
def add_type(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Add a container type, for every site."""
    from biobank import storage

    order = running.ordered(storage.TypeOrder, {name: str(value) for name, value in told.items() if value})
    made = running.acted(
        lambda session, actor: storage.type_row(storage.add_type(session, actor, order)), storage.TypeRow
    )
    if as_json:
        running.tell_json(made)
    else:
        running.say(N_("Added container type %(code)s, %(name)s."), code=made.code, name=made.name)


@container_type.command("list")
@running.as_json
@running.as_csv
def list_types(as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List every container type."""
    from biobank import storage

    rows = running.asked(lambda session, _: [storage.type_row(kind) for kind in storage.type_codes(session)])
    if running.tell_rows(storage.TypeRow, rows, as_json=as_json, as_csv=as_csv):
        return
    shown = [(row.code, row.level, f"{row.rows} × {row.cols}" if row.rows else "-", row.name) for row in rows]
    running.table(shown)


# --- containers ---


@click.group()
def container() -> None:
    """Containers: made one by one, and how they are set up."""


@container.command("list")
@click.argument("code", required=False)
@click.option("--at", help="With CODE: a past moment with its offset, such as 2026-05-04T09:30:00+08:00.")
@running.as_json
def list_containers(code: str | None, at: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """List the freezers, or the containers that stand directly in the one of this CODE."""
    from biobank import storage

    then = running.ordered(storage.AsOf, {"at": at}).at
    if then and code is None:
        raise running.misused(N_("Say of which container: CODE --at TIME."))

    def question(session: "Session", actor: "Actor") -> "list[ContainerRow]":
        if code is None:
            return storage.roots(session, actor)
        if then:
            return storage.contents_at(session, actor, code, then)
        return storage.contents(session, actor, code)

    rows = running.asked(question)
    if as_json:
        running.tell_json(rows)
    else:
        running.table(
            [(grouped(row.code), row.slot, row.name, row.site, f"{row.tubes}/{row.slots}") for row in rows]
        )


@container.command("move")
@click.argument("container")
@click.argument("into")
@click.option("--slot", help="At this slot of it; left out, at the next free one.")
@running.as_json
def move(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Move a CONTAINER with all that is in it INTO another one."""
    from biobank import storage

    order = running.ordered(storage.ContainerMove, told)
    place = running.acted(
        lambda session, actor: storage.place_of(session, storage.move_container(session, actor, order)),
        storage.ContainerPlace,
    )
    message = N_("%(name)s, %(code)s, stands in %(outer)s now.")
    outer = place.path[-2].name if len(place.path) > 1 else "-"
    running.answer(place, message, as_json=as_json, name=place.name, code=grouped(place.code), outer=outer)


@container.command("make")
@click.argument("name")
@click.option("--type", "type", required=True)
@click.option("--site", help="The site it stands at by itself; or else:")
@click.option("--into", help="The container it goes into.")
@click.option("--slot", help="At this slot of it; left out, at the next free one.")
@click.option("--celsius", help="What it is kept at.")
@click.option("--barcode", help="The code that its manufacturer put on it.")
@running.as_json
def make(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Make one container, which gets a code of its own."""
    from biobank import storage

    order = running.ordered(storage.ContainerOrder, told)
    made = running.acted(
        lambda session, actor: storage.place_of(session, storage.make_container(session, actor, order)),
        storage.ContainerPlace,
    )
    if as_json:
        running.tell_json(made)
    else:
        running.say(N_("Made %(name)s, %(code)s."), name=made.name, code=grouped(made.code))


@container.command("show")
@click.argument("code")
@running.as_json
def show(code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell how a container is set up, and what it may hold with where each rule comes from."""
    from biobank import storage

    _tell(running.asked(lambda session, actor: storage.container_settings(session, actor, code)), as_json)


@container.command("retype")
@click.argument("code")
@click.argument("kind")
@running.as_json
def retype(code: str, kind: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Give a container another type; refused below a slot that is in use."""
    from biobank import storage

    _act(storage.Retype, {"container": code, "type": kind}, storage.change_type, as_json)


@container.command("rename")
@click.argument("code")
@click.argument("name")
@running.as_json
def rename(code: str, name: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Give a container another name; its code stays."""
    from biobank import storage

    _act(storage.Rename, {"container": code, "name": name}, storage.rename, as_json)


@container.command("barcode")
@click.argument("code")
@click.argument("barcode", required=False)
@running.as_json
def barcode(code: str, barcode: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say which code of its manufacturer a container bears; without one, it bears none."""
    from biobank import storage

    _act(storage.BarcodeOrder, {"container": code, "barcode": barcode}, storage.set_barcode, as_json)


@container.command("temperature")
@click.argument("code")
@click.option("--celsius", help="What it is kept at; left out, it is as cold as what it stands in.")
@running.as_json
def temperature(code: str, celsius: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say what a container is kept at from now on."""
    from biobank import storage

    _act(storage.TemperatureOrder, {"container": code, "celsius": celsius}, storage.set_temperature, as_json)


@container.command("limit")
@click.argument("code")
@click.option("--study", "studies", multiple=True)
@click.option("--material", "materials", multiple=True)
@click.option("--storage", multiple=True, help="A storage class, such as -80.")
@click.option("--type", "types", multiple=True, help="The code of a container type.")
@click.option("--vessel", "vessels", multiple=True, help="What tubes are, such as `cryovial 2 mL`.")
@running.as_json
def limit(code: str, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Say what a container may hold, and all in it; what is left out is not limited by it."""
    from biobank import storage

    _act(storage.LimitsOrder, {"container": code, **told}, storage.set_limits, as_json)


@container.command("block")
@click.argument("code")
@click.argument("slots", nargs=-1, required=True)
@click.option("--again", is_flag=True, help="They can be used again.")
@running.as_json
def block(code: str, slots: tuple[str, ...], again: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Say that slots cannot be used."""
    from biobank import storage

    work = storage.unblock_slots if again else storage.block_slots
    _act(storage.BlockOrder, {"container": code, "slots": slots}, work, as_json)


@container.command("retire")
@click.argument("code")
@running.as_json
def retire(code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Take an empty container out of use."""
    from biobank import storage

    _act(storage.Retirement, {"container": code}, storage.retire, as_json)


# --- how ---


def _act(
    model: "type[Input]",
    told: dict[str, Any],
    work: "Callable[[Session, Actor, Any], Container]",
    as_json: bool,  # noqa: FBT001 - a flag of the command line
) -> None:
    from biobank import storage

    order = running.ordered(model, told)
    done = running.acted(
        lambda session, actor: storage.settings_of(session, work(session, actor, order)),
        storage.ContainerSettings,
    )
    _tell(done, as_json)


def _tell(settings: "ContainerSettings", as_json: bool) -> None:  # noqa: FBT001 - a flag
    if as_json:
        running.tell_json(settings)
        return
    running.table(
        [
            (grouped(settings.code), f"{settings.name}, {settings.level}"),
            (_("type"), settings.type),
            (_("state"), _("retired") if settings.retired else _("in use")),
            (_("barcode"), settings.barcode or "-"),
            (_("blocked"), listed(settings.blocked) or "-"),
            *((f"{_('may hold')}: {rule.about}", listed(rule.allowed) or "-") for rule in settings.rules),
        ]
    )
