"""Stations, badges, and people who leave."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rich_click as click

from biobank.commands import labels, running
from biobank.commands.setting_up import ROLES, user
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from biobank.stations import Enrolment


Command = Callable[..., Any]


def _ways(command: Command) -> Command:
    """The options that say how a bench works."""
    for option in (
        click.option("--checks-rows", is_flag=True, help="Ask for one tube again after each filled row."),
        click.option("--idle-minutes", default="5", show_default=True, help="Until it locks."),
        click.option("--volume", default="50", show_default=True, help="0 (seen only) to 100."),
        click.option("--theme", type=click.Choice(("light", "dark"))),
        click.option("--starts-in", type=click.Choice(("lookup", "store", "take")), default="lookup"),
        click.option("--printer"),
    ):
        command = option(command)
    return command


@click.group()
def station() -> None:
    """Benches that are enrolled."""


@station.command("add")
@click.argument("name")
@click.option("--site", required=True)
@_ways
@running.as_json
def add_station(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Enrol a bench, and print the address that its browser opens once."""
    from biobank import clock, stations

    order, secret = running.ordered(stations.StationOrder, told), clock.new_secret()
    made = running.acted(
        lambda session, actor: stations.enrol(session, actor, order, secret), stations.Enrolment
    )
    _tell(made, stations.link_of(secret, made.ends), as_json=as_json)


@station.command("change")
@click.argument("key", type=click.UUID)
@_ways
@running.as_json
def change_station(key: UUID, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag
    """Give a station other ways; KEY is its id in the list. What is left out is as for a new one."""
    from biobank import stations

    order = running.ordered(stations.StationChange, {"station": str(key), **told})
    row = running.acted(lambda session, actor: stations.change(session, actor, order), stations.StationRow)
    running.answer(row, N_("Changed the station %(name)s."), as_json=as_json, name=row.name)


@station.command("link")
@click.argument("key", type=click.UUID)
@running.as_json
def link_station(key: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Print an address for another browser of a station; KEY is its id in the list."""
    from biobank import clock, stations

    secret = clock.new_secret()
    made = running.acted(
        lambda session, actor: stations.new_link(session, actor, key, secret), stations.Enrolment
    )
    _tell(made, stations.link_of(secret, made.ends), as_json=as_json)


@station.command("list")
@running.as_json
@running.as_csv
def list_stations(as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List the stations with when somebody last came in there; those that ended last."""
    from biobank import stations

    rows = running.asked(stations.everything)
    if not running.tell_rows(stations.StationRow, rows, as_json=as_json, as_csv=as_csv):
        for row in rows:
            seen = f"{row.seen_at:%Y-%m-%d %H:%M}" if row.seen_at else "-"
            click.echo(
                f"{row.id}  {row.name}  {row.site}  {seen}{'  ' + gettext('ended') if row.ended_at else ''}"
            )


@station.command("end")
@click.argument("key", type=click.UUID)
@running.as_json
def end_station(key: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """End a station, at once; KEY is its id in the list."""
    from biobank import stations

    row = running.acted(lambda session, actor: stations.end(session, actor, key), stations.StationRow)
    running.answer(row, N_("Ended the station %(name)s."), as_json=as_json, name=row.name)


@click.group()
def badge() -> None:
    """Badges, by which people are told at a bench."""


@badge.command("print")
@click.argument("names", nargs=-1, required=True)
@labels.paper
def print_badges(out: Path | None, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag
    """Print the badges of NAMES; who has none yet gets one."""
    from biobank.printing import badges

    order = running.ordered(badges.BadgePrint, told)
    labels.printed(lambda s, actor: badges.print_badges(s, actor, order), order.printer, out, as_json=as_json)


@badge.command("end")
@click.argument("name")
@running.as_json
def end_badge(name: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """End somebody's badge, at once."""
    from biobank import stations

    order = running.ordered(stations.BadgeOrder, {"name": name})
    running.acted(lambda session, actor: stations.end_badge(session, actor, order), str)
    running.answer({"name": name}, N_("Ended the badge of %(name)s."), as_json=as_json, name=name)


@user.command("list")
@running.as_json
def list_people(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List everybody with an account, and their roles."""
    from biobank import accounts

    rows = running.asked(accounts.everyone)
    if as_json:
        running.tell_json(rows)
    else:
        for row in rows:
            click.echo(
                f"{row.name}{'' if row.active else '  ' + gettext('ended')}  {', '.join(row.roles)}".rstrip()
            )


@user.command("end")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="This role alone; left out, the whole account.")
@click.option("--site", help="With --role: the site it is for.")
@click.option("--study", help="With --role: the study it is for.")
@running.as_json
def end_person(
    name: str,
    role: str | None,
    site: str | None,
    study: str | None,
    as_json: bool,  # noqa: FBT001 - a flag of the command line
) -> None:
    """End somebody's account, or one role, at once. What they did stays under their name."""
    from biobank import accounts

    if role is None:
        running.acted(lambda session, actor: accounts.end_person(session, actor, name), str)
        running.answer({"name": name}, N_("Ended the account of %(name)s."), as_json=as_json, name=name)
        return
    told = {"name": name, "role": role, "site": site, "study": study}
    order = running.ordered(accounts.GrantOrder, told)
    running.acted(lambda session, actor: accounts.end_grant(session, actor, order), str)
    message = N_("Ended the role %(role)s of %(name)s.")
    running.answer({"name": name}, message, as_json=as_json, role=role, name=name)


def _tell(made: "Enrolment", link: str, *, as_json: bool) -> None:
    from biobank.commands.founding import address
    from biobank.web import CLAIM_LINK

    link = CLAIM_LINK + link
    if as_json:
        running.tell_json({"id": made.id, "name": made.name, "link": link, "ends": made.ends})
        return
    message = N_("%(name)s: open this once in the browser of the bench, within 24 hours:")
    running.say(message, name=made.name)
    click.echo(f"  {address(running.chosen())}{link}")
