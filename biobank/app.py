"""The only place where parts are wired together."""

import asyncio
import gc
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, InternalServerException
from litestar.static_files import create_static_files_router

from biobank import __version__, api, pages, web
from biobank.api.documents import Tuples
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

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        # As many requests are worked on at once as there are connections, so that none waits for one.
        threads = ThreadPoolExecutor(settings.threads, "request")
        asyncio.get_running_loop().set_default_executor(threads)
        # What was loaded so far stays for good: the collector need not walk it again and again.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        spooler = Spooler(ours) if spools else None
        if spooler:
            spooler.start()
        yield
        if spooler:
            await asyncio.to_thread(spooler.stop)
        if database is None:
            ours.close()

    app = Litestar(
        route_handlers=[
            api.routes(),
            api.health,
            api.ready,
            pages.routes(),
            create_static_files_router(
                path="/static",
                directories=[pages.STATIC],
                name="static",
                exception_handlers={InternalServerException: web.on_no_file, ValueError: web.on_no_file},
            ),
        ],
        state=State({"database": ours, "secure": settings.secure, "settings": settings}),
        dependencies={"door": Provide(web.provide_door)},
        exception_handlers={
            Refusal: web.on_refusal,
            HTTPException: web.on_framework,
            Exception: web.on_error,
        },
        plugins=[web.Orders(), Tuples()],
        template_config=pages.template_config(),
        openapi_config=api.openapi_config(__version__, pages.STATIC),
        lifespan=[lifespan],
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )
    # Around everything, so that what no route answers has its language, its headers and its log line too.
    app.asgi_handler = Incoming(settings)(app.asgi_handler)
    return app
