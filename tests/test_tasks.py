"""Tasks: opened by whoever finds something, seen in their scope, closed once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from biobank import clock, tasks
from biobank.errors import Conflict, NotAllowed, NotFound, Refusal
from biobank.people import Actor
from biobank.storage import Slot
from biobank.tables import Person, Role, Site, Study, TaskKind
from biobank.tasks import Settle, Sought, TaskRow
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def opened(world: World, code: str = "ABC-1", **told: Any) -> UUID:
    def work(session: Session, actor: Actor) -> UUID:
        site = session.exec(select(Site.id).where(Site.code == told.pop("site", "BJ"))).one()
        kind = told.pop("kind", TaskKind.UNRESOLVED_SCAN)
        return tasks.open_task(session, actor, kind, site_id=site, code=code, **told).id

    return world.act(work)  # type: ignore[no-any-return]


def listed(world: World, person: str = TECHNICIAN, **sought: Any) -> list[TaskRow]:
    return world.ask(lambda s, a: tasks.listing(s, a, Sought(**sought)), person=person)


def settle(world: World, task: UUID, person: str = TECHNICIAN, resolution: str = "done") -> TaskRow:
    order = Settle(task=task, resolution=resolution)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: tasks.row(s, tasks.close(s, a, order)), person=person, answer=TaskRow
    )


def refusal(work: Callable[[], Any], kind: type[Refusal]) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def test_an_open_task_tells_who_asks_what_and_is_closed_once(world: World) -> None:
    task = opened(world)
    (row,) = listed(world)
    assert (row.id, row.kind, row.site, row.code) == (task, TaskKind.UNRESOLVED_SCAN, "BJ", "ABC-1")
    assert row.opened_by == TECHNICIAN
    assert row.closed_at is None
    message, facts = tasks.said(row)
    assert message % facts == "“ABC-1” was scanned, and nothing is known by it. Find out what it is."

    closed = settle(world, task, resolution="a reagent")
    assert (closed.closed_by, closed.resolution) == (TECHNICIAN, "a reagent")
    assert listed(world) == []
    assert [each.id for each in listed(world, closed=True)] == [task]
    again = refusal(lambda: settle(world, task), Conflict)
    assert again.slug == "task_closed"
    assert again.facts == {"name": TECHNICIAN, "resolution": "a reagent"}
    assert refusal(lambda: settle(world, clock.new_key()), NotFound).slug == "task_unknown"
    assert world.unproved() == []


def test_the_same_thing_found_again_is_one_task_as_long_as_it_is_open(world: World) -> None:
    first = opened(world, facts={"slot": "B7"})
    assert opened(world, facts={"slot": "B7"}) == first
    other = opened(world, facts={"slot": "B8"})
    assert other != first
    settle(world, first)
    assert opened(world, facts={"slot": "B7"}) not in {first, other}


def test_tasks_are_seen_and_closed_in_their_site_alone(world: World) -> None:
    task = opened(world)
    assert listed(world, OUTSIDER) == []
    assert [each.id for each in listed(world, MANAGER)] == [task]
    assert refusal(lambda: settle(world, task, OUTSIDER), NotFound).slug == "not_found"
    assert world.ask(tasks.open_counts, person=OUTSIDER) == {}
    assert world.ask(tasks.open_counts) == {TaskKind.UNRESOLVED_SCAN: 1}


def auditor(world: World) -> str:
    """The secret of the session of somebody who may see the study and handle nothing."""
    from biobank import accounts

    secret = "of the auditor"
    order = accounts.PersonOrder(name="auditor", role=Role.AUDITOR, study="DEMO")
    world.act(lambda s, a: accounts.add_person(s, a, order, "a link of the auditor"), person=MANAGER)
    found = select(Person.id).where(Person.name == "auditor")
    world.database.write(lambda s: accounts.open_session(s, s.exec(found).one(), secret))
    return secret


def test_somebody_of_one_study_sees_its_tasks_and_those_of_none(world: World) -> None:
    secret = auditor(world)
    study = world.ask(lambda s, _: s.exec(select(Study.id)).one())
    of_study, of_none = opened(world, "A", study_id=study), opened(world, "B")

    from biobank.door import Door
    from biobank.people import Credentials

    door = Door(world.database, Credentials(session=secret), clock.new_key())
    seen = door.ask(lambda s, a: tasks.listing(s, a, Sought()))
    assert [each.id for each in seen] == [of_none, of_study]
    close = lambda: door.act(  # noqa: E731 - one act, refused
        lambda s, a: tasks.row(s, tasks.close(s, a, Settle(task=of_study))), TaskRow
    )
    assert refusal(close, NotAllowed).slug == "not_allowed"


def test_the_newest_comes_first_and_lists_are_narrowed_and_paged(world: World) -> None:
    ids = [opened(world, f"C-{number}") for number in range(3)]
    gap = opened(world, "", kind=TaskKind.SCAN_GAP, facts={"last": 3, "found": 5})
    assert [each.id for each in listed(world)] == [gap, *reversed(ids)]
    assert [each.id for each in listed(world, kind=TaskKind.SCAN_GAP)] == [gap]
    assert [each.id for each in listed(world, code="C-1")] == [ids[1]]
    assert listed(world, site="NT") == []
    assert [each.id for each in listed(world, limit=1, after=ids[2])] == [ids[1]]


def test_a_task_about_a_slot_names_the_tube_the_box_and_the_slot(world: World) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]

    def about(session: Session, _: Actor) -> dict[str, Any]:
        from biobank.tables import Container, Specimen

        return {
            "specimen_id": session.exec(select(Specimen.id).where(Specimen.code == tube)).one(),
            "container_id": session.exec(select(Container.id).where(Container.code == box)).one(),
        }

    opened(world, tube, kind=TaskKind.MISSING, slot=Slot(1, 6), facts={"slot": "B7"}, **world.ask(about))
    (row,) = listed(world)
    assert (row.specimen, row.container, row.row, row.col, row.slot) == (tube, box, 1, 6, "B7")
    assert row.container_name == "Box 1"


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_kind_has_a_name_and_a_sentence_that_bears_missing_facts(kind: TaskKind) -> None:
    row = TaskRow(
        id=clock.new_key(),
        kind=kind,
        site="BJ",
        time_zone="UTC",
        study="",
        code="",
        specimen="",
        container="",
        container_name="",
        row=None,
        col=None,
        facts={},
        station="",
        opened_by="somebody",
        opened_at=clock.now(),
        closed_by="",
        closed_at=None,
        resolution="",
    )
    message, facts = tasks.said(row)
    assert "%" not in message % facts
    assert tasks.NAMES[kind]
