"""Audits: a scope of storage held against what was scanned there, reconciled and signed."""

from biobank.audits.boards import (
    AuditBoard,
    AuditRow,
    BoxRow,
    SoughtAudits,
    board,
    listing,
)
from biobank.audits.boxes import Counting, SlotSeen, counted_box
from biobank.audits.by_file import CountedByFile, count_by_file
from biobank.audits.by_paper import CountedOnPaper, Entered, count_on_paper, entered, paper_of
from biobank.audits.certificate import certificate, require_language
from biobank.audits.certified import Certified, certified
from biobank.audits.counting import BoxCount, Counted, Seen, SlotTold, count
from biobank.audits.coverage import CoverageAsked, Covered, coverage
from biobank.audits.findings import (
    Finding,
    Onward,
    SoughtFindings,
    entrusted,
    every_finding,
    every_missing,
    findings,
    missing,
    zones_of,
)
from biobank.audits.foreseeing import Foreseen, foresee
from biobank.audits.intervals import ErrorRate, error_rate
from biobank.audits.papers import Paper, PaperBox, line_code, line_named, sheet
from biobank.audits.plainly import settled_by_a_tap
from biobank.audits.planning import AuditChosen, AuditOrder, by_id, cancel, plan
from biobank.audits.proof import unproved
from biobank.audits.reconciling import Decide, Entrust, decide, entrust
from biobank.audits.sampling import limit_shown, zero_error_size
from biobank.audits.signing import AuditSignature, perform, result_hash, review
from biobank.audits.starting import start
from biobank.audits.suggesting import AuditSuggestion, suggestions
from biobank.audits.trends import TrendAsked, TrendBy, TrendRow, trend
from biobank.audits.waiting import Waiting, waiting

__all__ = [
    "AuditBoard",
    "AuditChosen",
    "AuditOrder",
    "AuditRow",
    "AuditSignature",
    "AuditSuggestion",
    "BoxCount",
    "BoxRow",
    "Certified",
    "Counted",
    "CountedByFile",
    "CountedOnPaper",
    "Counting",
    "CoverageAsked",
    "Covered",
    "Decide",
    "Entered",
    "Entrust",
    "ErrorRate",
    "Finding",
    "Foreseen",
    "Onward",
    "Paper",
    "PaperBox",
    "Seen",
    "SlotSeen",
    "SlotTold",
    "SoughtAudits",
    "SoughtFindings",
    "TrendAsked",
    "TrendBy",
    "TrendRow",
    "Waiting",
    "board",
    "by_id",
    "cancel",
    "certificate",
    "certified",
    "count",
    "count_by_file",
    "count_on_paper",
    "counted_box",
    "coverage",
    "decide",
    "entered",
    "entrust",
    "entrusted",
    "error_rate",
    "every_finding",
    "every_missing",
    "findings",
    "foresee",
    "limit_shown",
    "line_code",
    "line_named",
    "listing",
    "missing",
    "paper_of",
    "perform",
    "plan",
    "require_language",
    "result_hash",
    "review",
    "settled_by_a_tap",
    "sheet",
    "start",
    "suggestions",
    "trend",
    "unproved",
    "waiting",
    "zero_error_size",
    "zones_of",
]
