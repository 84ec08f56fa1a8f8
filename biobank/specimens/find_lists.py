"""What many pasted or scanned codes are: each answered as `find` answers one, in a few statements for all."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlmodel import Session, col

from biobank import codes, custody, people
from biobank.codes import CodeKind
from biobank.inputs import Input
from biobank.people import Actor, May
from biobank.specimens import listing
from biobank.specimens.finding import Found
from biobank.specimens.listing import SpecimenLine
from biobank.tables import (
    Container,
    Event,
    Identifier,
    IssuedCode,
    Kit,
    Participant,
    Site,
    Specimen,
    Study,
    Visit,
)

MOST = 10_000
AT_ONCE = 5_000
"""Codes in one statement: SQLite takes 32,766 values, and some are asked for in two spellings."""

LONGEST = 200

# --- words ---


class FindList(Input):
    """Codes as they were scanned, typed or pasted, in their order: 10,000 at most."""

    codes: Annotated[
        list[Annotated[str, StringConstraints(max_length=LONGEST)]], Field(min_length=1, max_length=MOST)
    ]


class FoundState(StrEnum):
    """Whether a code leads to one thing, to none in the actor's scope, or to more than one."""

    FOUND = "found"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


class FoundRow(msgspec.Struct, frozen=True):
    """One code of a list, `number` from 1, with what it names; `text` is as it was given.

    `retired` tells that it is an old code of it, `again` the number of an earlier row that names the same
    thing. `choices` are what an ambiguous one names. Of a tube all is told that a list tells; of a
    container `place` is its name, of a visit and a kit `event` what they are for. `label` is a label of
    a kit whose tube is not there yet.
    """

    number: int
    text: str
    state: FoundState
    kind: str = ""
    code: str = ""
    retired: bool = False
    again: int | None = None
    scheme: str = ""
    label: str = ""
    choices: list[str] = []
    study: str = ""
    site: str = ""
    participant: str = ""
    event: str = ""
    material: str = ""
    amount: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    life: str = ""
    place: str = ""
    custody: str = ""
    holds: list[str] = []
    deviations: list[str] = []
    thaws: int | None = None


class FoundList(msgspec.Struct, frozen=True):
    """What a list of codes is: how many of each sort, and a row for each code in the order given."""

    total: int
    found: int
    unknown: int
    ambiguous: int
    retired: int
    again: int
    rows: list[FoundRow]


# --- rules ---

_BETWEEN = re.compile(r"[\r\n,;\t\x1d]+")
_GROUPED = re.compile(r"\S{4}[ -]\S{4}[ -]\S{2}")


def split(text: str) -> list[str]:
    """The codes in a pasted text: between them stand line ends, commas, semicolons, tabs or blanks.

    One of our codes may be written in its groups, `SM9S 346Q 35`, also among others on a line.
    """
    return [code for piece in _BETWEEN.split(text) if piece.strip() for code in _words(piece.strip())]


def _words(piece: str) -> Iterator[str]:
    words, place = piece.split(), 0
    while place < len(words):
        three = " ".join(words[place : place + 3])
        whole = _GROUPED.fullmatch(three) is not None and codes.read(three) is not None
        yield three if whole else words[place]
        place += 3 if whole else 1


# --- questions ---


def find_list(session: Session, actor: Actor, asked: FindList) -> FoundList:
    """What each code names: as `find` says it, but nothing is refused, and what is unknown is a row too.

    What is out of the actor's scope is unknown, exactly as what is not there.
    """
    named = _named(session, actor, asked.codes)
    tubes = _tubes(session, {each.found.code for some in named for each in some if each.found.kind == TUBE})
    first: dict[tuple[str, ...], int] = {}
    rows: list[FoundRow] = []
    for number, (text, some) in enumerate(zip(asked.codes, named, strict=True), start=1):
        row = _row(number, text, some, tubes)
        what = (row.kind, row.code, row.study, row.label) if row.code else (codes.fold(text),)
        earlier = first.setdefault(what, number)
        rows.append(msgspec.structs.replace(row, again=earlier) if earlier != number else row)
    states = Counter(row.state for row in rows)
    return FoundList(
        total=len(rows),
        found=states[FoundState.FOUND],
        unknown=states[FoundState.UNKNOWN],
        ambiguous=states[FoundState.AMBIGUOUS],
        retired=sum(row.retired for row in rows),
        again=sum(row.again is not None for row in rows),
        rows=rows,
    )


# --- how ---

TUBE = "specimen"


class _Named(msgspec.Struct, frozen=True):
    """What a code names, and what a row tells of it besides."""

    found: Found
    told: dict[str, str] = {}


def _row(number: int, text: str, some: Sequence[_Named], tubes: Mapping[str, SpecimenLine]) -> FoundRow:
    if not some:
        return FoundRow(number, text, FoundState.UNKNOWN)
    if len(some) > 1:
        choices = [f"{each.found.code} {each.found.study}".strip() for each in some]
        return FoundRow(number, text, FoundState.AMBIGUOUS, choices=choices)
    found = some[0].found
    tube = tubes.get(found.code) if found.kind == TUBE else None
    told = (
        {name: getattr(tube, name) for name in _OF_TUBES} if tube else {"study": found.study, **some[0].told}
    )
    return FoundRow(
        number,
        text,
        FoundState.FOUND,
        kind=found.kind,
        code=found.code,
        retired=found.retired,
        scheme=found.scheme,
        label=found.label,
        **told,
    )


_OF_TUBES = sorted(set(FoundRow.__struct_fields__) & set(SpecimenLine.__struct_fields__) - {"code", "kind"})


def _tubes(session: Session, wanted: Iterable[str]) -> dict[str, SpecimenLine]:
    return {line.code: line for line in listing.lines(session, sorted(wanted))}


def _named(session: Session, actor: Actor, texts: Sequence[str]) -> list[list[_Named]]:
    """What each text names: nothing, one thing, or several."""
    read = {text: codes.read(text) for text in dict.fromkeys(texts)}
    ours = _ours(session, actor, {code for code in read.values() if code})
    others = _others(session, actor, [text for text, code in read.items() if not code])
    return [
        ([ours[code]] if code in ours else []) if (code := read[text]) else others[text] for text in texts
    ]


def _ours(session: Session, actor: Actor, wanted: Iterable[str]) -> dict[str, _Named]:
    by_kind: dict[str, list[str]] = {}
    for code in wanted:
        by_kind.setdefault(code[0], []).append(code)
    return {
        **_our_tubes(session, actor, by_kind.get(CodeKind.SPECIMEN, [])),
        **_containers(session, actor, Container.code, by_kind.get(CodeKind.CONTAINER, [])),
        **_visits(session, actor, by_kind.get(CodeKind.VISIT, [])),
        **_kits(session, actor, by_kind.get(CodeKind.KIT, [])),
    }


def _our_tubes(session: Session, actor: Actor, wanted: Sequence[str]) -> dict[str, _Named]:
    """Tubes by their codes of now; the rest by old labels, and by the labels of kits not used yet."""
    asked = select(col(Specimen.code), people.visible(actor, May.SEE, Specimen).label("seen"))
    there = _asked(session, asked, Specimen.code, wanted)
    found = {row[0]: _Named(Found(TUBE, row[0])) for row in there if row.seen}
    rest = set(wanted) - {row[0] for row in there}
    issued = (
        select(col(IssuedCode.code), col(Kit.code), col(Study.code), col(Event.code), col(Site.code))
        .join(Kit, col(Kit.id) == col(IssuedCode.kit_id))
        .join(Study, col(Study.id) == col(Kit.study_id))
        .join(Event, col(Event.id) == col(Kit.event_id))
        .join(Site, col(Site.id) == col(Kit.site_id))
        .where(people.visible(actor, May.SEE, Kit))
    )
    for label, kit, study, event, site in _asked(session, issued, IssuedCode.code, rest):
        found[label] = _Named(Found("kit", kit, study, label=label), {"event": event, "site": site})
    old = _identifiers(actor).where(col(Identifier.scheme) == custody.LABEL)
    for value, code, _, _ in _asked(session, old, Identifier.value, rest):
        found[value] = _Named(Found(TUBE, code, scheme=custody.LABEL, retired=True))
    return found


def _containers(session: Session, actor: Actor, column: Any, wanted: Iterable[str]) -> dict[str, _Named]:
    """Containers by one of their codes."""
    asked = select(col(column), col(Container.code), col(Container.name), col(Site.code))
    asked = asked.join(Site, col(Site.id) == col(Container.site_id))
    asked = asked.where(people.visible(actor, May.SEE, Container))
    return {
        named: _Named(Found("container", code), {"place": name, "site": site})
        for named, code, name, site in _asked(session, asked, column, wanted)
    }


def _visits(session: Session, actor: Actor, wanted: Iterable[str]) -> dict[str, _Named]:
    asked = (
        select(col(Visit.code), col(Visit.label), col(Participant.pseudonym), col(Study.code), col(Site.code))
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .join(Study, col(Study.id) == col(Participant.study_id))
        .join(Site, col(Site.id) == col(Participant.site_id))
        .where(people.visible(actor, May.SEE, Participant))
    )
    return {
        code: _Named(Found("visit", code, study), {"event": event, "participant": whose, "site": site})
        for code, event, whose, study, site in _asked(session, asked, Visit.code, wanted)
    }


def _kits(session: Session, actor: Actor, wanted: Iterable[str]) -> dict[str, _Named]:
    asked = (
        select(col(Kit.code), col(Study.code), col(Event.code), col(Site.code))
        .join(Study, col(Study.id) == col(Kit.study_id))
        .join(Event, col(Event.id) == col(Kit.event_id))
        .join(Site, col(Site.id) == col(Kit.site_id))
        .where(people.visible(actor, May.SEE, Kit))
    )
    return {
        code: _Named(Found("kit", code, study), {"event": event, "site": site})
        for code, study, event, site in _asked(session, asked, Kit.code, wanted)
    }


def _others(session: Session, actor: Actor, texts: Sequence[str]) -> dict[str, list[_Named]]:
    """What codes from elsewhere name: tubes and containers that bear them, else participants."""
    # PostgreSQL keeps no NUL, so that nothing can be named by one.
    spelled = {text: {text.strip(), codes.fold(text)} if "\0" not in text else set() for text in texts}
    borne = _borne(session, actor, {each for some in spelled.values() for each in some})
    found = {text: _each_once(borne, some) for text, some in spelled.items()}
    rest = {each for text, some in spelled.items() if not found[text] for each in some}
    people_named = _pseudonyms(session, actor, rest)
    return {text: found[text] or _each_once(people_named, some) for text, some in spelled.items()}


def _each_once(known: Mapping[str, Sequence[_Named]], spellings: Iterable[str]) -> list[_Named]:
    each = [one for spelling in spellings for one in known.get(spelling, ())]
    return list({(one.found.code, one.found.study): one for one in each}.values())


def _borne(session: Session, actor: Actor, values: Iterable[str]) -> dict[str, list[_Named]]:
    found: dict[str, list[_Named]] = {}
    asked = _identifiers(actor)
    for value, code, scheme, retired in _asked(session, asked, Identifier.value, values):
        tube = Found(TUBE, code, scheme=scheme, retired=retired is not None)
        found.setdefault(value, []).append(_Named(tube))
    for value, container in _containers(session, actor, Container.barcode, values).items():
        found.setdefault(value, []).append(container)
    return found


def _pseudonyms(session: Session, actor: Actor, values: Iterable[str]) -> dict[str, list[_Named]]:
    asked = (
        select(col(Participant.pseudonym), col(Study.code), col(Site.code))
        .join(Study, col(Study.id) == col(Participant.study_id))
        .join(Site, col(Site.id) == col(Participant.site_id))
        .where(people.visible(actor, May.SEE, Participant))
    )
    found: dict[str, list[_Named]] = {}
    for name, study, site in _asked(session, asked, Participant.pseudonym, values):
        whose = _Named(Found("participant", name, study), {"participant": name, "site": site})
        found.setdefault(name, []).append(whose)
    return found


def _identifiers(actor: Actor) -> Any:
    return (
        select(col(Identifier.value), col(Specimen.code), col(Identifier.scheme), col(Identifier.retired_at))
        .join(Specimen, col(Specimen.id) == col(Identifier.specimen_id))
        .where(people.visible(actor, May.SEE, Specimen))
    )


def _asked(session: Session, asked: Any, column: Any, values: Iterable[str]) -> list[Any]:
    """All rows of a query in which a column has one of many values, asked for so many at a time."""
    each = sorted(set(values))
    parts = [each[first : first + AT_ONCE] for first in range(0, len(each), AT_ONCE)]
    return [row for part in parts for row in session.execute(asked.where(column.in_(part)))]
