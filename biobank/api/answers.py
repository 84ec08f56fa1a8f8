"""What every noun's answers share: pages with a cursor, lists as files."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from biobank.exchange import csv_out

Row = TypeVar("Row")

MOST = 200
AT_ONCE = 1000
"""How many rows are asked for at a time where the whole of a list is told."""

CSV = csv_out.MEDIA_TYPE

Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description=f"How many at most, from 1 to {MOST}.")]
After = Annotated[str, QueryParameter(max_length=60, description="`next` of the page before.")]


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows of a list. `next` is the `after` of the next page, and null on the last one."""

    items: list[Row]
    next: str | None


class Named(msgspec.Struct, frozen=True):
    """Whose account, role, badge or PIN it was."""

    name: str


class Count(msgspec.Struct, frozen=True):
    """How many it was."""

    count: int


def page(rows: Sequence[Row], limit: int, cursor: Callable[[Row], str]) -> Page[Row]:
    """A page of rows of which one more than `limit` was asked for."""
    shown = list(rows[:limit])
    return Page(shown, cursor(shown[-1]) if len(rows) > limit else None)


def csv_file(name: str, kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> Response[bytes]:
    """A list as a CSV file with a name to keep it by: a column for each field."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(csv_out.written(kind, rows), media_type=CSV, headers=headers)


def spread_sheet() -> dict[int, ResponseSpec]:
    """What the description of the API says of an answer in CSV."""
    words = "A row for each, under a header; no cell begins like a formula."
    return {200: ResponseSpec(bytes, generate_examples=False, media_type=CSV, description=words)}
