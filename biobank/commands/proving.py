"""Checking that the tables say what the log says."""

from typing import TYPE_CHECKING

import rich_click as click

from biobank.commands import running
from biobank.errors import Refusal
from biobank.texts import N_

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.custody import Unproved


@click.command()
@running.as_json
def check(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Prove the whole log, and every table by it. Each fault is named; with any, the exit code is 3."""
    from biobank import migrations

    found = running.chosen()
    running.require_there(found)
    faults: list[str] = []
    with running.connected(found) as database:
        try:
            migrations.require_ready(database)
        except Refusal as refusal:
            if refusal.slug != "ledger_unguarded":
                raise
            faults.append(running.words(refusal))
        unproved, subjects, events = database.read_at_once(_prove)
    faults += [f"{each.kind} {each.subject}: {each.what}" for each in unproved]
    if as_json:
        running.tell_json({"subjects": subjects, "events": events, "faults": faults})
    else:
        for fault in faults:
            click.echo(fault)
        verdict = N_("%(subjects)s subjects, %(events)s events: all proved.")
        if faults:
            verdict = N_("%(subjects)s subjects, %(events)s events. Faults found: %(faults)s.")
        running.say(verdict, subjects=subjects, events=events, faults=len(faults))
    if faults:
        raise SystemExit(running.FOUND)


def _prove(session: "Session") -> "tuple[list[Unproved], int, int]":
    """What is unproved, and how many subjects and events were gone through."""
    from sqlmodel import func, select

    from biobank import audits, custody
    from biobank.printing import proof
    from biobank.tables import CustodyEvent, CustodySubject

    subjects = session.exec(select(func.count()).select_from(CustodySubject)).one()
    events = session.exec(select(func.count()).select_from(CustodyEvent)).one()
    with running.progress("Checking") as progress:
        found = custody.unproved(session, lambda done: progress(done, subjects))
        return found + proof.unproved(session) + audits.unproved(session), subjects, events
