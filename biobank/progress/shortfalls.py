"""What did not come, and what went otherwise: missed visits by reason, deviations by event."""

from collections import Counter

import msgspec
from sqlmodel import Session, col, func, select

from biobank import studies
from biobank.people import Actor
from biobank.progress import within
from biobank.tables import (
    Deviation,
    DeviationCode,
    Life,
    Participant,
    Specimen,
    Study,
    Visit,
    VisitStatus,
)

# --- words ---


class Reason(msgspec.Struct, frozen=True):
    """Why visits were missed, as a code, and how many."""

    reason: str
    visits: int


class Deviated(msgspec.Struct, frozen=True):
    """How many specimens one deviation happened to, and that by event."""

    code: str
    specimens: int
    by_event: list[int]


class Shortfalls(msgspec.Struct, frozen=True):
    """Missed visits, the most frequent reason first; deviations, with a column for each of `events`."""

    missed: list[Reason]
    events: list[str]
    deviations: list[Deviated]


# --- questions ---


def shortfalls(session: Session, actor: Actor, study: str) -> Shortfalls:
    """Missed visits by reason; specimens not collected, and those that deviate, by code and event.

    A specimen counts once under each code. Refused: `NotFound` for a study outside the actor's scope.
    """
    found = studies.by_code(session, actor, study)
    counts = _not_collected(session, actor, found) | _deviating(session, actor, found)
    known = within.titles(within.events(session, found)) if counts else {}
    events = within.in_order({event for _, event in counts}, known)
    codes = within.in_order({code for code, _ in counts}, [code.value for code in DeviationCode])
    lines = {code: [counts[code, event] for event in events] for code in codes}
    deviations = [Deviated(code, sum(line), line) for code, line in lines.items()]
    return Shortfalls(_missed(session, actor, found), events, deviations)


# --- how ---

Counts = Counter[tuple[str, str]]


def _missed(session: Session, actor: Actor, study: Study) -> list[Reason]:
    reason = col(Visit.missed_reason)
    asked = (
        select(reason, func.count())
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .where(*within.counted(actor, study), col(Visit.status) == VisitStatus.MISSED)
        .group_by(reason)
    )
    rows = [Reason(each, count) for each, count in session.exec(asked)]
    return sorted(rows, key=lambda row: (-row.visits, row.reason))


def _not_collected(session: Session, actor: Actor, study: Study) -> Counts:
    """Of the specimens themselves: some end so without a deviation of their own."""
    asked = (
        select(col(Visit.label), func.count())
        .select_from(Specimen)
        .join(Visit, col(Visit.id) == col(Specimen.visit_id))
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .where(
            *within.counted(actor, study),
            col(Specimen.life) == Life.ENDED,
            col(Specimen.end_reason) == within.NOT_COLLECTED,
        )
        .group_by(col(Visit.label))
    )
    return Counter({(within.NOT_COLLECTED, event): count for event, count in session.exec(asked)})


def _deviating(session: Session, actor: Actor, study: Study) -> Counts:
    asked = (
        select(col(Deviation.code), col(Visit.label), func.count(col(Deviation.specimen_id).distinct()))
        .select_from(Deviation)
        .join(Visit, col(Visit.id) == col(Deviation.visit_id))
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .where(*within.counted(actor, study), col(Deviation.code) != DeviationCode.NOT_COLLECTED)
        .group_by(col(Deviation.code), col(Visit.label))
    )
    return Counter({(code.value, event): count for code, event, count in session.exec(asked)})
