"""What stands on the labels of tubes, containers, kits, badges, command cards and requests."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from biobank import codes, people, specimens, storage
from biobank.codes import CodeKind
from biobank.errors import RuleBroken
from biobank.labels.cards import MEANINGS, NAMES, Card
from biobank.labels.shapes import Face, Of
from biobank.people import Actor, May
from biobank.printing.making import Ordered
from biobank.stations import BadgeRow
from biobank.tables import Container, ContainerType, Level, Site, Specimen, Study
from biobank.texts import N_, gettext

_OF_LEVEL = {Level.FREEZER: Of.FREEZER, Level.SHELF: Of.RACK, Level.RACK: Of.RACK, Level.BOX: Of.BOX}


def of_tubes(session: Session, actor: Actor, wanted: Sequence[str], of: Of = Of.SPECIMEN) -> list[Ordered]:
    """The labels of tubes, or those of their caps, in the order asked; a pseudonym only where the study asks.

    Refused: `NotFound` for one that is out of scope, one that the actor may not print.
    """
    told = specimens.faces(session, actor, wanted)
    asked = select(Specimen.code, Specimen.id, Study.code).join(
        Study, col(Study.id) == col(Specimen.study_id)
    )
    known = {
        code: (key, study) for code, key, study in session.exec(asked.where(col(Specimen.code).in_(wanted)))
    }
    return [
        Ordered(_of_tube(face, of, study=known[face.code][1]), specimen_id=known[face.code][0])
        for face in told
    ]


def of_kits(cards: Iterable[specimens.KitCard]) -> list[Ordered]:
    """The labels of kits: each kit's own, which counts the tubes, and theirs, which are not there yet."""
    return [Ordered(face) for kit in cards for face in _of_kit(kit)]


def of_containers(session: Session, actor: Actor, wanted: Sequence[str]) -> list[Ordered]:
    """The labels of freezers, of racks and shelves, or of boxes, in the order asked; none tells where it is.

    Refused: `NotFound` for one that is out of scope, one that the actor may not print for, several levels
    at once (`labels_of_two_kinds`).
    """
    found = [storage.by_code(session, actor, text, May.SEE, "codes") for text in wanted]
    for container in found:
        people.require(actor, May.PRINT, container)
    kinds = _kinds(session, found)
    sites = {site.id: site.code for site in session.exec(select(Site))}
    if len({_OF_LEVEL[kinds[each.code].level] for each in found}) > 1:
        message = N_(
            "These are containers of several levels, and their labels differ. Print one level at a time."
        )
        raise RuleBroken("labels_of_two_kinds", message, field="codes")
    return [
        Ordered(_of_container(each, kinds[each.code], sites[each.site_id]), container_id=each.id)
        for each in found
    ]


def of_badges(rows: Iterable[BadgeRow]) -> list[Ordered]:
    """The labels of badges: whose it is."""
    return [Ordered(Face(row.code, Of.BADGE, {"name": row.name})) for row in rows]


def of_cards(cards: Iterable[Card]) -> list[Ordered]:
    """The labels of command cards, in the reader's language: what each orders, and what it does."""
    return [
        Ordered(Face(card.value, Of.CARD, {"name": gettext(NAMES[card]), "text": gettext(MEANINGS[card])}))
        for card in cards
    ]


def of_request(code: str, text: str) -> list[Ordered]:
    """The label of a request or a pick list. Refused: a code of another kind."""
    return [Ordered(Face(codes.require(code, CodeKind.REQUEST), Of.REQUEST, {"text": text}))]


# --- how ---


def _of_tube(told: specimens.Face, of: Of, study: str) -> Face:
    fields = {
        "material": told.material,
        "event": told.event,
        "amount": told.amount,
        "number": told.number,
        "participant": told.participant,
        "study": study,
    }
    return Face(told.code, of, {name: text for name, text in fields.items() if text})


def _of_kit(kit: specimens.KitCard) -> list[Face]:
    own = {
        "kind": "Kit",
        "event": kit.event,
        "name": kit.title,
        "number": str(len(kit.labels)),
        "participant": kit.shown,
        "study": kit.study,
        "site": kit.site,
    }
    bare = {name: text for name, text in own.items() if text}
    return [Face(kit.code, Of.KIT, bare), *(_of_tube(label, Of.SPECIMEN, kit.study) for label in kit.labels)]


def _kinds(session: Session, containers: Sequence[Container]) -> dict[str, ContainerType]:
    types = select(ContainerType).where(col(ContainerType.id).in_({each.type_id for each in containers}))
    by_id = {kind.id: kind for kind in session.exec(types)}
    return {each.code: by_id[each.type_id] for each in containers}


def _of_container(container: Container, kind: ContainerType, site: str) -> Face:
    fields = {
        "name": container.name,
        "kind": kind.name,
        "site": site,
        "temperature": "" if container.celsius is None else f"{container.celsius} °C",
    }
    return Face(container.code, _OF_LEVEL[kind.level], {name: text for name, text in fields.items() if text})
