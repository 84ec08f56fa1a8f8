"""Pages for people: HTML over the same actions as the API."""

from litestar import Router
from litestar.di import Provide

from biobank.pages import bench, home, labels, log, people, person, shell, signing, stations, tasks
from biobank.pages.audits import boards as audits
from biobank.pages.audits import counting as audit_counting
from biobank.pages.audits import coverage, trends
from biobank.pages.audits import files as audit_files
from biobank.pages.audits import findings as audit_findings
from biobank.pages.audits import listing as audit_list
from biobank.pages.audits import papers as audit_papers
from biobank.pages.audits import planning as audit_planning
from biobank.pages.audits import signing as audit_signing
from biobank.pages.bench import cards, locked, offline
from biobank.pages.labels import printers
from biobank.pages.shell import STATIC, template_config
from biobank.pages.specimens import card as specimens
from biobank.pages.specimens import discarding, find_lists, tubes
from biobank.pages.storage import (
    capacity,
    container_settings,
    evacuations,
    making,
    out,
    past,
    rack_files,
    rack_scans,
    reseating,
    rooms,
    types,
    waiting_files,
)
from biobank.pages.storage import containers as storage
from biobank.pages.studies import (
    collecting,
    kits,
    participants,
    preparing,
    protocols,
    schedule,
    visits,
    withdrawing,
)
from biobank.pages.studies import overview as studies
from biobank.routes import Routes

__all__ = ["STATIC", "routes", "template_config"]


_AUDITS = (audit_counting, audits, audit_findings, audit_list, audit_planning, audit_signing)
_OF_AUDITS = (audit_files, audit_papers, coverage, trends)
_BENCH = (bench, cards, locked, offline)
_EVERYWHERE = (home, labels, log, people, person, printers, signing, stations, tasks)
_SPECIMENS = (discarding, find_lists, specimens, tubes)
_STORAGE = (capacity, evacuations, making, out, past, rooms, storage, types)
_BOXES = (container_settings, rack_files, rack_scans, reseating, waiting_files)
_STUDIES = (collecting, kits, participants, preparing, protocols, schedule, studies, visits, withdrawing)


def routes() -> Router:
    """Every page, for one application."""
    modules = (*_AUDITS, *_OF_AUDITS, *_BENCH, *_EVERYWHERE, *_SPECIMENS, *_STORAGE, *_BOXES, *_STUDIES)
    return Routes(
        "/",
        [handler for module in modules for handler in module.HANDLERS],
        dependencies={"form": Provide(shell.provide_form)},
        include_in_schema=False,
    )
