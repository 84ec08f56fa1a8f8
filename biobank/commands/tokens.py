"""Tokens: the keys that people gave to programs, listed and ended."""

from uuid import UUID

import rich_click as click

from biobank.commands import running
from biobank.texts import N_


@click.group()
def token() -> None:
    """Tokens, by which programs act for people. A person who is signed in makes their own."""


@token.command("list")
@running.as_json
def list_tokens(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List everybody's tokens that still last, the newest first."""
    from biobank import accounts

    rows = running.asked(lambda session, actor: accounts.tokens(session, actor, every=True))
    if as_json:
        running.tell_json(rows)
    else:
        running.table([(row.id, row.person, row.name, f"{row.ends:%Y-%m-%d}") for row in rows])


@token.command("end")
@click.argument("key", type=click.UUID)
@running.as_json
def end_token(key: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """End somebody's token, at once; KEY is its id in the list."""
    from biobank import accounts

    order = accounts.TokenEnd(token=key)
    row = running.acted(lambda session, actor: accounts.end_token(session, actor, order), accounts.TokenRow)
    message = N_("Ended the token %(name)s of %(person)s.")
    running.answer(row, message, as_json=as_json, name=row.name, person=row.person)
