"""Somebody who follows every link of every page and presses every button, and writes down what goes wrong."""

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from biobank import clock, web
from tests.pages.documents import Document, Sending

ALIKE = 2
"""So many addresses of one shape are followed from pages of one shape: all slots of a map lead alike."""

AT_MOST = 3
"""So many addresses of one shape are followed at all; those that somebody must see are not counted."""


REFUSED = {400, 404, 409, 422}
"""What may be answered to what somebody filled in: never that they may not ask at all."""

REFUSED_ACTS = {400, 401, 409, 422}
"""What may be answered to a button that was pressed."""

Form = tuple[str, str, tuple[str, ...]]
"""What makes two forms the same: where they go, by which button, with which fields."""


@dataclass
class Crawl:
    """What was seen on the way, and what was wrong."""

    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    forms: dict[Form, tuple[str, Sending]] = field(default_factory=dict)
    """Each form that acts once, with the page where it stood first."""

    def blame(self, where: str, what: str) -> None:
        """Write a fault down once."""
        said = f"{where}: {what}"
        if said not in self.faults:
            self.faults.append(said)


@dataclass(frozen=True)
class Lead:
    """An address to follow, the page it stood on, and whether a form asked for it."""

    to: str
    origin: str = ""
    asked: bool = False


class Crawler:
    """One person, by the secret of their sign-in; nobody without one."""

    def __init__(self, client: TestClient[Litestar], secret: str, language: str = "en") -> None:
        self.client = client
        self.secret = secret
        self.language = language
        self._arrive()

    # --- following ---

    def walk(self, wanted: Collection[str] = (), start: str = "/") -> Crawl:
        """Follow every link and every form that asks, from a page on, until nothing new comes.

        Of addresses of one shape only some are followed, and those that are wanted.
        """
        found, alike, all_of = Crawl(), Counter[tuple[str, str]](), Counter[str]()
        waiting = deque([Lead(start)])
        while waiting:
            path, origin = (lead := waiting.popleft()).to, lead.origin
            if path in found.seen:
                continue
            shape = self.shape(path)
            pair = shape, self.shape(origin) if origin else ""
            if path not in wanted and (alike[pair] >= ALIKE or all_of[shape] >= AT_MOST):
                continue
            alike[pair] += 1
            all_of[shape] += 1
            found.seen.add(path)
            waiting.extend(self.read(found, lead))
        return found

    def read(self, found: Crawl, lead: Lead) -> list[Lead]:
        """Open one page, judge it, and say where it leads."""
        path, origin = lead.to, lead.origin
        answer = self.get(path, origin)
        where = f"{path} (from {origin})" if origin else path
        if answer.status_code in {301, 302, 303}:
            return [Lead(answer.headers["location"], path, lead.asked)]
        if answer.status_code >= 400 and not (lead.asked and answer.status_code in REFUSED):
            found.blame(where, f"{answer.status_code} {_said(answer)}")
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return []
        page = Document(answer.text)
        for fault in page.faults():
            found.blame(f"{self.shape(path)} as {path}", fault)
        if answer.status_code >= 400:
            return []
        here = path.split("#")[0]
        return list(self._leads(found, page, here))

    def _leads(self, found: Crawl, page: Document, here: str) -> Iterator[Lead]:
        """Where a page leads; its forms that act are kept for whoever presses buttons."""
        for link in page.links():
            to = _local(here, link)
            if to and not to.startswith("/static/"):
                yield Lead(to, here)
        for sending in page.sendings():
            if sending.method == "get":
                yield Lead(_asked(here, sending), here, asked=True)
            elif sending.action:
                names = tuple(sorted({name for name, _ in sending.sent}))
                found.forms.setdefault((self.shape(sending.action), sending.button, names), (here, sending))

    def get(self, path: str, origin: str = "") -> httpx.Response:
        """One page, as a browser asks for it; a part of one is asked by a script."""
        headers = {"referer": origin} if origin else {}
        answer = self.client.get(path, headers=headers, follow_redirects=False)
        self._arrive()
        return answer

    def _arrive(self) -> None:
        """As at first, whatever cookies the pages that were opened have set."""
        self.client.cookies.clear()
        self.client.cookies.set("language", self.language)
        if self.secret:
            self.client.cookies.set(web.COOKIE, self.secret)

    def shape(self, path: str) -> str:
        """The route of an address, with the names of what it asks."""
        return _shape(self.client.app, path)

    # --- pressing ---

    def press(
        self, found: Crawl, here: str, sending: Sending, filled: Mapping[str, str], *, by_script: bool
    ) -> bool:
        """Send a form as its button does, and judge what comes of it; whether something was done.

        A field that must be filled and is empty gets what `filled` knows for its name.
        """
        told: dict[str, list[str]] = {}
        for name, value in sending.sent:
            empty = not value and name in sending.required
            told.setdefault(name, []).append(filled.get(name, "") if empty else value)
        told |= {name: [filled[name]] for name in sending.required if name in filled and name not in told}
        told["command"] = [str(clock.new_key())]
        headers = {"referer": here, **({"hx-request": "true"} if by_script else {})}
        answer = self.client.post(sending.action, data=told, headers=headers, follow_redirects=False)
        self._arrive()
        where = f"{sending.action} by {sending.button!r} on {here}"
        for fault in self._faults_of(found, answer, by_script=by_script):
            found.blame(where, fault)
        return answer.status_code < 400

    def _faults_of(self, found: Crawl, answer: httpx.Response, *, by_script: bool) -> Iterator[str]:
        if answer.status_code >= 400:
            yield from _faults_of_refusal(answer)
        if to := answer.headers.get("location") or answer.headers.get("hx-redirect"):
            yield from self._faults_there(found, to)
        elif answer.headers.get("content-type", "").startswith("text/html"):
            page = Document(answer.text)
            yield from page.faults()
            if not by_script and not page.is_whole:
                yield "a part of a page where no script runs"

    def _faults_there(self, found: Crawl, to: str) -> Iterator[str]:
        """What is wrong where an act leads; a page of a shape that was judged before is only opened."""
        if to in found.seen:
            return
        known = {self.shape(each) for each in found.seen}
        found.seen.add(to)
        landed = self.get(to)
        if landed.status_code in {302, 303}:
            landed = self.get(landed.headers["location"])
        if landed.status_code != 200:
            yield f"leads to {to}: {landed.status_code} {_said(landed)}"
        if self.shape(to) not in known:
            yield from (f"leads to {to}: {fault}" for fault in Document(landed.text).faults())


def _faults_of_refusal(answer: httpx.Response) -> Iterator[str]:
    if answer.status_code not in REFUSED_ACTS:
        yield f"{answer.status_code} {_said(answer)}"
    elif len(_said(answer)) < len("A PIN has digits."):
        yield "refused without a word"


def _said(answer: httpx.Response) -> str:
    """What a refusal says, in short."""
    found = Document(answer.text)
    return next((node.text for node in found.of("section") if node["role"] == "alert"), answer.text[:200])


@cache
def _shape(app: Litestar, address: str) -> str:
    parts = urlsplit(address)
    route = _route(app, parts.path)
    names = sorted({name for name, value in parse_qsl(parts.query) if value})
    return f"{route}?{'&'.join(names)}" if names else route


@cache
def _route(app: Litestar, path: str) -> str:
    return next((route for route, fits in _shapes(app) if fits(path)), path)


@cache
def _shapes(app: Litestar) -> list[tuple[str, Callable[[str], object]]]:
    """The routes of the application, the plainest first, each with what fits it."""

    def pattern(route: str) -> Callable[[str], object]:
        kinds = {"path": ".+", "uuid": "[0-9a-fA-F-]{36}", "int": "[0-9]+"}
        told = re.sub(r"\{\w+:(\w+)\}", lambda found: kinds.get(found[1], "[^/]+"), route)
        return re.compile(told).fullmatch

    paths = sorted({route.path for route in app.routes}, key=lambda path: (path.count("{"), -len(path)))
    return [(path, pattern(path)) for path in paths]


def _local(here: str, to: str) -> str:
    """An address on our site, without the part of the page it means; empty for another site's."""
    found = urlsplit(urljoin(here, to))
    if found.netloc:
        return ""
    return found.path + (f"?{found.query}" if found.query else "")


def _asked(here: str, sending: Sending) -> str:
    """The address that a form which asks leads to."""
    action = _local(here, sending.action or here).split("?")[0]
    return f"{action}?{urlencode(sending.sent)}"
