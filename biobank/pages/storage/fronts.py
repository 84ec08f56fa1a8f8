"""The fronts of racks and freezers as SVG, written straight as the cells of a box are.

Classes only: every colour comes from the styles. Whatever a person named is escaped.
"""

from collections.abc import Iterator, Mapping

import msgspec
from markupsafe import Markup, escape

from biobank.pages.storage.elevations import Bar, Caption, Elevation, Holding, Place, Thumbnail
from biobank.pages.words import word
from biobank.storage import ContainerRow
from biobank.texts import gettext as _

_LETTER = 7.4
"""About how wide a letter of a name is, so that a long one is cut before it meets the edge."""


class Shown(msgspec.Struct, frozen=True):
    """What a front tells of a container in place of how full it is: words, a class, where its link leads."""

    words: str
    tone: str
    to: str


def front(
    drawn: Elevation,
    trail: str = "",
    hits: Mapping[str, int] | None = None,
    chosen: str = "",
    shown: Mapping[str, Shown] | None = None,
) -> Markup:
    """Every rack or box as a link, announced by its place, its name and what is in it.

    `hits` are the numbers of tubes sought, by the code of a container: what has none fades. `shown` is told
    instead of how full each is, by code.
    """
    links = _Links(drawn, f"?{escape(trail)}" if trail else "", hits, chosen, shown)
    parts = [*map(links.caption, drawn.captions), *map(links.holding, drawn.holdings)]
    return Markup("\n".join(parts))  # noqa: S704 - every part is ours or escaped


def small(drawn: Thumbnail, hits: Mapping[str, int] | None = None) -> Markup:
    """A freezer as a picture; what has none of the tubes sought fades."""
    parts = [f'<rect class="case" x=".5" y=".5" width="{drawn.width - 1}" height="{drawn.height - 1}"/>']
    for row, bar, fill in drawn.cells:
        hit = " hit" if hits and hits.get(row.code) else ""
        level = _rect("fill", fill) if fill else ""
        parts.append(f'<g class="slot{hit}">{_rect("frame", bar)}{level}</g>')
    return Markup("".join(parts))  # noqa: S704 - numbers and classes alone


class _Links:
    """How the parts of one front are written."""

    def __init__(
        self,
        drawn: Elevation,
        query: str,
        hits: Mapping[str, int] | None,
        chosen: str,
        shown: Mapping[str, Shown] | None,
    ) -> None:
        self.drawn, self.query, self.hits, self.chosen, self.shown = drawn, query, hits, chosen, shown
        self.first = self._first()

    def caption(self, each: Caption) -> str:
        """A shelf's name as a link, and its floor."""
        right = self.drawn.width - 12
        words = f"{escape(each.row.name)} · {self._count(each.row)}"
        return (
            f'<path class="floor" d="M12 {each.floor}H{right}"/><a class="map-caption" tabindex="-1"'
            f' href="{self._to(each.row)}"><text x="12" y="{each.y}">{words}</text></a>'
        )

    def holding(self, each: Holding) -> str:
        """A rack with its boxes, or a place where one could stand."""
        boxes = "".join(self._boxes(each))
        if each.row is None:
            return f'<g class="vacant">{_rect("frame", each.at)}</g>'
        trays = "".join(_tray(tray) for tray in each.trays)
        around = f"{_rect(f'frame holder {each.holder}', each.at)}{trays}"
        if not self.drawn.whole:
            return f"<g>{around}</g>{boxes}"
        bottom = each.at.y + each.at.height - 11
        # The number of tubes is left out before it meets the edge; the label says it in any case.
        count = _written(each.at.x + 8, bottom, self._count(each.row), each.at.width - 16, "count")
        name = _written(each.at.x + 8, each.at.y + 15, each.row.name, each.at.width - 16, "name")
        # A shelf that holds boxes itself is named by its caption.
        itself = any(caption.row.code == each.row.code for caption in self.drawn.captions)
        inner = f"{around}{boxes}" if itself else f"{around}{boxes}{name} {count}"
        return self._link(each.row, inner, self._said(each.row), each.line, each.number)

    def _boxes(self, holding: Holding) -> Iterator[str]:
        for each in holding.places:
            if each.row is None:
                yield _rect("vacant", each.at)
            elif self.drawn.whole:
                hit = " hit" if self.hits and self.hits.get(each.row.code) else self._tone(each.row)
                fill = self._fill(each)
                yield f'<g class="place{hit}">{_rect("box", each.at)}{fill}</g>'
            else:
                yield self._box(each, each.row)

    def _box(self, each: Place, row: ContainerRow) -> str:
        at, count = each.at, self._count(row)
        fill = self._fill(each)
        if at.height < 40:
            middle = at.y + at.height / 2
            right = (
                f'<text class="count end" x="{at.x + at.width - 8:g}" y="{middle:g}">{escape(count)}</text>'
            )
            words = _written(at.x + 8, middle, row.name, at.width - 100, "name") + " " + right
        else:
            words = _written(at.x + 8, at.y + 16, row.name, at.width - 14, "name")
            words += " " + _written(at.x + 8, at.y + at.height - 14, count, at.width - 12, "count")
        inner = f"{_rect('frame', at)}{fill}{words}"
        return self._link(row, inner, self._said(row, each.slot), each.line, each.number)

    def _link(self, row: ContainerRow, inner: str, said: str, line: int, number: int) -> str:
        state = "found" if row.code == self.chosen else "" if row.tubes else "empty"
        hit = " hit" if self.hits and self.hits.get(row.code) else "" if self.drawn.whole else self._tone(row)
        return (
            f'<a class="slot {state}{hit}" href="{self._to(row)}" data-row="{line}"'
            f' data-col="{number}" tabindex="{0 if row.code == self.first else -1}" aria-label="{said}">'
            f"{inner}</a>"
        )

    def _said(self, row: ContainerRow, slot: str = "") -> str:
        """Begins with what is written, so that a person who speaks to the screen may say that."""
        told = f"{row.name} {self._count(row)}, {word(row.level)}"
        if slot:
            told += ", " + _("slot %(slot)s") % {"slot": slot}
        if self.hits is not None:
            told += ", " + _("%(count)s tubes") % {"count": row.tubes}
        return str(escape(told))

    def _to(self, row: ContainerRow) -> str:
        return str(escape(self.shown[row.code].to)) if self.shown else f"/containers/{row.code}{self.query}"

    def _tone(self, row: ContainerRow) -> str:
        return f" {self.shown[row.code].tone}" if self.shown else ""

    def _fill(self, each: Place) -> str:
        return _rect("fill", each.fill) if each.fill and not self.shown else ""

    def _count(self, row: ContainerRow) -> str:
        if self.shown:
            return self.shown[row.code].words
        if self.hits is not None:
            return _("%(count)s sought") % {"count": self.hits.get(row.code, 0)}
        return f"{row.tubes} / {row.slots}" if row.slots else str(row.tubes)

    def _first(self) -> str:
        if self.chosen:
            return self.chosen
        whole = self.drawn.whole
        rows = [each.row for each in self.drawn.holdings] if whole else []
        rows += [] if whole else [place.row for each in self.drawn.holdings for place in each.places]
        return next((row.code for row in rows if row), "")


def _rect(kind: str, bar: Bar) -> str:
    sides = (("x", bar.x), ("y", bar.y), ("width", bar.width), ("height", bar.height))
    # Written short: there are hundreds of them.
    told = " ".join(f'{name}="{round(value, 1):g}"' for name, value in sides)
    return f'<rect class="{kind}" {told}/>'


def _tray(bar: Bar) -> str:
    """A tray with the handle it is pulled out by."""
    x, y = bar.x, bar.y + bar.height
    middle = bar.x + bar.width / 2
    return f'<path class="tray" d="M{x:g} {y:g}h{bar.width:g}M{middle - 8:g} {y + 2:g}h16"/>'


def _written(x: float, y: float, text: str, room: float, kind: str) -> str:
    """A text that is cut where it would leave its room."""
    most = int(room / _LETTER)
    shown = text if len(text) <= most else text[: max(0, most - 1)] + "…"
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(shown)}</text>' if most > 1 else ""
