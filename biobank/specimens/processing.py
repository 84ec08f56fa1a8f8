"""Processing: the runs of a centrifuge, and what is made of one tube or of several."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, codes, custody
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind, facts
from biobank.errors import RuleBroken
from biobank.inputs import AmountText, Flag, Input, Line, Moment, Scanned, Vessel, Whole
from biobank.people import Actor
from biobank.preanalytics import deviations, limits
from biobank.specimens import extracts, sources
from biobank.specimens.extracts import MeasuredText
from biobank.specimens.registering import (
    filling_of,
    new_specimen,
    registration_of,
    require_free_codes,
    require_not_older,
    times_of,
)
from biobank.tables import DeviationCode, Kept, Requirement, Specimen, SpecimenKind, Spin
from biobank.texts import N_

NEVER_SPUN = ("stool", "stool_stabilised", "dna", "rna")

# --- words ---


class SpinOrder(Input):
    """One run of a centrifuge: its tubes, relative force in g, minutes, degrees Celsius, whether it braked.

    `kept_after` is how the tubes were kept until they were divided; `at` is when the run began, or now.
    """

    tubes: Annotated[list[Scanned], Field(min_length=1, max_length=100)]
    g: Annotated[Whole, Field(ge=1, le=25_000)]
    minutes: Annotated[Whole, Field(ge=1, le=180)]
    celsius: Annotated[Whole, Field(ge=-10, le=40)]
    brake: Flag = True
    kept_after: Kept | None = None
    at: Moment | None = None


class Derivative(Input):
    """Another material made of a specimen: `used` is taken of it, `loss` is spilled, `amount` came of it.

    `also` names further parents that were pooled with the first: `used` and `loss` are of each of them.
    What is expected of the parent is filled, where there is such a thing; without `used` and `amount`, by
    what the protocol gives. `concentration` (`52.3 ng/uL`) and `a260_280` (`1.84`) are of DNA and RNA.
    """

    parent: Scanned
    material: Line
    used: AmountText | None = None
    amount: AmountText | None = None
    loss: AmountText | None = None
    container: Vessel = ""
    processed: Moment | None = None
    code: Scanned | None = None
    also: Annotated[list[Scanned], Field(max_length=50)] = []
    concentration: MeasuredText | None = None
    a260_280: MeasuredText | None = None


# --- rules ---


def require_spinnable(session: Session, tubes: Sequence[Specimen]) -> None:
    """Refused: a tube that is not there, a material that is not spun, an aliquot of what was frozen."""
    thawed = _frozen_parents(session, tubes)
    for tube in tubes:
        sources.require_there(tube, "tubes")
        frozen = tube.kind is SpecimenKind.ALIQUOT and (tube.frozen_at or tube.parent_id in thawed)
        if tube.material in NEVER_SPUN or frozen:
            message = N_("%(code)s is not spun: it is %(material)s, or an aliquot that was frozen.")
            named = amounts.MATERIALS[tube.material].name
            raise RuleBroken("not_spun", message, field="tubes", code=grouped(tube.code), material=named)


def require_one_pool(parents: Sequence[Specimen], *speaking: Requirement | None) -> None:
    """Refused: pooling what differs in participant, material or visit, or what the protocol does not pool."""
    first, *others = parents
    for other in others:
        if (other.participant_id, other.visit_id, other.material) != (
            first.participant_id,
            first.visit_id,
            first.material,
        ):
            message = N_("%(code)s is of another participant, visit or material than %(first)s.")
            named = {"code": grouped(other.code), "first": grouped(first.code)}
            raise RuleBroken("pool_mixed", message, field="also", **named)
    spoken = [each for each in speaking if each]
    if others and spoken and not any(each.pooled for each in spoken):
        message = N_("The protocol does not say that this may be pooled.")
        raise RuleBroken("pool_not_allowed", message, field="also")


def require_taken_enough(parents: Sequence[Specimen], material: str, amount: int | None, used: int) -> None:
    """Refused: more of a material than was taken, where it is the parents' own and they are measured."""
    measured = all(each.amount is not None for each in parents)
    if measured and material == parents[0].material and (amount or 0) > used * len(parents):
        named = amounts.MATERIALS[material].name
        message = N_("%(material)s cannot hold more than was taken of %(of)s for it.")
        raise RuleBroken("more_than_taken", message, field="amount", material=named, of=named)


# --- actions ---


def spin(session: Session, actor: Actor, order: SpinOrder) -> list[Specimen]:
    """Record one run of a centrifuge for each of its tubes, in the order scanned.

    The first spin of a primary past its limit is recorded as late. Refused: a tube that is not there or
    scanned twice, a material that is not spun, a time before it was collected, made or spun before, no
    consent that covers it. All or none.
    """
    tubes = sources.load(session, actor, order.tubes, "tubes")
    sources.require_once(tubes, "tubes")
    require_spinnable(session, tubes)
    sources.require_covered(session, actor, tubes)
    before = _newest_spins(session, tubes)
    at = sources.when(session, tubes[0], order.at, None)
    lines: list[custody.Line] = []
    for tube in tubes:
        last = before.get(tube.id)
        made = "collected" if tube.kind is SpecimenKind.PRIMARY else "processed"
        spun_last = ("spin", last.at if last else None)
        sources.require_not_before(at, "at", (made, sources.made_at(session, tube)), spun_last)
        told = order.model_dump(exclude={"tubes", "at"})
        run = Spin(specimen_id=tube.id, number=last.number + 1 if last else 1, at=at, **told)
        lines.append(_spinning(session, tube, run))
    custody.record_all(session, actor, lines)
    return tubes


def derive(session: Session, actor: Actor, order: Derivative) -> Specimen:
    """Make a derivative, such as plasma of EDTA blood, or DNA of several buffy coats.

    Each parent gives `used` and loses `loss`. The child's parent is the first, or that of which it is
    expected. Refused: more than there
    is, a specimen that has ended, no consent that covers both materials, a child older than its parents,
    pooling that `require_one_pool` refuses, a code that is taken, measures of what is no extract.
    """
    also = [codes.require(text, CodeKind.SPECIMEN, "also") for text in order.also]
    parents = sources.load(session, actor, [order.parent, *also])
    sources.require_once(parents, "also")
    for parent in parents:
        sources.require_divisible(parent)
    amounts.material(order.material)
    sources.require_covered(session, actor, parents, [order.material])
    child, rule = _child(session, parents, order)
    require_one_pool(parents, sources.requirement(session, child), *_rules(session, parents))
    since = max((made for parent in parents if (made := sources.made_at(session, parent))), default=None)
    require_not_older(order.processed, since, "processed")
    extract = extracts.extract(child.id, child.material, order.concentration, order.a260_280)
    refs: dict[str, Any] = {"pooled": _others(parents, child)} if also else {}
    if extract:
        refs["extract"] = facts.extract_said(extract)
    amount = _measured(order.amount, child.material, "amount", rule.amount if rule else None)
    require_taken_enough(parents, child.material, amount, _used(parents[0].material, order, rule))
    if rule:
        when = sources.when(session, parents[0], order.processed, since)
        times = {"collected": sources.drawn(session, parents[0]), "processed": when}
        line = filling_of(child, amount, times, refs=refs)
    else:
        line = registration_of(child, amount=amount)
        line = msgspec.structs.replace(line, refs={**line.refs, **refs}, occurred=order.processed)
    custody.record_all(session, actor, [line, *_takings(parents, child, order, rule)])
    if extract:
        session.add(extract)
    return child


# --- how ---


def _spinning(session: Session, tube: Specimen, run: Spin) -> custody.Line:
    """Keep one tube's run, with what follows of it; the line that says so."""
    session.add(run)
    refs: dict[str, Any] = {"spin": facts.spin_said(run)}
    unknown = tube.processed_at is None
    if unknown and (tube.received_at or run.at) <= run.at <= (tube.frozen_at or run.at):
        for column, value in times_of({"processed": run.at}).items():
            setattr(tube, column, value)
        refs["times"] = custody.times_said(tube, ["processed"])
    rule = sources.requirement(session, tube)
    if tube.kind is SpecimenKind.PRIMARY and run.number == 1 and rule:
        passed = limits.passed("spin", tube.collected_at, run.at, rule.limits)
        if passed:
            late = deviations.deviation(tube, DeviationCode.LATE_SPIN, *passed)
            session.add(late)
            refs["deviations"] = [facts.deviation_said(late)]
    return custody.Line(subject=tube, kind=Kind.PROCESSED, refs=refs, occurred=run.at)


def _newest_spins(session: Session, tubes: Sequence[Specimen]) -> dict[UUID, Spin]:
    asked = select(Spin).where(col(Spin.specimen_id).in_([tube.id for tube in tubes]))
    return {each.specimen_id: each for each in session.exec(asked.order_by(col(Spin.number)))}


def _frozen_parents(session: Session, tubes: Sequence[Specimen]) -> set[UUID]:
    parents = {tube.parent_id for tube in tubes if tube.parent_id}
    asked = select(Specimen.id).where(col(Specimen.id).in_(parents), col(Specimen.frozen_at).is_not(None))
    return set(session.exec(asked)) if parents else set()


def _rules(session: Session, tubes: Sequence[Specimen]) -> list[Requirement | None]:
    return [sources.requirement(session, tube) for tube in tubes]


def _others(parents: Sequence[Specimen], child: Specimen) -> list[str]:
    return [str(each.id) for each in parents if each.id != child.parent_id]


def _child(
    session: Session, parents: Sequence[Specimen], order: Derivative
) -> tuple[Specimen, Requirement | None]:
    """The expected tube that is filled, with what the protocol gives it; else a new one, and nothing."""
    code = codes.require(order.code, CodeKind.SPECIMEN) if order.code else None
    waiting = sources.expected(session, parents, SpecimenKind.DERIVATIVE)
    for there in (child for parent in parents for child in waiting.get(parent.id, ())):
        if there.material == order.material and code in (None, there.code):
            there.container = order.container or there.container
            return there, sources.requirement(session, there)
    require_free_codes(session, [code] if code else [])
    parent = parents[0]
    visit, participant = sources.owner(session, parent)
    rule = sources.requirement_of_child(session, parent, SpecimenKind.DERIVATIVE, order.material)
    fresh = new_specimen(
        visit=visit,
        participant=participant,
        kind=SpecimenKind.DERIVATIVE,
        material=order.material,
        container=order.container or (rule.container if rule else ""),
        code=code,
        parent=parent,
        times={"collected": sources.drawn(session, parent), "processed": order.processed},
        requirement_id=rule.id if rule else None,
    )
    return fresh, None


def _takings(
    parents: Sequence[Specimen], child: Specimen, order: Derivative, rule: Requirement | None
) -> list[custody.Line]:
    """What each parent gives and loses."""
    material = parents[0].material
    used = _used(material, order, rule)
    loss = _measured(order.loss, material, "loss") or 0
    return [
        line
        for parent in parents
        for line in sources.gives(parent, [(used, child.id), (loss, None)], order.processed)
    ]


def _used(material: str, order: Derivative, rule: Requirement | None) -> int:
    return _measured(order.used, material, "used", rule.used if rule else None) or 0


def _measured(text: str | None, material: str, field: str, otherwise: int | None = None) -> int | None:
    """An amount that was told, else what the protocol gives."""
    return amounts.parse(text, amounts.MATERIALS[material].dimension, field) if text else otherwise
