"""What happened to a specimen before it was frozen, and the SPREC code that follows from it."""

from biobank.preanalytics import deviations, limits
from biobank.preanalytics.deviations import deviation
from biobank.preanalytics.freezing import FREEZES_BELOW, freeze
from biobank.preanalytics.limits import Clock, Reached, clocks, passed
from biobank.preanalytics.lineage import Lineage, celsius_of, handling, lineages, reached
from biobank.preanalytics.sprec import VERSION, Handling, Spun, sprec

__all__ = [
    "FREEZES_BELOW",
    "VERSION",
    "Clock",
    "Handling",
    "Lineage",
    "Reached",
    "Spun",
    "celsius_of",
    "clocks",
    "deviation",
    "deviations",
    "freeze",
    "handling",
    "limits",
    "lineages",
    "passed",
    "reached",
    "sprec",
]
