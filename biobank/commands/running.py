"""What every command shares: settings, a database that is ready, the console's door, words for refusals."""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import rich_click as click

from biobank import settings, texts
from biobank.commands import wording
from biobank.errors import Refusal, Refusals
from biobank.settings import Settings
from biobank.texts import N_

if TYPE_CHECKING:
    # Named here alone: whoever asks for --help need not wait for the database's library.
    from sqlmodel import Session

    from biobank.database import Database
    from biobank.door import Door
    from biobank.inputs import Input
    from biobank.people import Actor

Order = TypeVar("Order", bound="Input")
Answer = TypeVar("Answer")

REFUSED = 1
FOUND = 3
"""The exit code of `check` and `chain` where they found a fault: it was neither refused nor did all prove."""

_SQLITE = "sqlite:///"


class Refusing(click.RichGroup):
    """Commands whose refusals are one line on stderr (and a line for each field), never a traceback."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Choose the reader's language before anything is read: a help is told while the line is."""
        texts.language.set(texts.chosen(*map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))))
        wording.put_into_words(self)
        return super().make_context(info_name, args, parent, rich_help_config=wording.panels(), **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal, or a file the system refuses, exits with 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            tell(refusal)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            message = texts.gettext(N_("%(file)s cannot be used: %(why)s."))
            facts = {"file": error.filename or "-", "why": error.strerror or str(error)}
            click.echo(message % facts, err=True)
        return ctx.exit(REFUSED)


def words(refusal: Refusal) -> str:
    """A refusal in the reader's language."""
    return texts.in_language(texts.language.get(), refusal.message, refusal.facts)


def tell(refusal: Refusal) -> None:
    """Say on stderr what was refused, with each field or cell where there are several."""
    click.echo(f"{_where(refusal)}{words(refusal)}" if refusal.line else words(refusal), err=True)
    for each in refusal.each if isinstance(refusal, Refusals) else []:
        click.echo(f"  {_where(each)}{words(each)}", err=True)


def _where(refusal: Refusal) -> str:
    """The line of a file and the field, as far as they are known: `line 12, events.3.day: `."""
    line = texts.gettext(N_("line %(line)s")) % {"line": refusal.line} if refusal.line else ""
    known = ", ".join(part for part in (line, refusal.field) if part)
    return f"{known}: " if known else ""


def chosen(*, demo: bool = False) -> Settings:
    """The settings of the environment; the demonstration has a database of its own in the same folder."""
    from msgspec.structs import replace

    found = settings.from_environment()
    return replace(found, database_url=f"{_SQLITE}{found.home / 'demo.db'}") if demo else found


@contextmanager
def opened(found: Settings | None = None) -> Iterator["Database"]:
    """A database that is there and ready. Refused: one that is not, with the command that makes it so."""
    from biobank import migrations

    found = found or chosen()
    require_there(found)
    with connected(found) as database:
        migrations.require_ready(database)
        yield database


@contextmanager
def connected(found: Settings) -> Iterator["Database"]:
    """A database that answers, whatever is in it. Refused: an address of no database, a file that is none."""
    from sqlalchemy.exc import ArgumentError, DatabaseError

    from biobank.database import Database

    require_address(found)
    try:
        database = Database(found.url, found.threads)
    except (ArgumentError, ValueError):  # the second for a port that is no number
        raise _not_an_address() from None
    try:
        try:
            database.read(lambda session: session.connection())
        except DatabaseError as error:
            message = N_("The database cannot be opened: %(why)s.")
            raise Refusal("database_unopenable", message, why=str(error.orig)) from None
        yield database
    finally:
        database.close()


def require_address(found: Settings) -> None:
    """Refused: neither a SQLite file nor PostgreSQL; a SQLite file in a folder that cannot be written."""
    in_memory = found.url in {_SQLITE, f"{_SQLITE}:memory:"}
    if in_memory or not found.url.startswith((_SQLITE, "postgresql")):
        raise _not_an_address()
    if not found.url.startswith(_SQLITE):
        return
    folder = file_of(found).parent
    if not os.access(folder, os.W_OK):
        raise Refusal("folder_unwritable", N_("The folder %(folder)s cannot be written."), folder=str(folder))


def _not_an_address() -> Refusal:
    message = N_(
        "BIOBANK_DATABASE_URL is not the address of a database. Write sqlite:///FILE or"
        " postgresql+psycopg://USER@HOST/NAME."
    )
    return Refusal("database_address", message)


def require_there(found: Settings) -> None:
    """Refused: an embedded database whose file is not there, before opening would make an empty one."""
    if found.url.startswith(_SQLITE) and not file_of(found).exists():
        message = N_("There is no database at %(path)s. Make one: biobank init")
        raise Refusal("database_absent", message, path=str(file_of(found)))


def file_of(found: Settings) -> Path:
    """The file of an embedded database."""
    return Path(found.url.removeprefix(_SQLITE))


def console(database: "Database", command: UUID | None = None, asked: bytes = b"") -> "Door":
    """A door for the console, for one command."""
    from biobank import clock
    from biobank.door import Door
    from biobank.people import CONSOLE, Credentials

    return Door(database, Credentials(name=CONSOLE), command or clock.new_key(), asked)


def ordered(model: "type[Order]", told: Mapping[str, Any]) -> "Order":
    """An order of the words of a command line, as a form would send them; what is left out is not told."""
    from biobank import inputs

    return inputs.read(model, _sent(told), form=True)


def _sent(told: Mapping[str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            sent[name] = _sent(value)
        elif value is not None:
            sent[name] = list(value) if isinstance(value, tuple) else value
    return sent


def acted(work: "Callable[[Session, Actor], Answer]", answer: type[Answer]) -> Answer:
    """Do one act as the console, and answer with its read model."""
    with opened() as database:
        return console(database).act(work, answer)


def asked(question: "Callable[[Session, Actor], Answer]") -> Answer:
    """Ask one question as the console."""
    with opened() as database:
        return console(database).ask(question)


def require_writable(out: Path) -> None:
    """Refused: a file that could not be written, before anything is recorded."""
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise Refusal("file_unwritable", N_("%(file)s cannot be written."), file=str(out))


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while something long runs, when somebody watches; told how much of how much is done."""
    from rich.console import Console
    from rich.progress import Progress

    watched = sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not watched) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def misused(message: str) -> click.UsageError:
    """What is not understood, in the reader's language: it exits with 2."""
    return click.UsageError(texts.gettext(message))


def say(message: str, /, **facts: object) -> None:
    """A line on stdout, in the reader's language; a message id with named places, and what fills them."""
    click.echo(texts.in_language(texts.language.get(), message, facts))


def tell_json(answer: object) -> None:
    """An answer for programs, on stdout."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())


def answer(made: object, message: str, /, *, as_json: bool, **facts: object) -> None:
    """Say that an act is done in a line, or answer with what it made."""
    if as_json:
        tell_json(made)
    else:
        say(message, **facts)


def tell_written(out: Path, *, as_json: bool) -> None:
    """Say which file was written."""
    answer({"out": str(out)}, N_("Written: %(out)s"), as_json=as_json, out=out)


def table(rows: Sequence[Sequence[object]]) -> None:
    """Rows in columns, on stdout."""
    shown = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def tell_rows(kind: type[Any], rows: Sequence[Any], *, as_json: bool, as_csv: bool) -> bool:
    """A list for programs, in JSON or as CSV; false where it is for people, who want another shape."""
    from biobank.exchange import csv_out

    if as_csv:
        click.echo(csv_out.written(kind, rows), nl=False)
    elif as_json:
        tell_json(rows)
    return as_csv or as_json


as_csv = click.option("--csv", "as_csv", is_flag=True, help="Answer as CSV, for spreadsheets.")
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
json_anyway = click.option("--json", is_flag=True, expose_value=False, help="As it answers anyway.")
