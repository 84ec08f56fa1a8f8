"""Every table, one file per noun."""

from biobank.tables.custody import Command, CustodyEvent, CustodyNote, CustodySubject, LedgerOrigin
from biobank.tables.participants import Consent, Participant, Scope, Visit, VisitStatus
from biobank.tables.people import Badge, FirstLink, Grant, Person, Role, SignIn, Site, Station, Token
from biobank.tables.specimens import Identifier, Life, Posting, Specimen
from biobank.tables.storage import (
    Container,
    ContainerType,
    Fill,
    Keep,
    Labelling,
    Level,
    Numbering,
    Placement,
)
from biobank.tables.studies import (
    Anchor,
    Arm,
    Attribute,
    Event,
    Protocol,
    Requirement,
    SpecimenKind,
    Study,
)

__all__ = [
    "Anchor",
    "Arm",
    "Attribute",
    "Badge",
    "Command",
    "Consent",
    "Container",
    "ContainerType",
    "CustodyEvent",
    "CustodyNote",
    "CustodySubject",
    "Event",
    "Fill",
    "FirstLink",
    "Grant",
    "Identifier",
    "Keep",
    "Labelling",
    "LedgerOrigin",
    "Level",
    "Life",
    "Numbering",
    "Participant",
    "Person",
    "Placement",
    "Posting",
    "Protocol",
    "Requirement",
    "Role",
    "Scope",
    "SignIn",
    "Site",
    "Specimen",
    "SpecimenKind",
    "Station",
    "Study",
    "Token",
    "Visit",
    "VisitStatus",
]
