"""Register, collect, process, aliquot, amounts, find."""

from biobank.specimens.cards import (
    Face,
    SpecimenCard,
    TimelineRow,
    VisitCard,
    card,
    faces,
    family,
    timeline,
    visit_card,
)
from biobank.specimens.choosing import living, unplaced
from biobank.specimens.collecting import AllPresent, Begin, Tick, all_present, begin, tick
from biobank.specimens.filling import Ticked
from biobank.specimens.find_lists import FindList, FoundList, FoundRow, FoundState, find_list, split
from biobank.specimens.finding import Found, find
from biobank.specimens.finishing import Deviate, Finish, Summary, deviate, finish
from biobank.specimens.guessing import SHORTEST, Alike, Awaiting, alike, awaiting
from biobank.specimens.kits import (
    KitCard,
    KitOrder,
    UnusedKit,
    kit_card,
    kit_cards,
    load_kits,
    print_kits,
)
from biobank.specimens.kits import nobodys as nobodys_kits
from biobank.specimens.kits import unused as unused_kits
from biobank.specimens.late import hand_in
from biobank.specimens.listing import SpecimenLine, SpecimenRow, every, page, place_of, rows
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
from biobank.specimens.seeking import COUNTED, Custody, Sort, Sought, count
from biobank.specimens.workbench import Workbench, WorkCounts, WorkRow, workbench

__all__ = [
    "COUNTED",
    "SHORTEST",
    "Alike",
    "Aliquots",
    "AllPresent",
    "Awaiting",
    "Begin",
    "CollectionFactsOrder",
    "Custody",
    "Derivative",
    "Deviate",
    "Face",
    "FindList",
    "Finish",
    "Found",
    "FoundList",
    "FoundRow",
    "FoundState",
    "IdentifierOrder",
    "KitCard",
    "KitOrder",
    "NewSpecimen",
    "ReceiptOrder",
    "Registration",
    "Sort",
    "Sought",
    "SpecimenCard",
    "SpecimenLine",
    "SpecimenRow",
    "SpinOrder",
    "Summary",
    "Tick",
    "Ticked",
    "TimelineRow",
    "UnusedKit",
    "VisitCard",
    "WorkCounts",
    "WorkRow",
    "Workbench",
    "alike",
    "aliquot",
    "aliquot_many",
    "all_present",
    "awaiting",
    "begin",
    "card",
    "count",
    "derive",
    "deviate",
    "every",
    "faces",
    "family",
    "find",
    "find_list",
    "finish",
    "hand_in",
    "kit_card",
    "kit_cards",
    "living",
    "load_kits",
    "new_specimen",
    "nobodys_kits",
    "note_collection",
    "page",
    "place_of",
    "print_kits",
    "receive",
    "register",
    "registration_of",
    "rows",
    "spin",
    "split",
    "tick",
    "timeline",
    "unplaced",
    "unused_kits",
    "visit_card",
    "workbench",
]
