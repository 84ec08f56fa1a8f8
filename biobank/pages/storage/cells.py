"""The cells of a box map as SVG: written straight, since a template takes ten times as long for each cell.

Classes only: every colour comes from the styles. Whatever a person named is escaped.
"""

from collections.abc import Collection
from functools import lru_cache

from markupsafe import Markup, escape

from biobank.amounts import MATERIALS, material_name
from biobank.codes import grouped
from biobank.pages.storage.maps import Axis, Cell, Drawing
from biobank.pages.words import word
from biobank.storage import BoxMap, Coloured
from biobank.storage.sought import CLASSES
from biobank.texts import gettext as _

_CHECK = "M1 5.5l3 3L9 2"
_CROSS = "M2 2l6 6M8 2L2 8"
_WARNING = "M5 .8L9.6 9H.4zM5 3.8v2.2M5 7.5v.1"
_BANDS = (
    "h38",
    "h17m4 0h17",
    "h10m4 0h10m4 0h10",
    "h17",
    "m21 0h17",
    "m11 0h16",
    "h3m4 0h3m4 0h3m4 0h3m4 0h3m4 0h3",
)
"""How the stripe of each class is drawn, and last that of all others."""

_MARKS = {"found": _CHECK, "notice": _WARNING, "stop": _CROSS}


def ground(drawing: Drawing) -> Markup:
    """What stands behind the cells: the outline, the letters around it, the arrow of the fill order."""
    return Markup(_ground(tuple(drawing.axes), drawing.outline, drawing.order))  # noqa: S704 - escaped below


def links(
    drawing: Drawing,
    box: BoxMap,
    trail: str = "",
    hits: Collection[str] | None = None,
    coloured: Coloured | None = None,
) -> Markup:
    """Every cell as a link to its slot, in rows, each announced by its slot and what is in it.

    What is written in it comes last, so that a person who speaks to the screen may say that.

    `hits` are the slots of the tubes sought: the others fade. `trail` goes on in every address.
    """
    # Put into the language once, not for each cell.
    said = str(escape(_("row %(row)s, column %(column)s, %(state)s")))
    states = {state: str(escape(word(state))) for state in {slot.state for slot in box.slots}}
    names = [str(escape(name)) for name in (*box.row_names, *box.col_names)]
    rows, cols = names[: len(box.row_names)], names[len(box.row_names) :]
    start, more = f"/containers/{box.code}?slot=", f"&amp;{escape(trail)}" if trail else ""
    classes = (
        [*(escape(_said(name)) for name, _count in coloured.classes), escape(_("other"))] if coloured else []
    )
    lines = []
    for line in drawing.rows:
        row, parts = rows[line[0].row] if line else "", []
        for each in line:
            slot = each.slot
            label = said % {"row": row, "column": cols[each.col], "state": states[slot.state]}
            if slot.name not in {f"{row}{cols[each.col]}", f"{row}-{cols[each.col]}"}:
                label = f"{slot.name}, {label}"
            if slot.code:
                label = f"{label}, {grouped(slot.code)}, {each.text}"
            stripe = coloured.slots.get(slot.name) if coloured else None
            if stripe is not None:
                label = f"{label}, {classes[stripe]}"
            hit = " hit" if hits is not None and slot.name in hits else ""
            parts.append(_link(each, label, hit, start, more, stripe))
        lines.append(f'<g role="row">{"".join(parts)}</g>')
    return Markup("\n".join(lines))  # noqa: S704 - every part is ours or escaped


def shapes(drawing: Drawing) -> Markup:
    """Every cell as a mere shape, for a picture of the map."""
    cells = (f'<g class="cell {each.state}">{_inside(each)}</g>' for line in drawing.rows for each in line)
    return Markup("".join(cells))  # noqa: S704 - states and the ends of codes are ours


def key(state: str) -> Markup:
    """The inside of a cell in a state as a legend shows it, 20 units wide: the second cue in its middle."""
    lines = "M1 10l9-9M1 19L19 1M10 19l9-9"
    cue = {
        "empty": '<circle class="dot" cx="10" cy="10" r="2.5"/>',
        "reserved": '<path class="corner" d="M13 1h6v6z"/>',
        "blocked": f'<path class="hatch" d="{lines}"/>',
        "other": f'<path class="hatch dotted" d="{lines}"/>',
        "cursor": '<path class="play" transform="translate(6 5) scale(.7)" d="M0 0l12 7-12 7z"/>',
    }.get(state, "")
    if state in _MARKS:
        cue = f'<path class="mark" transform="translate(5 5)" d="{_MARKS[state]}"/>'
    return Markup(f'<rect x="1" y="1" width="18" height="18"/>{cue}')  # noqa: S704 - all of it is ours


def _said(name: str) -> str:
    """A class of a map in words, where it is a material; studies and events have names of their own."""
    return material_name(name) if name in MATERIALS else name


def _link(each: Cell, label: str, hit: str, start: str, more: str, stripe: int | None) -> str:
    title, slot = "", each.slot
    if slot.owner:
        owner = escape(slot.owner)
        label, title = f"{label}, {owner}", f"<title>{owner}</title>"
    band = _stripe(stripe, each.x, each.y) if stripe is not None else ""
    return (
        f'<a class="cell {each.state}{hit}" role="gridcell" href="{start}{slot.name}{more}"'
        f' tabindex="{0 if each.first else -1}" data-row="{each.row}" data-col="{each.col}"'
        f' aria-label="{label}">{title}{_inside(each)}{band}</a>'
    )


def _inside(each: Cell) -> str:
    before, after = _shape(each.state, each.x, each.y, written=bool(each.text))
    return f"{before}{each.text}{after}"


@lru_cache(16_384)
def _shape(state: str, x: int, y: int, *, written: bool) -> tuple[str, str]:
    """What is drawn before and after the short text of a cell; the second cue of its state among it."""
    before, after = f'<rect x="{x}" y="{y}" width="44" height="44"/>', ""
    if state == "cursor":
        before += f'<rect class="ring" x="{x + 4}" y="{y + 4}" width="36" height="36"/>'
    if state in {"blocked", "other"}:
        lines = f"M{x} {y + 22}l22 -22M{x} {y + 44}l44 -44M{x + 22} {y + 44}l22 -22"
        before += f'<path class="hatch{" dotted" if state == "other" else ""}" d="{lines}"/>'
    if state == "reserved":
        before += f'<path class="corner" d="M{x + 32} {y}h12v12z"/>'
    if state in _MARKS:
        after = f'<path class="mark" transform="translate({x + 31} {y + 4})" d="{_MARKS[state]}"/>'
    if written:
        return f'{before}<text x="{x + 22}" y="{y + (26 if state in _MARKS else 22)}">', f"</text>{after}"
    if state == "cursor":
        before += f'<path class="play" transform="translate({x + 17} {y + 15})" d="M0 0l12 7-12 7z"/>'
    elif state == "empty":
        before += f'<circle class="dot" cx="{x + 22}" cy="{y + 22}" r="2.5"/>'
    return before, after


def _stripe(number: int, x: int, y: int) -> str:
    """A class as a stripe along the bottom: its colour, and gaps of its own for eyes that tell no colours."""
    return (
        f'<rect class="under" x="{x + 1}" y="{y + 34}" width="42" height="9"/>'
        f'<path class="stripe c{number + 1}" d="M{x + 3} {y + 39}{_BANDS[min(number, CLASSES)]}"/>'
    )


@lru_cache(256)
def _ground(axes: tuple[Axis, ...], outline: str, order: str) -> str:
    letters = (
        f'<text class="map-axis" x="{each.x}" y="{each.y}">{escape(each.text)}</text>' for each in axes
    )
    return f'<path class="map-outline" d="{outline}"/>{"".join(letters)}<path class="map-order" d="{order}"/>'


def sample(number: int) -> Markup:
    """The stripe of a class as its legend shows it."""
    return Markup(_stripe(number, 0, -30))  # noqa: S704 - numbers and a class
