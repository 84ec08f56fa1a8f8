"""Audits: a scope of storage held against what was scanned there, reconciled and signed."""

from biobank.audits.by_file import CountedByFile, count_by_file
from biobank.audits.counting import Count, Counted, Seen, Told, count
from biobank.audits.intervals import ErrorRate, error_rate
from biobank.audits.planning import AuditChosen, AuditOrder, by_id, cancel, plan
from biobank.audits.reconciling import Decide, Entrust, decide, entrust
from biobank.audits.sampling import zero_error_size
from biobank.audits.signing import AuditSignature, perform, result_hash, review
from biobank.audits.starting import start

__all__ = [
    "AuditChosen",
    "AuditOrder",
    "AuditSignature",
    "Count",
    "Counted",
    "CountedByFile",
    "Decide",
    "Entrust",
    "ErrorRate",
    "Seen",
    "Told",
    "by_id",
    "cancel",
    "count",
    "count_by_file",
    "decide",
    "entrust",
    "error_rate",
    "perform",
    "plan",
    "result_hash",
    "review",
    "start",
    "zero_error_size",
]
