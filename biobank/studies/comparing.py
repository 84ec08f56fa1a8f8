"""What a new version of a protocol changes, in words for who works by it."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from biobank import amounts, texts
from biobank.studies.file import (
    AttributePart,
    ConsentPart,
    EventPart,
    ExposurePart,
    ProtocolFile,
    RequirementPart,
    VesselPart,
)
from biobank.texts import N_


class Difference(msgspec.Struct, frozen=True):
    """Something that changes: a message id and its facts, of which some are words of the same kind."""

    what: str
    facts: dict[str, "str | int | Difference | list[Difference]"] = {}

    def in_words(self, language: str | None = None) -> str:
        """The difference in the reader's language, or in a stated one."""
        told = language or texts.language.get()
        facts = {name: _said(fact, told) for name, fact in self.facts.items()}
        return texts.in_language(told, self.what, facts)


Fact = str | int | Difference | list[Difference]


def differences(old: ProtocolFile | None, new: ProtocolFile) -> list[Difference]:
    """What changes from one version to the next, in the order of a file; without an old one, all is new."""
    old = old or ProtocolFile.model_construct(study=new.study, events=[])
    return [
        *_general(old, new),
        *_arms(old, new),
        *_attributes(old, new),
        *_consents(old, new),
        *_events(old, new),
        *_collections(old, new),
        *_vessels(old, new),
        *_exposures(old, new),
    ]


def _said(fact: object, language: str) -> object:
    if isinstance(fact, Difference):
        return fact.in_words(language)
    if isinstance(fact, list):
        return texts.listed((each.in_words(language) for each in fact), language)
    return fact


# --- the study and its people ---


def _general(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    if old.study.title != new.study.title:
        yield Difference(N_("The study's title is now “%(new)s”."), {"new": new.study.title})
    if old.labels.participant != new.labels.participant:
        shown = N_("Labels will show the participant's code.")
        hidden = N_("Labels will no longer show the participant's code.")
        yield Difference(shown if new.labels.participant else hidden)
    if old.collecting.all_present != new.collecting.all_present:
        allowed = N_("A whole kit may be ticked at once.")
        yield Difference(
            allowed if new.collecting.all_present else N_("A whole kit may no longer be ticked at once.")
        )
    before, after = old.collecting.datasets, new.collecting.datasets
    for kind in _gone(after, before):
        yield Difference(N_("Visits may be linked to datasets of the kind “%(kind)s”."), {"kind": kind})
    for kind in _gone(before, after):
        message = N_("Visits may no longer be linked to datasets of the kind “%(kind)s”.")
        yield Difference(message, {"kind": kind})


def _arms(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    before, after = ({arm.code: arm.title for arm in each.arms} for each in (old, new))
    for code in _gone(after, before):
        yield Difference(N_("New arm: %(arm)s, %(title)s."), {"arm": code, "title": after[code]})
    for code in _gone(before, after):
        yield Difference(N_("The arm %(arm)s is no longer there."), {"arm": code})
    for code in before:
        if before[code] != after.get(code, before[code]):
            facts: dict[str, Fact] = {"arm": code, "title": after[code]}
            yield Difference(N_("The arm %(arm)s is now called %(title)s."), facts)


def _attributes(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    before, after = ({part.name: part for part in each.attributes} for each in (old, new))
    for name in _gone(after, before):
        message = N_("New of each participant: %(name)s (%(new)s).")
        yield Difference(message, {"name": name, "new": _range(after[name])})
    for name in _gone(before, after):
        yield Difference(N_("No longer noted of a participant: %(name)s."), {"name": name})
    for name in before:
        if name in after and _range(before[name]) != _range(after[name]):
            message = N_("Of a participant, %(name)s is now %(new)s; it was %(old)s.")
            new_range, old_range = _range(after[name]), _range(before[name])
            yield Difference(message, {"name": name, "new": new_range, "old": old_range})


def _range(part: AttributePart) -> Difference:
    if part.values:
        return Difference(N_("one of: %(values)s"), {"values": ", ".join(part.values)})
    if part.lowest is None and part.highest is None:
        return Difference(N_("any text"))
    low, high = ("…" if end is None else end for end in (part.lowest, part.highest))
    return Difference(N_("%(lowest)s to %(highest)s"), {"lowest": low, "highest": high})


def _consents(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    before, after = ({part.version: part for part in each.consents} for each in (old, new))
    for version in _gone(after, before):
        message = N_("New version of the consent: %(version)s, for %(new)s.")
        yield Difference(message, {"version": version, "new": _scopes(after[version])})
    for version in _gone(before, after):
        message = N_("Version %(version)s of the consent is no longer used.")
        yield Difference(message, {"version": version})
    for version in before:
        if version in after and set(before[version].scopes) != set(after[version].scopes):
            message = N_("Version %(version)s of the consent asks for %(new)s; it was %(old)s.")
            new_scopes, old_scopes = _scopes(after[version]), _scopes(before[version])
            yield Difference(message, {"version": version, "new": new_scopes, "old": old_scopes})
    for material in sorted({*old.needs, *new.needs}):
        if old.needs.get(material) == new.needs.get(material):
            continue
        if material in new.needs:
            message = N_("Collecting %(material)s needs a consent to %(scope)s.")
            yield Difference(message, {"material": _material(material), "scope": _scope(new.needs[material])})
        else:
            message = N_("Collecting %(material)s needs no consent but that to storage.")
            yield Difference(message, {"material": _material(material)})


def _scopes(part: ConsentPart) -> list[Difference]:
    return [_scope(scope) for scope in part.scopes]


def _scope(scope: str) -> Difference:
    return Difference(_SCOPES[scope])


_SCOPES = {
    "storage": N_("storage"),
    "genetics": N_("genetics"),
    "microbiome": N_("microbiome"),
    "foreign_release": N_("release abroad"),
    "recontact": N_("contact again"),
}


# --- visits ---


def _events(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    before, after = ({event.code: event for event in each.events} for each in (old, new))
    for code in _gone(after, before):
        message = N_("New visit %(event)s (%(title)s): %(when)s, window %(window)s, for %(arms)s.")
        event = after[code]
        facts: dict[str, Fact] = {"event": code, "title": event.title, "when": _when(event)}
        yield Difference(message, {**facts, "window": _window(event), "arms": _for(event)})
    for code in _gone(before, after):
        message = N_("The visit %(event)s (%(title)s) is no longer planned.")
        yield Difference(message, {"event": code, "title": before[code].title})
    for code, event in before.items():
        if code in after:
            yield from _event(event, after[code])


def _event(old: EventPart, new: EventPart) -> Iterator[Difference]:
    if old.title != new.title:
        message = N_("The visit %(event)s is now called %(title)s.")
        yield Difference(message, {"event": new.code, "title": new.title})
    for message, said in (
        (N_("The visit %(event)s moves to %(new)s; it was %(old)s."), _when),
        (N_("The window of %(event)s is now %(new)s; it was %(old)s."), _window),
        (N_("The visit %(event)s is now for %(new)s; it was for %(old)s."), _for),
    ):
        if said(old) != said(new):
            yield Difference(message, {"event": new.code, "new": said(new), "old": said(old)})
    for name in _gone(new.collects, old.collects):
        message = N_("The visit %(event)s now collects “%(collection)s”.")
        yield Difference(message, {"event": new.code, "collection": name})
    for name in _gone(old.collects, new.collects):
        message = N_("The visit %(event)s no longer collects “%(collection)s”.")
        yield Difference(message, {"event": new.code, "collection": name})


def _when(event: EventPart) -> Difference:
    anchor = Difference(N_("enrolment") if event.anchor == "enrolment" else N_("the procedure"))
    facts: dict[str, Fact] = {"anchor": anchor, "months": event.month or 0, "days": f"{event.day or 0:+d}"}
    if not event.month and not event.day:
        return Difference(N_("the day of %(anchor)s"), facts)
    if not event.month:
        return Difference(N_("day %(days)s from %(anchor)s"), facts)
    if not event.day:
        return Difference(N_("month %(months)s from %(anchor)s"), facts)
    return Difference(N_("month %(months)s and day %(days)s from %(anchor)s"), facts)


def _window(event: EventPart) -> Difference:
    if not event.before and not event.after:
        return Difference(N_("that day alone"))
    facts: dict[str, Fact] = {"before": event.before, "after": event.after}
    return Difference(N_("from %(before)s days before to %(after)s days after"), facts)


def _for(event: EventPart) -> Difference:
    if not event.arms:
        return Difference(N_("all arms"))
    return Difference(N_("the arms %(arms)s"), {"arms": ", ".join(sorted(event.arms))})


# --- collections ---


def _collections(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    for name in dict.fromkeys((*new.collections, *old.collections)):
        before, after = old.collections.get(name, []), new.collections.get(name, [])
        for each in _requirements(before, after, aliquots=False):
            yield Difference(N_("Collection “%(collection)s”: %(what)s"), {"collection": name, "what": each})


def _requirements(
    old: Sequence[RequirementPart], new: Sequence[RequirementPart], *, aliquots: bool
) -> Iterator[Difference]:
    """Level by level; what has the same material is the same, in the order it stands in."""
    before, after = _by_place(old), _by_place(new)
    for place in dict.fromkeys((*after, *before)):
        was, now = before.get(place), after.get(place)
        name = Difference(N_("aliquots of %(material)s"), {"material": _material(place[0])})
        facts: dict[str, Fact] = {"tube": name if aliquots else _material(place[0])}
        if now is None:
            yield Difference(N_("no longer collected: %(tube)s."), facts)
            continue
        if was is None:
            message = N_("new: %(tube)s, %(count)s of %(amount)s.")
            yield Difference(message, {**facts, "count": now.count, "amount": _amount(now.amount)})
        else:
            yield from _requirement(was, now, facts)
        yield from _requirements(was.derivatives if was else [], now.derivatives, aliquots=False)
        yield from _requirements(was.aliquots if was else [], now.aliquots, aliquots=True)


def _by_place(parts: Iterable[RequirementPart]) -> dict[tuple[str, int], RequirementPart]:
    places: dict[tuple[str, int], RequirementPart] = {}
    for part in parts:
        earlier = sum(material == part.material for material, _ in places)
        places[part.material, earlier] = part
    return places


def _requirement(old: RequirementPart, new: RequirementPart, facts: dict[str, Fact]) -> Iterator[Difference]:
    for message, was, now in (
        (
            N_("%(tube)s: the amount is now %(new)s; it was %(old)s."),
            _amount(old.amount),
            _amount(new.amount),
        ),
        (N_("%(tube)s: the number is now %(new)s; it was %(old)s."), old.count, new.count),
        (N_("%(tube)s: taken of the tube before is now %(new)s; it was %(old)s."), *_used(old, new)),
        (N_("%(tube)s: the tube is now “%(new)s”; it was “%(old)s”."), old.container, new.container),
        (N_("%(tube)s: the storage is now “%(new)s”; it was “%(old)s”."), old.storage, new.storage),
    ):
        if was != now:
            yield Difference(message, {**facts, "old": was, "new": now})
    for name, told in _LIMITS.items():
        if old.limits.get(name) != new.limits.get(name):
            message = N_("%(tube)s: the limit from %(limit)s is now %(new)s; it was %(old)s.")
            limit = {"limit": Difference(told), "old": _minutes(old, name), "new": _minutes(new, name)}
            yield Difference(message, {**facts, **limit})
    for before, after, yes, no in (
        (old.pooled, new.pooled, N_("%(tube)s may be pooled."), N_("%(tube)s may no longer be pooled.")),
        (old.split, new.split, N_("%(tube)s may be split."), N_("%(tube)s may no longer be split.")),
    ):
        if before != after:
            yield Difference(yes if after else no, facts)


_LIMITS = {
    "receive": N_("drawing to receipt"),
    "spin": N_("drawing to the first spin"),
    "freeze": N_("the last spin to the freezer"),
}


def _used(old: RequirementPart, new: RequirementPart) -> tuple[Difference, Difference]:
    return _amount(old.used), _amount(new.used)


def _amount(amount: str | None) -> Difference:
    return Difference("%(amount)s", {"amount": amount}) if amount else Difference(N_("any amount"))


def _minutes(part: RequirementPart, name: str) -> Difference:
    if name not in part.limits:
        return Difference(N_("no limit"))
    return Difference(N_("%(minutes)s minutes"), {"minutes": part.limits[name]})


def _material(code: str) -> Difference:
    return Difference(amounts.MATERIALS[code].name)


def _vessels(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    for name in dict.fromkeys((*new.vessels, *old.vessels)):
        was, now = old.vessels.get(name), new.vessels.get(name)
        if was and now and was != now:
            message = N_("The tube “%(tube)s” is described as %(new)s; it was %(old)s.")
            yield Difference(message, {"tube": name, "new": _vessel(now), "old": _vessel(was)})
        elif was is None and now:
            message = N_("The tube “%(tube)s” is described as %(new)s.")
            yield Difference(message, {"tube": name, "new": _vessel(now)})
        elif now is None:
            yield Difference(N_("The tube “%(tube)s” is no longer described."), {"tube": name})


def _vessel(part: VesselPart) -> str:
    return " ".join(filter(None, (part.primary, part.family, part.volume))) or "-"


def _exposures(old: ProtocolFile, new: ProtocolFile) -> Iterator[Difference]:
    for material in dict.fromkeys((*new.exposure, *old.exposure)):
        was, now = old.exposure.get(material), new.exposure.get(material)
        if was != now:
            message = N_("%(material)s: out of the cold, %(new)s; it was %(old)s.")
            facts: dict[str, Fact] = {"material": _material(material)}
            yield Difference(message, {**facts, "new": _exposure(now), "old": _exposure(was)})


def _exposure(part: ExposurePart | None) -> Difference:
    if part is None:
        return Difference(N_("the usual limits"))
    message = N_("a warning after %(warn)s minutes and a limit of %(limit)s minutes")
    return Difference(message, {"warn": part.warn, "limit": part.limit})


def _gone(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """What was there and is not any more."""
    left = set(after)
    return [each for each in before if each not in left]
