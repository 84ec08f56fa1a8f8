"""A technician who never stops: registers tubes and writes each acknowledgement to a journal of its own.

Run as a program by test_kill.py: `python -m tests.faults.writer ADDRESS VISIT JOURNAL [boasting]`.
A boasting one acknowledges before it has the answer: the control that shows the test can fail.
"""

import os
import sys
from uuid import UUID

from biobank import clock, specimens
from biobank.database import Database
from tests.world import World


def main(address: str, visit: str, journal: str, *boasting: str) -> None:
    """Register one tube a command, for ever; a line `COMMAND CODE` is on the disk before the next begins."""
    world = World(Database(address))
    order = specimens.Registration(
        visit=visit, specimens=[specimens.NewSpecimen(material="blood_edta", amount="5 mL")]
    )
    with open(journal, "a", encoding="ascii") as acknowledged:  # noqa: PTH123 - the handle is fsynced
        while True:
            command = clock.new_key()
            if boasting:
                _write(acknowledged.fileno(), command, "-")
            made = world.act(
                lambda session, actor: specimens.rows(session, specimens.register(session, actor, order)),
                command=command,
                answer=list[specimens.SpecimenRow],
            )
            if not boasting:
                _write(acknowledged.fileno(), command, made[0].code)


def _write(handle: int, command: UUID, code: str) -> None:
    os.write(handle, f"{command} {code}\n".encode())
    os.fsync(handle)


if __name__ == "__main__":
    main(*sys.argv[1:])
