"""How a study is coming along: counts for one study, each in a few statements whatever its size."""

from biobank.progress.accrual import Accrual, Month, accrual
from biobank.progress.collected import By, Collected, Part, Share, collected
from biobank.progress.freezing import EDGES, Delay, delays
from biobank.progress.shortfalls import Deviated, Reason, Shortfalls, shortfalls

__all__ = [
    "EDGES",
    "Accrual",
    "By",
    "Collected",
    "Delay",
    "Deviated",
    "Month",
    "Part",
    "Reason",
    "Share",
    "Shortfalls",
    "accrual",
    "collected",
    "delays",
    "shortfalls",
]
