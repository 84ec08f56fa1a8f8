"""Withdrawal: how far a participant goes, and everything that stops with it, in one act."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session, col, func, select

from biobank import clock, custody
from biobank.custody import Kind
from biobank.errors import RuleBroken
from biobank.inputs import Day, Input, Line, Note, Pseudonym
from biobank.participants.consenting import record_change
from biobank.participants.naming import locked
from biobank.people import Actor, May
from biobank.tables import (
    PRESENT,
    HoldKind,
    Life,
    Participant,
    Specimen,
    Visit,
    VisitStatus,
    Withdrawal,
    WithdrawalLevel,
)
from biobank.texts import N_

_HOW_FAR = list(WithdrawalLevel)


# --- words ---


class WithdrawalOrder(Input):
    """That a participant withdraws: how far, from which day, and what was said about it."""

    study: Line
    pseudonym: Pseudonym
    level: WithdrawalLevel
    withdrawn_on: Day
    note: Note | None = None


class AtStake(msgspec.Struct, frozen=True):
    """What a withdrawal would stop: planned visits, tubes that are expected, tubes that are kept."""

    visits: int
    expected: int
    tubes: int


# --- rules ---


def require_further(participant: Participant, before: WithdrawalLevel | None, now: WithdrawalLevel) -> None:
    """Refused: a second withdrawal that goes no further than the first."""
    if before is not None and _HOW_FAR.index(now) <= _HOW_FAR.index(before):
        message = N_("%(pseudonym)s has withdrawn already (%(level)s). A withdrawal can only go further.")
        raise RuleBroken(
            "withdrawn_already",
            message,
            field="level",
            pseudonym=participant.pseudonym,
            level=before.value,
        )


# --- actions ---


def withdraw(session: Session, actor: Actor, order: WithdrawalOrder) -> Participant:
    """Record that a participant withdraws, and stop everything that must stop, in one act.

    Planned visits are cancelled and tubes still expected end as not collected, at every level; from
    no further use on, each living tube gets a consent hold, wherever it is. Refused: a level that
    goes no further than one before.
    """
    participant = locked(session, actor, order.study, order.pseudonym, May.REGISTER)
    # From here on nobody collects or makes anything of this participant: they all ask for this lock first.
    _keep(session, participant, order)
    visits, tubes = _all_of(session, participant)
    custody.record_all(
        session,
        actor,
        [*_cancelled(visits), *_never_collected(tubes), *_held(session, tubes, order.level)],
    )
    record_change(session, actor, participant, order.note)
    return participant


# --- questions ---


def withdrawal_of(session: Session, participant_id: UUID) -> Withdrawal | None:
    """That a participant withdrew, and how far; None for one who did not."""
    return session.exec(select(Withdrawal).where(col(Withdrawal.participant_id) == participant_id)).first()


def at_stake(session: Session, participant: Participant) -> AtStake:
    """What would stop if this participant withdrew now; only from no further use on are tubes held."""
    visits = select(func.count()).where(
        col(Visit.participant_id) == participant.id, col(Visit.status) == VisitStatus.PLANNED
    )
    tubes = select(func.count()).where(col(Specimen.participant_id) == participant.id)
    return AtStake(
        visits=session.exec(visits).one(),
        expected=session.exec(tubes.where(col(Specimen.life) == Life.EXPECTED)).one(),
        tubes=session.exec(tubes.where(col(Specimen.life).in_(PRESENT))).one(),
    )


# --- how ---


def _keep(session: Session, participant: Participant, order: WithdrawalOrder) -> None:
    kept = withdrawal_of(session, participant.id)
    require_further(participant, kept.level if kept else None, order.level)
    kept = kept or Withdrawal(
        participant_id=participant.id, level=order.level, withdrawn_on=order.withdrawn_on
    )
    kept.level, kept.withdrawn_on = order.level, order.withdrawn_on
    session.add(kept)


def _all_of(session: Session, participant: Participant) -> tuple[list[Visit], list[Specimen]]:
    """The visits and tubes of a locked participant, locked too, and as they are now."""
    whose = (col(Visit.participant_id) == participant.id, col(Specimen.participant_id) == participant.id)
    visits, tubes = select(Visit).where(whose[0]), select(Specimen).where(whose[1])
    ids = [each.id for each in session.exec(visits)] + [each.id for each in session.exec(tubes)]
    custody.lock(session, ids)
    fresh = {"populate_existing": True}
    return (
        list(session.exec(visits.order_by(col(Visit.id)).execution_options(**fresh))),
        list(session.exec(tubes.order_by(col(Specimen.id)).execution_options(**fresh))),
    )


def _cancelled(visits: Sequence[Visit]) -> Iterator[custody.Line]:
    for visit in visits:
        if visit.status is VisitStatus.PLANNED:
            visit.status = VisitStatus.CANCELLED
            yield custody.Line(subject=visit, kind=Kind.CHANGED, change={"status": visit.status.value})


def _never_collected(tubes: Sequence[Specimen]) -> Iterator[custody.Line]:
    ended = {"life": Life.ENDED.value, "end_reason": Kind.NOT_COLLECTED.value}
    for tube in tubes:
        if tube.life is Life.EXPECTED:
            yield custody.Line(subject=tube, kind=Kind.NOT_COLLECTED, change=ended, reason="withdrawn")


def _held(session: Session, tubes: Sequence[Specimen], level: WithdrawalLevel) -> Iterator[custody.Line]:
    """One consent hold for each living tube, that says how far it goes, in place of one that said less."""
    if level is WithdrawalLevel.NO_MORE_COLLECTION:
        return
    for tube in tubes:
        if tube.life in PRESENT:
            others = [
                hold for hold in custody.state(session, tube)["holds"] if hold["kind"] != HoldKind.CONSENT
            ]
            hold = {"id": str(clock.new_key()), "kind": HoldKind.CONSENT.value, "reason": level.value}
            change = {"holds": [*others, hold]}
            yield custody.Line(subject=tube, kind=Kind.HOLD_SET, change=change, reason=level.value)
