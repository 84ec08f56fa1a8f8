"""What went otherwise with a tube of a visit, and the end of its collection."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, codes, custody, people
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind, facts
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import AmountText, Input, Moment, Note, Scanned, Whole
from biobank.people import Actor, May
from biobank.preanalytics import deviations
from biobank.specimens import filling, noting
from biobank.specimens.filling import Bench, Ticked, Told, ticked
from biobank.specimens.registering import giving_of
from biobank.tables import PRESENT, Deviation, DeviationCode, Life, Specimen, SpecimenKind, Visit
from biobank.texts import N_

# --- words ---


class Deviate(Input):
    """What went otherwise with a tube: not collected, of low volume, haemolysed, or as the note says.

    `amount` is what a tube of low volume holds; `grade` is 0 (none) to 4.
    """

    tube: Scanned
    code: Literal["not_collected", "low_volume", "haemolysed", "other"]
    amount: AmountText | None = None
    grade: Annotated[Whole, Field(ge=0, le=4)] | None = None
    note: Note | None = None
    occurred: Moment | None = None
    collected: Moment | None = None


class Finish(Input):
    """Nothing more will be collected at a visit."""

    visit: Scanned


class Summary(msgspec.Struct, frozen=True):
    """A visit that was finished: how many tubes are there, were not collected, were used up.

    `deviations` counts them by code; `to_store` are the labelled tubes that are there and stand nowhere.
    """

    visit: str
    participant: str
    event: str
    there: int
    not_collected: int
    used_up: int
    deviations: dict[str, int]
    to_store: list[str]


# --- rules ---


def require_expected(tube: Specimen) -> None:
    """Refused: to say of a tube that is there that it was not collected."""
    if tube.life is not Life.EXPECTED:
        message = N_("%(code)s is there already (%(life)s). Say what is wrong with it instead.")
        facts_ = {"code": grouped(tube.code), "life": tube.life.value}
        raise RuleBroken("tube_there", message, field="code", **facts_)


def low_amount(on: Bench, tube: Specimen, told: str | None) -> int:
    """What a tube of low volume holds. Refused: nothing told, and no less than it should hold or held."""
    if told is None:
        raise RuleBroken("amount_needed", N_("Say how much the tube holds."), field="amount")
    held = amounts.parse(told, amounts.MATERIALS[tube.material].dimension)
    requirement = on.requirement(tube)
    before = tube.amount if tube.life is not Life.EXPECTED else requirement.amount if requirement else None
    if before is not None and held > before:
        message = N_("%(held)s is no low volume: %(before)s are expected of %(code)s.")
        facts_ = {"held": amounts.shown(held, tube.material), "before": amounts.shown(before, tube.material)}
        raise RuleBroken("not_low", message, field="amount", code=grouped(tube.code), **facts_)
    return held


# --- actions ---


def deviate(session: Session, actor: Actor, order: Deviate) -> list[Ticked]:
    """Say what went otherwise with one tube of a visit, in one act.

    Not collected ends it, and what would be made of it. Low volume and haemolysed say that it is there,
    if it was still expected; a low volume of a tube that was ticked corrects its amount, and what it
    was made of keeps the rest. Refused: a tube that is there and was not collected, a low volume without
    an amount or with more than expected, `other` without a note, haemolysis of stool.
    """
    found = _tube_of(session, actor, order.tube)
    visit = session.get_one(Visit, found.visit_id)
    on = filling.bench(session, actor, visit.code, collects=order.code != "not_collected")
    tube = on.tube(found.id) or found
    filling.require_not_replaced(tube)
    known = {each.code for each in deviations.of(session, [tube.id])[tube.id]}
    told = Told(order.occurred, order.collected, order.amount if order.code == "low_volume" else None)
    match order.code:
        case "not_collected":
            return _give_up(session, actor, on, tube, order)
        case "low_volume":
            return _low(session, actor, on, tube, told, order, known)
        case "haemolysed":
            root = filling.root(on, tube)
            noting.require_facts_of(root, {"haemolysis": order.grade or 0})
            lines = [*_noted(session, tube, DeviationCode.HAEMOLYSED, order.note, known)]
            ticks = filling.fill(session, actor, on, [tube], told, lines)
            if order.grade is not None:
                kept = noting.keep_facts(session, root, {"haemolysis": order.grade})
                refs = {"facts": facts.collection_said(kept)}
                custody.record(session, actor, root, Kind.NOTED, refs=refs)
            return ticks
        case "other":
            if not order.note:
                raise RuleBroken("note_needed", N_("Say in the note what went otherwise."), field="note")
            custody.record_all(session, actor, _noted(session, tube, DeviationCode.OTHER, order.note, ()))
            return [ticked(tube, changed=False)]


def finish(session: Session, actor: Actor, order: Finish) -> Summary:
    """End the collection of a visit: what is still expected was not collected.

    What was used to make other tubes, is no tube that the protocol keeps and stands nowhere is depleted,
    and its rest is a loss. Once more it changes nothing.
    """
    on = filling.bench(session, actor, order.visit, collects=False)
    lines = _given_up(session, [tube for tube in on.tubes if tube.life is Life.EXPECTED])
    lines += [_depleted(tube) for tube in _used_up(session, on)]
    custody.record_all(session, actor, lines)
    session.flush()
    return _summary(session, on)


# --- how ---


def _tube_of(session: Session, actor: Actor, text: str) -> Specimen:
    code = codes.require(text, CodeKind.SPECIMEN, "tube")
    asked = select(Specimen).where(col(Specimen.code) == code, people.visible(actor, May.SEE, Specimen))
    tube = session.exec(asked).first()
    if tube is None:
        message = N_("There is no specimen %(code)s in your scope.")
        raise NotFound("specimen_not_found", message, field="tube", code=grouped(code))
    return tube


def _noted(
    session: Session, tube: Specimen, code: DeviationCode, note: str | None, known: Iterable[DeviationCode]
) -> list[custody.Line]:
    """The line that tells of a deviation, which is kept with it; none where it is known already."""
    if code in known:
        return []
    said = _kept(session, tube, code)
    return [custody.Line(subject=tube, kind=Kind.NOTED, refs={"deviations": [said]}, note=note)]


def _kept(session: Session, tube: Specimen, code: DeviationCode) -> dict[str, object]:
    row = deviations.deviation(tube, code)
    session.add(row)
    return facts.deviation_said(row)


def _give_up(session: Session, actor: Actor, on: Bench, tube: Specimen, order: Deviate) -> list[Ticked]:
    if tube.life is Life.ENDED and tube.end_reason == Kind.NOT_COLLECTED.value:
        return [ticked(tube, changed=False)]
    require_expected(tube)
    ended = [tube]
    for each in on.tubes:
        if each.life is Life.EXPECTED and each is not tube and _is_lost(on, each, ended):
            ended.append(each)
    custody.record_all(session, actor, _given_up(session, ended, order.note))
    return [ticked(each, changed=True, implied=each is not tube) for each in ended]


def _is_lost(on: Bench, child: Specimen, ended: Sequence[Specimen]) -> bool:
    """Whether nothing is left that a tube would be made of; what is pooled may still be of the others."""
    among = {tube.id for tube in ended}
    parents = _made_of(on, child)
    return any(each.id in among for each in parents) and all(
        each.id in among or _missing(each) for each in parents
    )


def _made_of(on: Bench, child: Specimen) -> list[Specimen]:
    parent, requirement = on.tube(child.parent_id), on.requirement(child)
    if parent and requirement and requirement.pooled:
        return filling.alike(on, parent)
    return [parent] if parent else []


def _given_up(session: Session, ended: Sequence[Specimen], note: str | None = None) -> list[custody.Line]:
    """The lines that end tubes as not collected; a deviation is told of the uppermost alone."""
    among = {tube.id for tube in ended}
    change = {"life": Life.ENDED.value, "end_reason": Kind.NOT_COLLECTED.value}
    lines: list[custody.Line] = []
    for tube in ended:
        top = tube.parent_id not in among
        refs = {"deviations": [_kept(session, tube, DeviationCode.NOT_COLLECTED)]} if top else {}
        said = note if top else None
        lines.append(custody.Line(subject=tube, kind=Kind.NOT_COLLECTED, change=change, refs=refs, note=said))
    return lines


def _low(
    session: Session,
    actor: Actor,
    on: Bench,
    tube: Specimen,
    told: Told,
    order: Deviate,
    known: Iterable[DeviationCode],
) -> list[Ticked]:
    held = low_amount(on, tube, order.amount)
    filling.require_not_given_up(tube)
    lines = _noted(session, tube, DeviationCode.LOW_VOLUME, order.note, known)
    if tube.life is Life.EXPECTED:
        return filling.fill(session, actor, on, [tube], told, lines)
    if tube.life is Life.COLLECTED and tube.parent_id is None:
        custody.record_all(session, actor, [*lines, _found(tube, held)])
        return [ticked(tube, changed=True)]
    if tube.life is Life.ENDED or tube.amount in (None, held):
        custody.record_all(session, actor, lines)
        return [ticked(tube, changed=False)]
    custody.record_all(session, actor, [*lines, *_corrected(on, tube, held)])
    return [ticked(tube, changed=True)]


def _found(tube: Specimen, held: int) -> custody.Line:
    """The line by which the amount of a tube that was drawn comes to be known."""
    line = giving_of(tube, ((held, None),), held, None)
    return msgspec.structs.replace(line, change={**line.change, "life": Life.ACTIVE.value})


def _corrected(on: Bench, tube: Specimen, held: int) -> list[custody.Line]:
    """The lines by which a tube holds less than was thought; what an aliquot did not get, its parent kept."""
    less = (tube.amount or 0) - held
    parent = on.tube(tube.parent_id) if tube.kind is SpecimenKind.ALIQUOT else None
    gave = parent is not None and parent.amount is not None and parent.life is Life.ACTIVE
    lines = [giving_of(tube, ((-less, parent.id if parent and gave else None),), held, None)]
    if parent is not None and gave:
        lines.append(giving_of(parent, ((less, tube.id),), (parent.amount or 0) + less, None))
    return lines


def _used_up(session: Session, on: Bench) -> list[Specimen]:
    """What others were made of, where it is there, stands nowhere and nothing stops it."""
    made: set[UUID] = set()
    for child in on.tubes:
        if child.life is not Life.EXPECTED and not _missing(child):
            made.update(each.id for each in _made_of(on, child))
    kept_as_made = {each.parent_id for each in on.requirements.values()}
    return [
        tube
        for tube in on.tubes
        if tube.life in PRESENT
        and tube.requirement_id in kept_as_made
        and tube.id in made
        and not (tube.amount != 0 and _is_stored(on, tube))
        and not custody.state(session, tube)["place"]
        and not custody.state(session, tube)["holds"]
    ]


def _is_stored(on: Bench, tube: Specimen) -> bool:
    requirement = on.requirement(tube)
    return bool(requirement and requirement.storage_class)


def _missing(tube: Specimen) -> bool:
    return tube.life is Life.ENDED and tube.end_reason == Kind.NOT_COLLECTED.value


def _depleted(tube: Specimen) -> custody.Line:
    change = {"life": Life.ENDED.value, "end_reason": "depleted"}
    if tube.amount is None:
        return custody.Line(subject=tube, kind=Kind.ENDED, change=change)
    dimension = amounts.MATERIALS[tube.material].dimension
    lost = -tube.amount
    return custody.Line(
        subject=tube,
        kind=Kind.ENDED,
        change={**change, "amount": amounts.canonical(0, dimension)},
        refs={"posted": amounts.canonical(lost, dimension)} if lost else {},
        postings=((lost, None),) if lost else (),
    )


def _summary(session: Session, on: Bench) -> Summary:
    there = [tube for tube in on.tubes if tube.life in PRESENT]
    noted = session.exec(select(Deviation.code).where(col(Deviation.visit_id) == on.visit.id)).all()
    return Summary(
        visit=on.visit.code,
        participant=on.participant.pseudonym,
        event=on.visit.label,
        there=len(there),
        not_collected=sum(map(_missing, on.tubes)),
        used_up=sum(tube.end_reason == "depleted" for tube in on.tubes),
        deviations=dict(sorted(Counter(map(str, noted)).items())),
        to_store=[tube.code for tube in there if not custody.state(session, tube)["place"]],
    )
