"""Lists of the API as files: XLSX beside CSV, at the same address with another ending."""

from collections.abc import Sequence

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from biobank.exchange import xlsx_out

XLSX = xlsx_out.MEDIA_TYPE


def xlsx_file(name: str, kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> Response[bytes]:
    """A list as a spreadsheet with a name to keep it by: a column for each field."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(xlsx_out.written(kind, rows), media_type=XLSX, headers=headers)


def work_book() -> dict[int, ResponseSpec]:
    """What the description of the API says of an answer in XLSX."""
    words = "A sheet with a row for each, under a header; no cell is a formula or a link."
    return {200: ResponseSpec(bytes, generate_examples=False, media_type=XLSX, description=words)}
