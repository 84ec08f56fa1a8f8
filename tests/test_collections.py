"""A collections file is taken in whole or not at all, and every bad cell of it is named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from biobank import custody
from biobank.errors import Malformed, Refusals
from biobank.exchange import csv_files, planning
from biobank.exchange.csv_files import Row, read_rows
from biobank.studies import ProtocolFile, read_protocol
from biobank.tables import Attribute, CustodyEvent, Identifier, Participant, Site, Specimen, Visit
from tests.terminal import Terminal

PROTOCOL = b"""
[study]
code = "SMALL"
title = "A small study to import"

[[attributes]]
name = "group"
values = ["A", "B"]

[[attributes]]
name = "age"
lowest = 0
highest = 120

[[events]]
code = "W0"
title = "Week 0"
day = 0
collects = ["stool"]

[[events]]
code = "W4"
title = "Week 4"
day = 28
collects = ["stool"]

[[collections.stool]]
material = "stool"
amount = "2 g"
[[collections.stool.aliquots]]
material = "stool"
amount = "400 mg"
count = 2

[import]
participant = "who"
collection = "collection"
collection_scheme = "collection"
identifier = "tube"
identifier_scheme = "tube"
event = "week"
event_prefix = "W"
site = "place"
time_zone = "Asia/Shanghai"
time_zones = { "South" = "Asia/Tokyo" }
collects = "stool"
notes = ["antibiotics"]
attributes = { group = "group", age = "age" }
"""
HEADER = "tube,who,collection,week,place,age,group,antibiotics"
ROWS = (
    "T1,P1,P1C1,0,North site,43,A,No",
    "T2,P1,P1C1,0,North site,43,A,No",
    "T3,P1,P1C2,0,North site,43,A,Yes",
    "T4,P2,P2C1,4,South,,B,No",
)


def written(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return end.join([header, *rows, ""]).encode()


def protocol() -> ProtocolFile:
    return read_protocol(PROTOCOL)


def plan(*rows: str) -> planning.Plan:
    """The plan of a file, without a database."""
    read = protocol()
    assert read.import_
    noted = [
        Attribute(name="group", values=["A", "B"], lowest=None, highest=None),
        Attribute(name="age", values=[], lowest=0, highest=120),
    ]
    needed = planning.needed_columns(read.import_)
    return planning.make_plan(read, read.import_, noted, read_rows(written(*rows), needed))


def faults(*rows: str) -> list[tuple[str | None, str]]:
    with pytest.raises(Refusals) as refused:
        plan(*rows)
    return [(each.field, each.slug) for each in refused.value.each]


# --- reading CSV ---


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_read_with_its_lines_whatever_its_line_ends_and_mark(end: str, mark: bytes) -> None:
    rows = read_rows(
        mark + written('1,"two, and', 'a half"', "", "3, four ", header="a,b", end=end), ["a", "b"]
    )
    assert rows == [
        Row(2, {"a": "1", "b": f"two, and{end}a half"}),
        Row(5, {"a": "3", "b": "four"}),
    ]


def test_cells_that_look_like_formulas_are_kept_as_they_are() -> None:
    cells = ("=1+1", "+1", "-1", "@x", "'=1")  # a file is data: nothing of it is computed or changed
    assert [row.cells["a"] for row in read_rows(written(*cells, header="a"), ["a"])] == list(cells)


@pytest.mark.parametrize(
    ("data", "slug", "facts"),
    [
        ("a,b\nx,é\n".encode("latin-1"), "file_not_utf8", {"offset": 6}),
        (b"\xef\xbb\xbfa,b\nx,\xe9\n", "file_not_utf8", {"offset": 9}),
        ("a,b\n".encode("utf-16"), "file_not_utf8", {"offset": 0}),
        ("a,b\n".encode("utf-16-le"), "file_has_nul", {"line": 1}),
        (b"a,b\n1,2\n3,\0\n", "file_has_nul", {"line": 3}),
        (b"a,b\n1,2\r3,4\n", "file_lone_return", {"line": 2}),
        (b'a,b\n1,2\n3,"4\n5,6\n', "row_unreadable", {"line": 3}),
        (b'a,b\n1,"2"x\n', "row_unreadable", {"line": 2}),
        (b"a,b\n1," + b"x" * 131_073 + b"\n", "row_unreadable", {"line": 2}),
        (b"a,b,a\n1,2,3\n", "column_twice", {"column": "a"}),
        (b"a,,b\n1,2,3\n", "column_unnamed", {"number": 2}),
        (b"a,c\n1,2\n", "column_missing", {"column": "b"}),
        (b"", "column_missing", {"column": "a"}),
        (",".join(f"c{n}" for n in range(10_000)).encode(), "file_too_wide", {"found": 10_000}),
    ],
)
def test_a_file_that_is_no_csv_is_refused_with_the_place(
    data: bytes, slug: str, facts: dict[str, int | str]
) -> None:
    with pytest.raises(Malformed) as refused:
        read_rows(data, ["a", "b"])
    assert refused.value.slug == slug
    assert refused.value.facts.items() >= facts.items()


def test_every_row_longer_or_shorter_than_the_header_is_named() -> None:
    with pytest.raises(Refusals) as refused:
        read_rows(written("1,2", "3", "4,5,6", "7,8", header="a,b"), ["a"])
    assert [(each.field, each.slug) for each in refused.value.each] == [
        ("3.b", "row_ragged"),
        ("4.b", "row_ragged"),
    ]


def test_a_file_of_more_rows_or_bytes_than_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MOST_ROWS", 3)
    assert len(read_rows(written(*"123", header="a"), ["a"])) == 3
    with pytest.raises(Malformed, match="more than 3 rows"):
        read_rows(written(*"1234", header="a"), ["a"])
    monkeypatch.setattr(csv_files, "LARGEST", 3)
    with pytest.raises(Malformed, match="4 bytes"):
        read_rows(b"a\n1\n", ["a"])


def test_no_more_than_a_thousand_faults_are_told() -> None:
    with pytest.raises(Refusals) as refused:
        read_rows(written(*["1,2"] * 5000, header="a"), ["a"])
    assert len(refused.value.each) == 1000


# --- planning ---


def test_rows_of_one_collection_make_one_specimen_and_a_second_one_of_a_week_is_unscheduled() -> None:
    made = plan(*ROWS)
    assert (made.rows, made.merged, len(made.people)) == (4, 1, 2)
    assert [(each.pseudonym, each.event, each.label) for each in made.visits] == [
        ("P1", "W0", "W0"),
        ("P1", None, "UNS W0"),
        ("P2", "W4", "W4"),
    ]
    first = made.visits[0].specimen
    assert [(each.scheme, each.value) for each in first.identifiers] == [
        ("collection", "P1C1"),
        ("tube", "T1"),
        ("tube", "T2"),
    ]
    assert first.note == "antibiotics: No"
    assert made.sites["North site"].code == "North-site"
    assert [site.time_zone for site in made.sites.values()] == ["Asia/Shanghai", "Asia/Tokyo"]
    assert [order.attributes for order in made.people] == [{"group": "A", "age": 43}, {"group": "B"}]
    assert made.people[0].consent.imported


@pytest.mark.parametrize(
    ("row", "field", "slug"),
    [
        ("T5,P3,,0,South,,B,No", "6.collection", "missing"),
        (",P3,P3C1,0,South,,B,No", "6.tube", "missing"),
        ("T5,P3,P3C1,7,South,,B,No", "6.week", "event_unknown"),
        ("T1,P3,P3C1,0,South,,B,No", "6.tube", "identifier_twice"),
        ("T5,P3,P1C1,0,South,,B,No", "6.who", "rows_differ"),
        ("T5,P1,P1C1,4,North site,,A,No", "6.week", "rows_differ"),
        ("T5,P1,P1C1,0,North site,,A,Yes", "6.antibiotics", "rows_differ"),
        ("T5,P1,P1C3,4,South,,A,No", "6.place", "rows_differ"),
        ("T5,P1,P1C3,4,North site,44,A,No", "6.age", "rows_differ"),
        ("T5,P3,P3C1,0,South,121,B,No", "6.age", "attribute_range"),
        ("T5,P3,P3C1,0,South,old,B,No", "6.age", "attribute_range"),
        ("T5,P3,P3C1,0,South,,C,No", "6.group", "attribute_value"),
        ("T5,11010519491231002X,P3C1,0,South,,B,No", "6.who", "looks_like_identity"),
        (f"{'T' * 101},P3,P3C1,0,South,,B,No", "6.tube", "string_too_long"),
        ("T5,P3,P3C1,0,南通,,B,No", "6.place", "string_too_short"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line_and_column(row: str, field: str, slug: str) -> None:
    assert (field, slug) in faults(*ROWS, row)


def test_all_that_is_wrong_with_a_file_is_told_at_once() -> None:
    bad = ("T5,P3,,0,South,,B,No", "T6,P3,P3C1,9,South,,B,No", "T7,P3,P3C2,0,South,,C,No")
    assert [field for field, _ in faults(*ROWS, *bad)] == ["6.collection", "7.week", "8.group"]


# --- taking in ---


@pytest.fixture
def terminal(sqlite_template: Path, tmp_path: Path) -> Terminal:
    """A terminal on a furnished biobank that follows the small study."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(sqlite_template, home / "biobank.db")
    (tmp_path / "small.toml").write_bytes(PROTOCOL)
    made = Terminal(home)
    made.says("study", "load", str(tmp_path / "small.toml"))
    return made


@pytest.fixture
def take_in(terminal: Terminal, tmp_path: Path) -> Callable[[bytes], tuple[str, ...]]:
    """The words of the command that takes in a file of these bytes."""

    def words(data: bytes) -> tuple[str, ...]:
        (tmp_path / "file.csv").write_bytes(data)
        return ("import", "--protocol", str(tmp_path / "small.toml"), str(tmp_path / "file.csv"))

    return words


def counted(terminal: Terminal) -> dict[str, int]:
    tables = (Site, Participant, Visit, Specimen, Identifier, CustodyEvent)
    database = terminal.database()
    try:
        return database.read(
            lambda session: {
                table.__name__: session.exec(select(func.count()).select_from(table)).one()
                for table in tables
            }
        )
    finally:
        database.close()


def test_a_file_is_taken_in_once_and_a_repeat_changes_nothing(
    terminal: Terminal, take_in: Callable[[bytes], tuple[str, ...]]
) -> None:
    words = take_in(written(*ROWS))
    report = terminal.answers(*words)
    assert (report["collections"], report["merged_rows"], report["aliquots"]) == (3, 1, 6)
    assert report["sites_made"] == ["North-site", "South"]
    before = counted(terminal)
    assert before["Specimen"] == 9
    assert "before; nothing was changed" in terminal.says(*words)
    assert counted(terminal) == before

    card = terminal.answers("find", "T2")["card"]
    assert (card["amount"], card["event"], card["participant"]) == ("1.2 g", "W0", "P1")
    database = terminal.database()
    assert database.read(custody.unproved) == []
    whose = database.read(
        lambda session: session.exec(select(Participant).where(col(Participant.pseudonym) == "P1")).one()
    )
    assert whose.attributes == {"group": "A", "age": 43}
    database.close()


def test_of_a_file_with_one_bad_row_at_its_end_nothing_is_written(
    terminal: Terminal, take_in: Callable[[bytes], tuple[str, ...]]
) -> None:
    before = counted(terminal)
    said = terminal.refused(*take_in(written(*ROWS, "T5,P3,P3C1,7,South,,B,No")))
    assert said == (
        "The file was not taken in, nothing was written. Faults found: 1.\n"
        "  6.week: The protocol has no event “W7”.\n"
    )
    assert counted(terminal) == before


def test_a_file_whose_people_or_tubes_are_there_already_is_refused_and_nothing_is_written(
    terminal: Terminal, take_in: Callable[[bytes], tuple[str, ...]]
) -> None:
    terminal.says(*take_in(written(*ROWS)))
    before = counted(terminal)
    assert "P1 is enrolled in SMALL already." in terminal.refused(
        *take_in(written("T9,P1,P1C9,4,North site,43,A,No"))
    )
    assert "T1 (tube)" in terminal.refused(*take_in(written("T1,P9,P9C1,4,Elsewhere,43,A,No")))
    assert counted(terminal) == before


def test_a_protocol_that_is_not_the_one_in_force_is_refused(
    terminal: Terminal, take_in: Callable[[bytes], tuple[str, ...]], tmp_path: Path
) -> None:
    words = take_in(written(*ROWS))
    (tmp_path / "small.toml").write_bytes(PROTOCOL + b"\n# changed\n")
    assert "not the protocol that SMALL follows" in terminal.refused(*words)
    (tmp_path / "small.toml").write_bytes(PROTOCOL.split(b"[import]")[0])
    terminal.says("study", "load", str(tmp_path / "small.toml"))
    assert "has no [import] part" in terminal.refused(*words)


def test_an_import_of_more_than_one_primary_specimen_is_refused(
    terminal: Terminal, take_in: Callable[[bytes], tuple[str, ...]], tmp_path: Path
) -> None:
    words = take_in(written(*ROWS))
    two = PROTOCOL.replace(b"[import]", b'[[collections.stool]]\nmaterial = "blood_edta"\n[import]')
    (tmp_path / "small.toml").write_bytes(two)
    terminal.says("study", "load", str(tmp_path / "small.toml"))
    assert "must be one primary specimen" in terminal.refused(*words)
