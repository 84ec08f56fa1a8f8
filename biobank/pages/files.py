"""Lists to take away: the same rows as CSV or as a spreadsheet, by what the address asks for."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Request, Response

from biobank import clock
from biobank.errors import Malformed
from biobank.exchange import csv_out, xlsx_out
from biobank.texts import N_

UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def kind_asked(request: Request[Any, Any, Any]) -> str:
    """What kind of file an address asks for by `as`: csv where it says nothing. Refused: any other kind."""
    kind = request.query_params.get("as", "") or "csv"
    if kind not in ("csv", "xlsx"):
        raise Malformed("file_kind_unknown", N_("A list is saved as csv or as xlsx."), field="as")
    return str(kind)


def sheet(
    request: Request[Any, Any, Any], name: Sequence[str], header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Response[bytes]:
    """Rows as a file, named by what they are and by today.

    Refused: another kind of file than csv and xlsx; what no spreadsheet holds.
    """
    kind = kind_asked(request)
    if kind == "xlsx":
        data, media = xlsx_out.sheet(header, rows), xlsx_out.MEDIA_TYPE
    else:
        data, media = csv_out.sheet(header, rows, marked=True), csv_out.MEDIA_TYPE
    full = "-".join(UNSAFE.sub("", each) for each in (*name, clock.now().date().isoformat()))
    headers = {"Content-Disposition": f'attachment; filename="{full}.{kind}"'}
    return Response(data, media_type=media, headers=headers)
