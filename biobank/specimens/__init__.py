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
from biobank.specimens.noting import CollectionFactsOrder, ReceiptOrder, note_collection, receive
from biobank.specimens.portions import Aliquots, aliquot, aliquot_many
from biobank.specimens.processing import Derivative, SpinOrder, derive, spin
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
    "CollectionFactsOrder",
    "Derivative",
    "Face",
    "Found",
    "IdentifierOrder",
    "NewSpecimen",
    "ReceiptOrder",
    "Registration",
    "SpecimenCard",
    "SpecimenRow",
    "SpinOrder",
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
    "note_collection",
    "page",
    "receive",
    "register",
    "registration_of",
    "rows",
    "spin",
    "timeline",
    "unplaced",
    "visit_card",
]
