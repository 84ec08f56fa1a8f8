"""The page on which a box of an audit is counted, without a browser, and a store to count in."""

import re
from html import unescape
from uuid import UUID

from sqlmodel import Session, col, select

from biobank.people import Actor
from biobank.tables import AuditScan, Mark
from tests.pages.visitor import Visitor, outcome, visit
from tests.world import MANAGER, TECHNICIAN, World

NOBODYS = "NOBODYS-1"

Store = tuple[list[str], list[str]]
"""Boxes and tubes."""


class Page:
    """The page of a count without a browser: it keeps what the scripts would, and has the last answer."""

    def __init__(self, world: World, audit: UUID, person: str = TECHNICIAN) -> None:
        self.visitor: Visitor = visit(world, person)
        self.audit = audit
        self.box = self.at = self.text = ""

    def scan(self, code: str, command: str = "", late: str = "", **more: str) -> str:
        """The outcome of a scan."""
        told = {"scan": code, "mode": "count", "box": self.box, "at": self.at, **more}
        headers = {"x-scanned-ago": late} if late else {}
        answer = self.visitor.post(f"/audits/{self.audit}/count/scans", told, command, **headers)
        assert answer.status_code == 200, answer.text
        self.text = answer.text
        self.box, self.at = (self.said(name) for name in ("data-box", "data-at"))
        return outcome(answer.text)

    def said(self, name: str) -> str:
        """What the result carries in an attribute."""
        found = re.search(rf'<section class="scan-result"[^>]* {name}="([^"]*)"', self.text)
        return unescape(found[1]) if found else ""

    def words(self, part: str = "headline") -> str:
        """A line of the result."""
        found = re.search(rf'<p class="{part}"[^>]*>(.*?)</p>', self.text)
        return unescape(found[1]) if found else ""

    def shown(self, box: str = "") -> str:
        """The page as it is opened."""
        answer = self.visitor.get(f"/audits/{self.audit}/boxes/{box or self.box}")
        assert answer.status_code == 200, answer.text
        return answer.text


def scans(world: World, audit: UUID) -> list[tuple[int | None, int | None, Mark, str]]:
    """What was told of slots, in its order."""

    def asked(session: Session, _: Actor) -> list[tuple[int | None, int | None, Mark, str]]:
        found = session.exec(
            select(AuditScan).where(col(AuditScan.audit_id) == audit).order_by(col(AuditScan.id))
        )
        return [(scan.row, scan.col, scan.mark, scan.text) for scan in found]

    return world.ask(asked, MANAGER)


def stored(world: World) -> Store:
    """Three boxes, and twelve tubes of which six stand in the first and two in the second."""
    tubes, boxes = world.tubes(12), world.boxes()
    world.put(boxes[0], tubes[:6])
    world.put(boxes[1], tubes[6:8])
    return boxes, tubes
