"""Reading the files of rack scanners."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biobank.errors import Malformed, Refusal, Refusals, RuleBroken
from biobank.racks import Profile, RackFrom, ReadAs, Said, read
from biobank.racks.reading import require_grid
from biobank.racks.turning import fit, mirrored, turned
from biobank.storage import Grid, Slot
from tests.racks.dialects import DIALECTS, Plate, plates

RACK = "FX12345678"
SBS = Grid(rows=8, cols=12)


@pytest.mark.parametrize("profile", DIALECTS)
def test_every_real_plate_is_read_from_every_dialect_as_it_is(profile: str) -> None:
    assert len(plates()) == 152
    for plate in plates().values():
        found = read(DIALECTS[profile](RACK, plate), f"{RACK}.csv")
        tubes = {(well.row, well.col): well.code for well in found.wells if well.said is Said.TUBE}
        assert tubes == dict(plate)
        assert (found.rack, found.layout.profile) == (RACK, profile)
        assert not any(well.said is Said.NO_READ for well in found.wells)
        require_grid(found, SBS)


codes = st.text("0123456789", min_size=10, max_size=10)
wells = st.dictionaries(st.tuples(st.integers(0, 7), st.integers(0, 11)), codes, min_size=2, max_size=96)


@given(wells.filter(lambda plate: len(set(plate.values())) == len(plate)), st.sampled_from(list(DIALECTS)))
def test_any_plate_is_read_from_every_dialect(plate: Plate, profile: str) -> None:
    found = read(DIALECTS[profile](RACK, plate), RACK)
    assert {(well.row, well.col): well.code for well in found.wells if well.said is Said.TUBE} == plate


@given(st.binary(max_size=400) | st.text(alphabet='A1,;\t\n"X0 ', max_size=200).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(data: bytes) -> None:
    with suppress(Refusal):
        assert read(data, "file.csv").wells


def test_no_read_and_no_tube_are_kept_apart() -> None:
    data = b"A1,NO READ\nA2,no tube\nA3,\nA4,0108686591\nA5,No_Read\nA6,---------\n"
    said = [well.said for well in read(data).wells]
    assert said == [Said.NO_READ, Said.NO_TUBE, Said.NO_TUBE, Said.TUBE, Said.NO_READ, Said.NO_TUBE]


def test_leading_zeros_count() -> None:
    assert read(b"A1,0001\nA2,001\n").wells[0].code == "0001"


@pytest.mark.parametrize("name", [f"{RACK}.csv", rf"C:\scans\{RACK}.TXT", f"/data/{RACK}"])
def test_a_file_that_names_no_rack_is_of_the_rack_it_is_named_after(name: str) -> None:
    found = read(b"A1,0108686591\nB1,0108686592\n", name)
    assert (found.rack, found.layout.rack_from) == (RACK, RackFrom.FILE_NAME)


def test_a_column_of_dates_is_no_rack() -> None:
    data = b"2023-06-27,A1,0108686591,RACK01\n2023-06-27,A2,0108686592,RACK01\n"
    assert read(data).rack == "RACK01"


@pytest.mark.parametrize(
    ("data", "slugs"),
    [
        (b"A1,1111\nA01,2222\n", {"well_twice": 2}),
        (b"A1,1111\nA2,1111\n", {"tube_twice": 2}),
        (b"A1,ab12\nA2,AB12\n", {"tube_twice": 2}),
        (b"RACK1,A1,1111\nRACK1,A2,2222\nRACK2,A3,3333\n", {"racks_mixed": 3}),
        (b"A1,1111\nA2,2222\nA3,3\nA4,4\nA5,5\nQ99,6666\n", {"well_unreadable": 6}),
        (b"A1,1.08687E+08\nA2,2222\n", {"code_damaged": 1}),
        (b"A1,%s\nA2,2222\n" % (b"9" * 61), {"tube_code_unusable": 1}),
        (b"A1,1111\nA1,1111\n", {"well_twice": 2, "tube_twice": 2}),
    ],
)
def test_faults_are_told_all_at_once_with_their_lines(data: bytes, slugs: dict[str, int]) -> None:
    with pytest.raises(Refusals) as refused:
        read(data)
    assert refused.value.slug == "rack_file_refused"
    assert {each.slug: each.line for each in refused.value.each} == slugs


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"", "rack_file_empty"),
        (b" \r\n\r\n", "rack_file_empty"),
        (b"\x89PNG\r\n\x00\x00", "rack_file_not_text"),
        (b"A1,\xff\xfe\n", "rack_file_not_text"),
        (b"A1,1\n" * 300_000, "rack_file_too_large"),
        (b"name,age\nx,y\n", "wells_not_found"),
        (b"RACK0001\n", "wells_not_found"),
        (b"A1\nA2\n", "tubes_not_found"),
        (b'A1,"1111\nA2,2222\n', "line_unreadable"),
        (b"Position,TubeCode,Operator\n", "wells_not_found"),
        (b"A1,1\n" * 20_000, "rack_file_too_long"),
        (b"A1,1" + b"," * 300 + b"\n", "rack_file_too_long"),
    ],
)
def test_what_is_no_rack_file_is_refused(data: bytes, slug: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(data)
    assert refused.value.slug == slug


@pytest.mark.parametrize("profile", [Profile.VISIONMATE, Profile.EASYBLOOD, Profile.FLUIDX])
def test_a_file_is_not_read_as_of_a_scanner_that_writes_otherwise(profile: Profile) -> None:
    with pytest.raises(Malformed) as refused:
        read(b"A1,1111\nA2,2222\n", told=ReadAs(profile=profile))
    assert refused.value.slug == "other_profile"


def test_the_guess_can_be_overruled_column_by_column() -> None:
    data = b"A1,H12,1111,aaaa\nA2,H11,2222,bbbb\n"
    assert [well.code for well in read(data).wells] != ["aaaa", "bbbb"]
    found = read(data, told=ReadAs(position=2, tube=4))
    assert [(well.row, well.col, well.code) for well in found.wells] == [(7, 11, "aaaa"), (7, 10, "bbbb")]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_column_that_the_file_does_not_have_is_refused(number: int) -> None:
    with pytest.raises(Malformed) as refused:
        read(b"A1,1111\nA2,2222\n", told=ReadAs(tube=number))
    assert refused.value.slug == "column_absent"


def test_a_first_line_can_be_said_to_be_the_rack() -> None:
    found = read(b"RACK0001,\nA1,1111\nA2,2222\n", told=ReadAs(profile=Profile.TRAXCER))
    assert (found.rack, len(found.wells)) == ("RACK0001", 2)


def test_wells_outside_the_box_are_refused_with_their_lines() -> None:
    with pytest.raises(Refusals) as refused:
        require_grid(read(b"A1,1111\nI1,2222\nA13,3333\n"), SBS)
    assert [(each.slug, each.line) for each in refused.value.each] == [
        ("well_outside", 2),
        ("well_outside", 3),
    ]


def test_a_file_of_empty_wells_too_tells_of_all_of_them() -> None:
    with pytest.raises(RuleBroken) as refused:
        require_grid(read(b"A1,1111\nA2,NO TUBE\n"), SBS)
    assert refused.value.slug == "wells_missing"
    require_grid(read(b"A1,1111\nA2,2222\n"), SBS)


def test_rows_beyond_z_are_read() -> None:
    found = read(b"AA1,1111\nAF48,2222\n")
    assert [(well.row, well.col) for well in found.wells] == [(26, 0), (31, 47)]


@given(wells)
def test_a_rack_turned_twice_is_as_it_was(plate: Plate) -> None:
    found = read(DIALECTS["fluidx"](RACK, dict.fromkeys(plate, "NO TUBE")), RACK).wells
    assert turned(SBS, turned(SBS, found)) == found


def test_a_turned_rack_is_told_by_what_is_stored() -> None:
    stored = {Slot(row, col): f"{row}.{col}" for row in range(8) for col in range(6)}
    straight = fit(SBS, stored, stored)
    assert not straight.is_turned
    assert fit(SBS, {mirrored(SBS, slot): tube for slot, tube in stored.items()}, stored).is_turned
    nothing = fit(SBS, {}, stored)
    assert not nothing.is_turned
