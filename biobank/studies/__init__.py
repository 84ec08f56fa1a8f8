"""Studies, arms, events and what each collects; read from a protocol file."""

from biobank.studies.cards import ProtocolCard, Tube, protocol_card, protocol_text
from biobank.studies.checking import read_protocol, require_sound
from biobank.studies.comparing import Difference
from biobank.studies.file import ImportPart, ProtocolFile, RequirementPart
from biobank.studies.loading import differences, load
from biobank.studies.reading import (
    StudyCard,
    arms,
    attributes,
    by_code,
    card,
    consent_versions,
    dataset_kinds,
    event_by_id,
    events,
    everything,
    needs,
    protocol_of,
    requirements,
    vessels,
)
from biobank.studies.windows import add_months, counted

__all__ = [
    "Difference",
    "ImportPart",
    "ProtocolCard",
    "ProtocolFile",
    "RequirementPart",
    "StudyCard",
    "Tube",
    "add_months",
    "arms",
    "attributes",
    "by_code",
    "card",
    "consent_versions",
    "counted",
    "dataset_kinds",
    "differences",
    "event_by_id",
    "events",
    "everything",
    "load",
    "needs",
    "protocol_card",
    "protocol_of",
    "protocol_text",
    "read_protocol",
    "require_sound",
    "requirements",
    "vessels",
]
