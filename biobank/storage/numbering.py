"""The numbers of the scans that benches keep without the network: one that is missing is noticed."""

from typing import Any

import msgspec
from sqlmodel import Session, col, select

from biobank import clock, people, tasks
from biobank.people import Actor, May
from biobank.tables import Station, Task, TaskKind
from biobank.texts import N_

CAME_IN = N_("came in")
"""How a gap ends by itself: what was missing came, from another device or an exported file."""


def number(session: Session, actor: Actor, station: str | None, seq: int | None) -> None:
    """Note the number of a station's late scan; those left out before it become a task.

    A bench that is not enrolled has no numbers, and nobody counts for one where they may not work. What
    comes after all is taken out of its gap.
    """
    bench = _bench(session, actor, station)
    if bench is None or seq is None:
        return
    if seq <= bench.last_seq:
        _fill(session, actor, bench, seq)
        return
    if seq > bench.last_seq + 1:
        first, last = bench.last_seq + 1, seq - 1
        facts: dict[str, Any] = {"last": bench.last_seq, "found": seq, "missing": [[first, last]]}
        here = msgspec.structs.replace(actor, station_id=bench.id)
        told = f"{bench.name} {first}-{last}"
        tasks.open_task(session, here, TaskKind.SCAN_GAP, site_id=bench.site_id, code=told, facts=facts)
    bench.last_seq = seq
    session.flush()


def last_number(session: Session, actor: Actor) -> int:
    """The last number of the actor's bench that came in; 0 where it is not enrolled."""
    return session.exec(select(Station.last_seq).where(col(Station.id) == actor.station_id)).first() or 0


def without(missing: list[list[int]], seq: int) -> list[list[int]]:
    """Ranges of numbers, first and last, without one of them."""
    left: list[list[int]] = []
    for first, last in missing:
        if first <= seq <= last:
            left += [each for each in ([first, seq - 1], [seq + 1, last]) if each[0] <= each[1]]
        else:
            left.append([first, last])
    return left


def _bench(session: Session, actor: Actor, station: str | None) -> Station | None:
    asked = select(Station).with_for_update().execution_options(populate_existing=True)
    asked = asked.where(people.visible(actor, May.HANDLE, Station))
    if station:
        return session.exec(asked.where(col(Station.name) == station)).first()
    return session.exec(asked.where(col(Station.id) == actor.station_id)).first()


def _fill(session: Session, actor: Actor, bench: Station, seq: int) -> None:
    asked = select(Task).where(
        col(Task.kind) == TaskKind.SCAN_GAP, col(Task.station_id) == bench.id, col(Task.closed_at).is_(None)
    )
    for task in session.exec(asked.with_for_update()).all():
        left = without(task.facts["missing"], seq)
        if left == task.facts["missing"]:
            continue
        task.facts = {**task.facts, "missing": left}
        if not left:
            task.closed_at, task.closed_by_id, task.resolution = clock.now(), actor.id, CAME_IN
    session.flush()
