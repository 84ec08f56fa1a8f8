"""What is noted of a specimen beside its state: in the words of its events, and held against its rows."""

from collections import Counter, defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.custody.words import SIGHTINGS, UNDO
from biobank.ledger.entries import Entry, State, commitment, local_text, utc_text
from biobank.tables import Collection, Deviation, Extract, Specimen, Spin

TIMES = ("collected", "received", "processed", "frozen")
"""The times of a specimen, in the order in which they come."""


def times_said(specimen: Specimen, names: Iterable[str] = TIMES) -> dict[str, str]:
    """The times that are known, as they were told, each with its offset: `refs.times` of an event."""
    said: dict[str, str] = {}
    for name in names:
        when = getattr(specimen, f"{name}_at")
        if when is not None:
            offset = timedelta(minutes=getattr(specimen, f"{name}_offset") or 0)
            said[name] = local_text(when.astimezone(timezone(offset)))
    return said


def spin_said(spin: Spin) -> State:
    """A spin: `refs.spin` of an event."""
    return {
        "number": spin.number,
        "g": spin.g,
        "minutes": spin.minutes,
        "celsius": spin.celsius,
        "brake": spin.brake,
        "kept_after": spin.kept_after.value if spin.kept_after else None,
        "at": utc_text(spin.at),
    }


def deviation_said(deviation: Deviation) -> State:
    """A deviation: one of `refs.deviations` of an event."""
    return {
        "code": deviation.code.value,
        "minutes": deviation.minutes,
        "limit": deviation.limit_minutes,
    }


def collection_said(collection: Collection) -> str:
    """The blinded commitment to how it was collected, `refs.facts`: no log tells what somebody took."""
    columns = collection.model_dump(mode="json", exclude={"salt"})
    told = {name: value for name, value in columns.items() if value not in (None, "")}  # but 0 is a grade
    return commitment(collection.salt, msgspec.json.encode(told, order="sorted").decode())


def extract_said(extract: Extract) -> State:
    """What was measured of an extract, `refs.extract`: pg/uL and thousandths."""
    return {"concentration": extract.concentration, "a260_280": extract.a260_280}


# --- taking back what was said ---


def undone(chain: Iterable[Entry]) -> set[str]:
    """The ids of the events of a chain that were undone: they say nothing any more."""
    return {entry.corrects for entry in chain if UNDO in entry.refs and entry.corrects}


def unsay(session: Session, tube: Specimen, chain: Sequence[Entry], events: Several[str]) -> None:
    """Give back what was noted of a locked tube before some of its events, which are being undone.

    When it was frozen, its SPREC code and when it was last seen become those that the rest of its history
    tells; a deviation that one of the events said is none.
    """
    taken_back = [entry.refs for entry in chain if entry.id in events]
    told = _told(chain, {*undone(chain), *events})
    if any("times" in refs for refs in taken_back):
        said = (told["times"] or {}).get("frozen")
        when = datetime.fromisoformat(said) if said else None
        offset = when.utcoffset() if when else None
        tube.frozen_at, tube.frozen_offset = when, int(offset.total_seconds() // 60) if offset else None
    if any("sprec" in refs for refs in taken_back):
        tube.sprec = told["sprec"] or ""
        tube.sprec_version = tube.sprec_version if tube.sprec else ""
    tube.seen_at = told["seen"]
    wrongly = _bag(said for refs in taken_back for said in refs.get("deviations", ()))
    if wrongly:
        for deviation in _rows(session, Deviation, {tube.id: tube})[tube.id]:
            said = msgspec.json.encode(deviation_said(deviation), order="sorted")
            if wrongly[said]:
                wrongly[said] -= 1
                session.delete(deviation)


# --- holding them against the rows ---


def wrong(
    session: Session, specimens: Mapping[UUID, Specimen], chains: Mapping[UUID, Sequence[Entry]]
) -> Iterator[tuple[UUID, str]]:
    """Where the rows beside a specimen do not say what its history says."""
    spins, deviations = _rows(session, Spin, specimens), _rows(session, Deviation, specimens)
    collections, extracts = _rows(session, Collection, specimens), _rows(session, Extract, specimens)
    for key, specimen in specimens.items():
        chain = chains.get(key, ())
        told = _told(chain, undone(chain))
        yield from ((key, what) for what in _facts(specimen, told))
        if _bag(map(spin_said, spins[key])) != _bag(told["spins"]):
            yield key, "its spins are not those of the log"
        if any(each.visit_id != specimen.visit_id for each in deviations[key]):
            yield key, "its deviations are of another visit"
        if _bag(map(deviation_said, deviations[key])) != _bag(told["deviations"]):
            yield key, "its deviations are not those of the log"
        if [collection_said(each) for each in collections[key]] != _one(told["facts"]):
            yield key, "how it was collected is not what the log says"
        if [extract_said(each) for each in extracts[key]] != _one(told["extract"]):
            yield key, "what was measured of it is not what the log says"


def _told(chain: Sequence[Entry], without: Several[str]) -> dict[str, Any]:
    """What the events of a specimen say together, but some; of what can be said anew, the newest."""
    told: dict[str, Any] = {"born": {}, "times": None, "spins": [], "deviations": []}
    told |= dict.fromkeys(("facts", "extract", "sprec", "seen"))
    for entry in chain:
        refs = entry.refs
        if entry.number == 1:
            told["born"] = refs
        if entry.id in without:
            continue
        if entry.kind in SIGHTINGS and entry.corrects is None:
            when = datetime.fromisoformat(entry.occurred)
            told["seen"] = max(when, told["seen"] or when)
        if "times" in refs:
            told["times"] = {**(told["times"] or {}), **refs["times"]}
        if "spin" in refs:
            told["spins"].append(refs["spin"])
        told["deviations"] += refs.get("deviations", ())
        for name in ("facts", "extract", "sprec"):
            told[name] = refs.get(name, told[name])
    return told


def _facts(specimen: Specimen, told: dict[str, Any]) -> Iterator[str]:
    if told["times"] is not None and told["times"] != times_said(specimen):
        yield "its times are not those of the log"
    if told["seen"] != specimen.seen_at:
        yield "it was last seen at another time than the log says"
    if (told["sprec"] or "") != specimen.sprec:
        yield "its SPREC code is not that of the log"
    requirement = specimen.requirement_id
    row = {
        "site": str(specimen.site_id),
        "serial": [specimen.serial, specimen.total],
        "requirement": str(requirement) if requirement else None,
    }
    if any(name in told["born"] and told["born"][name] != value for name, value in row.items()):
        yield "it is of another site, number or requirement than the log says"


def _bag(said: Iterable[State]) -> Counter[bytes]:
    return Counter(msgspec.json.encode(each, order="sorted") for each in said)


def _one(said: object) -> list[object]:
    return [] if said is None else [said]


def _rows(session: Session, table: type[Any], of: Mapping[UUID, object]) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in session.exec(select(table).where(col(table.specimen_id).in_(list(of)))):
        found[row.specimen_id].append(row)
    return found
