"""Checking that the tables say what the log says."""

import rich_click as click

from biobank.amounts import N_
from biobank.commands import running
from biobank.errors import Refusal


@click.command()
@running.as_json
def check(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Prove the whole log, and every table by it. Each fault is named; with any, the exit code is 1."""
    from sqlmodel import Session, func, select

    from biobank import custody, migrations
    from biobank.database import Database
    from biobank.tables import CustodyEvent, CustodySubject

    found = running.chosen()
    running.require_there(found)
    database = Database(found.url, found.threads)
    faults: list[str] = []
    try:
        try:
            migrations.require_ready(database)
        except Refusal as refusal:
            if refusal.slug != "ledger_unguarded":
                raise
            faults.append(running.words(refusal))

        def prove(session: Session) -> tuple[list[custody.Unproved], int, int]:
            subjects = session.exec(select(func.count()).select_from(CustodySubject)).one()
            events = session.exec(select(func.count()).select_from(CustodyEvent)).one()
            with running.progress("Checking") as progress:
                return custody.unproved(session, lambda done: progress(done, subjects)), subjects, events

        unproved, subjects, events = database.read(prove)
    finally:
        database.close()
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
        raise SystemExit(running.REFUSED)
