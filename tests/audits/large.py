"""A whole audit from its plan to its signature, counted by rack files; tells how much memory it took.

Run as a program by test_large_audits.py: `python -m tests.audits.large ADDRESS CONTAINER`. In each box the
first two tubes have changed places. Prints how many lines there were, and the peak in KiB.
"""

import resource
import sys
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import audits
from biobank.audits import SoughtFindings
from biobank.audits.signing import require_whole
from biobank.database import Database
from biobank.tables import Audit, AuditBox, AuditDecision, AuditLine, Container, Result, Specimen
from tests.audits.auditing import begun, by_file, decided_lines, seen
from tests.audits.planting import rack_file
from tests.audits.signing import signed
from tests.world import MANAGER, World


def main(address: str, container: str) -> None:
    """Plan, start, count, reconcile and sign."""
    world = World(Database(address))
    audit = begun(world, container=container)
    for key in world.database.read(
        lambda s: s.exec(select(AuditBox.id).where(col(AuditBox.audit_id) == audit)).all()
    ):
        by_file(world, audit, as_scanned(world, key))
    sought = SoughtFindings(result=Result.WRONG_SLOT)
    wrong = [each.id for each in world.ask(lambda s, a: audits.every_finding(s, a, audit, sought), MANAGER)]
    for at in range(0, len(wrong), 500):
        decided_lines(world, audit, AuditDecision.MOVED, wrong[at : at + 500])
    board = seen(world, audit)
    assert (board.row.findings, board.row.open_findings) == (2 * board.row.boxes, 0)
    world.database.read_at_once(lambda s: hashed(s, audit))
    # Before anybody signs: to prove a password takes more memory than all the rest.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signed(world, audit, audits.perform, MANAGER)
    world.database.close()
    print(sum(board.results.values()), peak)  # noqa: T201


def hashed(session: Session, key: UUID) -> str:
    """What is signed."""
    audit = session.get_one(Audit, key)
    require_whole(session, audit)
    return audits.result_hash(session, audit)


def as_scanned(world: World, key: UUID) -> bytes:
    """The file of a box of the audit, with its first two tubes the wrong way round."""
    asked = (
        select(Container.code, AuditLine.row, AuditLine.col, Specimen.code)
        .join(AuditBox, col(AuditBox.container_id) == col(Container.id))
        .join(AuditLine, col(AuditLine.box_id) == col(AuditBox.id))
        .join(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
        .where(col(AuditBox.id) == key)
        .order_by(col(AuditLine.row), col(AuditLine.col))
    )
    rows = world.database.read(lambda s: s.exec(asked).all())
    wells = {f"{'ABCDEFGHI'[row or 0]}{(column or 0) + 1}": code for _, row, column, code in rows}
    wells["A1"], wells["A2"] = wells["A2"], wells["A1"]
    return rack_file(rows[0][0], wells)


if __name__ == "__main__":
    main(*sys.argv[1:])
