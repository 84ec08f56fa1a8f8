"""What something is made of: tubes that are there, locked, covered by consent, with enough left."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from biobank import amounts, clock, codes, custody, participants, people
from biobank.codes import CodeKind, grouped
from biobank.errors import RuleBroken
from biobank.people import Actor, May
from biobank.specimens.registering import giving_of
from biobank.tables import PRESENT, Life, Participant, Requirement, Site, Specimen, SpecimenKind, Visit
from biobank.texts import N_

# --- rules ---


def require_divisible(parent: Specimen) -> None:
    """Refused: making anything of a tube that has ended or was never drawn."""
    if parent.life not in PRESENT:
        message = N_("Nothing can be made of %(code)s: it is %(life)s.")
        raise RuleBroken(
            "not_divisible", message, field="parent", code=grouped(parent.code), life=parent.life.value
        )


def require_there(tube: Specimen, field: str) -> None:
    """Refused: a tube that is still expected, or has ended."""
    if tube.life not in PRESENT:
        message = N_("%(code)s is not there: it is %(life)s. Nothing was noted.")
        raise RuleBroken(
            "tube_not_there", message, field=field, code=grouped(tube.code), life=tube.life.value
        )


def require_enough(parent: Specimen, wanted: int) -> None:
    """Refused: taking more than there is. Where the parent's amount is not known, nothing is taken."""
    if parent.amount is not None and wanted > parent.amount:
        message = N_("%(code)s holds %(held)s, and %(wanted)s are needed. Nothing was made: take less.")
        raise RuleBroken(
            "not_enough",
            message,
            field="amount",
            code=grouped(parent.code),
            held=amounts.shown(parent.amount, parent.material),
            wanted=amounts.shown(wanted, parent.material),
        )


def require_not_before(
    when: datetime, field: str, *earlier: tuple[str, datetime | None], later: str = ""
) -> None:
    """Refused: a time (called `later`, else as its field) before any of these named ones that are known."""
    for name, then in earlier:
        if then and when < then:
            message = N_("%(later)s (%(when)s) is before %(earlier)s (%(then)s). Check the times.")
            raise RuleBroken(
                "times_out_of_order",
                message,
                field=field,
                later=later or field,
                when=when.isoformat(),
                earlier=name,
                then=then.isoformat(),
            )


def require_once(tubes: Sequence[Specimen], field: str) -> None:
    """Refused: a tube that stands in one act twice, since the second would not see what the first took."""
    seen: set[UUID] = set()
    for tube in tubes:
        if tube.id in seen:
            message = N_("%(code)s was scanned twice.")
            raise RuleBroken("scanned_twice", message, field=field, code=grouped(tube.code))
        seen.add(tube.id)


def require_covered(
    session: Session, actor: Actor, parents: Sequence[Specimen], made: Iterable[str] = ()
) -> None:
    """Refused: what the actor may not change, or what no consent covers of these materials and of `made`."""
    made = list(made)
    whose = {each.id: each for each in _participants(session, parents)}
    wanted: defaultdict[UUID, set[str]] = defaultdict(set)
    for parent in parents:
        people.require(actor, May.REGISTER, parent)
        wanted[parent.participant_id] |= {parent.material, *made}
    participants.require_covers(session, [(whose[key], sorted(each)) for key, each in wanted.items()])


# --- questions ---


def load(session: Session, actor: Actor, scanned: Sequence[str], field: str = "parent") -> list[Specimen]:
    """These specimens, locked after their participants.

    That is the order of a withdrawal, so neither waits for the other. Refused: what is no code of a
    specimen, `NotFound` out of the actor's scope.
    """
    wanted = [codes.require(text, CodeKind.SPECIMEN, field) for text in scanned]
    asked = select(Specimen.participant_id).where(
        col(Specimen.code).in_(wanted), people.visible(actor, May.SEE, Specimen)
    )
    custody.lock(session, set(session.exec(asked)))
    return custody.load(session, actor, wanted)


def owner(session: Session, tube: Specimen) -> tuple[Visit, Participant]:
    """The visit a specimen was collected at, and its participant."""
    return session.get_one(Visit, tube.visit_id), session.get_one(Participant, tube.participant_id)


def expected(session: Session, parents: Iterable[Specimen], kind: SpecimenKind) -> dict[UUID, list[Specimen]]:
    """What is expected to be made of each of these tubes and is not there yet, locked, in its order."""
    waiting = select(Specimen.id).where(
        col(Specimen.parent_id).in_([parent.id for parent in parents]),
        col(Specimen.kind) == kind,
        col(Specimen.life) == Life.EXPECTED,
    )
    ids = session.exec(waiting).all()
    found: defaultdict[UUID, list[Specimen]] = defaultdict(list)
    if ids:
        custody.lock(session, ids)
        fresh = select(Specimen).where(col(Specimen.id).in_(ids), col(Specimen.life) == Life.EXPECTED)
        fresh = fresh.order_by(col(Specimen.requirement_id), col(Specimen.serial), col(Specimen.id))
        for child in session.exec(fresh.execution_options(populate_existing=True)):
            if child.parent_id:
                found[child.parent_id].append(child)
    return found


def requirement(session: Session, tube: Specimen) -> Requirement | None:
    """What the protocol says of a tube, where it is one that the protocol expects."""
    return session.get(Requirement, tube.requirement_id) if tube.requirement_id else None


def requirement_of_child(
    session: Session, parent: Specimen, kind: SpecimenKind, material: str
) -> Requirement | None:
    """What the protocol says of such a thing made of this tube."""
    if parent.requirement_id is None:
        return None
    asked = select(Requirement).where(
        col(Requirement.parent_id) == parent.requirement_id,
        col(Requirement.kind) == kind,
        col(Requirement.material) == material,
    )
    return session.exec(asked.order_by(col(Requirement.position))).first()


def made_at(session: Session, tube: Specimen) -> datetime | None:
    """Since when there is what a tube holds: a primary from the draw, the rest from when it was made.

    Where that is not known, since when there was what it was made of.
    """
    here: Specimen | None = tube
    while here is not None:
        if here.kind is SpecimenKind.PRIMARY:
            return here.collected_at or here.processed_at
        if here.processed_at:
            return here.processed_at
        here = session.get(Specimen, here.parent_id) if here.parent_id else None
    return None


def drawn(session: Session, tube: Specimen) -> datetime | None:
    """When the primary of a tube was drawn, with the offset it was told in: its children inherit it."""
    here: Specimen | None = tube
    while here is not None:
        if here.collected_at:
            return here.collected_at.astimezone(timezone(timedelta(minutes=here.collected_offset or 0)))
        here = session.get(Specimen, here.parent_id) if here.parent_id else None
    return None


def when(session: Session, tube: Specimen, told: datetime | None, since: datetime | None) -> datetime:
    """The time that was told, else now at the tube's site; never before what was, where a clock runs fast."""
    zone = ZoneInfo(session.get_one(Site, tube.site_id).time_zone)
    return told or max(clock.now().astimezone(zone), since or clock.now())


def gives(
    parent: Specimen, given: Sequence[tuple[int, UUID | None]], occurred: datetime | None
) -> list[custody.Line]:
    """The line by which a parent gives these amounts, each to a child or to nobody; none for nothing."""
    taken = tuple((-each, to) for each, to in given if each)
    require_enough(parent, -sum(delta for delta, _ in taken))
    if parent.amount is None or not taken:
        return []
    return [giving_of(parent, taken, parent.amount + sum(delta for delta, _ in taken), occurred)]


# --- how ---


def _participants(session: Session, parents: Sequence[Specimen]) -> list[Participant]:
    return [session.get_one(Participant, key) for key in {parent.participant_id for parent in parents}]
