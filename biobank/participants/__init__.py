"""Participants under pseudonyms: enrolment, consent, and their visits."""

from biobank.participants import datasets
from biobank.participants.cards import ParticipantCard, VisitRow, card, page
from biobank.participants.consenting import (
    Answer,
    ConsentOrder,
    answers,
    consents,
    give_consent,
    granted,
    record_change,
    require_cover,
    require_covers,
    require_not_withdrawn,
)
from biobank.participants.datasets import DatasetOrder, DatasetRow
from biobank.participants.enrolling import Enrolment, enroll, enroll_all, require_attributes
from biobank.participants.naming import by_pseudonym
from biobank.participants.visits import (
    UNSCHEDULED,
    VisitOrder,
    mark_done,
    new_visit,
    open_visit,
    open_visits,
    opening_of,
    planned_on,
    visit_by_code,
)
from biobank.participants.withdrawing import WithdrawalOrder, withdraw, withdrawal_of, withdrawn_of

__all__ = [
    "UNSCHEDULED",
    "Answer",
    "ConsentOrder",
    "DatasetOrder",
    "DatasetRow",
    "Enrolment",
    "ParticipantCard",
    "VisitOrder",
    "VisitRow",
    "WithdrawalOrder",
    "answers",
    "by_pseudonym",
    "card",
    "consents",
    "datasets",
    "enroll",
    "enroll_all",
    "give_consent",
    "granted",
    "mark_done",
    "new_visit",
    "open_visit",
    "open_visits",
    "opening_of",
    "page",
    "planned_on",
    "record_change",
    "require_attributes",
    "require_cover",
    "require_covers",
    "require_not_withdrawn",
    "visit_by_code",
    "withdraw",
    "withdrawal_of",
    "withdrawn_of",
]
