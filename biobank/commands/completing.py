"""Completing words in a shell: the script that asks, and the codes that a biobank knows."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from biobank.commands import running
from biobank.commands.wording import walk

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.people import Actor

SHELLS = ("bash", "zsh", "fish")

Known = Sequence[tuple[str, str]]
"""Words with what each is."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script by which a SHELL completes commands, options and codes; its shell reads it."""
    kind, root = get_completion_class(shell), ctx.find_root()
    if kind is None:  # the three are click's own
        raise click.UsageError(shell)
    name = str(root.command.name)
    # Said of the class itself, since that of bash would first run a shell to ask for its version.
    click.echo(ShellComplete.source(kind(root.command, {}, name, f"_{name}_COMPLETE".upper())))


class Coded(click.ParamType[str]):
    """A word that the biobank may know; any other is let through, and refused where it is not known."""

    def __init__(self, known: "Callable[[Session, Actor], Known]") -> None:
        self.name = "text"
        self._known = known

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The words that begin so; none where there is no database, or none that answers."""
        del ctx, param
        found: Known = ()
        with suppress(Exception):  # whoever presses Tab wants no word rather than a fault
            found = running.asked(self._known)
        return [CompletionItem(word, help=what) for word, what in found if word.startswith(incomplete)]


def complete_codes(root: click.Group) -> None:
    """Let each argument and option that names a study, a site, a type ... complete."""
    for path, command in walk(root):
        for param in command.params:
            known = _OF.get((path, str(param.name))) or _OF.get(("", str(param.name)))
            if known and param.type is click.STRING:
                param.type = Coded(known)


def _studies(session: "Session", actor: "Actor") -> Known:
    from biobank import studies

    return [(each.code, each.title) for each in studies.everything(session, actor)]


def _sites(session: "Session", actor: "Actor") -> Known:
    from biobank import accounts

    return [(each.code, each.name) for each in accounts.sites(session, actor)]


def _types(session: "Session", _: "Actor") -> Known:
    from biobank import storage

    return [(kind.code, kind.name) for kind in storage.type_codes(session)]


def _stocks(session: "Session", _: "Actor") -> Known:
    from biobank.printing import stocks

    return [(row.stock.code, row.stock.name) for row in stocks.listed(session)]


def _printers(session: "Session", actor: "Actor") -> Known:
    from biobank.printing import printers

    return [(row.name, row.site) for row in printers.listed(session, actor)]


def _roots(session: "Session", actor: "Actor") -> Known:
    from biobank import storage

    return [(row.code, row.name) for row in storage.roots(session, actor)]


_OF: Mapping[tuple[str, str], "Callable[[Session, Actor], Known]"] = {
    ("", "study"): _studies,
    ("", "studies"): _studies,
    **{(f"study {verb}", "code"): _studies for verb in ("show", "file", "protocol", "progress")},
    ("", "site"): _sites,
    ("", "box_type"): _types,
    ("", "types"): _types,
    ("container make", "type"): _types,
    ("container retype", "kind"): _types,
    ("room find", "kind"): _types,
    ("", "stock"): _stocks,
    **{(f"label stock {verb}", "code"): _stocks for verb in ("show", "end", "ruler")},
    ("", "printer"): _printers,
    ("", "freezer"): _roots,
    ("audit plan", "container"): _roots,
    ("audit coverage", "code"): _roots,
}
"""By the words of a command and the name of its parameter; without a command, wherever it stands."""
