"""What is due in a freezer that is scanned: tubes of it that are out too long, tasks, an evacuation."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session

from biobank import evacuations, storage, tasks
from biobank.pages.storage.containers import Inside
from biobank.people import Actor
from biobank.storage import Branch, OutRow
from biobank.tasks import Sought, TaskRow

SHOWN = 10
"""So many of each are listed at the bench; their pages have them all."""


class Emptying(msgspec.Struct, frozen=True):
    """An evacuation under way: of the freezer, or of something in it."""

    id: UUID
    name: str
    done: int
    steps: int


class Due(msgspec.Struct, frozen=True):
    """What somebody who opens this door should know; how much there is of each."""

    late: list[OutRow]
    lates: int
    tasks: list[TaskRow]
    tasks_open: int
    emptying: list[Emptying]

    @property
    def anything(self) -> bool:
        """Whether there is any of it."""
        return bool(self.lates or self.tasks_open or self.emptying)

    def name_of(self, row: TaskRow) -> str:
        """What lists call a task, as a message id."""
        return tasks.NAMES[row.kind]


def due_in(session: Session, actor: Actor, inside: Inside | None) -> Due | None:
    """What is due in a freezer; None for anything else, and for nothing."""
    if inside is None or inside.map.level != "freezer":
        return None
    here = {inside.map.code, *_codes(inside.branches)}
    late = [
        row
        for row in storage.what_is_out(session, actor)
        if row.box in here and (row.overdue or row.level in ("amber", "red"))
    ]
    asked = [row for row in tasks.listing(session, actor, Sought(limit=1001)) if row.container in here]
    emptying = [
        Emptying(row.id, row.name, row.done, row.steps)
        for row in evacuations.boards(session, actor)
        if row.code in here
    ]
    return Due(late[:SHOWN], len(late), asked[:SHOWN], len(asked), emptying)


def _codes(branches: Sequence[Branch]) -> Iterator[str]:
    for branch in branches:
        yield branch.row.code
        yield from _codes(branch.inside)
