"""The protocol file of a study, and what makes it sound."""

import tomllib
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from biobank import amounts, inputs
from biobank.errors import Malformed, RuleBroken
from biobank.inputs import AmountText, Flag, Input, Line, Vessel, Whole
from biobank.texts import N_

Code = Annotated[
    str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]
EventCode = Annotated[
    str, StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]

Days = Annotated[Whole, Field(ge=-36_525, le=36_525)]
"""A century either way: every day that is planned is one that a calendar has."""


# --- words ---


class StudyPart(Input):
    """`[study]`: the code and title of the study, and its public registration."""

    code: Code
    title: Line
    registration: str = ""


class LabelPart(Input):
    """`[labels]`: whether labels carry the participant's code."""

    participant: Flag = False


class ArmPart(Input):
    """`[[arms]]`: a group that the protocol treats alike."""

    code: Code
    title: Line


class AttributePart(Input):
    """`[[attributes]]`: something noted of a participant: its allowed values, or its lowest and highest."""

    name: Code
    values: list[Line] = Field(default=[], max_length=100)
    lowest: Whole | None = None
    highest: Whole | None = None


class RequirementPart(Input):
    """One specimen an event collects, with what is made of it. Limits are minutes, by name."""

    material: str
    container: Vessel = ""
    amount: AmountText | None = None
    count: Whole = 1
    storage: Annotated[str, Field(max_length=20)] = ""
    limits: dict[str, Whole] = {}
    derivatives: list["RequirementPart"] = []
    aliquots: list["RequirementPart"] = []


class EventPart(Input):
    """`[[events]]`: a visit so many days from its anchor, with its window and the collections it makes."""

    code: EventCode
    title: Line
    anchor: Literal["enrolment", "procedure"] = "enrolment"
    day: Days
    before: Days = 0
    after: Days = 0
    arms: list[Code] = []
    collects: list[Code] = []


class ImportPart(Input):
    """`[import]`: which column of a collections file holds what (see docs/importing.md)."""

    participant: Line
    collection: Line
    collection_scheme: Code | None = None
    identifier: Line
    identifier_scheme: Code
    event: Line
    event_prefix: str = ""
    site: Line
    time_zone: str = "UTC"
    time_zones: dict[Line, str] = {}
    collects: Code
    attributes: dict[Code, Line] = {}
    notes: list[Line] = []
    unscheduled: Annotated[EventCode, Field(max_length=6)] = "UNS"


class ProtocolFile(Input):
    """A whole study as a file (TOML)."""

    study: StudyPart
    labels: LabelPart = LabelPart()
    arms: list[ArmPart] = []
    attributes: list[AttributePart] = []
    collections: dict[Code, list[RequirementPart]] = {}
    events: Annotated[list[EventPart], Field(min_length=1, max_length=500)]
    import_: ImportPart | None = Field(default=None, alias="import")


# --- rules ---


def read_protocol(text: bytes) -> ProtocolFile:
    """Read a protocol file. Refused with the line (TOML) or the field (content) that is wrong."""
    try:
        found = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = N_("The protocol file cannot be read: %(error)s")
        raise Malformed("protocol_unreadable", message, error=str(error)) from None
    protocol = inputs.read(ProtocolFile, found)
    require_sound(protocol)
    return protocol


def require_sound(protocol: ProtocolFile) -> None:
    """Refused: two events, arms or attributes of one code, and references to what is not there."""
    for name, codes in (
        ("events", [event.code for event in protocol.events]),
        ("arms", [arm.code for arm in protocol.arms]),
        ("attributes", [attribute.name for attribute in protocol.attributes]),
    ):
        twice = next((code for code in codes if codes.count(code) > 1), None)
        if twice:
            message = N_("The protocol names %(code)s twice.")
            raise RuleBroken("protocol_twice", message, field=name, code=twice)
    arms = {arm.code for arm in protocol.arms}
    for event in protocol.events:
        for wanted, known, field in (
            (event.arms, arms, "arms"),
            (event.collects, protocol.collections, "collects"),
        ):
            lost = next((code for code in wanted if code not in known), None)
            if lost:
                message = N_("Event %(event)s refers to %(code)s, which the protocol does not describe.")
                raise RuleBroken(
                    "protocol_lost",
                    message,
                    field=f"events.{event.code}.{field}",
                    event=event.code,
                    code=lost,
                )
    for name, parts in protocol.collections.items():
        for part in parts:
            _require_amounts(part, f"collections.{name}")


def _require_amounts(part: RequirementPart, field: str) -> None:
    material = amounts.material(part.material, f"{field}.material")
    if part.amount:
        amounts.parse(part.amount, material.dimension, f"{field}.{part.material}.amount")
    for child in (*part.derivatives, *part.aliquots):
        _require_amounts(child, f"{field}.{part.material}")
