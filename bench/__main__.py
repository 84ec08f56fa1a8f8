"""`make bench`: every benchmark, or those named; prints operation, ours, floor, ratio, target."""

import sys
from collections.abc import Callable, Sequence

from bench import claiming, collecting, evacuating, labels, lookup, making, maps, racks, registering

Row = tuple[str, float, float, float, str]

BENCHES: dict[str, Callable[[], Sequence[Row]]] = {
    "claiming": claiming.rows,
    "collecting": collecting.rows,
    "evacuating": evacuating.rows,
    "labels": labels.rows,
    "lookup": lookup.rows,
    "making": making.rows,
    "racks": racks.rows,
    "maps": maps.rows,
    "registering": registering.rows,
}


def main(names: Sequence[str]) -> None:
    """Run the named benchmarks, or all; times are milliseconds, rates per second, as each row says."""
    print(f"{'operation':<62} {'ours':>10} {'floor':>10} {'ratio':>7}  target")
    for name in names or list(BENCHES):
        for operation, ours, floor, ratio, target in BENCHES[name]():
            print(f"{operation:<62} {ours:>10.3f} {floor:>10.3f} {ratio:>7.2f}  {target}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
