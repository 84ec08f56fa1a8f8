"""Help in the reader's language, with an example of each command."""

import inspect
from collections.abc import Iterator
from functools import cache

import rich_click as click

from biobank.commands.examples import EXAMPLES
from biobank.texts import N_, gettext


def walk(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with its words: `label job list`."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, *path, name)


def put_into_words(root: click.Group) -> None:
    """Say all helps in the reader's language; called before anything of a command line is read."""
    for each, english in _helps(root):
        each.help = gettext(english)
    example = gettext(N_("Example:"))
    for path, command in walk(root):
        if path in EXAMPLES:
            command.epilog = f"{example} {root.name} {path} {EXAMPLES[path]}".rstrip()


def panels() -> dict[str, str]:
    """Titles of what a help consists of."""
    return {
        "arguments_panel_title": gettext(N_("Arguments")),
        "options_panel_title": gettext(N_("Options")),
        "commands_panel_title": gettext(N_("Commands")),
        "errors_panel_title": gettext(N_("Not understood")),
    }


@cache
def _helps(root: click.Group) -> tuple[tuple[click.Command | click.Option, str], ...]:
    """Whatever has a help, with the message id it was written as; read before any was put into words."""
    return tuple(
        (each, inspect.cleandoc(each.help))
        for _, command in walk(root)
        for each in (command, *command.params)
        if isinstance(each, click.Command | click.Option) and each.help
    )
