"""Ten thousand codes at once: each row says what one look-up says, and nothing of what is out of scope."""

import re
from collections.abc import Sequence

import pytest
from sqlalchemy import event

from biobank import codes, specimens, storage
from biobank.codes import CodeKind
from biobank.errors import Refusal, Refusals
from biobank.inputs import read
from biobank.specimens import FindList, FoundList, FoundRow, FoundState
from tests import collected
from tests.pages.visitor import visit
from tests.printing.acts import applied, printed, replaced
from tests.templates import Furnishing, Templates
from tests.terminal import Terminal
from tests.test_changing_containers import bear, identify
from tests.test_storage import take_out
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def found(world: World, given: Sequence[str], person: str = TECHNICIAN) -> FoundList:
    return world.ask(lambda s, a: specimens.find_list(s, a, FindList(codes=list(given))), person)


def alone(world: World, text: str) -> FoundRow | str:
    """What one look-up says of a text: its slug where it is refused."""
    try:
        one = world.ask(lambda s, a: specimens.find(s, a, text))
    except Refusal as refused:
        return refused.slug
    return FoundRow(0, "", FoundState.FOUND, one.kind, one.code, one.retired, label=one.label)


def varied(world: World) -> list[str]:
    """One of everything that a code may be."""
    tubes = world.tubes(3)
    box, other = world.boxes()[:2]
    world.put(box, tubes)
    printed(world, tubes[0])
    applied(world, tubes[0])
    now = replaced(world, tube=tubes[0], reason="torn").code
    identify(world, tubes[1], "FX-0042")
    bear(world, box, "RK1")
    identify(world, tubes[2], "RK1")
    collected.adopt(world, collected.STUDY)
    (kit,) = collected.kits(world)
    ours = [tubes[0], now, tubes[1], box, other, world.visit("D-002"), kit.code, kit.labels[0].code]
    typed = [
        codes.grouped(now),
        f"]Q1{tubes[2]}\r\n",
        tubes[1].lower(),
        "fx-0042",
        " FX-0042 ",
        "D-002",
        "d-002",
    ]
    nothing = ["", "rk1", "nothing like it", "%", "a\0b", "🧊", "x" * 200, "S0000000000"]
    unborn = [codes.new_code(kind) for kind in CodeKind]
    return [*ours, *typed, *nothing, *unborn]


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return varied


def test_each_row_says_what_one_look_up_says_on_both_databases(world: World, told: list[str]) -> None:
    given, told_of = told, found(world, told)
    assert [row.text for row in told_of.rows] == given
    for row in told_of.rows:
        match alone(world, row.text):
            case "code_ambiguous":
                assert row.state is FoundState.AMBIGUOUS
                assert len(row.choices) == 2
            case FoundRow() as one:
                assert (row.kind, row.code, row.retired, row.label) == (
                    one.kind,
                    one.code,
                    one.retired,
                    one.label,
                )
            case _:
                assert row.state is FoundState.UNKNOWN
    counts = (told_of.total, told_of.found, told_of.unknown, told_of.ambiguous, told_of.retired)
    assert counts == (len(given), 15, len(given) - 16, 1, 1)
    for row in told_of.rows:
        if row.again:
            earlier = told_of.rows[row.again - 1]
            assert (earlier.again, earlier.code, earlier.number < row.number) == (None, row.code, True)
    assert told_of.again == 6
    assert world.unproved() == []


def test_a_row_tells_of_a_tube_what_a_list_tells_of_it(sqlite_world: World) -> None:
    world = sqlite_world
    tubes = world.tubes(2, "D-900")
    world.put(world.boxes()[2], tubes)
    take_out(world, tubes[1])
    first, second = found(world, tubes).rows
    assert (first.study, first.participant, first.event, first.material) == (
        "DEMO",
        "D-900",
        "BL",
        "blood_edta",
    )
    assert (first.amount, str(first.quantity), first.unit) == ("100 uL", "100", "uL")
    assert (first.custody, second.custody, second.place) == ("slot", "out", "")
    assert first.place.endswith("A1")


def test_what_is_out_of_scope_is_unknown_exactly_as_what_is_not_there(
    sqlite_world: World, templates: Templates
) -> None:
    given = templates.told("sqlite", varied)
    for row in found(sqlite_world, given, OUTSIDER).rows:
        assert row == FoundRow(row.number, row.text, FoundState.UNKNOWN, again=row.again)
    assert found(sqlite_world, given, MANAGER).found == 15


def test_a_long_list_takes_as_many_statements_as_a_short_one(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(40, "D-900")

    def statements(given: list[str]) -> int:
        heard: list[str] = []
        engine = sqlite_world.database.reading
        listener = lambda *told: heard.append(told[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        found(sqlite_world, given)
        event.remove(engine, "before_cursor_execute", listener)
        return len(heard)

    assert statements(tubes[:1]) == statements(tubes) <= 16


def test_codes_are_taken_apart_however_they_were_pasted() -> None:
    first, second = (codes.new_code(CodeKind.SPECIMEN) for _ in range(2))
    written = f"{codes.grouped(first)}\t{second}\r\n\r\nFX-1, FX-2;FX-3  FX-4\n"
    written += f" {codes.grouped(second)} {first} a b c\n"
    assert specimens.split(written) == [
        *(codes.grouped(first), second, "FX-1", "FX-2", "FX-3", "FX-4"),
        *(codes.grouped(second), first, "a", "b", "c"),
    ]
    assert specimens.split(" \n,;\t ") == []


@pytest.mark.parametrize("given", [[], ["x"] * 10_001, ["x" * 201]])
def test_no_code_too_many_and_too_long_ones_are_refused(given: list[str]) -> None:
    with pytest.raises(Refusals):
        read(FindList, {"codes": given})


# --- pages and the command line ---


def test_a_page_shows_what_was_pasted_and_the_unknown_alone(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(2, "D-900")
    visitor = visit(sqlite_world)
    assert "Which codes?" in visitor.get("/find/list").text
    text = "\r\n".join([*tubes, tubes[0], "NOPE-1"])
    page = visitor.post("/find/list", {"codes": text})
    assert page.status_code == 200
    assert page.text.count('class="number quiet"') == 4
    assert "1 code is unknown." in page.text
    assert "as row 1" in page.text
    alone = visitor.post("/find/list", {"codes": text, "show": "unknown"}).text
    assert (alone.count('class="number quiet"'), "NOPE-1" in alone) == (1, True)
    assert visitor.get(f"/find/list?codes={tubes[0]}").text.count('class="number quiet"') == 1
    for kind in ("csv", "xlsx"):
        saved = visitor.post(f"/find/list/file?as={kind}", {"codes": text})
        assert saved.headers["content-disposition"].endswith(f'.{kind}"')
    assert visitor.post("/find/list/file?as=pdf", {"codes": text}).headers["x-refusal"] == "file_kind_unknown"
    assert visitor.post("/find/list", {"codes": "x\n" * 10_001}).status_code == 400


def test_the_tubes_of_a_list_that_are_in_their_places_are_taken_out(sqlite_world: World) -> None:
    tubes, visitor = sqlite_world.tubes(3, "D-910"), visit(sqlite_world)
    sqlite_world.put(sqlite_world.boxes()[0], tubes[:2])
    page = visitor.post("/find/list", {"codes": "\n".join(tubes)}).text
    offered = re.search(r'name="tubes" value="([^"]+)">\s*<select[^>]*name="purpose"', page)
    assert offered
    assert offered[1].split() == tubes[:2]
    told = {"tubes": offered[1], "purpose": "shipping"}
    assert visitor.post("/find/list/take-out", told).headers["location"] == "/out"
    assert {row.code for row in sqlite_world.ask(storage.what_is_out)} == set(tubes[:2])
    assert visitor.post("/find/list/take-out", told).headers["x-refusal"] == "not_in_a_box"
    assert sqlite_world.unproved() == []


def test_a_list_is_told_on_the_command_line_from_words_and_from_stdin(terminal: Terminal) -> None:
    said = terminal.says("find", "NOPE-1", "D-404")
    assert [line.split()[:3] for line in said.splitlines()] == [
        ["1", "NOPE-1", "unknown"],
        ["2", "D-404", "unknown"],
    ]
    assert terminal.says("find", "-", "--csv", typed="a,b\nc").count("unknown") == 3
    assert '"unknown": 2' in terminal.says("find", "-", "--json", typed="a b")
