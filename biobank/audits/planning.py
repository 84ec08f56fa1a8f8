"""Planning an audit: what is to be looked at, how much of it, by when and by whom; nothing is counted yet."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, codes, custody, people, studies
from biobank.accounts import site_by_code
from biobank.audits.sampling import limit_shown, share_size, zero_error_size
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.custody.records import audit_said
from biobank.custody.writing import Written
from biobank.database import new_row
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import DueDay, Flag, Input, Line, Naming, Percent, Scanned, Whole
from biobank.people import Actor, May
from biobank.storage.maps import by_code
from biobank.tables import Audit, AuditMethod, Person, Trigger, Weighting
from biobank.texts import N_

MILLION = 1_000_000

IN_ONE_ENTRY = 300
"""So many lines are named in one entry of the log, which holds 16 KiB."""

USUAL_CONFIDENCE = Decimal("0.95")
"""At which what a share of the scope shows is told."""

# --- words ---


class AuditOrder(Input):
    """An audit to be held: of a container and all in it, of a study at a site, of listed tubes, of a site.

    A sample is as large as it must be to show with `confidence` that fewer than `limit` percent are wrong,
    if none is; or it is a `share` of the scope, in percent. `shelf_slots` are slots drawn besides, whatever
    they hold. With `every_days` the next audit is planned when this one is reviewed.
    """

    name: Naming
    container: Scanned | None = None
    study: Line | None = None
    site: Line | None = None
    tubes: Annotated[list[Scanned], Field(max_length=10_000)] = []
    trigger: Trigger = Trigger.ROUTINE
    method: AuditMethod = AuditMethod.FULL
    share: Percent | None = None
    limit: Percent | None = None
    confidence: Percent | None = None
    weighting: Weighting = Weighting.RANDOM
    shelf_slots: Annotated[Whole, Field(ge=0, le=10_000)] = 0
    blind: Flag = False
    second_count: Flag = False
    due: DueDay
    every_days: Annotated[Whole, Field(ge=1, le=3_660)] | None = None
    owner: Line | None = None


class AuditChosen(Input):
    """The audit that is meant."""

    audit: UUID


# --- actions ---


def plan(session: Session, actor: Actor, order: AuditOrder) -> Audit:
    """Plan an audit.

    Refused: more than one scope, or none; a sample without its size, or with two; a scope of which the
    actor may not audit all.
    """
    planned = drafted(session, actor, order)
    custody.record(session, actor, planned, Kind.OPENED, change=audit_said(planned))
    return planned


def cancel(session: Session, actor: Actor, order: AuditChosen) -> Audit:
    """Give up an audit that is not signed; what was scanned stays, and none follows where it recurs.

    Refused: one that is over.
    """
    audit = under_way(session, actor, order.audit)
    people.require_over(actor, May.AUDIT, audit.site_id, audit.study_id)
    audit.cancelled_at = clock.now()
    tell(session, actor, audit, Kind.CLOSED)
    return audit


# --- questions ---


def by_id(session: Session, actor: Actor, key: UUID) -> Audit:
    """One audit. Refused: `NotFound` out of scope.

    It is seen by who sees everything in its scope: one of a container, or of listed tubes, may hold tubes of
    any study.
    """
    found = session.get(Audit, key)
    if found is None or not people.reaches(actor, May.SEE, found.site_id, found.study_id):
        raise NotFound("audit_not_found", N_("There is no such audit in your scope."), field="audit")
    return found


def under_way(session: Session, actor: Actor, key: UUID) -> Audit:
    """An audit that can still be worked on, locked. Refused: one that is signed or was given up."""
    found = by_id(session, actor, key)
    custody.lock(session, [found.id])
    session.refresh(found)
    if found.performed_at is not None or found.cancelled_at is not None:
        message = N_("%(name)s is signed or was given up. Plan another audit.")
        raise Conflict("audit_closed", message, field="audit", name=found.name)
    return found


def drafted(session: Session, actor: Actor, order: AuditOrder) -> Audit:
    """An order as the audit that it would be, of which nothing is kept yet. Refused: as `plan` refuses it."""
    require_size(order)
    draft = new_row(
        Audit,
        name=order.name,
        tubes=tubes_of(order.tubes),
        trigger=order.trigger,
        method=order.method,
        share_ppm=_ppm(order.share),
        limit_ppm=_ppm(order.limit),
        confidence_ppm=_ppm(order.confidence),
        weighting=order.weighting,
        shelf_slots=order.shelf_slots,
        blind=order.blind,
        second_count=order.second_count,
        due_on=order.due,
        every_days=order.every_days,
        owner_id=person_named(session, order.owner) if order.owner else None,
        opened_by_id=actor.id,
        opened_at=clock.now(),
    )
    draft.site_id, draft.study_id, draft.container_id = scope_of(session, actor, order)
    return draft


def scope_of(session: Session, actor: Actor, order: AuditOrder) -> tuple[UUID, UUID | None, UUID | None]:
    """Site, study and container of the scope.

    Refused: more than one scope, or none; one of which the actor may not audit all.
    """
    _require_one_scope(order)
    if order.container:
        container = by_code(session, actor, order.container, field="container")
        people.require_over(actor, May.AUDIT, container.site_id, None)
        return container.site_id, None, container.id
    site = site_by_code(session, order.site or "")
    study = studies.by_code(session, actor, order.study).id if order.study else None
    people.require_over(actor, May.AUDIT, site.id, study)
    return site.id, study, None


def tubes_of(scanned: Sequence[str]) -> list[str]:
    """Our codes of the tubes of a list, each once. Refused: what is no code of a tube."""
    read = (codes.require(text, CodeKind.SPECIMEN, f"tubes.{at}") for at, text in enumerate(scanned))
    return list(dict.fromkeys(read))


def person_named(session: Session, name: str) -> UUID:
    """The id of somebody who works here. Refused: nobody of that name."""
    found = session.exec(select(Person.id).where(col(Person.name) == name, col(Person.active))).first()
    if found is None:
        raise NotFound(
            "person_not_found",
            N_("Nobody of that name works here. Give the name by which that person signs in."),
            field="owner",
        )
    return found


def tell(session: Session, actor: Actor, audit: Audit, kind: Kind, **refs: object) -> Written:
    """Write what changed of a locked audit."""
    before, after = custody.state(session, audit), audit_said(audit)
    change = {name: value for name, value in after.items() if before.get(name) != value}
    return custody.record(session, actor, audit, kind, change=change, refs=refs)


# --- rules ---


def require_size(order: AuditOrder) -> None:
    """Refused: a sample without its size, or one told in two ways; a size where every tube is looked at."""
    claimed = order.limit is not None or order.confidence is not None
    if order.method is AuditMethod.FULL:
        if claimed or order.share:
            message = N_("Every tube is looked at: leave out the size of a sample, or choose a sample.")
            raise RuleBroken("size_of_full", message, field="share" if order.share else "limit")
        return
    if order.share and claimed:
        message = N_("Say the size once: as a share, or as a limit with its confidence.")
        raise RuleBroken("two_sizes", message, field="share")
    if not order.share and not (order.limit and order.confidence):
        message = N_(
            "Say how large the sample is: what it shall show, such as 1 % at 95 %, or a share, such as 10 %."
        )
        raise RuleBroken("sample_without_claim", message, field="confidence" if order.limit else "limit")


def sample_size(audit: Audit, population: int) -> int:
    """How many tubes of a scope of so many a sample takes."""
    if audit.share_ppm:
        return share_size(_share(audit.share_ppm), population)
    return zero_error_size(_share(audit.limit_ppm), _share(audit.confidence_ppm), population)


def shown(audit: Audit, population: int, drawn: int) -> tuple[Decimal, Decimal]:
    """What a draw without an error shows: fewer than the first share of all are wrong, at the second.

    Both are 0 where every tube is looked at, and where those at risk are drawn more often: that says nothing
    of the rest. Of a share of the scope it is told at 95 %.
    """
    if audit.method is AuditMethod.FULL or audit.weighting is Weighting.RISK or not drawn:
        return Decimal(0), Decimal(0)
    if audit.share_ppm:
        return limit_shown(drawn, USUAL_CONFIDENCE, population), USUAL_CONFIDENCE
    return _share(audit.limit_ppm), _share(audit.confidence_ppm)


# --- how ---


def _require_one_scope(order: AuditOrder) -> None:
    scopes = [name for name in ("container", "study", "tubes") if getattr(order, name)]
    if len(scopes) > 1 or not (scopes or order.site):
        message = N_("Say one scope: a container, a study at a site, a list of tubes, or a site.")
        raise RuleBroken("one_scope", message, field=scopes[1] if scopes else "container")
    if order.shelf_slots and (order.study or order.tubes):
        message = N_("Slots are drawn of a container or of a site. Leave them out here.")
        raise RuleBroken("slots_of_others", message, field="shelf_slots")


def _ppm(percent: Decimal | None) -> int | None:
    return None if percent is None else int(percent * MILLION / 100)


def _share(ppm: int | None) -> Decimal:
    return Decimal(ppm or 0) / MILLION
