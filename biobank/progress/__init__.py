"""How a study is coming along: counts for one study, each in a few statements whatever its size."""

from biobank.progress.accrual import Accrual, Month, accrual
from biobank.progress.collected import By, Collected, Part, Share, collected
from biobank.progress.freezing import SCALES, Allowed, Delay, Scale, delays
from biobank.progress.shortfalls import Deviated, Reason, Shortfalls, shortfalls

__all__ = [
    "SCALES",
    "Accrual",
    "Allowed",
    "By",
    "Collected",
    "Delay",
    "Deviated",
    "Month",
    "Part",
    "Reason",
    "Scale",
    "Share",
    "Shortfalls",
    "accrual",
    "collected",
    "delays",
    "shortfalls",
]
