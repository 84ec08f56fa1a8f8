"""Studies, arms, events and what each collects; read from a protocol file."""

from biobank.studies.file import ImportPart, ProtocolFile, RequirementPart, read_protocol, require_sound
from biobank.studies.loading import load
from biobank.studies.reading import (
    StudyCard,
    arms,
    attributes,
    by_code,
    card,
    events,
    everything,
    protocol_of,
    requirements,
)

__all__ = [
    "ImportPart",
    "ProtocolFile",
    "RequirementPart",
    "StudyCard",
    "arms",
    "attributes",
    "by_code",
    "card",
    "events",
    "everything",
    "load",
    "protocol_of",
    "read_protocol",
    "require_sound",
    "requirements",
]
