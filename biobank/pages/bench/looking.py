"""What a scanned code names, and what is known of it; looking changes nothing."""

import msgspec
from sqlmodel import Session

from biobank import codes, specimens
from biobank.codes import CodeKind
from biobank.errors import NotFound
from biobank.labels.cards import Card
from biobank.pages.bench.scanning import NOT_IN_USE, Open, Thing
from biobank.pages.storage import containers
from biobank.pages.storage.containers import Inside
from biobank.people import Actor
from biobank.specimens import Found, KitCard, SpecimenCard

THINGS = {"box": Thing.BOX, "rack": Thing.RACK, "shelf": Thing.SHELF, "freezer": Thing.FREEZER}
OPENS = {"box": Open.BOX, "rack": Open.RACK, "shelf": Open.SHELF}


class Seen(msgspec.Struct, frozen=True):
    """What a scan named, and what is known of it without changing anything; what is open here."""

    thing: Thing
    code: str
    found: Found | None = None
    tube: SpecimenCard | None = None
    inside: Inside | None = None
    kit: KitCard | None = None


def look(session: Session, actor: Actor, text: str) -> Seen:
    """What a scanned text names; nothing is refused but a text that names two things."""
    code = codes.read(text)
    if code and code[0] == CodeKind.COMMAND.value:
        return Seen(Thing.COMMAND if code in set(Card) else Thing.UNASSIGNED, code)
    if code and code[0] == CodeKind.BADGE.value:
        return Seen(Thing.BADGE, code)
    if code and CodeKind(code[0]) in NOT_IN_USE:
        return Seen(Thing.NOT_IN_USE, code)
    try:
        found = specimens.find(session, actor, text)
    except NotFound:
        return Seen(Thing.UNASSIGNED if code else Thing.UNKNOWN, code or codes.fold(text)[:60])
    if found.kind == "specimen":
        return Seen(Thing.TUBE, found.code, found, tube=specimens.card(session, actor, found.code))
    if found.kind == "container":
        inside = containers.look_inside(session, actor, found.code)
        return Seen(THINGS[inside.map.level], found.code, found, inside=inside)
    if found.kind == "kit":
        kind, shown = (Thing.LABEL, found.label) if found.label else (Thing.KIT, found.code)
        return Seen(kind, shown, found, kit=specimens.kit_card(session, actor, found.code))
    return Seen(Thing.VISIT if found.kind == "visit" else Thing.PARTICIPANT, found.code, found)


def opened(session: Session, actor: Actor, text: str) -> Open:
    """What is open at the bench; a code that is no container in scope opens nothing."""
    inside = open_box(session, actor, codes.read(text) or "") if text else None
    return OPENS.get(inside.map.level, Open.NOTHING) if inside else Open.NOTHING


def tube_of(seen: Seen) -> SpecimenCard:
    """The card of a scanned tube."""
    if seen.tube is None:
        raise TypeError("a tube was found without its card")
    return seen.tube


def kit_of(seen: Seen) -> KitCard:
    """The card of a scanned kit."""
    if seen.kit is None:
        raise TypeError("a kit was found without its card")
    return seen.kit


def open_box(session: Session, actor: Actor, code: str) -> Inside | None:
    """The open box; a code that is no container, or none in scope, opens nothing."""
    if code[:1] != CodeKind.CONTAINER.value:
        return None
    try:
        return containers.look_inside(session, actor, code)
    except NotFound:
        return None
