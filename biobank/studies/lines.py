"""On which line of a protocol file (TOML 1.0) a field stands."""

import re
import tomllib
from collections import Counter
from typing import Any

Path = tuple[str, ...]

_BARE_OR_QUOTED = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = rf"{_BARE_OR_QUOTED}(?:[ \t]*\.[ \t]*{_BARE_OR_QUOTED})*"
_HEADER = re.compile(rf"[ \t]*(?P<opens>\[\[?)[ \t]*(?P<key>{_KEY})[ \t]*\]\]?")
_PAIR = re.compile(rf"[ \t]*(?P<key>{_KEY})[ \t]*=")
_VALUE = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*'
    r"|[\[{]|[\]}]|\n|[^\"'#\[\]{}\n]+|.",
    re.DOTALL,
)

_DEEPEST = 100
"""No field of a protocol lies deeper; a key of a thousand dots shall not keep anybody waiting."""


def line_of(lines: dict[str, int], field: str) -> int:
    """The line, from 1, of a field such as `events.3.day`, among the lines of a text.

    A field that is not written down has the line of what stands around it.
    """
    while field not in lines and "." in field:
        field = field.rpartition(".")[0]
    return lines.get(field, 1)


def lines_of(text: str) -> dict[str, int]:
    """Every field that is written down, each table of an array under its number, with its line.

    The text must be TOML that can be read.
    """
    lines: dict[str, int] = {}
    tables: Counter[Path] = Counter()
    inside: Path = ()
    at, line = 0, 1
    while at < len(text):
        header, pair = _HEADER.match(text, at), _PAIR.match(text, at)
        if header:
            inside = _opened(_path(header["key"]), tables, several=header["opens"] == "[[")
            _note(lines, inside, line)
        elif pair:
            _note(lines, inside + _path(pair["key"]), line)
        start = header.end() if header else pair.end() if pair else at
        end = _end(text, start)
        line += text.count("\n", at, end)
        at = end
    return lines


def _opened(path: Path, tables: Counter[Path], *, several: bool) -> Path:
    """The path of a table that a header opens, with the numbers of the arrays it stands in."""
    found: Path = ()
    for place, name in enumerate(path, start=1):
        found = (*found, name)
        if several and place == len(path):
            tables[found] += 1
        if found in tables:
            found = (*found, str(tables[found] - 1))
    return found


def _note(lines: dict[str, int], path: Path, line: int) -> None:
    for length in range(1, len(path) + 1):
        lines.setdefault(".".join(path[:length]), line)


def _path(key: str) -> Path:
    """The names of a dotted key, read as TOML reads them."""
    found: Any = tomllib.loads(f"{key} = 0")
    path = list[str]()
    while isinstance(found, dict) and len(path) < _DEEPEST:
        name, found = next(iter(found.items()))
        path.append(name)
    return tuple(path)


def _end(text: str, at: int) -> int:
    """Where the statement that begins before `at` ends: past its line, or past the value it opens."""
    depth = 0
    for token in _VALUE.finditer(text, at):
        mark = token.group()
        depth += (mark in "[{") - (mark in "]}")
        if mark == "\n" and depth <= 0:
            return token.end()
    return len(text)
