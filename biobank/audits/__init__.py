"""Audits: a scope of storage held against what was scanned there, reconciled and signed."""

from biobank.audits.counting import Count, Counted, Seen, Told, count
from biobank.audits.planning import AuditChosen, AuditOrder, by_id, cancel, plan
from biobank.audits.starting import start

__all__ = [
    "AuditChosen",
    "AuditOrder",
    "Count",
    "Counted",
    "Seen",
    "Told",
    "by_id",
    "cancel",
    "count",
    "plan",
    "start",
]
