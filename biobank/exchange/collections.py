"""Taking in a collections file: sites, participants, visits, specimens and aliquots, all or nothing."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from sqlmodel import Session, select

from biobank import accounts, custody, participants, specimens, studies
from biobank.errors import RuleBroken
from biobank.exchange.csv_files import read_rows
from biobank.exchange.planning import Plan, Visiting, aliquots_of, make_plan, needed_columns
from biobank.people import Actor, May
from biobank.specimens.registering import primary, require_free_identifiers
from biobank.studies import ImportPart, ProtocolFile
from biobank.tables import Participant, Site, Specimen, Study, Visit, VisitStatus
from biobank.texts import N_

AT_ONCE = 500
"""Collections written by one statement: enough to be quick, few enough to tell of progress."""

Thing = TypeVar("Thing")
Progress = Callable[[int, int], None]
"""Told how many collections of how many are written."""


class Report(msgspec.Struct, frozen=True):
    """What a file brought. `merged_rows` stand on a collection that an earlier row began."""

    study: str
    rows: int
    collections: int
    merged_rows: int
    merged_collections: int
    sites_made: list[str]
    participants: int
    visits: int
    unscheduled: int
    identifiers: int
    aliquots: int


def command_of(study: str, data: bytes) -> UUID:
    """The command of taking this file into this study: the same file is the same command each time."""
    return uuid5(NAMESPACE_OID, f"collections {study} {hashlib.sha256(data).hexdigest()}")


def take_in(
    session: Session, actor: Actor, protocol_text: bytes, data: bytes, progress: Progress = lambda *_: None
) -> Report:
    """Take in a collections file as the [import] part of the loaded protocol says.

    Each collection code becomes one primary specimen at one visit, with every identifier of its rows;
    a second collection of an event becomes an unscheduled visit. Sites that are not there are made,
    participants enrolled with a consent for storage that is marked as imported, and the protocol's
    aliquots made. Refused: a protocol that is not the loaded one or has no [import], what
    `csv_files.read_rows` and `planning.make_plan` refuse, a participant or identifier that is
    there already. Nothing is written then.
    """
    protocol = studies.read_protocol(protocol_text)
    study = studies.by_code(session, actor, protocol.study.code, May.REGISTER)
    part = require_import(session, study, protocol, protocol_text)
    rows = read_rows(data, needed_columns(part))
    plan = make_plan(protocol, part, studies.attributes(session, study), rows)
    for some in _some(plan.visits):
        pairs = [(each.scheme, each.value) for visiting in some for each in visiting.specimen.identifiers]
        require_free_identifiers(session, pairs)
    made = _sites(session, actor, plan)
    enrolled = participants.enroll_all(session, actor, study, plan.people)
    aliquots = _write(session, actor, study, plan, enrolled, progress)
    return Report(
        study=study.code,
        rows=plan.rows,
        collections=len(plan.visits),
        merged_rows=plan.rows - len(plan.visits),
        merged_collections=plan.merged,
        sites_made=made,
        participants=len(enrolled),
        visits=len(plan.visits),
        unscheduled=sum(visiting.event is None for visiting in plan.visits),
        identifiers=sum(len(visiting.specimen.identifiers) for visiting in plan.visits),
        aliquots=aliquots,
    )


def require_import(session: Session, study: Study, protocol: ProtocolFile, text: bytes) -> ImportPart:
    """Refused: a protocol without [import], or another version of it than the study follows."""
    if protocol.import_ is None:
        message = N_("The protocol of %(study)s has no [import] part.")
        raise RuleBroken("import_not_described", message, study=study.code)
    if studies.protocol_of(session, study).sha256 != hashlib.sha256(text).hexdigest():
        message = N_("This is not the protocol that %(study)s follows. Load it first.")
        raise RuleBroken("protocol_not_loaded", message, study=study.code)
    return protocol.import_


def _sites(session: Session, actor: Actor, plan: Plan) -> list[str]:
    """Make the sites that are not there; their codes."""
    there = set(session.exec(select(Site.code)))
    wanted = {order.code: order for order in plan.sites.values()}
    return [accounts.add_site(session, actor, wanted[code]).code for code in sorted(wanted.keys() - there)]


def _write(
    session: Session,
    actor: Actor,
    study: Study,
    plan: Plan,
    enrolled: Sequence[Participant],
    progress: Progress,
) -> int:
    """Write visits, specimens and aliquots, some hundred collections at a time; how many aliquots."""
    events = {event.code: event for event in studies.events(session, study)}
    whose = {participant.pseudonym: participant for participant in enrolled}
    done = aliquots = 0
    for some in _some(plan.visits):
        visits: list[Visit] = []
        drawn: list[Specimen] = []
        for each in some:
            participant = whose[each.pseudonym]
            event = events[each.event] if each.event else None
            visit = participants.new_visit(participant, event, each.label)
            visit.status = VisitStatus.DONE
            visits.append(visit)
            drawn.append(primary(visit, participant, each.specimen, "specimens"))
        custody.record_all(session, actor, [participants.opening_of(visit) for visit in visits])
        custody.record_all(session, actor, _registrations(some, drawn))
        aliquots += _portion(session, actor, plan, drawn)
        done += len(some)
        progress(done, len(plan.visits))
    return aliquots


def _registrations(some: Sequence[Visiting], drawn: Sequence[Specimen]) -> list[custody.Line]:
    return [
        specimens.registration_of(specimen, each.specimen) for each, specimen in zip(some, drawn, strict=True)
    ]


def _portion(session: Session, actor: Actor, plan: Plan, drawn: Sequence[Specimen]) -> int:
    count = 0
    for part in plan.aliquots:
        orders = [(specimen, aliquots_of(specimen.code, part)) for specimen in drawn]
        count += len(specimens.aliquot_many(session, actor, orders))
    return count


def _some(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    for start in range(0, len(things), AT_ONCE):
        yield things[start : start + AT_ONCE]
