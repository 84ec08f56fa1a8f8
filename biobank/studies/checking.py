"""Reading a protocol file: what it must say to hold together, and on which line it does not."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from biobank import amounts, inputs
from biobank.errors import Fact, Malformed, Refusal, Refusals, RuleBroken
from biobank.studies.file import LIMITS, ProtocolFile, RequirementPart
from biobank.studies.lines import line_of, lines_of
from biobank.studies.windows import overlapping
from biobank.tables import Scope
from biobank.texts import N_

_LINE = re.compile(r"at line (\d+)")
_PRIMARY = re.compile(r"[A-Z][A-Z0-9]{2}")

MOST_TUBES = 1000
"""So many tubes one visit may ask for: counts multiply down a tree, and a slip makes millions."""

# --- reading ---


def read_protocol(text: bytes) -> ProtocolFile:
    """Read a protocol file. Refused with the line and the field that is wrong (`Refusal.line`)."""
    found = _toml(text)
    try:
        protocol = understood(found)
        _require_names_kept(found, protocol)
        require_sound(protocol)
    except Refusal as refusal:
        lines = lines_of(text.decode())
        for each in (refusal, *(refusal.each if isinstance(refusal, Refusals) else ())):
            each.line = line_of(lines, each.field) if each.field else None
        raise
    return protocol


def understood(found: dict[str, Any]) -> ProtocolFile:
    """The words of a file without the rules: a version that was loaded under older rules can be read."""
    return inputs.read(ProtocolFile, found)


def _require_names_kept(found: dict[str, Any], protocol: ProtocolFile) -> None:
    """Refused: two vessels whose names differ in what nobody sees."""
    if len(found.get("vessels", {})) > len(protocol.vessels):
        name = next(name for name in found["vessels"] if name not in protocol.vessels)
        raise _twice(f"vessels.{name}", name.strip())


def _toml(text: bytes) -> dict[str, Any]:
    message = N_("The protocol file cannot be read: %(error)s")
    try:
        return tomllib.loads(text.decode())
    except UnicodeDecodeError as error:
        refusal = Malformed("protocol_unreadable", message, error=str(error))
        refusal.line = text.count(b"\n", 0, error.start) + 1
    except tomllib.TOMLDecodeError as error:
        refusal = Malformed("protocol_unreadable", message, error=str(error))
        told = _LINE.search(str(error))
        refusal.line = int(told[1]) if told else text.count(b"\n") + 1
    except (ValueError, RecursionError):
        refusal = Malformed("protocol_unreadable", message, error="a number too long, or lists too deep")
    raise refusal


# --- rules ---


def require_sound(protocol: ProtocolFile) -> None:
    """Refused: what a file that can be read still gets wrong, the first of it with its field.

    A code that is there twice, a reference to what is not there, an event without a day, windows that
    overlap, collections that ask for more of a tube than it holds.
    """
    _require_once(protocol)
    _require_references(protocol)
    _require_scopes(protocol)
    for name, vessel in protocol.vessels.items():
        _require_vessel(f"vessels.{name}", vessel.primary, vessel.volume)
    _require_exposure(protocol)
    for place, attribute in enumerate(protocol.attributes):
        low, high = attribute.lowest, attribute.highest
        if low is not None and high is not None and low > high:
            message = N_("The lowest value of “%(name)s” is above its highest.")
            field = f"attributes.{place}.lowest"
            raise RuleBroken("protocol_range", message, field=field, name=attribute.name)
    for name, parts in protocol.collections.items():
        for place, part in enumerate(parts):
            _require_drawn(part, f"collections.{name}.{place}")
            _require_requirement(part, f"collections.{name}.{place}")
    _require_countable(protocol)
    _require_windows(protocol)


def _require_once(protocol: ProtocolFile) -> None:
    for field, codes in (
        ("events.%s.code", [event.code for event in protocol.events]),
        ("arms.%s.code", [arm.code for arm in protocol.arms]),
        ("attributes.%s.name", [attribute.name for attribute in protocol.attributes]),
        ("consents.%s.version", [consent.version for consent in protocol.consents]),
        ("collecting.datasets.%s", protocol.collecting.datasets),
    ):
        seen = set[str]()
        for place, code in enumerate(codes):
            if code in seen:
                raise _twice(field % place, code)
            seen.add(code)
    names = Counter(name.casefold() for name in protocol.vessels)
    twice = [name for name in protocol.vessels if names[name.casefold()] > 1]
    if twice:
        raise _twice(f"vessels.{twice[-1]}", twice[-1])


def _twice(field: str, code: str) -> RuleBroken:
    message = N_("The protocol names “%(code)s” twice.")
    return RuleBroken("protocol_twice", message, field=field, code=code)


def _require_references(protocol: ProtocolFile) -> None:
    arms = {arm.code for arm in protocol.arms}
    for place, event in enumerate(protocol.events):
        for wanted, known, field in (
            (event.arms, arms, "arms"),
            (event.collects, protocol.collections, "collects"),
        ):
            lost = next((code for code in wanted if code not in known), None)
            if lost:
                message = N_("Event %(event)s refers to %(code)s, which the protocol does not describe.")
                at = f"events.{place}.{field}"
                raise RuleBroken("protocol_lost", message, field=at, event=event.code, code=lost)


def _require_scopes(protocol: ProtocolFile) -> None:
    for material in protocol.needs:
        amounts.material(material, f"needs.{material}")
    asked = [
        (f"consents.{place}.scopes", scope)
        for place, consent in enumerate(protocol.consents)
        for scope in consent.scopes
    ]
    known = [scope.value for scope in Scope]
    for field, scope in [
        *((f"needs.{material}", scope) for material, scope in protocol.needs.items()),
        *asked,
    ]:
        if scope not in known:
            message = N_("A consent knows no “%(name)s”. Known are: %(known)s.")
            facts = {"name": scope, "known": ", ".join(known)}
            raise RuleBroken("protocol_scope_unknown", message, field=field, **facts)


def _require_vessel(field: str, primary: str, volume: str | None) -> None:
    if primary and not _PRIMARY.fullmatch(primary):
        message = N_("“%(code)s” is no SPREC code of a primary container: three letters, such as “PED”.")
        raise RuleBroken("protocol_primary_code", message, field=f"{field}.primary", code=primary)
    if volume:
        amounts.parse(volume, amounts.Dimension.VOLUME, f"{field}.volume")


def _require_exposure(protocol: ProtocolFile) -> None:
    for material, part in protocol.exposure.items():
        amounts.material(material, f"exposure.{material}")
        if part.warn > part.limit:
            message = N_(
                "The warning after %(warn)s minutes comes later than the limit of %(limit)s minutes."
            )
            field = f"exposure.{material}.warn"
            raise RuleBroken("protocol_late_warning", message, field=field, warn=part.warn, limit=part.limit)


# --- collections ---


def _require_drawn(part: RequirementPart, field: str) -> None:
    for name in ("used", "pooled"):
        if getattr(part, name):
            message = N_("“%(name)s” speaks of what a tube is made of; this one is drawn.")
            raise RuleBroken("protocol_of_nothing", message, field=f"{field}.{name}", name=name)


def _require_requirement(part: RequirementPart, field: str) -> None:
    material = amounts.material(part.material, f"{field}.material")
    room = amounts.parse(part.amount, material.dimension, f"{field}.amount") if part.amount else None
    for name in part.limits:
        if name not in LIMITS:
            message = N_("There is no limit “%(name)s”. Known are: %(known)s.")
            facts = {"name": name, "known": ", ".join(LIMITS)}
            raise RuleBroken("protocol_limit_unknown", message, field=f"{field}.limits.{name}", **facts)
    children = list(_children(part, field))
    for at, child in children:
        _require_requirement(child, at)
    several = part.count if any(child.pooled for _, child in children) else 1
    _require_room(part, None if room is None else room * several, children)
    for at, aliquot in _children(part, field):
        if at.startswith(f"{field}.aliquots.") and (aliquot.aliquots or aliquot.derivatives):
            message = N_("Nothing is planned of an aliquot: what is made of it later needs no plan.")
            kind = "aliquots" if aliquot.aliquots else "derivatives"
            raise RuleBroken("protocol_of_an_aliquot", message, field=f"{at}.{kind}")


def _children(part: RequirementPart, field: str) -> Iterator[tuple[str, RequirementPart]]:
    for kind, children in (("derivatives", part.derivatives), ("aliquots", part.aliquots)):
        for place, child in enumerate(children):
            yield f"{field}.{kind}.{place}", child


def _require_room(
    part: RequirementPart, room: int | None, children: Iterable[tuple[str, RequirementPart]]
) -> None:
    """Refused: children that take more of a parent than it holds, and one that holds more than it takes."""
    whole = amounts.material(part.material)
    dimension = whole.dimension
    taken = 0
    for at, child in children:
        made = amounts.material(child.material)
        same = made.dimension is dimension
        amount = amounts.parse(child.amount, dimension) if child.amount and same else 0
        used = amounts.parse(child.used, dimension, f"{at}.used") if child.used else amount
        facts = {"material": made.name, "of": whole.name}
        if used < amount and child.material == part.material:
            message = N_("%(material)s cannot hold more than was taken of %(of)s for it.")
            raise RuleBroken("protocol_used_too_small", message, field=f"{at}.used", **facts)
        taken += used * child.count
        if room is not None and taken > room:
            message = N_("%(of)s is asked for more than it holds: there is only %(room)s for %(asked)s.")
            shown = amounts.read_as(room, dimension), amounts.read_as(taken, dimension)
            where = f"{at}.{'used' if child.used else 'amount'}"
            raise RuleBroken(
                "protocol_too_much", message, field=where, of=whole.name, room=shown[0], asked=shown[1]
            )


# --- events ---


def _require_countable(protocol: ProtocolFile) -> None:
    tubes = {name: sum(map(_tubes, parts)) for name, parts in protocol.collections.items()}
    for place, event in enumerate(protocol.events):
        wanted = sum(tubes[name] for name in event.collects)
        if wanted > MOST_TUBES:
            message = N_("%(event)s asks for %(tubes)s tubes, and at most %(most)s can be. Check the counts.")
            facts: dict[str, Fact] = {"event": event.code, "tubes": wanted, "most": MOST_TUBES}
            raise RuleBroken("protocol_too_many_tubes", message, field=f"events.{place}.collects", **facts)


def _tubes(part: RequirementPart) -> int:
    """A tube for each count, with what is made of each; what is pooled is made of all of them once."""
    made = [(child.pooled, _tubes(child)) for child in (*part.derivatives, *part.aliquots)]
    of_each = sum(tubes for pooled, tubes in made if not pooled)
    return part.count * (1 + of_each) + sum(tubes for pooled, tubes in made if pooled)


def _require_windows(protocol: ProtocolFile) -> None:
    for place, event in enumerate(protocol.events):
        if event.month is None and event.day is None:
            message = N_("Event %(event)s needs a month or a day, counted from its anchor.")
            raise RuleBroken("protocol_event_undated", message, field=f"events.{place}", event=event.code)
    found = overlapping(protocol.events, [arm.code for arm in protocol.arms])
    if found:
        message = N_(
            "The windows of %(event)s and %(other)s overlap: of somebody whose anchor is %(anchor)s,"
            " %(day)s would belong to both."
        )
        later = max(protocol.events.index(found.first), protocol.events.index(found.second))
        raise RuleBroken(
            "protocol_windows_overlap",
            message,
            field=f"events.{later}",
            event=found.first.code,
            other=found.second.code,
            anchor=found.anchored_on.isoformat(),
            day=found.day.isoformat(),
        )
