"""A site that listens on a port, and a tab in a real browser that watches what goes wrong."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from biobank import web
from tests.pages.visitor import Visitor, visit
from tests.quick import app_of
from tests.templates import Furnishing, Templates
from tests.world import SECRETS, TECHNICIAN, World


class Site:
    """The application on a port of its own.

    `delay` is what each scan's answer waits for, in seconds, and all of them wait while it is `held`; of the
    next `cut_short` answers half is sent.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.delay = 0.0
        self.held = False
        self.cut_short = 0
        self.app = app_of(world)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        config = uvicorn.Config(self._slowly, interface="asgi3", lifespan="off", ws="none", log_level="error")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],), daemon=True)

    async def _slowly(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/scans"):
            await asyncio.sleep(self.delay)
            while self.held:  # noqa: ASYNC110 - another thread says when it ends
                await asyncio.sleep(0.02)
        if self.cut_short and scope["method"] == "POST":
            self.cut_short -= 1
            await self.app(scope, receive, _half(send))
            return
        await self.app(scope, receive, send)

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)
        self.listener.close()


def _half(send: Any) -> Any:
    """Sends half of each body, and never the end of it: the server closes the connection then."""

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return sent


# Each key bears the time that a scanner would give it: a machine that stalls between two is no slow hand.
_BURST = """([keys, unreadable]) => {
  const began = performance.now();
  for (const [place, key] of [...keys, "Enter"].entries()) {
    const single = /[0-9]/.test(key) ? "Digit" + key : key === "-" ? "Minus" : "Key" + key;
    const code = key.length > 1 ? key : single;
    const read = unreadable && key.length === 1 ? "Process" : key;
    const event = new KeyboardEvent("keydown", { key: read, code, bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: began + place });
    document.activeElement.dispatchEvent(event);
  }
}"""


class Tab:
    """A page in a browser of its own, with what it complained of and whom it asked."""

    def __init__(self, site: Site, page: Page) -> None:
        self.site = site
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def sign_in(self, person: str = TECHNICIAN, **cookies: str) -> None:
        told = {web.COOKIE: f'"{SECRETS[person]}"', **cookies}
        self.page.context.add_cookies(
            [{"name": name, "value": value, "url": self.site.url} for name, value in told.items()]
        )

    def open(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def scan(self, code: str, *, unreadable: bool = False) -> None:
        """The keys of a wedge scanner at its speed, however busy this machine is, and Enter.

        With `unreadable` each key comes as `Process`, as under an input method. A page that only begins to be
        shown hears nothing yet.
        """
        self.page.wait_for_load_state()
        self.page.evaluate(_BURST, [code, unreadable])


@pytest.fixture(params=["sqlite"])
def address(
    request: pytest.FixtureRequest, templates: Templates, furnishing: Furnishing, tmp_path: Path
) -> Iterator[str]:
    """SQLite alone: pages ask no database themselves, and what they ask of the domain is tested on both.

    Whole walks through the pages, and lists that are sought by what a database does, are `on_both`.
    """
    yield from templates.copy(request.param, furnishing, tmp_path)


@pytest.fixture
def visitor(world: World) -> Visitor:
    """A technician."""
    return visit(world)


@pytest.fixture
def site(sqlite_world: World) -> Iterator[Site]:
    started = Site(sqlite_world)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def tab(site: Site, browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield Tab(site, context.new_page())
    context.close()
