"""The audit trail: all events in somebody's scope, newest first, with what each was about."""

from biobank.trail.asking import ABOUT, AT_ONCE, LOOKED, MOST, LogAsked, LogPage, everything, log
from biobank.trail.rows import LogRow, of_subject

__all__ = [
    "ABOUT",
    "AT_ONCE",
    "LOOKED",
    "MOST",
    "LogAsked",
    "LogPage",
    "LogRow",
    "everything",
    "log",
    "of_subject",
]
