"""Making a real database, empty, and bringing one up to date."""

from typing import TYPE_CHECKING

import rich_click as click

from biobank.commands import running
from biobank.errors import Refusal
from biobank.settings import Settings
from biobank.texts import N_

if TYPE_CHECKING:
    from biobank.accounts import Invited
    from biobank.database import Database
    from biobank.tables import Role


@click.command()
@click.option("--first", default="first", show_default=True, help="The first person's sign-in name.")
@running.as_json
def init(first: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Make an empty database, and a one-time link for the first person, who may set everything up."""
    from biobank import clock
    from biobank.tables import Role

    found = running.chosen()
    make_home(found)
    with running.connected(found) as database:
        log, secret = f"{clock.new_key()}/1", clock.new_secret()
        invited = found_database(database, log, first, (Role.ADMINISTRATOR, Role.MANAGER), secret)
    home = found.home.resolve()
    if as_json:
        running.tell_json({"home": str(home), "log": log, **link_told(invited, secret)})
        return
    running.say(N_("Made an empty biobank in %(home)s; its log is %(log)s."), home=home, log=log)
    tell_link(found, invited, secret)
    running.say(N_("Start it: biobank serve"))


@click.command()
@running.as_json
def migrate(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Bring the database to the shape this program needs. Forward only; make a copy first."""
    from biobank import migrations

    found = running.chosen()
    running.require_there(found)
    with running.connected(found) as database:
        before = migrations.standing(database)
        if before is None:
            raise Refusal("database_empty", N_("The database is empty. Begin one: biobank init"))
        message = N_("The database is at revision %(now)s (it was at %(before)s).")
        revisions = {"now": migrations.upgrade(database), "before": before}
    running.answer(revisions, message, as_json=as_json, **revisions)


def make_home(found: Settings) -> None:
    """Make the home folder with keys/ (for its owner alone) and logs/."""
    for folder, mode in ((found.home, 0o755), (found.home / "keys", 0o700), (found.home / "logs", 0o755)):
        folder.mkdir(mode, parents=True, exist_ok=True)
    (found.home / "keys").chmod(0o700)


def found_database(
    database: "Database", log: str, first: str, roles: tuple["Role", ...], secret: str
) -> "Invited":
    """Begin a database: its tables, its log, the first person, the container types every biobank has.

    Refused: one that was begun already, a name nobody can sign in with.
    """
    from sqlmodel import Session, select

    from biobank import accounts, inputs, migrations, people, storage
    from biobank.tables import LedgerOrigin

    name = inputs.read(accounts.PersonOrder, {"name": first, "role": roles[0]}).name
    migrations.upgrade(database)

    def begin(session: Session) -> "Invited":
        begun = session.exec(select(LedgerOrigin.name)).first()
        if begun:
            message = N_("There is a biobank already; its log is %(log)s. Nothing was changed.")
            raise Refusal("begun_already", message, log=begun)
        invited = accounts.found(session, log, name, roles, secret)
        actor = people.resolve(session, people.Credentials(name=people.CONSOLE))
        storage.add_built_in_types(session, actor)
        return invited

    return database.write(begin)


def address(found: Settings) -> str:
    """Where a browser on this machine reaches it."""
    host = "localhost" if found.host in {"0.0.0.0", "::", "127.0.0.1"} else found.host  # noqa: S104 - compared
    bracketed = f"[{host}]" if ":" in host else host
    return f"http{'s' if found.tls_cert else ''}://{bracketed}:{found.port}"


def link_told(invited: "Invited", secret: str) -> dict[str, object]:
    """A person with their one-time link, for programs; none where they came in before."""
    from biobank.web import FIRST_LINK

    link = FIRST_LINK + secret if invited.ends else None
    return {"id": invited.id, "name": invited.name, "link": link, "ends": invited.ends}


def tell_link(found: Settings, invited: "Invited", secret: str) -> None:
    """Print the one-time link by which somebody chooses their password."""
    from biobank.web import FIRST_LINK

    if invited.ends is None:
        running.say(N_("%(name)s has come in before, and now has this role too."), name=invited.name)
        return
    message = N_("%(name)s comes in by this link, once, until %(ends)s UTC:")
    running.say(message, name=invited.name, ends=f"{invited.ends:%Y-%m-%d %H:%M}")
    click.echo(f"  {address(found)}{FIRST_LINK}{secret}")
