"""The tubes of a study: a list with filters that its address keeps, and a file of all that fit."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import amounts, clock, inputs, specimens, studies, web
from biobank.exchange import csv_out
from biobank.pages import shell
from biobank.pages.words import word
from biobank.participants import UNSCHEDULED
from biobank.people import Actor
from biobank.specimens import Sought, SpecimenRow
from biobank.studies import StudyCard
from biobank.tables import DeviationCode, Life, SpecimenKind
from biobank.texts import gettext as _

PAGE = 50
AT_ONCE = 1000
"""Rows of a file that are read by one statement."""

_FILTERS = tuple(Sought.model_fields)


class Told(msgspec.Struct, frozen=True):
    """A page of tubes (one more than are shown), and what of them can be chosen in their study."""

    study: StudyCard
    events: list[str]
    datasets: list[str]
    rows: list[SpecimenRow]


class View:
    """What is sought in a study, and the addresses that keep it."""

    def __init__(self, request: Request[Any, Any, Any], study: str) -> None:
        told = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
        self.sought = inputs.read(Sought, told, form=True)
        self.base = f"/studies/{quote(study, safe='')}/specimens"
        kept = {name: getattr(self.sought, name) for name in _FILTERS}
        self.kept = {name: str(value) for name, value in kept.items() if value is not None}

    def address(self, where: str = "", **further: str) -> str:
        """Another place of the list, with what is sought kept."""
        query = urlencode(self.kept | further)
        return f"{self.base}{where}?{query}" if query else f"{self.base}{where}"

    def in_words(self) -> str:
        """What is sought, as people say it; empty where all are shown."""
        names = {
            "event": _("event %(event)s"),
            "material": "%(material)s",
            "kind": "%(kind)s",
            "life": "%(life)s",
            "dataset": _("the visit has a dataset %(dataset)s"),
            "deviation": "%(deviation)s",
            "participant": _("participant %(participant)s"),
        }
        told = self.kept | {"life": word(self.kept.get("life", ""), "life")}
        told |= {"material": named(self.kept.get("material", "")), "kind": word(self.kept.get("kind", ""))}
        told |= {"deviation": word(self.kept.get("deviation", ""), "deviation")}
        return " · ".join(names[name] % told for name in _FILTERS if name in self.kept)


@get("/studies/{study:str}/specimens", sync_to_thread=True)
def tubes_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """The tubes of a study that fit all that is sought, by code."""
    view, after = View(request, study), request.query_params.get("after", "")[:40]

    def question(session: Session, actor: Actor) -> Told:
        found = studies.by_code(session, actor, study)
        return Told(
            study=studies.card(session, found),
            events=[*(event.code for event in studies.events(session, found)), UNSCHEDULED],
            datasets=studies.dataset_kinds(session, found),
            rows=specimens.page(session, actor, study, after, PAGE + 1, view.sought),
        )

    me, told = shell.ask(door, question)
    return shell.page(
        "studies/tubes.html",
        me,
        view=view,
        told=told,
        study=told.study,
        shown=told.rows[:PAGE],
        following=told.rows[PAGE - 1].code if len(told.rows) > PAGE else "",
        after=after,
        choices=_choices(told, view),
    )


@get("/studies/{study:str}/specimens/file", sync_to_thread=True)
def tubes_file(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Response[bytes]:
    """All tubes that fit as CSV, with every column there is."""
    view = View(request, study)
    rows = door.ask(lambda session, actor: list(_every(session, actor, study, view.sought)))
    data = csv_out.sheet(_header(), map(msgspec.structs.astuple, rows), marked=True)
    names = ["tubes", study, *view.kept.values(), clock.now().date().isoformat()]
    name = "-".join(re.sub(r"[^A-Za-z0-9_.-]", "", each) for each in names)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(data, media_type=csv_out.MEDIA_TYPE, headers=headers)


def named(material: str) -> str:
    """A material in the reader's words; one that we do not know stays as it was asked for."""
    return amounts.material_name(material) if material in amounts.MATERIALS else material


# --- how ---


def _choices(told: Told, view: View) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Each filter that is a choice: its field, what stands for any, and its values with their words."""
    found: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("event", _("All events"), [(code, code) for code in told.events]),
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
    for name, _any, values in found:
        asked = view.kept.get(name, "")
        if asked and asked not in dict(values):
            values.append((asked, asked))  # such as an event of an older protocol
    return [each for each in found if each[2]]


def _every(session: Session, actor: Actor, study: str, sought: Sought) -> Iterator[SpecimenRow]:
    after = ""
    while rows := specimens.page(session, actor, study, after, AT_ONCE, sought):
        yield from rows
        after = rows[-1].code


def _header() -> list[str]:
    """The names of the columns of a file, in the order of SpecimenRow."""
    return [
        _("Code"),
        _("Kind"),
        _("Material"),
        _("State"),
        _("Amount"),
        _("Participant"),
        _("Visit"),
        _("Event"),
        _("Number"),
        _("Of how many"),
        _("Made of"),
        _("Place"),
        _("Deviations"),
    ]


HANDLERS = [tubes_page, tubes_file]
