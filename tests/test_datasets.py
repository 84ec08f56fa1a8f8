"""Datasets: what a visit is linked to elsewhere, and the visits that have such a link."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from biobank import inputs
from biobank.custody import history
from biobank.errors import Conflict, NotFound, Refusal, Refusals, RuleBroken
from biobank.participants import DatasetOrder, DatasetRow, datasets
from biobank.tables import CustodyEvent, Protocol, Specimen, Study, Visit
from tests.races import together
from tests.world import OUTSIDER, World


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


@pytest.fixture
def visit(world: World) -> str:
    """A visit of a study that links to imaging and sleep."""

    def name(session: Session) -> None:
        study = session.exec(select(Study).where(col(Study.code) == "DEMO")).one()
        session.get_one(Protocol, study.protocol_id).datasets = ["fmri", "psg"]

    world.database.write(name)
    return world.visit()


def order(visit: str, kind: str = "fmri", external_id: str = "sub-0042") -> DatasetOrder:
    return inputs.read(DatasetOrder, {"visit": visit, "kind": kind, "external_id": external_id})


def link(world: World, visit: str, *what: str, person: str = "technician") -> None:
    wish = order(visit, *what)
    world.act(lambda s, a: datasets.link(s, a, wish).id, person=person)


def unlink(world: World, visit: str, *what: str, person: str = "technician") -> None:
    wish = order(visit, *what)
    world.act(lambda s, a: datasets.unlink(s, a, wish).id, person=person)


def linked(world: World, visit: str) -> list[DatasetRow]:
    def question(session: Session) -> list[DatasetRow]:
        key = session.exec(select(Visit.id).where(col(Visit.code) == visit)).one()
        return datasets.of(session, [key]).get(key, [])

    return world.database.read(question)


def test_a_visit_is_linked_to_what_the_protocol_names_and_a_mistake_is_undone(
    world: World, visit: str
) -> None:
    link(world, visit)
    link(world, visit, "psg", "night-7")
    link(world, visit, "fmri", "sub-0043")
    assert linked(world, visit) == [
        DatasetRow("fmri", "sub-0042"),
        DatasetRow("fmri", "sub-0043"),
        DatasetRow("psg", "night-7"),
    ]
    assert world.unproved() == []
    unlink(world, visit, "fmri", "sub-0043")
    assert linked(world, visit) == [DatasetRow("fmri", "sub-0042"), DatasetRow("psg", "night-7")]
    assert world.unproved() == []


def test_the_visits_history_says_which_kinds_and_no_id_from_elsewhere(world: World, visit: str) -> None:
    link(world, visit)
    unlink(world, visit)
    key = world.database.read(lambda s: s.exec(select(Visit.id).where(col(Visit.code) == visit)).one())
    told = [line.change["datasets"] for line in world.ask(lambda s, _: history(s, key))]
    assert [[each["kind"] for each in kinds] for kinds in told] == [[], ["fmri"], []]
    entries = world.database.read(lambda s: b"".join(s.exec(select(CustodyEvent.entry)).all()))
    assert b"sub-0042" not in entries


def test_a_kind_that_the_protocol_does_not_name_is_refused_with_those_it_does(
    world: World, visit: str
) -> None:
    refused = refusal(lambda: link(world, visit, "eeg"))
    assert (refused.slug, refused.field, refused.facts["known"]) == (
        "dataset_kind_unknown",
        "kind",
        "fmri, psg",
    )
    assert linked(world, visit) == []


def test_the_same_link_is_made_once_even_by_two_at_once(world: World, visit: str) -> None:
    answers = together(lambda: link(world, visit), lambda: link(world, visit))
    lost = [each for each in answers if isinstance(each, Exception)]
    assert [(type(each), getattr(each, "slug", "")) for each in lost] == [
        (Conflict, "dataset_linked_already")
    ]
    assert linked(world, visit) == [DatasetRow("fmri", "sub-0042")]
    assert world.unproved() == []


def test_what_is_not_linked_cannot_be_unlinked(world: World, visit: str) -> None:
    link(world, visit)
    assert refusal(lambda: unlink(world, visit, "psg"), NotFound).slug == "dataset_not_linked"
    assert refusal(lambda: unlink(world, visit, "fmri", "x"), NotFound).slug == "dataset_not_linked"


def test_nobody_links_the_visits_of_another_site(world: World, visit: str) -> None:
    for work in (link, unlink):
        refused = refusal(lambda: work(world, visit, person=OUTSIDER), NotFound)  # noqa: B023 - at once
        assert refused.slug == "visit_not_found"


@pytest.mark.parametrize(
    ("external_id", "slug"),
    [
        ("sub 42", "has_blanks"),
        ("sub\u300042", "has_blanks"),
        ("a\tb", "not_printable"),
        ("", "string_too_short"),
        ("x" * 101, "string_too_long"),
        ("13800138000", "looks_like_identity"),
        ("110101199003070011", "looks_like_identity"),
        ("1990-03-07", "looks_like_identity"),
        ("+86 138-0013-8000".replace(" ", ""), "looks_like_identity"),
    ],
)
def test_an_id_with_blanks_or_that_could_name_somebody_is_refused(external_id: str, slug: str) -> None:
    refused = refusal(lambda: order("V123456789", "fmri", external_id), Refusals)
    assert [(each.slug, each.field) for each in refused.each] == [(slug, "external_id")]


@pytest.mark.parametrize("external_id", ["sub-01/ses-02", "1.2.840.10008.20261121.138001380000", "影像-7"])
def test_an_id_of_images_is_let_in(external_id: str) -> None:
    assert order("V123456789", "fmri", external_id).external_id == external_id


def test_specimens_of_visits_with_a_dataset_are_found(world: World, visit: str) -> None:
    with_images, without = world.blood(visit), world.blood(world.visit("D-002"))
    link(world, visit)
    link(world, visit, "fmri", "sub-0043")  # a second link of the kind does not double the tube

    def found(kind: str) -> list[str]:
        asked = select(Specimen.code).where(datasets.having(kind, Specimen.visit_id))
        return world.database.read(lambda s: list(s.exec(asked)))

    assert found("fmri") == [with_images]
    assert found("psg") == []
    joined = select(Visit.code).where(datasets.having("fmri"))
    assert world.database.read(lambda s: list(s.exec(joined))) == [visit]
    assert without not in found("fmri")
