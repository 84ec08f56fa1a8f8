"""Lists of tubes, of one study or all: filters and an order that the address keeps, a file of what fits."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, amounts, codes, inputs, specimens, storage, studies, web
from biobank.pages import files, shell
from biobank.pages.words import word
from biobank.participants import UNSCHEDULED
from biobank.people import Actor
from biobank.specimens import Custody, Sought, SpecimenLine, SpecimenRow
from biobank.studies import StudyCard
from biobank.tables import DeviationCode, HoldKind, Life, SpecimenKind
from biobank.texts import gettext as _

PAGE = 50
_FILTERS = tuple(name for name in Sought.model_fields if name not in ("sort", "down"))
_FURTHER = {"site", "arm", "custody", "hold", *_FILTERS[_FILTERS.index("container") :]}
"""Filters that are asked for now and then: they stand behind a word of their own."""


class Told(msgspec.Struct, frozen=True):
    """A page of tubes (one more than are shown), how many fit, and what of them can be chosen.

    `zones` are the time zones of the sites by their codes.
    """

    study: StudyCard | None
    studies: list[str]
    zones: dict[str, str]
    events: list[str]
    datasets: list[str]
    rows: list[SpecimenRow]
    count: int


class View:
    """What is sought, in a study or in all, and the addresses that keep it."""

    def __init__(self, request: Request[Any, Any, Any], within: str | None = None) -> None:
        asked = {
            name: request.query_params.get(name, "").strip() for name in (*_FILTERS, "sort", "down", "study")
        }
        study = asked.pop("study")
        self.sought = inputs.read(Sought, asked, form=True)
        self.within, self.study = within, within or study[:40] or None
        self.base = f"/studies/{quote(within, safe='')}/specimens" if within else "/specimens"
        self.filters = {name: value for name, value in asked.items() if value and name in _FILTERS}
        if study and not within:
            self.filters = {"study": study} | self.filters
        self.order = {
            name: asked[name] for name in ("sort", "down") if asked[name] not in ("", "false", "code")
        }
        self.kept = self.filters | self.order

    @property
    def further(self) -> bool:
        """Whether a filter of the rarer kind is told."""
        return not _FURTHER.isdisjoint(self.filters)

    def address(self, where: str = "", **changes: str) -> str:
        """Another place of the list, with what is sought kept."""
        query = urlencode({name: value for name, value in (self.kept | changes).items() if value})
        return f"{self.base}{where}?{query}" if query else f"{self.base}{where}"

    def sorted(self, by: str) -> str:
        """The same list sorted by this; downwards where it is sorted by it already."""
        down = self.sought.sort.value == by and not self.sought.down
        return self.address(sort="" if by == "code" else by, down="true" if down else "")

    def direction(self, by: str) -> str:
        """How a column is sorted, in the words of ARIA; empty where it is not."""
        if self.sought.sort.value != by:
            return ""
        return "descending" if self.sought.down else "ascending"

    def tells(self, what: str) -> bool:
        """Whether the list has a column for this: where it is sorted or sought by it."""
        return self.sought.sort.value == what or not {f"{what}_from", f"{what}_to"}.isdisjoint(self.filters)

    def in_words(self) -> str:
        """What is sought, as people say it; empty where all are shown."""
        return " · ".join(_told(name, value) for name, value in self.filters.items())


@get("/specimens", sync_to_thread=True)
def all_tubes_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The tubes of all studies in scope that fit all that is sought."""
    return _page(request, door, View(request), "specimens/list.html")


@get("/specimens/file", sync_to_thread=True)
def all_tubes_file(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[bytes]:
    """All tubes that fit as a file, with every column there is."""
    return _file(request, door, View(request))


@get("/studies/{study:str}/specimens", sync_to_thread=True)
def tubes_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """The tubes of a study that fit all that is sought."""
    return _page(request, door, View(request, study), "studies/tubes.html")


@get("/studies/{study:str}/specimens/file", sync_to_thread=True)
def tubes_file(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Response[bytes]:
    """All tubes of a study that fit as a file, with every column there is."""
    return _file(request, door, View(request, study))


def named(material: str) -> str:
    """A material in the reader's words; one that we do not know stays as it was asked for."""
    return amounts.material_name(material) if material in amounts.MATERIALS else material


# --- how ---


def _page(request: Request[Any, Any, Any], door: web.OpenDoor, view: View, template: str) -> Template:
    after = request.query_params.get("after", "")[:60]

    def question(session: Session, actor: Actor) -> Told:
        found = studies.by_code(session, actor, view.study) if view.study else None
        return Told(
            study=studies.card(session, found) if found else None,
            studies=[each.code for each in studies.everything(session, actor)],
            zones={site.code: site.time_zone for site in accounts.sites(session, actor)},
            events=[event.code for event in studies.events(session, found)]
            if found
            else storage.event_codes(session, actor),
            datasets=studies.dataset_kinds(session, found) if found else [],
            rows=specimens.page(session, actor, view.study, after, PAGE + 1, view.sought),
            count=specimens.count(session, actor, view.study, view.sought),
        )

    me, told = shell.ask(door, question)
    return shell.page(
        template,
        me,
        view=view,
        told=told,
        study=told.study,
        shown=told.rows[:PAGE],
        following=specimens.place_of(told.rows[PAGE - 1], view.sought) if len(told.rows) > PAGE else "",
        after=after,
        counted=specimens.COUNTED,
        choices=_choices(told, view),
        further=_further(told, view),
    )


def _file(request: Request[Any, Any, Any], door: web.OpenDoor, view: View) -> Response[bytes]:
    files.kind_asked(request)
    rows = door.ask(lambda session, actor: list(specimens.every(session, actor, view.study, view.sought)))
    name = ["tubes", *([view.within] if view.within else []), *view.filters.values()]
    return files.sheet(request, name, header(), map(msgspec.structs.astuple, rows))


Choices = list[tuple[str, str, list[tuple[str, str]]]]
"""Each filter that is a choice: its field, what stands for any, and its values with their words."""


def _choices(told: Told, view: View) -> Choices:
    found: Choices = [
        ("event", _("All events"), [(code, code) for code in (*told.events, UNSCHEDULED)]),
        ("material", _("All materials"), [(code, named(code)) for code in amounts.MATERIALS]),
        ("kind", _("All kinds"), [(kind.value, word(kind.value)) for kind in SpecimenKind]),
        ("life", _("All states"), [(life.value, word(life.value, "life")) for life in Life]),
        (
            "deviation",
            _("With or without deviations"),
            [(code.value, word(code.value, "deviation")) for code in DeviationCode],
        ),
        ("dataset", _("With or without datasets"), [(kind, kind) for kind in told.datasets]),
    ]
    if not view.within:
        found.insert(0, ("study", _("All studies"), [(code, code) for code in told.studies]))
    return _with_what_is_told(found, view)


def _further(told: Told, view: View) -> Choices:
    """The choices among the rarer filters."""
    return _with_what_is_told(
        [
            ("site", _("All sites"), [(code, code) for code in told.zones]),
            ("custody", _("Wherever it is"), [(each.value, word(each.value, "custody")) for each in Custody]),
            (
                "hold",
                _("With or without holds"),
                [(kind.value, word(kind.value, "hold")) for kind in HoldKind],
            ),
        ],
        view,
    )


def _with_what_is_told(choices: Choices, view: View) -> Choices:
    for name, _any, values in choices:
        asked = view.filters.get(name, "")
        if asked and asked not in dict(values):
            values.append((asked, asked))  # such as an event of an older protocol
    return [each for each in choices if each[2]]


def _told(name: str, value: str) -> str:
    match name:
        case "material":
            return named(value)
        case "kind":
            return word(value)
        case "life" | "deviation" | "custody" | "hold":
            return word(value, name)
        case "container":
            return _("in %(container)s") % {"container": codes.grouped(codes.read(value) or value)}
        case _:
            return _TOLD[name]() % {name: value}


_TOLD = {
    "study": lambda: _("study %(study)s"),
    "site": lambda: _("site %(site)s"),
    "event": lambda: _("event %(event)s"),
    "arm": lambda: _("arm %(arm)s"),
    "dataset": lambda: _("the visit has a dataset %(dataset)s"),
    "participant": lambda: _("participant %(participant)s"),
    "collected_from": lambda: _("drawn from %(collected_from)s"),
    "collected_to": lambda: _("drawn until %(collected_to)s"),
    "frozen_from": lambda: _("frozen from %(frozen_from)s"),
    "frozen_to": lambda: _("frozen until %(frozen_to)s"),
    "not_seen_since": lambda: _("not seen since %(not_seen_since)s"),
    "thaws_from": lambda: _("thawed %(thaws_from)s times or more"),
    "thaws_to": lambda: _("thawed %(thaws_to)s times at most"),
    "text": lambda: _("“%(text)s” in a code"),
}


def header() -> list[str]:
    """The names of the columns of a file, in the order of SpecimenLine."""
    names = {
        "code": _("Code"),
        "kind": _("Kind"),
        "material": _("Material"),
        "life": _("State"),
        "amount": _("Amount"),
        "participant": _("Participant"),
        "visit": _("Visit"),
        "event": _("Event"),
        "serial": _("Number"),
        "total": _("Of how many"),
        "parent": _("Made of"),
        "place": _("Place"),
        "deviations": _("Deviations"),
        "study": _("Study"),
        "site": _("Site"),
        "custody": _("Whereabouts"),
        "holds": _("Holds"),
        "thaws": _("Thaws"),
        "collected": _("Drawn"),
        "frozen": _("Frozen"),
        "seen": _("Last seen"),
        "quantity": _("Amount as a number"),
        "unit": _("Unit"),
    }
    return [names[field] for field in SpecimenLine.__struct_fields__]


HANDLERS = [all_tubes_page, all_tubes_file, tubes_page, tubes_file]
