"""Takes a picture of every page in each theme and language, at a desk, on a tablet and on paper.

`make pictures` writes them to build/pictures/, which git ignores, with an `index.html` of all of them;
`make pictures ONLY="home|tablet-dark"` takes those alone whose file's name has that pattern in it, and
`make pictures ONLY=README` the one that stands in the README.
"""

import itertools
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, ViewportSize

from biobank import codes, texts
from biobank.database import Database
from biobank.pages.build_assets import build
from tests import world as worlds
from tests.browser import launch
from tests.pages.conftest import Site, Tab
from tests.pages.every_page import BENCH, REFUSED, at_the_bench, furnished
from tests.world import MANAGER, TECHNICIAN, World

FOLDER = Path(__file__).parents[1] / "build/pictures"
README = Path(__file__).parents[1] / "docs/bench.png"
README_ALONE = "README"
THEMES = ("light", "dark")


class Screen(NamedTuple):
    """What somebody looks at: CSS pixels, and whether fingers touch it."""

    name: str
    width: int
    height: int
    touched: bool = False
    printed: bool = False


SCREENS = (
    Screen("desk", 1280, 800),
    Screen("tablet", 1080, 810, touched=True),
    Screen("paper", 718, 1047, printed=True),  # A4 within margins of a centimetre
)
KINDS = [
    (screen, theme, language)
    for screen, theme, language in itertools.product(SCREENS, THEMES, texts.LANGUAGES)
    if theme == "light" or not screen.printed
]

_STYLE = """body { font: 14px sans-serif; margin: 24px; background: #888 }
section { display: grid; grid-template-columns: repeat(10, 1fr); gap: 8px; margin-bottom: 32px }
h2 { grid-column: 1 / -1; margin: 0 } img { width: 100%; border: 1px solid #000 }"""


Pages = dict[str, str]


@contextmanager
def _site() -> Iterator[tuple[Site, Pages, Pages]]:
    """A site in front of the furnished world; its pages by name, and those of its bench."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/pictures.db")
        worlds.build(database)
        world = World(database)
        pages = {**REFUSED, **furnished(world)}
        site = Site(world)
        site.start()
        yield site, pages, at_the_bench(world)
        site.stop()
        database.close()


def file_name(page: str, *kind: str) -> str:
    """The name of a picture: its page in letters that every file system has, and of what kind it is."""
    return "-".join([re.sub(r"\W+", "_", page), *kind]) + ".png"


def take(browser: Browser, site: Site, pages: Pages, only: str, cookies: dict[str, str]) -> Iterator[str]:
    """Pictures of the whole of each page that are wanted; their names."""
    for screen, theme, language in KINDS:
        named = {file_name(page, screen.name, theme, language): path for page, path in pages.items()}
        wanted = {name: path for name, path in named.items() if re.search(only, name)}
        if not wanted:
            continue
        size: ViewportSize = {"width": screen.width, "height": screen.height}
        context = browser.new_context(viewport=size, has_touch=screen.touched, locale="en-GB")
        tab = Tab(site, context.new_page())
        tab.sign_in(MANAGER, theme=theme, language=language, **cookies)
        tab.page.emulate_media(media="print" if screen.printed else "screen")
        for name, path in wanted.items():
            tab.open(path)
            tab.page.screenshot(path=FOLDER / name, full_page=True)
            yield name
        context.close()


def _index(pages: Iterable[str]) -> str:
    """One sheet with all the pictures, a row for each page."""
    rows = "".join(_row(page) for page in pages)
    return f'<!doctype html><meta charset="utf-8"><title>Pictures</title><style>{_STYLE}</style>{rows}'


def _row(page: str) -> str:
    files = [file_name(page, screen.name, *others) for screen, *others in KINDS]
    return f"<section><h2>{escape(page)}</h2>{''.join(map(_linked, files))}</section>"


def _linked(file: str) -> str:
    return f'<a href="{file}"><img src="{file}" title="{file}" alt="{file}" loading="lazy"></a>'


def take_for_the_readme() -> None:
    """The bench while a tube is put into a box that is half full: what most people look at all day."""
    with tempfile.TemporaryDirectory() as folder, launch() as browser:
        database = Database(f"sqlite:///{folder}/readme.db")
        worlds.build(database)
        world = World(database)
        box, tubes = world.boxes()[0], world.tubes(45)
        world.put(box, tubes[:42])
        site = Site(world)
        site.start()
        size: ViewportSize = {"width": 1280, "height": 760}
        tab = Tab(site, browser.new_page(viewport=size, locale="en-GB"))
        tab.sign_in(TECHNICIAN, theme="light", language="en")
        tab.open(f"/bench?mode=store&box={box}")
        for tube in tubes[42:]:
            tab.scan(tube)
            tab.page.locator("[data-result]", has_text=codes.grouped(tube)).wait_for()
        tab.page.screenshot(path=README, animations="disabled")
        site.stop()
        database.close()


def main(only: str = "") -> None:
    """Take them all, those whose name a pattern is found in, or the one of the README."""
    if only == README_ALONE:
        build()
        take_for_the_readme()
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    build()
    with _site() as (site, pages, benches), launch() as browser:
        taken = list(take(browser, site, pages, only, {}))
        taken += take(browser, site, benches, only, BENCH)
        (FOLDER / "index.html").write_text(_index(pages | benches), encoding="utf-8")
    sys.stdout.write(f"{len(taken)} pictures: {FOLDER / 'index.html'}\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
