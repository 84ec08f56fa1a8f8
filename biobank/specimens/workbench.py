"""The workbench: a visit while it is collected, tube by tube, with what runs and where each goes next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import amounts, clock, custody, participants, preanalytics, storage, studies
from biobank.people import Actor, May
from biobank.preanalytics import Clock, deviations
from biobank.specimens import filling, kits, statements
from biobank.tables import (
    PRESENT,
    Event,
    Identifier,
    IssuedCode,
    Kit,
    Life,
    Participant,
    Requirement,
    Scope,
    Site,
    Specimen,
    Study,
    Visit,
)
from biobank.texts import N_
from biobank.texts import gettext as _

# --- words ---


class WorkRow(msgspec.Struct, frozen=True):
    """A tube of the workbench, each before what is made of it; `depth` counts from the primary.

    `code` is empty while the visit was not begun. `amount` is what it holds, `nominal` what the protocol
    asks. `labelled` tubes carry a label; the rest stands between a primary and its aliquots. `place` is
    where it is, `box` where it could go. `lacks` is the scope of consent that is missing for it.
    """

    code: str
    kind: str
    material: str
    container: str
    amount: str
    nominal: str
    serial: int
    total: int
    depth: int
    parent: str
    life: str
    end_reason: str
    labelled: bool
    deviations: list[str]
    clocks: list[Clock]
    place: str
    box: storage.Suggestion | None
    lacks: str


class WorkCounts(msgspec.Struct, frozen=True):
    """How many tubes of a visit are still expected, are there (used up or not), were not collected."""

    expected: int
    there: int
    not_collected: int


class Workbench(msgspec.Struct, frozen=True):
    """A visit as the bench sees it. `consent` says in words why nothing may be collected, if so.

    `begun` where its tubes are rows; else the rows are what the protocol asks for. `time_zone` is the
    site's, an IANA name. `all_present` where the protocol lets all tubes be ticked at once.
    """

    visit: str
    study: str
    site: str
    time_zone: str
    participant: str
    event: str
    title: str
    status: str
    planned_on: date | None
    opens_on: date | None
    closes_on: date | None
    took_place: datetime | None
    kit: str
    begun: bool
    counts: WorkCounts
    all_present: bool
    consent: str
    rows: list[WorkRow]


# --- questions ---


def workbench(session: Session, actor: Actor, text: str) -> Workbench:
    """The workbench of a scanned visit, in a fixed number of statements for each material."""
    visit, participant = participants.visit_by_code(session, actor, text, May.SEE)
    study = session.get_one(Study, participant.study_id)
    site = session.get_one(Site, participant.site_id)
    event = session.get(Event, visit.event_id) if visit.event_id else None
    granted = participants.granted(participants.consents(session, participant))
    protocol = studies.protocol_of(session, study)
    tubes = filling.rows_of(session, visit)
    asked = studies.requirements(session, visit.event_id) if visit.event_id else []
    lacks = {material: scope for material, scope in protocol.needs.items() if scope not in granted}
    rows = _rows(session, tubes, lacks) if tubes else _planned(asked, lacks)
    lives = Counter(row.life if row.end_reason != "not_collected" else row.end_reason for row in rows)
    return Workbench(
        visit=visit.code,
        study=study.code,
        site=site.code,
        time_zone=site.time_zone,
        participant=participant.pseudonym,
        event=visit.label,
        title=event.title if event else "",
        status=visit.status.value,
        planned_on=visit.planned_on,
        opens_on=visit.opens_on,
        closes_on=visit.closes_on,
        took_place=visit.took_place_at,
        kit=_kit(session, visit, tubes),
        begun=bool(tubes),
        counts=WorkCounts(
            expected=lives["expected"],
            there=lives.total() - lives["expected"] - lives["not_collected"],
            not_collected=lives["not_collected"],
        ),
        all_present=protocol.all_present,
        consent=_problem(session, participant, granted),
        rows=rows,
    )


# --- how ---


def _problem(session: Session, participant: Participant, granted: set[Scope]) -> str:
    if participants.withdrawal_of(session, participant.id):
        message = N_("%(pseudonym)s has withdrawn: nothing more may be collected.")
    elif Scope.STORAGE not in granted:
        message = N_("%(pseudonym)s has not agreed to storage: nothing may be collected.")
    else:
        return ""
    return _(message) % {"pseudonym": participant.pseudonym}


def _kit(session: Session, visit: Visit, tubes: Sequence[Specimen]) -> str:
    """The kit that the tubes' labels came from, or that was made for the visit."""
    if not tubes:
        made_for = select(Kit.code).where(col(Kit.visit_id) == visit.id).order_by(col(Kit.id))
        return session.exec(made_for).first() or ""
    old = select(Identifier.value).where(
        col(Identifier.specimen_id).in_([tube.id for tube in tubes]), col(Identifier.scheme) == custody.LABEL
    )
    # Asked first: with both conditions in one statement PostgreSQL would read every code that was printed.
    borne = [*(tube.code for tube in tubes), *session.exec(old)]
    asked = select(Kit.code).join(IssuedCode, col(IssuedCode.kit_id) == col(Kit.id))
    return session.exec(asked.where(col(IssuedCode.code).in_(borne))).first() or ""


def _planned(requirements: Sequence[Requirement], lacks: Mapping[str, str]) -> list[WorkRow]:
    return [
        WorkRow(
            code="",
            kind=each.requirement.kind.value,
            material=each.requirement.material,
            container=each.requirement.container,
            amount="",
            nominal=amounts.shown(each.requirement.amount, each.requirement.material),
            serial=each.serial,
            total=each.requirement.count,
            depth=each.depth,
            parent="",
            life=Life.EXPECTED.value,
            end_reason="",
            labelled=each.labelled,
            deviations=[],
            clocks=[],
            place="",
            box=None,
            lacks=lacks.get(each.requirement.material, ""),
        )
        for each in kits.walk(requirements)
    ]


def _rows(session: Session, tubes: Sequence[Specimen], lacks: Mapping[str, str]) -> list[WorkRow]:
    ids = [tube.id for tube in tubes]
    wanted = {tube.requirement_id for tube in tubes if tube.requirement_id}
    asked = select(Requirement).where(col(Requirement.id).in_(wanted))
    requirements = {each.id: each for each in session.exec(asked)} if wanted else {}
    noted = deviations.of(session, ids)
    places = statements.short_places(session, ids)
    lines = preanalytics.lineages(session, tubes)
    made_of = {tube.parent_id for tube in tubes}
    depths = _depths(tubes)
    by_id = {tube.id: tube for tube in tubes}
    stores = [
        tube
        for tube in tubes
        if tube.id not in made_of and tube.life is not Life.ENDED and tube.id not in places
    ]
    boxes = _boxes(session, stores)
    now = clock.now()
    rows: list[WorkRow] = []
    for tube in _in_order(tubes):
        requirement = requirements.get(tube.requirement_id) if tube.requirement_id else None
        alive = tube.life in PRESENT
        line = lines[tube.id]
        parent = by_id.get(tube.parent_id) if tube.parent_id else None
        rows.append(
            WorkRow(
                code=tube.code,
                kind=tube.kind.value,
                material=tube.material,
                container=tube.container,
                amount=amounts.shown(tube.amount, tube.material),
                nominal=amounts.shown(requirement.amount, tube.material) if requirement else "",
                serial=tube.serial,
                total=tube.total,
                depth=depths[tube.id],
                parent=parent.code if parent else "",
                life=tube.life.value,
                end_reason=tube.end_reason or "",
                labelled=tube.id not in made_of or parent is None,
                deviations=[each.code.value for each in noted[tube.id]],
                clocks=preanalytics.clocks(line.limits, preanalytics.reached(line), now) if alive else [],
                place=places.get(tube.id, ""),
                box=boxes.get(tube.id),
                lacks=lacks.get(tube.material, ""),
            )
        )
    return rows


def _boxes(session: Session, tubes: Sequence[Specimen]) -> dict[UUID, storage.Suggestion]:
    """Where each of the tubes that are to be stored could go; they are all of one site and study."""
    if not tubes:
        return {}
    materials = {tube.material for tube in tubes}
    found = storage.suggest_boxes(session, tubes[0].site_id, tubes[0].study_id, materials)
    return {tube.id: found[tube.material] for tube in tubes if tube.material in found}


def _depths(tubes: Sequence[Specimen]) -> dict[UUID, int]:
    depths: dict[UUID, int] = {}
    for tube in tubes:
        depths[tube.id] = depths[tube.parent_id] + 1 if tube.parent_id in depths else 0
    return depths


def _in_order(tubes: Sequence[Specimen]) -> list[Specimen]:
    """Each tube followed by what is made of it: what came later stands with what it was made of."""
    children: dict[UUID | None, list[Specimen]] = {}
    there = {tube.id for tube in tubes}
    for tube in tubes:
        children.setdefault(tube.parent_id if tube.parent_id in there else None, []).append(tube)
    found: list[Specimen] = []
    waiting = children.get(None, [])[::-1]
    while waiting:
        tube = waiting.pop()
        found.append(tube)
        waiting += children.get(tube.id, [])[::-1]
    return found
