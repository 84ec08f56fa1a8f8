"""The words of a study's protocol file (TOML); docs/protocols.md describes them for a study team."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from biobank.inputs import AmountText, Flag, Input, Line, Vessel, Whole

Code = Annotated[
    str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]
EventCode = Annotated[
    str, StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]

Days = Annotated[Whole, Field(ge=-36_525, le=36_525)]
"""A century either way: every day that is planned is one that a calendar has."""

Months = Annotated[Whole, Field(ge=-1_200, le=1_200)]
Span = Annotated[Whole, Field(ge=0, le=36_525)]
"""How many days a window is open before or after the planned day."""

Minutes = Annotated[Whole, Field(ge=1, le=525_600)]
Count = Annotated[Whole, Field(ge=1, le=500)]
Short = Annotated[str, StringConstraints(max_length=40)]

LIMITS = ("receive", "spin", "freeze")
"""What a limit may be set to: draw to receipt, draw to first spin, last spin (or draw) to freezer."""


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


class ConsentPart(Input):
    """`[[consents]]`: a version of the consent and the scopes it puts to the participant."""

    version: Annotated[Line, StringConstraints(max_length=40)]
    approved: date | None = None
    scopes: Annotated[list[Short], Field(min_length=1, max_length=20)]


class CollectingPart(Input):
    """`[collecting]`: whether a kit may be ticked at once, and the kinds of datasets a visit links to."""

    all_present: Flag = False
    datasets: Annotated[list[Code], Field(max_length=50)] = []


class VesselPart(Input):
    """`[vessels."EDTA 10 mL"]`: a vessel as SPREC tells vessels apart; empty where that is not known.

    `primary` is the code of a primary container, such as `PED`; `family` and `volume` say what an
    aliquot is kept in.
    """

    primary: Short = ""
    family: Literal["", "cryotube", "pp", "original"] = ""
    volume: AmountText | None = None


class ExposurePart(Input):
    """`[exposure.plasma_edta]`: how many minutes a frozen tube of a material may be out of the cold.

    From `warn` on it is told as late; past `limit` it has thawed, which is noted when it comes back.
    """

    warn: Minutes
    limit: Minutes


class RequirementPart(Input):
    """One specimen an event collects, with what is made of it.

    `count` is for each parent tube; `used` is what one of them takes of its parent. Where it is not said
    an aliquot takes its own amount, and of a derivative nothing is posted. Limits are minutes, by name
    (see `LIMITS`).
    """

    material: str
    container: Vessel = ""
    used: AmountText | None = None
    amount: AmountText | None = None
    count: Count = 1
    storage: Annotated[str, Field(max_length=20)] = ""
    limits: dict[str, Minutes] = {}
    pooled: Flag = False
    split: Flag = False
    derivatives: list["RequirementPart"] = []
    aliquots: list["RequirementPart"] = []


class EventPart(Input):
    """`[[events]]`: a visit so many months and days from its anchor, its window and its collections."""

    code: EventCode
    title: Line
    anchor: Literal["enrolment", "procedure"] = "enrolment"
    month: Months | None = None
    day: Days | None = None
    before: Span = 0
    after: Span = 0
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
    arms: Annotated[list[ArmPart], Field(max_length=50)] = []
    attributes: list[AttributePart] = []
    consents: Annotated[list[ConsentPart], Field(max_length=100)] = []
    needs: dict[str, Short] = {}
    collecting: CollectingPart = CollectingPart()
    vessels: Annotated[dict[Annotated[Vessel, Field(min_length=1)], VesselPart], Field(max_length=200)] = {}
    exposure: dict[Short, ExposurePart] = {}
    collections: dict[Code, list[RequirementPart]] = {}
    events: Annotated[list[EventPart], Field(min_length=1, max_length=500)]
    import_: ImportPart | None = Field(default=None, alias="import")
