"""More than one entry of the log can hold is a refusal that keeps nothing, never a fault of ours."""

from biobank import participants, studies
from biobank.participants import ConsentOrder, DatasetOrder
from biobank.tables import Scope
from tests.collected import STUDY, all_present, begun, refusal, tick
from tests.world import MANAGER, PROTOCOL, World

KIND = "functional-magnetic-resonance-imaging"


def test_consents_without_end_are_refused_at_last(sqlite_world: World) -> None:
    sqlite_world.visit()
    order = ConsentOrder(version="1.1", scopes=list(Scope))

    def give() -> None:
        sqlite_world.act(lambda s, a: participants.give_consent(s, a, "DEMO", "D-001", order))

    def give_many() -> None:
        for _ in range(100):
            give()

    assert refusal(give_many).slug == "entry_too_large"
    assert refusal(give).slug == "entry_too_large"
    assert sqlite_world.unproved() == []


def test_datasets_without_end_are_refused_at_last(sqlite_world: World) -> None:
    text = f"[collecting]\ndatasets = ['{KIND}']\n".encode() + PROTOCOL
    sqlite_world.act(lambda s, a: studies.load(s, a, text), person=MANAGER)
    visit = sqlite_world.visit()

    def link(order: DatasetOrder) -> None:
        sqlite_world.act(lambda s, a: participants.datasets.link(s, a, order))

    def link_many() -> None:
        for number in range(100):
            link(DatasetOrder(visit=visit, kind=KIND, external_id=f"X{number}"))

    assert refusal(link_many).slug == "entry_too_large"
    assert sqlite_world.unproved() == []


def test_hundreds_of_aliquots_of_one_tube_are_ticked_in_parts(sqlite_world: World) -> None:
    many = STUDY.replace(b'amount = "500 uL"\ncount = 8', b'amount = "1 uL"\ncount = 450')
    visit, tubes = begun(sqlite_world, many)
    assert refusal(lambda: all_present(sqlite_world, visit)).slug == "entry_too_large"
    tick(sqlite_world, visit, *tubes[:240])
    ticked = tick(sqlite_world, visit, *tubes[240:])
    assert all(each.life == "active" for each in ticked)
    assert sqlite_world.unproved() == []
