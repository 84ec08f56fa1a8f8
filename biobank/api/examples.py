"""Examples of the API: orders that were done, their answers, and refusals, kept from a run of the tests."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

FILE = Path(__file__).with_name("examples.json")


class Example(msgspec.Struct, frozen=True):
    """What one operation was sent and answered; long lists are cut. `refusals` are slugs by status."""

    order: Any = None
    answer: Any = None
    refusals: dict[str, list[str]] = {}


@cache
def examples() -> dict[str, Example]:
    """Every example, by the name of its operation."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Example])


def example_of(operation: str | None) -> Example:
    """The example of one operation; an empty one where there is none."""
    return examples().get(operation or "", Example())
