"""Register, collect, process, aliquot, amounts, find."""

from biobank.specimens.away import Away, away
from biobank.specimens.cards import (
    Face,
    SpecimenCard,
    SpecimenRow,
    TimelineRow,
    VisitCard,
    card,
    faces,
    family,
    page,
    rows,
    timeline,
    visit_card,
)
from biobank.specimens.choosing import living, unplaced
from biobank.specimens.finding import Found, find
from biobank.specimens.portions import Aliquots, Derivative, aliquot, aliquot_many, derive
from biobank.specimens.registering import (
    IdentifierOrder,
    NewSpecimen,
    Registration,
    new_specimen,
    register,
    registration_of,
)

__all__ = [
    "Aliquots",
    "Away",
    "Derivative",
    "Face",
    "Found",
    "IdentifierOrder",
    "NewSpecimen",
    "Registration",
    "SpecimenCard",
    "SpecimenRow",
    "TimelineRow",
    "VisitCard",
    "aliquot",
    "aliquot_many",
    "away",
    "card",
    "derive",
    "faces",
    "family",
    "find",
    "living",
    "new_specimen",
    "page",
    "register",
    "registration_of",
    "rows",
    "timeline",
    "unplaced",
    "visit_card",
]
