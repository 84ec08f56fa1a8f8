"""Bringing a database to the present shape, forward only, and saying where it stands."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from biobank import guards
from biobank.database import Database
from biobank.errors import Refusal
from biobank.texts import N_

if TYPE_CHECKING:
    from alembic.config import Config


def upgrade(database: Database) -> str:
    """Run what is missing in one transaction and answer the revision reached.

    Refused: a role of the database that may use its tables, and does not own them.
    """

    def work(connection: Connection) -> str:
        from alembic import command

        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        guards.assert_guards(connection)
        return _head()

    try:
        return database.administer(work)
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            message = N_(
                "The role in BIOBANK_DATABASE_URL may not change the shape of the database."
                " Run this as the role that owns its tables."
            )
            raise Refusal("not_the_owner", message) from None
        raise


def standing(database: Database) -> str | None:
    """The revision a database is at, None for an empty one."""
    from alembic.runtime.migration import MigrationContext

    return database.read(
        lambda session: MigrationContext.configure(session.connection()).get_current_revision()
    )


def require_ready(database: Database) -> None:
    """Refused: a database that is empty, older or newer than this program, or whose guards are gone."""
    found, head = standing(database), _head()
    if found != head:
        raise Refusal(
            "database_not_ready",
            N_("The database is at revision %(found)s and this program needs %(head)s. Run: biobank migrate"),
            found=found or "-",
            head=head,
        )
    gone = database.read(lambda session: guards.missing(session.connection()))
    if gone:
        raise Refusal(
            "ledger_unguarded",
            N_("The ledger's guards are gone or changed: %(gone)s. Find out why, then run: biobank migrate"),
            gone=", ".join(gone),
        )


@cache
def _head() -> str:
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> "Config":
    from alembic.config import Config

    package = Path(__file__).parent
    # In a checkout the migrations stand beside the package, in a wheel inside it.
    folder = next(place for place in (package / "alembic", package.parent / "alembic") if place.is_dir())
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
