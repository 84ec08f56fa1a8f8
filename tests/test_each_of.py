"""Many orders in one transaction: half of a refused one makes no fault of the next, and nothing stays."""

import pytest
from sqlmodel import Session

from biobank import custody
from biobank.custody import Kind
from biobank.database import each_of
from biobank.errors import Refusals, RuleBroken
from biobank.people import Actor
from biobank.specimens import families
from tests.world import World


def test_an_item_after_a_refused_one_finds_the_chain_where_it_was(world: World) -> None:
    tube = world.blood(world.visit())
    stood: list[int] = []

    def work(session: Session, actor: Actor) -> None:
        def note(item: str) -> None:
            (found,) = custody.load(session, actor, [tube])
            stood.append(custody.record(session, actor, found, Kind.NOTED, note=item).number)
            if item == "bad":
                raise RuleBroken("note_unwanted", "No.", field="note")

        each_of(session, ["good", "bad", "good", "bad", "good"], note)

    before = world.ask(lambda session, actor: families.chain(session, actor, tube))
    with pytest.raises(Refusals) as refused:
        world.act(work)
    assert refused.value.slug == "items_refused"
    assert [(each.slug, each.field) for each in refused.value.each] == [
        ("note_unwanted", "items.1.note"),
        ("note_unwanted", "items.3.note"),
    ]
    first = before.events + 1
    assert stood == [first, first + 1, first + 1, first + 2, first + 2]
    assert world.ask(lambda session, actor: families.chain(session, actor, tube)) == before
    assert world.unproved() == []
