"""Text and borders stand out from their ground in both themes, computed from the style sheets themselves."""

import re

import pytest

from biobank.pages.build_assets import ASSETS

Colour = tuple[float, float, float]
"""Red, green and blue of sRGB, 0 to 1."""

STYLES = ASSETS / "src/css"
LEAST_OF_TEXT, LEAST_OF_BORDERS = 4.5, 3.0
GROUND = "var(--sunken)"
"""What the cells of a map lie on."""

STATES = set(re.findall(r"\.cell\.(\w+) rect", (STYLES / "maps.css").read_text()))
TEXTS = [
    (ink, ground)
    for ink, grounds in {
        "ink": ("surface", "panel", "sunken", "hover", "accent-soft", "ok-soft", "notice-soft", "stop-soft"),
        "ink-2": ("surface", "panel", "sunken", "hover", "accent-soft"),
        "accent": ("surface", "panel", "accent-soft", "hover"),
        "accent-ink": ("accent",),
        "ok-text": ("ok-soft", "panel"),
        "notice-text": ("notice-soft", "panel"),
        "stop-text": ("stop-soft", "panel"),
        "ok-ink": ("ok",),
        "notice-ink": ("notice",),
        "stop-ink": ("stop",),
    }.items()
    for ground in grounds
]


def _tokens() -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): ([^;]+);", (STYLES / "tokens.css").read_text()))


def _rules() -> dict[str, dict[str, str]]:
    """What each selector of the maps is given; a later rule wins over an earlier one."""
    text = re.sub(r"/\*.*?\*/", "", (STYLES / "maps.css").read_text(), flags=re.DOTALL)
    found: dict[str, dict[str, str]] = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
        for selector in selectors.split(","):
            told = dict(re.findall(r"([\w-]+): ([^;]+)(?:;|$)", body.strip()))
            found.setdefault(selector.strip(), {}).update(told)
    return found


TOKENS, RULES = _tokens(), _rules()


def drawn(state: str, part: str, what: str) -> str:
    """What a part of a cell in a state is filled or stroked with."""
    return RULES.get(f".cell.{state} {part}", {}).get(what) or RULES[f".cell {part}"][what]


def colour(told: str, theme: str) -> Colour:
    """A colour as the style sheets tell it: a hex value, a name of ours, a pair of themes, or a mixture."""
    told = told.strip()
    if named := re.fullmatch(r"var\(--([\w-]+)\)", told):
        return colour(TOKENS[named[1]], theme)
    if pair := re.fullmatch(r"light-dark\((#\w+), (#\w+)\)", told):
        return colour(pair[1] if theme == "light" else pair[2], theme)
    if mixed := re.fullmatch(r"color-mix\(in oklab, (.+) (\d+)%, (.+)\)", told):
        share = int(mixed[2]) / 100
        one, other = (_oklab(colour(each, theme)) for each in (mixed[1], mixed[3]))
        return _from_oklab([a * share + b * (1 - share) for a, b in zip(one, other, strict=True)])
    assert re.fullmatch(r"#[0-9a-f]{6}", told), told
    red, green, blue = (int(told[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """By WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _linear(of: Colour) -> list[float]:
    return [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in of]


def _luminance(of: Colour) -> float:
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), _linear(of), strict=True))


# The two matrices of the colour space, as CSS Color 4 gives them.
_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_LMS = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)


def _times(matrix: tuple[Colour, ...], of: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, of, strict=True)) for row in matrix]


def _oklab(of: Colour) -> list[float]:
    return _times(_TO_LAB, [each ** (1 / 3) for each in _times(_TO_LMS, _linear(of))])


def _from_oklab(of: list[float]) -> Colour:
    linear = _times(_FROM_LMS, [each**3 for each in _times(_FROM_LAB, of)])
    red, green, blue = (
        min(1.0, max(0.0, 12.92 * each if each <= 0.0031308 else 1.055 * each ** (1 / 2.4) - 0.055))
        for each in linear
    )
    return red, green, blue


# --- the rule is the one that is written down ---


def test_black_on_white_is_21_and_a_mixture_of_one_colour_is_itself() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast(colour("#98b2dd", "light"), colour("#10151d", "light")) == pytest.approx(8.5, abs=0.1)
    same = colour("color-mix(in oklab, #98b2dd 60%, #98b2dd)", "light")
    assert same == pytest.approx(colour("#98b2dd", "light"), abs=1e-4)


def test_every_state_that_a_map_draws_is_among_those_looked_at() -> None:
    assert {"occupied", "cursor", "found", "notice", "stop", "out", "reserved", "blocked", "other"} <= STATES


# --- maps ---


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", sorted(STATES | {"empty"}))
def test_a_cell_can_be_read_and_told_from_its_ground(state: str, theme: str) -> None:
    fill = colour(drawn(state, "rect", "fill"), theme)
    written = drawn(state, "text", "fill")
    assert contrast(colour(written, theme), fill) >= LEAST_OF_TEXT
    border = colour(drawn(state, "rect", "stroke"), theme)
    assert contrast(border, colour(GROUND, theme)) >= LEAST_OF_BORDERS


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", ["found", "notice", "stop"])
def test_the_mark_of_a_cell_stands_out(state: str, theme: str) -> None:
    mark = colour(drawn(state, ".mark", "stroke"), theme)
    assert contrast(mark, colour(drawn(state, "rect", "fill"), theme)) >= LEAST_OF_BORDERS


# --- everything else ---


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_text_can_be_read_on_its_ground(ink: str, ground: str, theme: str) -> None:
    found = contrast(colour(f"var(--{ink})", theme), colour(f"var(--{ground})", theme))
    assert found >= LEAST_OF_TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("border", ["line-strong", "cell-border", "ring-outer", "accent"])
@pytest.mark.parametrize("ground", ["surface", "panel"])
def test_what_bounds_a_control_can_be_seen(border: str, ground: str, theme: str) -> None:
    found = contrast(colour(f"var(--{border})", theme), colour(f"var(--{ground})", theme))
    assert found >= LEAST_OF_BORDERS
