"""What a collections file means: its rows sorted into sites, participants, visits and specimens."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from biobank import inputs, participants
from biobank.accounts import SiteOrder
from biobank.errors import Fact, Refusal, Refusals, RuleBroken
from biobank.exchange.csv_files import Faults, Row
from biobank.inputs import Input
from biobank.participants import Enrolment
from biobank.specimens import Aliquots, NewSpecimen
from biobank.studies import ImportPart, ProtocolFile, RequirementPart
from biobank.tables import Attribute
from biobank.texts import N_

CONSENT = {"version": "as imported", "scopes": ["storage"], "imported": True}
"""The file is not a consent: that it was given is taken on the word of whoever takes the file in."""

LONGEST_LABEL = 20

Order = TypeVar("Order", bound=Input)


class Somebody(msgspec.Struct):
    """One participant of the file: the line that names them first, their site, what is noted of them."""

    line: int
    pseudonym: str
    site: str
    attributes: dict[str, str]


class Collection(msgspec.Struct):
    """One collection of the file: every row of its code makes one primary specimen."""

    line: int
    code: str
    pseudonym: str
    event: str
    note: str
    identifiers: list[str] = []


class Visiting(msgspec.Struct, frozen=True):
    """A visit to open and what was collected at it; without an event it is unscheduled."""

    pseudonym: str
    event: str | None
    label: str
    specimen: NewSpecimen


class Plan(msgspec.Struct, frozen=True):
    """All that a file asks for, checked as far as the file alone can tell."""

    rows: int
    merged: int
    sites: dict[str, SiteOrder]
    people: list[Enrolment]
    visits: list[Visiting]
    aliquots: list[RequirementPart]


def needed_columns(part: ImportPart) -> list[str]:
    """The columns that the protocol's [import] part names."""
    named = [part.participant, part.collection, part.identifier, part.event, part.site]
    return [*named, *part.attributes.values(), *part.notes]


def make_plan(
    protocol: ProtocolFile, part: ImportPart, noted: Sequence[Attribute], rows: Sequence[Row]
) -> Plan:
    """Sort the rows. Refused: every row that is wrong, with its line and column, up to 1,000 of them.

    A row is wrong with an empty cell where one is needed, a week that is no event, an identifier that
    stands on another row, or where it contradicts an earlier row about the same collection or person.
    """
    primary = require_one_primary(protocol, part)
    faults = Faults()
    sorting = _Sorting(protocol, part, faults)
    for row in rows:
        sorting.take(row)
    sites = {name: sorting.site(name, line) for name, line in sorting.sites.items()}
    orders = _Orders(protocol, part, noted, faults)
    people = [orders.enrolment(each, sites[each.site]) for each in sorting.people.values()]
    visits = orders.visits(sorting.collections.values(), primary)
    faults.require_none()
    return Plan(
        rows=len(rows),
        merged=sum(len(each.identifiers) > 1 for each in sorting.collections.values()),
        sites={name: order for name, order in sites.items() if order},
        people=[order for order in people if order],
        visits=visits,
        aliquots=primary.aliquots,
    )


def require_one_primary(protocol: ProtocolFile, part: ImportPart) -> RequirementPart:
    """Refused: an import of what is not one primary specimen, kept in aliquots of the same material."""
    wanted = protocol.collections.get(part.collects, [])
    simple = len(wanted) == 1 and wanted[0].count == 1 and not wanted[0].derivatives
    if not simple or any(each.material != wanted[0].material for each in wanted[0].aliquots):
        message = N_("What is imported as “%(code)s” must be one primary specimen with aliquots of it alone.")
        raise RuleBroken("import_not_one_primary", message, field="import.collects", code=part.collects)
    return wanted[0]


class _Sorting:
    """Rows as they come in, by person and by collection."""

    def __init__(self, protocol: ProtocolFile, part: ImportPart, faults: Faults) -> None:
        self.part, self.faults = part, faults
        self.events = {event.code for event in protocol.events}
        self.sites: dict[str, int] = {}
        self.people: dict[str, Somebody] = {}
        self.collections: dict[str, Collection] = {}
        self._identifiers: dict[str, int] = {}

    def take(self, row: Row) -> None:
        part, cells = self.part, row.cells
        needed = (part.participant, part.collection, part.identifier, part.event, part.site)
        empty = [column for column in needed if not cells[column]]
        for column in empty:
            self.faults.add(row.line, column, "missing", N_("This is needed."))
        if empty:
            return
        self.sites.setdefault(cells[part.site], row.line)
        self._person(row)
        self._collection(row)

    def site(self, name: str, line: int) -> SiteOrder | None:
        """The site of that name, should it have to be made; its code is the name in plain letters."""
        code = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
        zone = self.part.time_zones.get(name, self.part.time_zone)
        sent = {"code": code, "name": name, "time_zone": zone}
        return _order(self.faults, SiteOrder, sent, line, self.part.site)

    def _person(self, row: Row) -> None:
        part, cells = self.part, row.cells
        known = {name: cells[column] for name, column in part.attributes.items() if cells[column]}
        fresh = Somebody(row.line, cells[part.participant], cells[part.site], known)
        kept = self.people.setdefault(fresh.pseudonym, fresh)
        self._same(row, part.site, fresh.site, kept.site, kept.line)
        for name, value in known.items():
            earlier = kept.attributes.setdefault(name, value)
            self._same(row, part.attributes[name], value, earlier, kept.line)

    def _collection(self, row: Row) -> None:
        part, cells = self.part, row.cells
        event = f"{part.event_prefix}{cells[part.event]}"
        if event not in self.events:
            message = N_("The protocol has no event “%(event)s”.")
            self.faults.add(row.line, part.event, "event_unknown", message, event=event[:40])
        note = "; ".join(f"{column}: {cells[column]}" for column in part.notes if cells[column])
        fresh = Collection(row.line, cells[part.collection], cells[part.participant], event, note)
        kept = self.collections.setdefault(fresh.code, fresh)
        self._same(row, part.participant, fresh.pseudonym, kept.pseudonym, kept.line)
        self._same(row, part.event, fresh.event, kept.event, kept.line)
        if part.notes:
            self._same(row, part.notes[0], fresh.note, kept.note, kept.line)
        self._identify(row, kept)

    def _identify(self, row: Row, collection: Collection) -> None:
        identifier = row.cells[self.part.identifier]
        earlier = self._identifiers.setdefault(identifier, row.line)
        if earlier != row.line:
            message = N_("“%(value)s” stands on line %(earlier)s already.")
            facts: dict[str, Fact] = {"value": identifier[:60], "earlier": earlier}
            self.faults.add(row.line, self.part.identifier, "identifier_twice", message, **facts)
        collection.identifiers.append(identifier)

    def _same(self, row: Row, column: str, found: str, earlier: str, line: int) -> None:
        if found != earlier:
            message = N_("This says “%(found)s”; line %(line)s says “%(earlier)s” of the same.")
            facts: dict[str, Fact] = {"found": found[:60], "earlier": earlier[:60], "line": line}
            self.faults.add(row.line, column, "rows_differ", message, **facts)


class _Orders:
    """What was sorted, as orders the domain takes; each refusal is kept with its line."""

    def __init__(
        self, protocol: ProtocolFile, part: ImportPart, noted: Sequence[Attribute], faults: Faults
    ) -> None:
        self.study, self.part, self.noted, self.faults = protocol.study.code, part, noted, faults
        self._whole = {each.name for each in noted if each.lowest is not None or each.highest is not None}

    def enrolment(self, somebody: Somebody, site: SiteOrder | None) -> Enrolment | None:
        given = {name: self._value(name, text) for name, text in somebody.attributes.items()}
        for name, value in given.items():
            try:
                participants.require_attributes(self.noted, {name: value})
            except Refusal as refusal:
                self.faults.keep(somebody.line, self.part.attributes[name], refusal)
        sent = {
            "study": self.study,
            "site": site.code if site else "-",
            "pseudonym": somebody.pseudonym,
            "attributes": given,
            "consent": CONSENT,
        }
        return _order(self.faults, Enrolment, sent, somebody.line, self.part.participant)

    def visits(self, collections: Iterable[Collection], primary: RequirementPart) -> list[Visiting]:
        """One visit for each collection: the first of an event is the planned one, a further one is not."""
        visited: set[tuple[str, str]] = set()
        made: list[Visiting] = []
        for each in collections:
            specimen = self._specimen(each, primary)
            planned = (each.pseudonym, each.event) not in visited
            visited.add((each.pseudonym, each.event))
            label = each.event if planned else f"{self.part.unscheduled} {each.event}"
            if len(label) > LONGEST_LABEL:
                message = N_("“%(label)s” is too long for a visit's label: at most %(most)s characters.")
                facts: dict[str, Fact] = {"label": label, "most": LONGEST_LABEL}
                self.faults.add(each.line, self.part.event, "label_too_long", message, **facts)
            if specimen:
                made.append(Visiting(each.pseudonym, each.event if planned else None, label, specimen))
        return made

    def _specimen(self, collection: Collection, primary: RequirementPart) -> NewSpecimen | None:
        scheme, own = self.part.identifier_scheme, self.part.collection_scheme
        identifiers = [{"scheme": scheme, "value": value} for value in collection.identifiers]
        if own:
            identifiers.insert(0, {"scheme": own, "value": collection.code})
        sent = {
            "material": primary.material,
            "container": primary.container,
            "amount": primary.amount,
            "identifiers": identifiers,
            "note": collection.note or None,
        }
        return _order(self.faults, NewSpecimen, sent, collection.line, self.part.identifier)

    def _value(self, name: str, text: str) -> str | int:
        whole = name in self._whole and text.isascii() and text.isdigit() and len(text) < 10
        return int(text) if whole else text


def _order(faults: Faults, model: type[Order], sent: object, line: int, column: str) -> Order | None:
    try:
        return inputs.read(model, sent)
    except Refusals as refused:
        for refusal in refused.each:
            faults.keep(line, column, refusal)
        return None


def aliquots_of(code: str, part: RequirementPart) -> Aliquots:
    """The aliquots that a protocol asks of a primary specimen."""
    sent = {"parent": code, "count": part.count, "amount": part.amount, "container": part.container}
    return inputs.read(Aliquots, sent)
