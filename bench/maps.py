"""The map of a box: read and drawn as a page draws it, against its own JSON."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import msgspec

from biobank import storage
from biobank.database import Database
from biobank.pages import shell
from biobank.pages.storage import containers as pages
from biobank.pages.storage import maps
from biobank.texts import language
from tests import world as worlds

TURNS = 300
TUBES = 60

Row = tuple[str, float, float, float, str]


def rows() -> list[Row]:
    """Operation, ours, floor, ratio, target: milliseconds to draw a box of 9 x 9, and to write its JSON."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        worlds.build(database)
        world = worlds.World(database)
        box = world.boxes()[0]
        world.put(box, world.tubes(TUBES))
        inside = world.ask(lambda session, actor: pages.look_inside(session, actor, box))
        read = _time(lambda: world.ask(lambda session, actor: storage.box_map(session, actor, box)))
        database.close()
    macro = shell.template_config().engine_instance.engine.get_template("storage/_map.html")
    context = {"request": None}
    language.set("en")
    module = macro.make_module(context)

    def draw() -> str:
        drawing = maps.draw(inside.map, {inside.map.next_free: "cursor"})
        return str(module.grid(drawing, inside.map))  # type: ignore[attr-defined]  # a macro of the template

    written = _time(lambda: msgspec.json.encode(inside.map))
    drawn = _time(draw)
    return [
        ("draw a map of 9 x 9, against its JSON", drawn, written, drawn / written, "<= 30"),
        ("read a map of 9 x 9 from SQLite, against its JSON", read, written, read / written, ""),
    ]


def _time(work: Callable[[], object]) -> float:
    """The median of many turns, in milliseconds of this process: others on the machine do not count."""
    took: list[float] = []
    for _ in range(TURNS):
        start = process_time()
        work()
        took.append((process_time() - start) * 1000)
    return median(took)
