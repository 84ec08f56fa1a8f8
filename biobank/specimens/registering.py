"""Registering what was collected at a visit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, codes, custody, participants
from biobank.codes import CodeKind
from biobank.custody import TIMES, Kind
from biobank.database import new_row
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import AmountText, Input, Line, Moment, Note, Scanned, Vessel
from biobank.people import Actor, May
from biobank.tables import (
    Identifier,
    IssuedCode,
    Kit,
    Life,
    Participant,
    Specimen,
    SpecimenKind,
    Visit,
)
from biobank.texts import N_

# --- words ---


class IdentifierOrder(Input):
    """A code from elsewhere on the same tube, and the scheme it belongs to."""

    scheme: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    value: Annotated[Line, Field(max_length=100)]


class NewSpecimen(Input):
    """One tube or pot as it was drawn. It gets a code where it has none; with an amount it is active."""

    material: Line
    container: Vessel = ""
    code: Scanned | None = None
    amount: AmountText | None = None
    collected: Moment | None = None
    received: Moment | None = None
    processed: Moment | None = None
    frozen: Moment | None = None
    identifiers: Annotated[list[IdentifierOrder], Field(max_length=20)] = []
    note: Note | None = None


class Registration(Input):
    """Primary specimens of one visit, registered in one act."""

    visit: Scanned
    specimens: Annotated[list[NewSpecimen], Field(min_length=1, max_length=500)]


# --- rules ---


def require_order_of_times(times: Sequence[tuple[str, datetime | None]], field: str) -> None:
    """Refused: received before collected, processed before received, frozen before processed."""
    earlier: tuple[str, datetime] | None = None
    for name, when in times:
        if when is None:
            continue
        if earlier and when < earlier[1]:
            message = N_("%(later)s (%(when)s) is before %(earlier)s (%(then)s). Check the times.")
            raise RuleBroken(
                "times_out_of_order",
                message,
                field=f"{field}.{name}" if field else name,
                later=name,
                when=when.isoformat(),
                earlier=earlier[0],
                then=earlier[1].isoformat(),
            )
        earlier = (name, when)


def require_not_older(child: datetime | None, parent: datetime | None, field: str) -> None:
    """Refused: a child that is older than what it was made of."""
    if child and parent and child < parent:
        message = N_("This is older (%(child)s) than the specimen it was made of (%(parent)s).")
        raise RuleBroken(
            "child_older", message, field=field, child=child.isoformat(), parent=parent.isoformat()
        )


def require_free_codes(session: Session, wanted: Sequence[str]) -> None:
    """Refused: a code that stands on another tube, twice in this order, or on the label of a kit."""
    twice = next((code for code in wanted if wanted.count(code) > 1), None)
    taken = (
        session.exec(select(Specimen.code).where(col(Specimen.code).in_(wanted))).first() if wanted else None
    ) or next(iter(custody.borne_now(session, wanted)), None)
    if twice or taken:
        message = N_("%(code)s is the code of another tube already.")
        raise Conflict("code_taken", message, field="code", code=codes.grouped(twice or taken or ""))
    for code, kit in kits_of(session, wanted).items():
        raise not_begun(code, kit)


def kits_of(session: Session, wanted: Sequence[str]) -> dict[str, str]:
    """The kit of each of these codes that was printed for one."""
    asked = select(IssuedCode.code, Kit.code).join(Kit, col(Kit.id) == col(IssuedCode.kit_id))
    return dict(session.exec(asked.where(col(IssuedCode.code).in_(wanted))).all()) if wanted else {}


def not_begun(code: str, kit: str) -> Conflict:
    """The refusal of a label whose kit nobody has begun a visit with."""
    message = N_("%(code)s is a label of kit %(kit)s, which is not in use at this visit. Scan the kit first.")
    return Conflict("kit_not_begun", message, field="codes", code=codes.grouped(code), kit=codes.grouped(kit))


def require_free_identifiers(session: Session, wanted: Sequence[tuple[str, str]]) -> None:
    """Refused: an outside code that resolves to another tube already, in the same scheme."""
    seen: set[tuple[str, str]] = set()
    for pair in wanted:
        if pair in seen:
            raise _identifier_taken(*pair)
        seen.add(pair)
    values = [value for _, value in wanted]
    asked = select(Identifier.scheme, Identifier.value).where(col(Identifier.value).in_(values))
    taken = seen & set(session.exec(asked)) if values else set()
    if taken:
        raise _identifier_taken(*min(taken))


def _identifier_taken(scheme: str, value: str) -> Conflict:
    message = N_("%(value)s (%(scheme)s) is the identifier of another tube already.")
    return Conflict("identifier_taken", message, field="identifiers", value=value[:60], scheme=scheme)


# --- actions ---


def register(session: Session, actor: Actor, order: Registration) -> list[Specimen]:
    """Register primary specimens of a visit; the visit is done by that.

    Where the visit was begun and such a tube is expected, that one is filled: by its code, or the next
    of its material for a tube that brings no code. Refused: no consent that covers the material, a code
    or an identifier that is taken, times out of order, an amount of another dimension than the
    material's. All or none.
    """
    visit, participant = participants.visit_by_code(session, actor, order.visit, May.REGISTER)
    participants.require_cover(session, participant, {new.material for new in order.specimens})
    awaited = _awaited(session, visit, order)
    given = [codes.require(each.code, CodeKind.SPECIMEN, "code") for each in order.specimens if each.code]
    filled = {specimen.code for specimen in awaited if specimen}
    require_free_codes(session, [code for code in given if given.count(code) > 1 or code not in filled])
    pairs = [(each.scheme, each.value) for new in order.specimens for each in new.identifiers]
    require_free_identifiers(session, pairs)
    made = []
    lines = []
    for place, (new, there) in enumerate(zip(order.specimens, awaited, strict=True)):
        field = f"specimens.{place}"
        specimen = there or primary(visit, participant, new, field)
        made.append(specimen)
        lines.append(_filling_of(specimen, new, field) if there else registration_of(specimen, new))
    custody.record_all(session, actor, lines)
    participants.mark_done(session, actor, visit, _first_time(order))
    return made


def primary(visit: Visit, participant: Participant, new: NewSpecimen, field: str) -> Specimen:
    """A primary specimen not yet kept."""
    require_order_of_times([(name, getattr(new, name)) for name in TIMES], field)
    amounts.material(new.material, f"{field}.material")
    return new_specimen(
        visit=visit,
        participant=participant,
        kind=SpecimenKind.PRIMARY,
        material=new.material,
        container=new.container,
        code=codes.require(new.code, CodeKind.SPECIMEN) if new.code else None,
        times={name: getattr(new, name) for name in TIMES},
    )


def new_specimen(  # noqa: PLR0913 - a specimen has that many facts, and each is named
    *,
    visit: Visit,
    participant: Participant,
    kind: SpecimenKind,
    material: str,
    container: str = "",
    code: str | None = None,
    parent: Specimen | None = None,
    serial: int = 1,
    total: int = 1,
    times: dict[str, datetime | None] | None = None,
    requirement_id: UUID | None = None,
) -> Specimen:
    """A specimen's facts, not yet kept; its state comes from the line that registers it."""
    return new_row(
        Specimen,
        code=code or codes.new_code(CodeKind.SPECIMEN),
        study_id=participant.study_id,
        site_id=participant.site_id,
        participant_id=participant.id,
        visit_id=visit.id,
        parent_id=parent.id if parent else None,
        kind=kind,
        material=material,
        container=container,
        serial=serial,
        total=total,
        requirement_id=requirement_id,
        **times_of(times or {}),
    )


def times_of(times: Mapping[str, datetime | None]) -> dict[str, Any]:
    """The columns that keep these times, each with its local offset in minutes."""
    columns: dict[str, Any] = {}
    for name, when in times.items():
        if when is not None:
            offset = when.utcoffset()
            columns[f"{name}_at"] = when
            columns[f"{name}_offset"] = int(offset.total_seconds() // 60) if offset else 0
    return columns


def registration_of(
    specimen: Specimen,
    new: NewSpecimen | None = None,
    amount: int | None = None,
    life: Life | None = None,
) -> custody.Line:
    """The line that registers a specimen: active where its amount is known, collected otherwise.

    With `life` expected it is a tube that is not there yet.
    """
    dimension = amounts.MATERIALS[specimen.material].dimension
    if new and new.amount:
        amount = amounts.parse(new.amount, dimension)
    change: dict[str, Any] = {
        "life": (life or (Life.COLLECTED if amount is None else Life.ACTIVE)).value,
        "amount": None if amount is None else amounts.canonical(amount, dimension),
        "identifiers": _identifiers(new),
    }
    parent = specimen.parent_id
    return custody.Line(
        subject=specimen,
        kind=Kind.REGISTERED,
        change=change,
        refs={
            "code": specimen.code,
            "participant": str(specimen.participant_id),
            "visit": str(specimen.visit_id),
            "parent": str(parent) if parent else None,
            "material": specimen.material,
            "kind": specimen.kind.value,
            "site": str(specimen.site_id),
            "serial": [specimen.serial, specimen.total],
            "requirement": str(specimen.requirement_id) if specimen.requirement_id else None,
            "times": custody.times_said(specimen),
        },
        postings=() if amount is None else ((amount, parent),),
        occurred=specimen.processed_at or specimen.collected_at,
        note=new.note if new else None,
    )


def filling_of(
    specimen: Specimen, amount: int | None, times: Mapping[str, datetime | None], **line: Any
) -> custody.Line:
    """The line by which an expected specimen comes to be there, and its times with it.

    The amount comes from its parent where it has one. `line` is what else the line says; its `refs`
    and `change` are added to.
    """
    for column, value in times_of(times).items():
        setattr(specimen, column, value)
    said = (
        amounts.canonical(amount, amounts.MATERIALS[specimen.material].dimension)
        if amount is not None
        else None
    )
    refs = {"times": custody.times_said(specimen, [name for name, when in times.items() if when])}
    drawn = specimen.kind is SpecimenKind.PRIMARY
    return custody.Line(
        subject=specimen,
        kind=Kind.COLLECTED if drawn else Kind.PROCESSED,
        change={
            "life": (Life.COLLECTED if amount is None else Life.ACTIVE).value,
            "amount": said,
            **line.pop("change", {}),
        },
        refs={**refs, **line.pop("refs", {})},
        postings=() if amount is None else ((amount, specimen.parent_id),),
        occurred=specimen.processed_at or specimen.collected_at,
        **line,
    )


def giving_of(
    parent: Specimen,
    postings: tuple[tuple[int, UUID | None], ...],
    left: int,
    occurred: datetime | None,
    **refs: Any,
) -> custody.Line:
    """The line by which a specimen gives: `left` of it remains after these postings."""
    dimension = amounts.MATERIALS[parent.material].dimension
    given = sum(delta for delta, _ in postings)
    return custody.Line(
        subject=parent,
        kind=Kind.AMOUNT_POSTED,
        change={"amount": amounts.canonical(left, dimension)},
        refs={
            "posted": amounts.canonical(given, dimension),
            "to": [str(other) for _, other in postings if other],
            **refs,
        },
        postings=postings,
        occurred=occurred,
    )


# --- how ---


def _awaited(session: Session, visit: Visit, order: Registration) -> list[Specimen | None]:
    """The expected tube that each of an order is, if any: that of its code, else the next of its material."""
    asked = select(Specimen.id).where(
        col(Specimen.visit_id) == visit.id,
        col(Specimen.kind) == SpecimenKind.PRIMARY,
        col(Specimen.life) == Life.EXPECTED,
    )
    ids = session.exec(asked).all()
    if not ids:
        return [None] * len(order.specimens)
    custody.lock(session, [visit.id])
    custody.lock(session, ids)
    fresh = select(Specimen).where(col(Specimen.id).in_(ids), col(Specimen.life) == Life.EXPECTED)
    waiting = session.exec(fresh.order_by(col(Specimen.id)).execution_options(populate_existing=True)).all()
    chosen: list[Specimen | None] = [None] * len(order.specimens)
    left = list(waiting)
    for with_code in (True, False):  # those that name their tube choose first
        for place, new in enumerate(order.specimens):
            if bool(new.code) is not with_code:
                continue
            code = codes.read(new.code or "")
            here = (
                each for each in left if (each.code == code or not code) and each.material == new.material
            )
            chosen[place] = next(here, None)
            if (found := chosen[place]) is not None:
                left.remove(found)
    return chosen


def _filling_of(specimen: Specimen, new: NewSpecimen, field: str) -> custody.Line:
    require_order_of_times([(name, getattr(new, name)) for name in TIMES], field)
    dimension = amounts.MATERIALS[specimen.material].dimension
    return filling_of(
        specimen,
        amounts.parse(new.amount, dimension) if new.amount else None,
        {name: getattr(new, name) for name in TIMES},
        change={"identifiers": _identifiers(new)},
        note=new.note,
    )


def _identifiers(new: NewSpecimen | None) -> list[dict[str, Any]]:
    return [
        {"scheme": each.scheme, "value": each.value, "retired": False}
        for each in (new.identifiers if new else ())
    ]


def _first_time(order: Registration) -> datetime | None:
    return min((each.collected for each in order.specimens if each.collected), default=None)
