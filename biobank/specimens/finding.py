"""One question for any code: what is it, and where does it lead."""

import msgspec
from sqlmodel import Session, col, select

from biobank import codes, custody, participants, people, storage
from biobank.codes import CodeKind
from biobank.errors import Conflict, NotFound
from biobank.people import Actor, May
from biobank.specimens import kits
from biobank.tables import Identifier, Participant, Specimen, Study
from biobank.texts import N_


class Found(msgspec.Struct, frozen=True):
    """What a code names. `code` is our own code of it, or for a participant the pseudonym in `study`.

    `retired` tells that the scanned identifier was replaced; it still resolves. `label` is what was
    scanned where it is the label of a tube that is not there yet: it leads to its kit.
    """

    kind: str
    code: str
    study: str = ""
    scheme: str = ""
    retired: bool = False
    label: str = ""


def find(session: Session, actor: Actor, text: str) -> Found:
    """What a scanned or typed text names: our codes first, then outside identifiers, then pseudonyms.

    Refused: `NotFound` for what is unknown or out of scope, `Conflict` with the choices where it
    names two things.
    """
    code = codes.read(text)
    if code:
        return _ours(session, actor, code)
    found = _outside(session, actor, text) + _borne(session, actor, text) or _pseudonyms(session, actor, text)
    if not found:
        message = N_("Nothing is known by “%(text)s”. Check the label, or type the code.")
        raise NotFound("code_unknown", message, field="code", text=codes.fold(text)[:60])
    if len({(each.code, each.study) for each in found}) > 1:
        choices = ", ".join(f"{each.code} ({each.scheme or each.study or each.kind})" for each in found[:5])
        message = N_("“%(text)s” names more than one thing: %(choices)s. Scan our own code.")
        raise Conflict("code_ambiguous", message, field="code", text=codes.fold(text)[:60], choices=choices)
    return found[0]


def _ours(session: Session, actor: Actor, code: str) -> Found:
    match CodeKind(code[0]):
        case CodeKind.SPECIMEN:
            specimen = session.exec(select(Specimen).where(col(Specimen.code) == code)).first()
            if specimen and people.allowed(actor, May.SEE, specimen):
                return Found("specimen", code)
            now = custody.of_old_label(session, actor, code)
            if now and not specimen:
                return Found("specimen", now, scheme=custody.LABEL, retired=True)
            kit = kits.kit_of(session, actor, code)
            if kit and not specimen:
                return Found("kit", kit.code, label=code)
        case CodeKind.CONTAINER:
            return Found("container", storage.by_code(session, actor, code).code)
        case CodeKind.VISIT:
            return Found("visit", participants.visit_by_code(session, actor, code)[0].code)
        case CodeKind.KIT:
            return Found("kit", kits.kit_by_code(session, actor, code).code)
        case _:
            pass
    message = N_("%(code)s is a good code, but it belongs to nothing in your scope yet.")
    raise NotFound("code_unassigned", message, field="code", code=codes.grouped(code))


def _outside(session: Session, actor: Actor, text: str) -> list[Found]:
    asked = (
        select(Specimen.code, Identifier.scheme, Identifier.retired_at)
        .join(Identifier, col(Identifier.specimen_id) == col(Specimen.id))
        .where(col(Identifier.value).in_({text.strip(), codes.fold(text)}))
        .where(people.visible(actor, May.SEE, Specimen))
    )
    return [
        Found("specimen", code, scheme=scheme, retired=retired is not None)
        for code, scheme, retired in session.exec(asked)
    ]


def _borne(session: Session, actor: Actor, text: str) -> list[Found]:
    """Racks and boxes that bear this code of their manufacturer."""
    borne = storage.containers_of(session, actor, text)
    return [Found("container", container.code) for container in borne]


def _pseudonyms(session: Session, actor: Actor, text: str) -> list[Found]:
    asked = (
        select(Participant.pseudonym, Study.code)
        .join(Study, col(Study.id) == col(Participant.study_id))
        .where(col(Participant.pseudonym).in_({text.strip(), codes.fold(text)}))
        .where(people.visible(actor, May.SEE, Participant))
    )
    return [Found("participant", pseudonym, study=study) for pseudonym, study in session.exec(asked)]
