"""Setting up: sites, people, freezers."""

from typing import Any

import rich_click as click

from biobank.commands import running
from biobank.texts import N_

ROLES = ("technician", "auditor", "researcher", "manager", "administrator")


@click.group()
def site() -> None:
    """Places with a time zone."""


@site.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--time-zone", default="UTC", show_default=True, help="An IANA name, such as Asia/Shanghai.")
@running.as_json
def add_site(code: str, name: str, time_zone: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Add a site."""
    from biobank import accounts, inputs

    order = inputs.read(accounts.SiteOrder, {"code": code, "name": name, "time_zone": time_zone})
    with running.opened() as database:
        made = running.console(database).act(
            lambda session, actor: accounts.site_row(accounts.add_site(session, actor, order)),
            accounts.SiteRow,
        )
    message = N_("Added site %(code)s, %(name)s (%(zone)s).")
    facts = {"code": made.code, "name": made.name, "zone": made.time_zone}
    running.answer(made, message, as_json=as_json, **facts)


@site.command("list")
@running.as_json
def list_sites(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List the sites with their time zones."""
    from biobank import accounts

    rows = running.asked(accounts.sites)
    if as_json:
        running.tell_json(rows)
    else:
        running.table([(row.code, row.name, row.time_zone) for row in rows])


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--site", help="Only at this site; left out, at all.")
@click.option("--study", help="Only in this study; left out, in all.")
@running.as_json
def add_user(as_json: bool, **sent: str | None) -> None:  # noqa: FBT001 - a flag of the command line
    """Add a person and print their one-time link; a person who is there gets the further role."""
    from biobank import accounts, clock, inputs
    from biobank.commands.founding import link_told, tell_link

    order, secret = inputs.read(accounts.PersonOrder, sent), clock.new_secret()
    with running.opened() as database:
        invited = running.console(database).act(
            lambda session, actor: accounts.add_person(session, actor, order, secret), accounts.Invited
        )
    if as_json:
        running.tell_json(link_told(invited, secret))
    else:
        tell_link(running.chosen(), invited, secret)


@user.command("link")
@click.argument("name")
@running.as_json
def link_user(name: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Print a new one-time link for who forgot the password; the old one and their sign-ins end at once."""
    from biobank import accounts, clock
    from biobank.commands.founding import link_told, tell_link

    order, secret = running.ordered(accounts.LinkOrder, {"name": name}), clock.new_secret()
    invited = running.acted(
        lambda session, actor: accounts.new_link(session, actor, order, secret), accounts.Invited
    )
    if as_json:
        running.tell_json(link_told(invited, secret))
    else:
        tell_link(running.chosen(), invited, secret)


@click.group()
def freezer() -> None:
    """Freezers and what is in them."""


@freezer.command("create")
@click.argument("name")
@click.option("--site", required=True, help="The code of the site it stands at.")
@click.option("--shelves", default=5, show_default=True)
@click.option("--racks", default=5, show_default=True, help="On each shelf.")
@click.option("--boxes", default=20, show_default=True, help="In each rack.")
@click.option(
    "--holder",
    type=click.Choice(("shelf", "stack", "rack", "tray_rack", "loose")),
    default="stack",
    show_default=True,
    help="How boxes are held; `rack` and `tray_rack` have --rows x --cols, `shelf` and `loose` no racks.",
)
@click.option("--rows", default=5, show_default=True, help="Of a rack; trays of a tray rack.")
@click.option("--cols", default=4, show_default=True, help="Of a rack; positions on a tray.")
@click.option("--box-type", default="box-9x9", show_default=True)
@running.as_json
def create_freezer(as_json: bool, **order: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Make a freezer with its shelves, racks and boxes; every one gets a code."""
    from biobank import inputs
    from biobank.storage import FreezerOrder, make_freezer
    from biobank.storage.making import FreezerMade

    wanted = inputs.read(FreezerOrder, order)
    with running.opened() as database:
        made = running.console(database).act(
            lambda session, actor: make_freezer(session, actor, wanted), FreezerMade
        )
    if as_json:
        running.tell_json(made)
    else:
        running.say(
            N_("Made %(name)s, %(code)s: %(containers)s containers, %(slots)s slots."),
            name=made.name,
            code=made.code,
            containers=made.containers,
            slots=made.slots,
        )
