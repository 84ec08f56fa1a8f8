"""Codes that a manufacturer gave a rack or a box: they resolve to it as ours do."""

from collections.abc import Iterable

from sqlmodel import Session, col, select

from biobank import codes, people
from biobank.codes import grouped
from biobank.errors import Conflict, RuleBroken
from biobank.people import Actor, May
from biobank.tables import Container, Identifier, Specimen
from biobank.texts import N_


def containers_of(session: Session, actor: Actor, text: str) -> list[Container]:
    """The containers that bear this code as it was scanned or folded, of those the actor may see."""
    asked = select(Container).where(col(Container.barcode).in_(_spellings(text)))
    return list(session.exec(asked.where(people.visible(actor, May.SEE, Container))))


def container_of(session: Session, actor: Actor, text: str, field: str) -> Container | None:
    """The container that bears this code. Refused: a code that names something else as well."""
    found = containers_of(session, actor, text)
    if not found:
        return None
    tubes = select(Specimen.code).join(Identifier, col(Identifier.specimen_id) == col(Specimen.id))
    of_tubes = tubes.where(col(Identifier.value).in_(_spellings(text)))
    also = session.exec(of_tubes.where(people.visible(actor, May.SEE, Specimen)).limit(5)).all()
    if also or len(found) > 1:
        raise ambiguous(text, [*(container.code for container in found), *also], field)
    return found[0]


def ambiguous(text: str, choices: Iterable[str], field: str) -> Conflict:
    """A code that names two things, with both by our own codes."""
    message = N_("“%(text)s” names more than one thing: %(choices)s. Scan our own code.")
    told = ", ".join(grouped(code) for code in choices)
    return Conflict("code_ambiguous", message, field=field, text=codes.fold(text)[:60], choices=told)


def require_barcode(session: Session, text: str, field: str = "barcode", of: Container | None = None) -> str:
    """The code as it is kept. Refused: one of our own, or one that names a tube or another container."""
    if codes.read(text):
        message = N_("This is one of our own codes. Scan the code that the manufacturer put on it.")
        raise RuleBroken("barcode_is_ours", message, field=field)
    spellings = _spellings(text)
    others = select(Container.id).where(col(Container.barcode).in_(spellings))
    if of is not None:
        others = others.where(col(Container.id) != of.id)
    tubes = select(Identifier.id).where(col(Identifier.value).in_(spellings))
    if session.exec(others.limit(1)).first() or session.exec(tubes.limit(1)).first():
        message = N_("“%(text)s” names something else already. Nothing was changed.")
        raise Conflict("barcode_taken", message, field=field, text=codes.fold(text)[:60])
    return codes.fold(text)


def _spellings(text: str) -> set[str]:
    return {text.strip(), codes.fold(text)}
