"""A site that listens on a port, and a tab in a real browser that watches what goes wrong."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from biobank import web
from biobank.app import create_app
from biobank.pages.build_assets import build
from biobank.settings import Settings
from tests.browser import launch
from tests.pages.visitor import Visitor, visit
from tests.world import SECRETS, TECHNICIAN, World


class Site:
    """The application on a port of its own. `delay` is what each scan's answer waits for, in seconds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.delay = 0.0
        self.app = create_app(Settings(), world.database)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        config = uvicorn.Config(self._slowly, interface="asgi3", lifespan="off", ws="none", log_level="error")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],), daemon=True)

    async def _slowly(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/scans"):
            await asyncio.sleep(self.delay)
        await self.app(scope, receive, send)

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)
        self.listener.close()


_BURST = """([keys, unreadable]) => {
  for (const key of [...keys, "Enter"]) {
    const single = /[0-9]/.test(key) ? "Digit" + key : key === "-" ? "Minus" : "Key" + key;
    const code = key.length > 1 ? key : single;
    const read = unreadable && key.length === 1 ? "Process" : key;
    document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", { key: read, code, bubbles: true, cancelable: true }));
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

        With `unreadable` each key comes as `Process`, as under an input method.
        """
        self.page.evaluate(_BURST, [code, unreadable])


@pytest.fixture
def visitor(world: World) -> Visitor:
    """A technician, on each engine in turn."""
    return visit(world)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    build()
    with launch() as started:
        yield started


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
