"""Noting how something was collected, and that it was received."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, custody, people
from biobank.codes import grouped
from biobank.custody import Kind, facts
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Day, Input, Moment, Naming, Scanned, Whole
from biobank.people import Actor, May
from biobank.preanalytics import deviations, limits
from biobank.specimens import sources
from biobank.specimens.registering import times_of
from biobank.tables import (
    Collection,
    DeviationCode,
    Kept,
    Source,
    Specimen,
    SpecimenKind,
    Taken,
)
from biobank.texts import N_

STOOL = ("stool", "stool_stabilised")
OF_STOOL = (
    "source",
    "stabiliser",
    "bristol",
    "antibiotics",
    "antibiotics_on",
    "probiotics",
    "probiotics_on",
    "ppi",
    "ppi_on",
)
"""The facts that are of stool alone; how haemolysed something is, is of everything else."""


# --- words ---


class CollectionFactsOrder(Input):
    """How a primary specimen was collected; what is not told stays as it was noted.

    `haemolysis` is a grade from 0 (none) to 4, `bristol` a type of the Bristol stool scale; the days are
    those on which something was last taken.
    """

    tube: Scanned
    kept: Kept | None = None
    lot: Annotated[Naming, Field(max_length=40)] | None = None
    expires_on: date | None = None
    haemolysis: Annotated[Whole, Field(ge=0, le=4)] | None = None
    source: Source | None = None
    stabiliser: Annotated[Naming, Field(max_length=40)] | None = None
    bristol: Annotated[Whole, Field(ge=1, le=7)] | None = None
    antibiotics: Taken | None = None
    antibiotics_on: Day | None = None
    probiotics: Taken | None = None
    probiotics_on: Day | None = None
    ppi: Taken | None = None
    ppi_on: Day | None = None


class ReceiptOrder(Input):
    """Tubes that came to the biobank, and when: now by default."""

    tubes: Annotated[list[Scanned], Field(min_length=1, max_length=200)]
    at: Moment | None = None


# --- rules ---


def require_facts_of(tube: Specimen, told: Mapping[str, Any]) -> None:
    """Refused: facts of collection on what was not drawn; of stool on others; haemolysis on stool."""
    if tube.kind is not SpecimenKind.PRIMARY:
        message = N_("%(code)s was made, not collected. Note this of the tube that was drawn.")
        raise RuleBroken("not_drawn", message, field="tube", code=grouped(tube.code))
    foreign = ("haemolysis",) if tube.material in STOOL else OF_STOOL
    for name in foreign:
        if told.get(name) is not None:
            message = N_("“%(fact)s” is not noted of %(material)s. Leave it empty.")
            of = amounts.MATERIALS[tube.material].name
            raise RuleBroken("fact_of_other_material", message, field=name, fact=name, material=of)


def require_taken(kept: Collection) -> None:
    """Refused: the day something was taken, where it was not taken."""
    for name in ("antibiotics", "probiotics", "ppi"):
        if getattr(kept, f"{name}_on") and getattr(kept, name) is not Taken.YES:
            message = N_("There is a day for “%(fact)s”, but not that it was taken.")
            raise RuleBroken("day_without_taking", message, field=f"{name}_on", fact=name)


# --- actions ---


def note_collection(session: Session, actor: Actor, order: CollectionFactsOrder) -> Specimen:
    """Note how a primary specimen was collected.

    Refused: a tube that is not there, what was made of another, facts that are not of its material,
    a day without that something was taken.
    """
    tube = sources.load(session, actor, [order.tube], "tube")[0]
    people.require(actor, May.REGISTER, tube)
    sources.require_there(tube, "tube")
    told = {name: value for name, value in order.model_dump(exclude={"tube"}).items() if value is not None}
    require_facts_of(tube, told)
    kept = keep_facts(session, tube, told)
    refs = {"facts": facts.collection_said(kept)}
    custody.record(session, actor, tube, Kind.NOTED, refs=refs)
    return tube


def keep_facts(session: Session, tube: Specimen, told: Mapping[str, Any]) -> Collection:
    """The row of a locked tube with these facts added; who calls says `facts.collection_said` of it.

    Each change is blinded anew, so that two commitments of the log tell nothing of one another.
    """
    there = session.exec(select(Collection).where(col(Collection.specimen_id) == tube.id)).first()
    kept = there or Collection(specimen_id=tube.id, salt=b"")
    for name, value in told.items():
        setattr(kept, name, value)
    kept.salt = secrets.token_bytes(16)
    require_taken(kept)
    session.add(kept)
    return kept


def receive(session: Session, actor: Actor, order: ReceiptOrder) -> list[Specimen]:
    """Record that tubes were received, in the order scanned; later than its limit is recorded as late.

    A tube that was received at that time already stays as it is. Refused: a tube that is not there or
    scanned twice, one that was received at another time, times out of order. All or none.
    """
    tubes = sources.load(session, actor, order.tubes, "tubes")
    sources.require_once(tubes, "tubes")
    lines: list[custody.Line] = []
    for tube in tubes:
        people.require(actor, May.REGISTER, tube)
        sources.require_there(tube, "tubes")
        if tube.received_at is None:
            lines.append(_receipt(session, tube, order))
        elif order.at and order.at != tube.received_at:
            message = N_("%(code)s was received already (%(then)s).")
            then = tube.received_at.isoformat()
            raise Conflict("received_already", message, field="tubes", code=grouped(tube.code), then=then)
    custody.record_all(session, actor, lines)
    return tubes


# --- how ---


def _receipt(session: Session, tube: Specimen, order: ReceiptOrder) -> custody.Line:
    at = sources.when(session, tube, order.at, tube.collected_at)
    sources.require_not_before(at, "at", ("collected", tube.collected_at))
    for name in ("processed", "frozen"):
        then = getattr(tube, f"{name}_at")
        if then:
            sources.require_not_before(then, "at", ("received", at), later=name)
    for column, value in times_of({"received": at}).items():
        setattr(tube, column, value)
    refs: dict[str, Any] = {"times": custody.times_said(tube, ["received"])}
    rule = sources.requirement(session, tube)
    passed = limits.passed("receive", tube.collected_at, at, rule.limits if rule else {})
    if passed:
        late = deviations.deviation(tube, DeviationCode.LATE_RECEIPT, *passed)
        session.add(late)
        refs["deviations"] = [facts.deviation_said(late)]
    return custody.Line(subject=tube, kind=Kind.RECEIVED, refs=refs, occurred=at)
