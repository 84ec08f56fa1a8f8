"""A world with something of every kind in it, and what a program must know to ask for it."""

from typing import Any

import msgspec
from litestar.testing import TestClient

from biobank.printing import ordering
from biobank.tables import Role
from tests.api.program import Program
from tests.quick import app_of
from tests.world import MANAGER, World

NOBODY = "nobody"
ROLES = [role.value for role in Role]


class Known(msgspec.Struct, frozen=True):
    """Codes and ids of a furnished world, by the names that orders and addresses give them."""

    secrets: dict[str, str]
    visit: str
    tubes: list[str]
    boxes: list[str]
    freezer: str
    kit: str
    job: str
    printer: str
    station: str
    audit: str
    lines: list[str]

    @property
    def by_name(self) -> dict[str, list[Any]]:
        """What a field or a parameter of that name may truly be."""
        tubes, boxes, containers = self.tubes, self.boxes, [self.freezer, *self.boxes]
        anything = [*tubes, *containers, self.visit, self.kit]
        return {
            **dict.fromkeys(("tubes", "codes", "tube", "parent", "specimen"), tubes),
            **dict.fromkeys(("box", "boxes", "into", "onto", "to_box"), boxes),
            **dict.fromkeys(("container", "within", "freezer"), containers),
            **dict.fromkeys(("code", "scan"), anything),
            "visit": [self.visit],
            "kit": [self.kit],
            "study": ["DEMO"],
            "site": ["BJ", "NT"],
            "event": ["BL", "M1"],
            "pseudonym": ["D-001", "D-002"],
            "participant": ["D-001", "D-002"],
            "material": ["blood_edta", "plasma_edta", "dna"],
            "amount": ["1 uL", "20 uL"],
            "slot": ["A1", "B2", "I9"],
            "slots": ["A1", "C3", "D4"],
            "type": ["box-9x9", "box-5x5"],
            "stock": ["herma-4100", "dk-29"],
            "job": [self.job],
            "printer": [self.printer],
            "station": [self.station],
            "audit": [self.audit],
            "key": [self.audit],
            "lines": self.lines,
            "name": ["Box 9", "technician", "printed"],
            "role": ROLES,
            "reason": ["frost", "other", "mistake"],
            "count": [1, 2, 3],
        }


def furnish(world: World) -> Known:
    """One study with a visit that was collected, tubes in a box and out of it, a job, an audit, each role."""
    with TestClient(app_of(world)) as client:
        program = Program(world, client)
        visit, tubes, boxes = world.visit("D-002"), world.tubes(8), world.boxes()
        for role in ROLES:
            program.join(f"a-{role}", role, site="BJ" if role == "technician" else None)
        program.made("/moves", {"box": boxes[0], "tubes": tubes[:5]})
        program.made("/takings", {"tubes": tubes[4:5]})
        (kit,) = program.made("/kits", {"study": "DEMO", "event": "BL", "site": "BJ"})
        ordered = ordering.PrintOrder(codes=tubes[:1])
        job = world.act(lambda session, actor: ordering.print_labels(session, actor, ordered)).job
        told = {"name": "Zebra", "site": "BJ", "language": "zpl", "address": "printer.test.example"}
        printer = program.made("/printers", {**told, "stock": "dk-29"}, person=MANAGER)
        station = program.made("/stations", {"name": "Bench 1", "site": "BJ"}, person=MANAGER)
        audit, lines = _audited(program, world.freezer(), boxes[0], tubes[1])
        return Known(
            secrets=program.secrets,
            visit=visit,
            tubes=tubes,
            boxes=boxes,
            freezer=world.freezer(),
            kit=kit["code"],
            job=str(job),
            printer=printer["id"],
            station=station["id"],
            audit=audit,
            lines=lines,
        )


def _audited(program: Program, freezer: str, box: str, tube: str) -> tuple[str, list[str]]:
    """An audit under way whose first box is counted, and its findings: one tube alone is there, at A1."""
    order = {"name": "Yearly", "container": freezer, "due": "2026-12-31"}
    key = program.made("/audits", order, person=MANAGER)["row"]["id"]
    program.made("/audit-starts", {"audit": key}, person=MANAGER)
    scans = [{"slot": "A1", "code": tube}]
    program.made("/audit-counts", {"audit": key, "box": box, "scans": scans, "done": True})
    found = program.told(f"/audits/{key}/findings", person=MANAGER)["items"]
    return key, [each["id"] for each in found]
