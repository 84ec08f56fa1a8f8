"""The ledger's one writer, histories, and what is unproved."""

from biobank.custody.facts import TIMES, times_said, undone, unsay
from biobank.custody.histories import HistoryLine, history
from biobank.custody.proof import Chain, Unproved, chain, unproved
from biobank.custody.relabelled import LABEL, borne_now, of_old_label, require_not_old
from biobank.custody.signing import SignatureOrder, Signed, prove_password, sign
from biobank.custody.words import MISSING, SIGHTINGS, UNDO, Kind, Line, Place, out_place, slot_place
from biobank.custody.writing import begin_log, load, lock, open_chain, origin, record, record_all, state

__all__ = [
    "LABEL",
    "MISSING",
    "SIGHTINGS",
    "TIMES",
    "UNDO",
    "Chain",
    "HistoryLine",
    "Kind",
    "Line",
    "Place",
    "SignatureOrder",
    "Signed",
    "Unproved",
    "begin_log",
    "borne_now",
    "chain",
    "history",
    "load",
    "lock",
    "of_old_label",
    "open_chain",
    "origin",
    "out_place",
    "prove_password",
    "record",
    "record_all",
    "require_not_old",
    "sign",
    "slot_place",
    "state",
    "times_said",
    "undone",
    "unproved",
    "unsay",
]
