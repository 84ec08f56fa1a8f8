"""A visit collected on its page, twenty tubes by scans: in a large biobank against a small one."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import msgspec

from bench.cohort import TUBES, Open, fill
from bench.load import conversation, get, submit
from bench.serving import serving
from biobank import clock, web
from biobank.database import Database
from tests import world as worlds
from tests.databases import PostgresServer

SMALL = 10_000
LARGE = {"PostgreSQL": 1_000_000, "SQLite": 100_000}
VISITS = 24
WARM = 4
SECRET = worlds.SECRETS[worlds.TECHNICIAN]

Row = tuple[str, float, float, float, str]


class Times(msgspec.Struct):
    """Milliseconds: of each page opened, each tube scanned, and each visit from its page to its last tube."""

    pages: list[float] = []
    scans: list[float] = []
    visits: list[float] = []


def rows(small: int = SMALL, large: int | None = None) -> list[Row]:
    """Operation, ours (in the large one), floor (in the small one), ratio, target."""
    found: list[Row] = []
    for engine, most in LARGE.items():
        sizes = (small, large or most)
        with _addresses(engine) as urls:
            filled = [_filled(url, size) for url, size in zip(urls, sizes, strict=True)]
            few, many = _measured(urls, filled)
        name = f"{engine}, {sizes[1]:,} tubes against {sizes[0]:,}, p50 ms"
        for operation, slow, quick in (
            ("open the page of a visit", many.pages, few.pages),
            ("scan a tube at a visit", many.scans, few.scans),
            (f"a visit: page, kit and {TUBES} tubes", many.visits, few.visits),
        ):
            ours, floor = median(slow), median(quick)
            found.append((f"{operation}, {name}", ours, floor, ours / floor, "<= 1.3"))
    return found


@contextmanager
def _addresses(engine: str) -> Iterator[list[str]]:
    """Two empty databases."""
    if engine == "SQLite":
        with tempfile.TemporaryDirectory() as folder:
            yield [f"sqlite:///{Path(folder) / name}.db" for name in ("small", "large")]
        return
    with PostgresServer(durable=True) as server:
        for name in ("small", "large"):
            server.create(name)
        yield [server.url(name) for name in ("small", "large")]


def _filled(url: str, size: int) -> list[Open]:
    database = Database(url)
    worlds.build(database)
    opened = fill(database, size, VISITS)
    database.close()
    return opened


def _measured(urls: Sequence[str], filled: Sequence[Sequence[Open]]) -> list[Times]:
    """The visits of both in turns, so that what else this machine does falls on both."""
    times = [Times() for _ in urls]
    with ExitStack() as running:
        ports = [running.enter_context(serving(url)) for url in urls]
        for number, pair in enumerate(zip(*filled, strict=True)):
            for port, visit, kept in zip(ports, pair, times, strict=True):
                _collect(port, visit, kept if number >= WARM else Times())
    return times


def _collect(port: int, at: Open, kept: Times) -> None:
    """Open the page, scan the kit, then each tube as it comes out of the bag; look at the page again."""
    page = get(f"/visits/{at.visit}", f"{web.COOKIE}={SECRET}")
    scans = [_scan(at.visit, code) for code in (at.kit, *at.tubes)]
    (opened, _), *answers, (again, _) = conversation(port, [page, *scans, page])
    for _, body in answers:
        if b'data-outcome="ok"' not in body and b'data-outcome="done"' not in body:
            raise RuntimeError(body.decode()[:600])
    took = [each for each, _ in answers]
    kept.pages += [opened, again]
    kept.scans += took[1:]
    kept.visits.append(opened + sum(took))


def _scan(visit: str, code: str) -> bytes:
    told = {"scan": code, "mode": "collect", "source": "scan", "corrected": "false"}
    return submit(f"/visits/{visit}/scans", told, SECRET, clock.new_key())
