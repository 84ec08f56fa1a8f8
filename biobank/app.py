"""The only place where parts are wired together."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, InternalServerException
from litestar.static_files import create_static_files_router

from biobank import __version__, api, pages, web
from biobank.api.documents import Pages, Tuples
from biobank.database import Database
from biobank.errors import Refusal
from biobank.incoming import Incoming
from biobank.printing.spooler import Spooler
from biobank.settings import Settings

LARGEST_BODY = 1024 * 1024


def create_app(settings: Settings, database: Database | None = None, *, spools: bool = False) -> Litestar:
    """The application on the settings' database, or on the one given (which the caller closes).

    With `spools` it sends print jobs to their printers as long as it runs.
    """
    ours = database or Database(settings.url, settings.threads)
    app = Litestar(
        route_handlers=[api.routes(), api.health, api.ready, pages.routes(), _files()],
        state=State({"database": ours, "secure": settings.secure, "settings": settings}),
        dependencies={"door": Provide(web.provide_door)},
        exception_handlers={
            Refusal: web.on_refusal,
            HTTPException: web.on_framework,
            Exception: web.on_error,
        },
        plugins=[web.Orders(), Tuples(), Pages()],
        template_config=pages.template_config(),
        openapi_config=api.openapi_config(__version__, pages.STATIC),
        lifespan=[_running(settings, ours, closes=database is None, spools=spools)],
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )
    # Around everything, so that what no route answers has its language, its headers and its log line too.
    app.asgi_handler = Incoming(settings)(app.asgi_handler)
    return app


def _files() -> Router:
    """What browsers load besides pages."""
    return create_static_files_router(
        path="/static",
        directories=[pages.STATIC],
        name="static",
        exception_handlers={InternalServerException: web.on_no_file, ValueError: web.on_no_file},
    )


def _running(
    settings: Settings, database: Database, *, closes: bool, spools: bool
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """What stands around the time that the application runs."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        # As many requests are worked on at once as there are connections, so that none waits for one.
        threads = ThreadPoolExecutor(settings.threads, "request")
        asyncio.get_running_loop().set_default_executor(threads)
        # What was loaded so far stays for good: the collector need not walk it again and again.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        spooler = Spooler(database) if spools else None
        if spooler:
            spooler.start()
        yield
        if spooler:
            await asyncio.to_thread(spooler.stop)
        if closes:
            database.close()

    return lifespan
