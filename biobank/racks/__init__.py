"""Rack scanners: their files read, held against the database, confirmed, registered."""

from biobank.racks.confirming import (
    ABSENT_REASONS,
    AbsentReason,
    Confirmation,
    Confirmed,
    check,
    confirm,
    verdict_of,
)
from biobank.racks.layouts import PROFILES, Layout, Profile, RackFrom, ReadAs
from biobank.racks.reading import Reading, Said, Well, read
from biobank.racks.receiving import (
    RackFileOrder,
    WaitingFile,
    count_waiting,
    file_by_id,
    file_row,
    raw_file,
    receive,
    set_aside,
    waiting,
)
from biobank.racks.registering import (
    RackAliquots,
    RackPrimaries,
    RackRegistered,
    RackRegistration,
    RegisteredTube,
    register_rack,
)
from biobank.racks.verdict import STOPS, RackVerdict, Verdict, WellRow

__all__ = [
    "ABSENT_REASONS",
    "PROFILES",
    "STOPS",
    "AbsentReason",
    "Confirmation",
    "Confirmed",
    "Layout",
    "Profile",
    "RackAliquots",
    "RackFileOrder",
    "RackFrom",
    "RackPrimaries",
    "RackRegistered",
    "RackRegistration",
    "RackVerdict",
    "ReadAs",
    "Reading",
    "RegisteredTube",
    "Said",
    "Verdict",
    "WaitingFile",
    "Well",
    "WellRow",
    "check",
    "confirm",
    "count_waiting",
    "file_by_id",
    "file_row",
    "raw_file",
    "read",
    "receive",
    "register_rack",
    "set_aside",
    "verdict_of",
    "waiting",
]
