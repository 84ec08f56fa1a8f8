"""SPREC: the worked examples, the bounds of each row, and what is not known or in no row."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from biobank.amounts import MATERIALS
from biobank.preanalytics import Handling, Spun
from biobank.preanalytics import sprec as code_of
from biobank.preanalytics.sprec import (
    FIRST_DELAYS,
    FIRST_RUNS,
    LAST_DELAYS,
    PLASMA,
    SECOND_RUNS,
    TUBES,
    TYPES,
    VESSELS,
)
from biobank.tables import Kept

DRAWN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ML = 1_000_000
COLD_SPIN: dict[str, Any] = {"g": 1500, "minutes": 10, "celsius": 4, "brake": True}
WARM_SPIN = COLD_SPIN | {"celsius": 20}


@dataclass(frozen=True)
class Case:
    """A worked string: drawn at eight, spun an hour later (for 10 minutes), frozen then."""

    code: str
    facts: dict[str, Any]
    spins: tuple[dict[str, Any], ...] = ()
    after: Kept | None = None
    frozen: timedelta = timedelta(hours=1, minutes=40)


def handled(case: Case) -> Handling:
    spins = tuple(
        Spun(**spin, at=DRAWN + HOUR + place * timedelta(minutes=15), kept_after=case.after)
        for place, spin in enumerate(case.spins)
    )
    return Handling(collected=DRAWN, spins=spins, frozen=DRAWN + case.frozen, **case.facts)


PP, SMALL_PP, CRYO = (
    {"family": "pp", "volume": 2 * ML, "celsius": -80},
    {"family": "pp", "volume": ML // 4, "celsius": -80},
    {"family": "cryotube", "volume": 2 * ML, "celsius": -80},
)
WARM, COLD = {"kept": Kept.ROOM}, {"kept": Kept.COLD}
WORKED = [
    Case("SER-SST-A-B-N-B-A", {"material": "serum", "vessel": "SST", **WARM, **PP}, (WARM_SPIN,), Kept.ROOM),
    Case(
        "PL1-PED-B-D-N-A-A",
        {"material": "plasma_edta", "vessel": "PED", **COLD, **PP},
        (COLD_SPIN,),
        Kept.COLD,
    ),
    Case(
        "PL2-PED-B-D-F-A-S",
        {"material": "plasma_edta", "vessel": "PED", **COLD, **SMALL_PP},
        (COLD_SPIN, COLD_SPIN | {"g": 4000}),
        Kept.COLD,
    ),
    Case(
        "PL1-SCI-A-B-N-B-D",
        {"material": "plasma_edta", "vessel": "SCI", **WARM, **CRYO},
        (WARM_SPIN,),
        Kept.ROOM,
    ),
    Case(
        "BFF-PED-A-B-N-D-A",
        {"material": "buffy_coat", "vessel": "PED", **WARM, **PP},
        (WARM_SPIN,),
        Kept.ROOM,
        2.5 * HOUR,
    ),
    Case("BLD-PED-A-N-N-N-A", {"material": "blood_edta", "vessel": "PED", **WARM, **PP}),
    Case(
        "BLD-PAX-A-N-N-N-Y",
        {"material": "blood_paxgene", "vessel": "PAX", **WARM, "family": "original", "celsius": -80},
    ),
    Case("STL-PPS-B-N-N-N-A", {"material": "stool", "vessel": "PPS", **COLD, **PP}),
    Case(
        "STL-OMN-K-N-N-N-A",
        {"material": "stool_stabilised", "vessel": "OMN", **WARM, **PP},
        frozen=30 * HOUR,
    ),
]


@pytest.mark.parametrize("case", WORKED, ids=lambda case: case.code)
def test_a_worked_string_follows_from_its_facts(case: Case) -> None:
    assert code_of(handled(case)) == case.code


def test_a_serum_of_which_nothing_is_known_has_an_x_for_everything() -> None:
    assert code_of(Handling(material="serum")) == "SER-XXX-X-X-X-X-X"


# --- bounds ---


def element(number: int, handling: Handling) -> str:
    return code_of(handling).split("-")[number - 1]


def blood(delay: timedelta, kept: Kept | None = Kept.ROOM) -> Handling:
    return Handling(material="blood_edta", collected=DRAWN, frozen=DRAWN + delay, kept=kept)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("delay", "kept", "letter"),
    [
        (0 * HOUR, Kept.ROOM, "A"),
        (2 * HOUR - SECOND, Kept.ROOM, "A"),
        (2 * HOUR, Kept.ROOM, "C"),
        (2 * HOUR - SECOND, Kept.COLD, "B"),
        (2 * HOUR, Kept.COLD, "D"),
        (4 * HOUR, Kept.ROOM, "E"),
        (4 * HOUR, Kept.COLD, "F"),
        (8 * HOUR, Kept.ROOM, "G"),
        (12 * HOUR - SECOND, Kept.ROOM, "G"),
        (24 * HOUR, Kept.ROOM, "K"),
        (48 * HOUR - SECOND, Kept.ROOM, "K"),
        (-SECOND, Kept.ROOM, "Z"),
        (HOUR, None, "X"),
    ],
)
def test_a_delay_of_two_hours_sharp_begins_the_next_row(
    delay: timedelta, kept: Kept | None, letter: str
) -> None:
    assert element(3, blood(delay, kept)) == letter


@pytest.mark.parametrize(
    ("delay", "kept"),
    [
        (8 * HOUR, Kept.COLD),
        (12 * HOUR, Kept.ROOM),
        (23 * HOUR, Kept.COLD),
        (30 * HOUR, Kept.COLD),
        (48 * HOUR, Kept.ROOM),
        (49 * HOUR, Kept.COLD),
        (HOUR, Kept.BODY),
    ],
)
def test_a_delay_whose_row_nobody_attests_is_other(delay: timedelta, kept: Kept) -> None:
    assert element(3, blood(delay, kept)) == "Z"


@pytest.mark.parametrize(
    ("changed", "letter"),
    [
        ({}, "B"),
        ({"brake": False}, "A"),
        ({"g": 2999}, "B"),
        ({"g": 3000}, "E"),
        ({"g": 3000, "brake": False}, "Z"),
        ({"g": 5999}, "E"),
        ({"g": 6000}, "G"),
        ({"g": 10_000}, "G"),
        ({"g": 10_001}, "I"),
        ({"minutes": 9}, "Z"),
        ({"minutes": 15}, "B"),
        ({"minutes": 16}, "Z"),
        ({"minutes": 30, "g": 999, "brake": False}, "M"),
        ({"minutes": 30, "g": 1000, "brake": False}, "Z"),
        ({"celsius": 2}, "D"),
        ({"celsius": 10, "brake": False}, "C"),
        ({"celsius": 4, "g": 3000}, "F"),
        ({"celsius": 4, "g": 6000}, "H"),
        ({"celsius": 4, "g": 10_001}, "J"),
        ({"celsius": 1}, "Z"),
        ({"celsius": 11}, "Z"),
    ],
)
def test_a_first_spin_is_coded_by_its_force_time_cold_and_brake(changed: dict[str, Any], letter: str) -> None:
    spin = Spun(**(WARM_SPIN | changed), at=DRAWN + HOUR)
    assert element(4, Handling(material="serum", spins=(spin,))) == letter


def test_a_second_spin_whose_row_nobody_attests_is_other_though_it_is_one_of_the_first() -> None:
    spins = tuple(Spun(**WARM_SPIN, at=DRAWN + hours * HOUR) for hours in (1, 2))
    handling = Handling(material="plasma_edta", spins=spins)
    assert (element(1, handling), element(4, handling), element(5, handling)) == ("PL2", "B", "Z")


@pytest.mark.parametrize(
    ("delay", "kept", "letter"),
    [
        (HOUR - SECOND, Kept.COLD, "A"),
        (HOUR, Kept.COLD, "Z"),
        (HOUR - SECOND, Kept.ROOM, "B"),
        (HOUR, Kept.ROOM, "D"),
        (2 * HOUR, Kept.ROOM, "Z"),
        (HOUR, None, "X"),
    ],
)
def test_the_way_to_the_freezer_counts_from_the_end_of_the_last_spin(
    delay: timedelta, kept: Kept | None, letter: str
) -> None:
    spin = Spun(**WARM_SPIN, at=DRAWN, kept_after=kept)
    ended = DRAWN + timedelta(minutes=10)
    assert spin.ended == ended
    assert element(6, Handling(material="serum", spins=(spin,), frozen=ended + delay)) == letter


@pytest.mark.parametrize(
    ("family", "volume", "celsius", "letter"),
    [
        ("pp", 500_000, -80, "A"),
        ("pp", 499_999, -80, "S"),
        ("pp", 40_000, -80, "S"),
        ("pp", 39_999, -80, "Z"),
        ("pp", 2 * ML, -80, "A"),
        ("pp", 2 * ML + 1, -80, "Z"),
        ("pp", ML, -85, "A"),
        ("pp", ML, -86, "Z"),
        ("pp", ML, -60, "A"),
        ("pp", ML, -59, "Z"),
        ("pp", ML, -20, "Z"),
        ("cryotube", ML, -80, "D"),
        ("cryotube", ML - 1, -80, "Z"),
        ("cryotube", ML, -196, "Z"),
        ("", ML, -80, "X"),
        ("pp", None, -80, "X"),
        ("pp", ML, None, "X"),
        ("original", None, -80, "Y"),
    ],
)
def test_storage_is_coded_by_tube_volume_and_cold(
    family: str, volume: int | None, celsius: int | None, letter: str
) -> None:
    assert element(7, Handling(material="serum", family=family, volume=volume, celsius=celsius)) == letter


# --- what is in no table ---


def test_a_vessel_is_unknown_or_other_where_the_table_has_none() -> None:
    assert [element(2, Handling(material="serum", vessel=vessel)) for vessel in ("", "QQQ", "PXD")] == [
        "XXX",
        "ZZZ",
        "ZZZ",
    ]


def test_plasma_is_told_by_its_spins() -> None:
    spin = Spun(**WARM_SPIN, at=DRAWN)
    told = [element(1, Handling(material="plasma_edta", spins=(spin,) * count)) for count in range(4)]
    assert told == ["XXX", "PL1", "PL2", "ZZZ"]


def test_blood_that_was_spun_says_so() -> None:
    spin = Spun(**WARM_SPIN, at=DRAWN + HOUR)
    handling = Handling(material="blood_edta", collected=DRAWN, kept=Kept.ROOM, spins=(spin,))
    assert code_of(handling) == "BLD-XXX-A-B-N-X-X"


@pytest.mark.parametrize("material", ["dna", "rna"])
def test_an_extract_has_no_type_of_its_own(material: str) -> None:
    assert element(1, Handling(material=material)) == "ZZZ"


def test_every_material_is_in_the_table_or_known_to_have_no_code() -> None:
    assert set(MATERIALS) - set(TYPES) == {"plasma_edta", "dna", "rna"}


def test_every_row_names_its_evidence() -> None:
    rows = (*FIRST_DELAYS, *LAST_DELAYS, *FIRST_RUNS, *SECOND_RUNS, *TUBES)
    evidence = [row.evidence for row in rows] + list(VESSELS.values())
    evidence += [said for _, said in (*TYPES.values(), *PLASMA.values())]
    assert set(evidence) == {"v2", "v3", "v4", "catalogue", "worked"}


def test_no_two_rows_of_a_table_hold_the_same_facts() -> None:
    for table in (FIRST_DELAYS, LAST_DELAYS):
        for row in table:
            for second in (row.seconds.start, row.seconds.stop - 1):
                assert [each for each in table if each.kept is row.kept and second in each.seconds] == [row]
