"""The way to the freezer: bins, limits and who was late, on both engines."""

from datetime import timedelta

import pytest
from sqlmodel import select

from biobank import progress, studies
from biobank.tables import (
    SpecimenKind,
    Study,
)
from tests.progress.rows import NOON, PLASMA, PROTOCOL, STOOL, Field, of
from tests.world import MANAGER


def test_minutes_to_the_freezer_fall_into_bins_that_hold_their_upper_edge(field: Field) -> None:
    one = field.person("S-1")
    visit = field.visit(one, "BL")
    for minutes, count in ((0, 1), (15, 2), (16, 1), (90, 4), (91, 1), (241, 1)):
        frozen = NOON + timedelta(minutes=minutes, seconds=59)
        field.tubes(one, visit, PLASMA, count, collected_at=NOON, frozen_at=frozen)
    field.tubes(one, visit, PLASMA, 2, collected_at=NOON)
    field.tubes(one, visit, STOOL, 1, collected_at=NOON, frozen_at=NOON + timedelta(minutes=121))
    field.tubes(one, visit, (SpecimenKind.DERIVATIVE, "dna"), 1, frozen_at=NOON)
    plasma, stool = field.world.ask(of(progress.delays))
    assert plasma.material == "plasma_edta"
    assert plasma.bins == [3, 1, 0, 0, 4, 1, 0, 0, 1]
    assert (plasma.count, plasma.median, plasma.nine_of_ten) == (10, 90, 91)
    assert (plasma.allowed, plasma.scale) == (progress.Allowed(60, 30), progress.SCALES[0])
    assert (stool.allowed, stool.median, stool.nine_of_ten) == (progress.Allowed(0, 120), 121, 121)
    assert (plasma.late, stool.late) == (0, 0)


def test_tubes_frozen_too_late_are_those_that_deviate_from_their_own_protocol(field: Field) -> None:
    one = field.person("S-1")
    visit = field.visit(one, "BL")
    tubes = field.tubes(one, visit, PLASMA, 3, collected_at=NOON, frozen_at=NOON + timedelta(hours=3))
    field.deviates(visit, tubes[:2], "late_freezing")
    field.deviates(visit, tubes, "low_volume")
    (found,) = field.world.ask(of(progress.delays))
    assert found.late == 2


@pytest.mark.parametrize(
    ("limit", "unit"), [(b"240", "min"), (b"241", "h"), (b"4320", "h"), (b"4321", "d"), (b"40000", "d")]
)
def test_the_scale_is_the_finest_on_which_the_limit_stands(field: Field, limit: bytes, unit: str) -> None:
    text = PROTOCOL.replace(b"SPINE", b"LATER").replace(b"freeze = 120", b"freeze = " + limit)
    field.world.act(lambda session, actor: studies.load(session, actor, text), person=MANAGER)
    one = field.person("S-1", study="LATER")
    field.tubes(one, field.visit(one, "BL"), STOOL, collected_at=NOON, frozen_at=NOON)
    (found,) = field.world.ask(lambda session, actor: progress.delays(session, actor, "LATER"))
    assert (found.allowed, found.scale.unit) == (progress.Allowed(0, int(limit)), unit)


@pytest.mark.parametrize(
    ("hours", "unit", "place"), [(4, "min", 7), (5, "h", 3), (73, "d", 3), (999, "d", 8)]
)
def test_without_a_limit_the_scale_holds_nine_of_ten_tubes(
    field: Field, hours: int, unit: str, place: int
) -> None:
    one = field.person("S-1")
    frozen = NOON + timedelta(hours=hours)
    dna = (SpecimenKind.DERIVATIVE, "dna")
    field.tubes(one, field.visit(one, "BL"), dna, 2, collected_at=NOON, frozen_at=frozen)
    (found,) = field.world.ask(of(progress.delays))
    assert (found.allowed, found.scale.unit) == (None, unit)
    assert found.bins.index(2) == place


def test_what_is_spun_without_a_limit_to_the_spin_has_no_limit_from_the_draw(field: Field) -> None:
    text = PROTOCOL.replace(b"limits = { spin = 60 }\n", b"")
    field.world.act(lambda session, actor: studies.load(session, actor, text), person=MANAGER)
    one = field.person("S-1")
    field.tubes(one, field.visit(one, "BL"), PLASMA, collected_at=NOON, frozen_at=NOON)
    # The first version set one, and it stays what the tubes under it are held against.
    (found,) = field.world.ask(of(progress.delays))
    assert found.allowed == progress.Allowed(60, 30)
    alone = field.world.database.read(
        lambda session: progress.freezing.allowed(
            studies.requirements(
                session,
                studies.events(session, session.exec(select(Study).where(Study.code == "SPINE")).one())[1].id,
            )
        )
    )
    assert alone == {}
