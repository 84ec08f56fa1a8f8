"""The study LBPB as a program works at it: adopted from its own file, with participants."""

from pathlib import Path
from typing import Any

from tests.api.program import Program
from tests.world import MANAGER

PROTOCOLS = Path(__file__).parents[2] / "protocols"
LBPB = (PROTOCOLS / "lbpb.toml").read_bytes()
ICBT = (PROTOCOLS / "icbt-fusion.toml").read_bytes()
SCOPES = ["storage", "genetics", "microbiome"]
ENROLMENT = {
    "study": "LBPB",
    "site": "BJ",
    "pseudonym": "L-001",
    "arm": "surgical",
    "enrolled_on": "2026-05-04",
    "attributes": {"sex": "female", "age": 44, "pain": "chronic", "subtype": "radicular"},
    "consent": {"version": "1.0", "scopes": SCOPES, "given_on": "2026-05-03"},
}
WHOSE = {"study": "LBPB", "pseudonym": "L-001"}
DRAWN = {"collected": "2026-05-04T09:00:00+08:00", "occurred": "2026-05-04T09:10:00+08:00"}


def adopt(program: Program, text: bytes = LBPB, person: str = MANAGER) -> Any:
    """Adopt a protocol file."""
    sent = {"content": text, "Content_Type": "application/toml", "person": person}
    return program.made("/studies", None, **sent)


def enrolled(program: Program, **told: Any) -> Any:
    """Adopt LBPB and enrol a participant; the card."""
    adopt(program)
    return program.made("/participants", {**ENROLMENT, **told})


def at(card: Any, event: str, occasion: int = 0) -> Any:
    """The visit of a participant's card at an event."""
    found = [each for each in card["visits"] if (each["event"], each["occasion"]) == (event, occasion)]
    return found[0]


def days(card: Any) -> list[tuple[str, int, str, str | None]]:
    """The visits of a card: event, occasion, status and planned day."""
    return [(each["event"], each["occasion"], each["status"], each["planned_on"]) for each in card["visits"]]


def begun(program: Program, event: str = "BL") -> tuple[str, list[Any]]:
    """A visit of a new participant, begun: its code and its tubes."""
    visit = at(enrolled(program), event)["code"]
    return visit, program.made("/collections", {"visit": visit})


def of(rows: list[Any], material: str, kind: str) -> list[str]:
    """The codes of rows of one material and kind, in their order."""
    return [row["code"] for row in rows if (row["material"], row["kind"]) == (material, kind)]
