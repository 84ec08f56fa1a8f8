"""What stands around a result at the bench: the band of the mode, and the map."""

from typing import Any

from biobank.pages import storage as containers
from biobank.pages.bench.order import Shown
from biobank.pages.scanning import Mode
from biobank.pages.storage import Inside


def with_cursor(inside: Inside | None, mode: Mode) -> Shown | None:
    if inside is None:
        return None
    free = inside.map.next_free if mode is Mode.STORE and inside.map.level == "box" else ""
    return Shown(inside, {free: "cursor"} if free else {})


def around(mode: Mode, shown: Shown | None, box: str | None = None) -> dict[str, Any]:
    """What stands around a result: the band of the mode, and the map."""
    inside = shown.inside if shown else None
    is_box = inside is not None and inside.map.level == "box"
    opened = inside.map if inside is not None and is_box and box in (None, inside.map.code) else None
    drawn = containers.drawn(inside, shown.marks if shown else {}) if inside else {}
    return {
        "mode": mode.value,
        "open_box": opened,
        "box": inside.map if inside else None,
        "drawing": drawn.get("drawing"),
        "elevation": drawn.get("elevation"),
    }
