"""Pages for people: HTML over the same actions as the API."""

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide

from biobank.pages import bench, home, labels, log, people, person, shell, signing, stations, tasks
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

__all__ = ["STATIC", "handlers", "template_config"]


def handlers() -> Sequence[Router]:
    """Every page."""
    modules = (
        bench,
        capacity,
        cards,
        collecting,
        container_settings,
        discarding,
        evacuations,
        find_lists,
        home,
        kits,
        labels,
        locked,
        log,
        making,
        offline,
        out,
        participants,
        past,
        people,
        person,
        preparing,
        printers,
        protocols,
        rack_files,
        rack_scans,
        rooms,
        reseating,
        schedule,
        signing,
        specimens,
        stations,
        storage,
        studies,
        tasks,
        tubes,
        types,
        visits,
        waiting_files,
        withdrawing,
    )
    each = [module.HANDLERS for module in modules]
    return [
        Router(
            "/",
            route_handlers=[handler for some in each for handler in some],
            dependencies={"form": Provide(shell.provide_form)},
            include_in_schema=False,
        )
    ]
