"""Studies: a protocol is a file, and everything it says holds together or is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import studies
from biobank.errors import Malformed, NotAllowed, NotFound, Refusal, Refusals, RuleBroken
from tests.world import MANAGER, OUTSIDER, PROTOCOL, World

SMALL = '[study]\ncode = "S"\ntitle = "T"\n'
EVENT = '[[events]]\ncode = "BL"\ntitle = "Baseline"\nday = 0\n'


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def load(world: World, text: bytes, person: str = MANAGER) -> studies.StudyCard:
    return world.act(lambda s, a: studies.load(s, a, text), person=person, answer=studies.StudyCard)  # type: ignore[no-any-return]


def test_a_protocol_is_loaded_once_and_again_when_it_changed(world: World) -> None:
    unchanged = load(world, PROTOCOL)
    assert (unchanged.code, unchanged.version, unchanged.events) == ("DEMO", 1, 2)
    changed = load(world, PROTOCOL.replace(b"One month", b"Four weeks"))
    assert (changed.id, changed.version) == (unchanged.id, 2)
    assert [card.version for card in world.ask(studies.everything)] == [2]
    assert world.unproved() == []


def test_those_who_were_enrolled_before_keep_their_visits(world: World) -> None:
    visit = world.visit()
    load(world, PROTOCOL.replace(b"One month", b"Four weeks"))
    assert world.blood(visit)
    assert world.visit("D-002") != visit
    assert world.unproved() == []


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"[study", b"not = [toml", b"\x00", b"[study]\ncode = 5", b"a" * 100_000]
)
def test_a_file_that_cannot_be_read_is_refused(text: bytes) -> None:
    assert refusal(lambda: studies.read_protocol(text), Refusal).slug in {
        "protocol_unreadable",
        "input_refused",
    }


def test_a_file_that_is_no_toml_is_refused_with_its_line() -> None:
    refused = refusal(lambda: studies.read_protocol(b"[study]\ncode = \n"), Malformed)
    assert refused.slug == "protocol_unreadable"
    assert "line 2" in str(refused)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (SMALL + "events = []", "events"),
        (SMALL + EVENT + "colour = 5", "events.0.colour"),
        (SMALL + EVENT.replace("day = 0", "day = '0'"), "events.0.day"),
        (SMALL + EVENT.replace("day = 0", "day = 99999999999999"), "events.0.day"),
        (SMALL + EVENT + "anchor = 'birth'", "events.0.anchor"),
        (SMALL.replace('"S"', '"S S"') + EVENT, "study.code"),
        (SMALL.replace('"T"', '"T\\u0000"') + EVENT, "study.title"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, field: str) -> None:
    refused = refusal(lambda: studies.read_protocol(text.encode()), Refusals)
    assert field in [each.field for each in refused.each]


@pytest.mark.parametrize(
    ("text", "slug", "field"),
    [
        (SMALL + EVENT + EVENT, "protocol_twice", "events.1.code"),
        (SMALL + EVENT + "[[arms]]\ncode='A'\ntitle='A'\n" * 2, "protocol_twice", "arms.1.code"),
        (SMALL + EVENT + "[[attributes]]\nname='a'\n" * 2, "protocol_twice", "attributes.1.name"),
        (SMALL + EVENT + "arms = ['A']", "protocol_lost", "events.0.arms"),
        (SMALL + EVENT + "collects = ['blood']", "protocol_lost", "events.0.collects"),
        (
            SMALL + EVENT + "[[collections.x]]\nmaterial='gold'\n",
            "material_unknown",
            "collections.x.0.material",
        ),
        (
            SMALL + EVENT + "[[collections.x]]\nmaterial='serum'\namount='5 mg'\n",
            "amount_of_other_dimension",
            "collections.x.0.amount",
        ),
        (
            SMALL
            + EVENT
            + "[[collections.x]]\nmaterial='serum'\n[[collections.x.aliquots]]\nmaterial='gold'\n",
            "material_unknown",
            "collections.x.0.aliquots.0.material",
        ),
    ],
)
def test_what_does_not_hold_together_is_refused(text: str, slug: str, field: str) -> None:
    refused = refusal(lambda: studies.read_protocol(text.encode()), Refusal)
    assert (refused.slug, refused.field) == (slug, field)


def test_only_who_sets_up_loads_a_protocol(world: World) -> None:
    assert refusal(lambda: load(world, PROTOCOL, "technician"), NotAllowed).slug == "not_allowed"


def test_a_study_is_asked_for_by_its_code(world: World) -> None:
    assert world.ask(lambda s, a: studies.by_code(s, a, "DEMO")).title == "A study to test with"
    refused = refusal(lambda: world.ask(lambda s, a: studies.by_code(s, a, "NONE")), NotFound)
    assert (refused.slug, refused.field) == ("study_not_found", "study")
    assert [card.code for card in world.ask(studies.everything, OUTSIDER)] == ["DEMO"]
