"""`make bench`: every benchmark, or those named; all of them make bench/RESULTS.md anew."""

import platform
import sqlite3
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, sysconf
from pathlib import Path

from bench import (
    auditing,
    claiming,
    collecting,
    evacuating,
    importing,
    labels,
    lookup,
    making,
    maps,
    racks,
    registering,
    starting,
)
from tests.databases import PostgresServer

Row = tuple[str, float, float, float, str]

BENCHES: dict[str, Callable[[], Sequence[Row]]] = {
    "auditing": auditing.rows,
    "claiming": claiming.rows,
    "collecting": collecting.rows,
    "evacuating": evacuating.rows,
    "importing": importing.rows,
    "labels": labels.rows,
    "lookup": lookup.rows,
    "making": making.rows,
    "maps": maps.rows,
    "racks": racks.rows,
    "registering": registering.rows,
    "starting": starting.rows,
}
RESULTS = Path(__file__).parent / "RESULTS.md"
LIBRARIES = ("litestar", "uvicorn", "sqlmodel", "sqlalchemy", "psycopg", "msgspec", "qrcode", "reportlab")


def main(names: Sequence[str]) -> None:
    """Run the named benchmarks, or all; times are milliseconds, rates per second, as each row says."""
    print(f"{'operation':<62} {'ours':>10} {'floor':>10} {'ratio':>7}  target")
    found: list[Row] = []
    for name in names or list(BENCHES):
        for row in BENCHES[name]():
            found.append(row)
            operation, ours, floor, ratio, target = row
            print(f"{operation:<62} {ours:>10.3f} {floor:>10.3f} {ratio:>7.2f}  {target}", flush=True)
    if not names:
        RESULTS.write_text(document(found), encoding="utf-8")


def document(found: Sequence[Row]) -> str:
    """The table in Markdown, with the machine and the versions that it holds for."""
    lines = [
        "# How fast",
        "",
        "Written by `make bench`, all in one run. Compare ratios: a time is a time of this machine, on which",
        "the load, the server and the database share the cores.",
        "",
        *(f"- {line}" for line in machine()),
        "",
        "| operation | ours | floor | ratio | target | |",
        "|---|---|---|---|---|---|",
    ]
    for operation, ours, floor, ratio, target in found:
        cells = (operation, f"{ours:,.3f}", f"{floor:,.3f}", f"{ratio:.2f}", target, verdict(ratio, target))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def verdict(ratio: float, target: str) -> str:
    """Whether a ratio keeps a target such as `<= 4`; empty where there is none."""
    sign, _, bound = target.partition(" ")
    if sign not in {"<=", ">="}:
        return ""
    limit = float(bound.split()[0])
    return "met" if (ratio <= limit if sign == "<=" else ratio >= limit) else "missed"


def machine() -> list[str]:
    """What the figures were taken on: when, the machine, the versions."""
    memory = sysconf("SC_PAGE_SIZE") * sysconf("SC_PHYS_PAGES") / 2**30
    with PostgresServer() as server:
        postgres = server.version()
    databases = f"PostgreSQL {postgres}, SQLite {sqlite3.sqlite_version}"
    return [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}, {databases}",
        ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
