"""How much room there is: in use and free, when it runs out, and how to gain boxes by closing gaps."""

from biobank.capacity.forecast import MONTHS, Forecast, Month, Outlook, forecast
from biobank.capacity.gaps import GapKeep, GapOrder, GapPlan, gap_plan, keep_gap_plan
from biobank.capacity.use import OfFreezer, OfSite, OfStudy, OfType, Use, use

__all__ = [
    "MONTHS",
    "Forecast",
    "GapKeep",
    "GapOrder",
    "GapPlan",
    "Month",
    "OfFreezer",
    "OfSite",
    "OfStudy",
    "OfType",
    "Outlook",
    "Use",
    "forecast",
    "gap_plan",
    "keep_gap_plan",
    "use",
]
