"""A participant whose course changes while something else is told of the same one."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from biobank import participants
from biobank.errors import Conflict
from biobank.participants import ArmOrder, ConsentOrder, WithdrawalOrder
from biobank.people import Actor
from tests.collected import adopt as adopt_kits
from tests.collected import enrol as enrol_for_kits
from tests.collected import kits
from tests.races import Turns, together
from tests.test_planning import EVENTS, adopt, enrol, protocol, shown
from tests.world import World

Work = Callable[[Session, Actor], Any]

CONSENT = ConsentOrder.model_validate({"version": "1.1", "scopes": ["genetics"]})
WITHDRAWAL = WithdrawalOrder.model_validate(
    {"study": "DEMO", "pseudonym": "D-1", "level": "destroy", "withdrawn_on": "2026-05-01"}
)
TOLD: dict[str, Work] = {
    "consent": lambda s, a: participants.give_consent(s, a, "DEMO", "D-1", CONSENT),
    "withdrawal": lambda s, a: participants.withdraw(s, a, WITHDRAWAL),
}


@pytest.mark.parametrize("what", TOLD)
def test_what_waits_for_a_change_of_arm_tells_the_log_of_the_new_arm(world: World, what: str) -> None:
    adopt(world, protocol(*EVENTS))
    enrol(world)
    turns = Turns()
    order = ArmOrder(study="DEMO", pseudonym="D-1", arm="other")
    changing = turns.first(world, lambda s, a: participants.change_arm(s, a, order))
    together(changing, turns.second(lambda: world.act(TOLD[what])))
    assert shown(world).arm == "other"
    assert world.unproved() == []


def test_two_who_print_a_kit_for_one_visit_at_once_make_one_kit(world: World) -> None:
    adopt_kits(world)
    visit = enrol_for_kits(world)
    answers = together(*[lambda: kits(world, visit=visit)] * 3)
    refused = [each for each in answers if isinstance(each, Conflict)]
    assert [each.slug for each in refused] == ["visit_has_kit"] * 2
    assert world.unproved() == []
