"""Somebody who never stops counting a box, and writes each acknowledgement to a journal of their own.

Run as a program by test_crash.py: `python -m tests.audits.writer ADDRESS AUDIT BOX JOURNAL PACE TUBE...`.
The pace is `honest`, or `boasting`: the whole round is acknowledged before its first scan is answered, the
control that shows that the test can fail.
"""

import os
import sys
from functools import partial
from uuid import UUID

from sqlmodel import Session

from biobank import audits
from biobank.audits import BoxCount, Counted, SlotTold
from biobank.database import Database
from biobank.people import Actor
from tests.world import World


def main(address: str, audit: str, box: str, journal: str, pace: str, *tubes: str) -> None:
    """Scan the tubes of a box one by one, for ever; a line for each is on the disk before the next begins."""
    world = World(Database(address))
    scans = [(f"A{column}", tube) for column, tube in enumerate(tubes, 1)]
    with open(journal, "a", encoding="ascii") as acknowledged:  # noqa: PTH123 - the handle is fsynced
        while True:
            if pace == "boasting":
                _write(acknowledged.fileno(), *tubes)
            for slot, tube in scans:
                order = Counted(audit=UUID(audit), box=box, scans=[SlotTold(slot=slot, code=tube)])
                world.act(partial(_count, order), answer=BoxCount)
                if pace == "honest":
                    _write(acknowledged.fileno(), tube)


def _count(order: Counted, session: Session, actor: Actor) -> BoxCount:
    return audits.count(session, actor, order)


def _write(handle: int, *tubes: str) -> None:
    os.write(handle, "".join(f"{tube}\n" for tube in tubes).encode())
    os.fsync(handle)


if __name__ == "__main__":
    main(*sys.argv[1:])
