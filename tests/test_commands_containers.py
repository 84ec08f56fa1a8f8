"""The `biobank` command at containers and their types."""

from tests.terminal import Terminal
from tests.world import World


def test_a_type_is_added_listed_and_a_container_of_it_made_and_set_up(terminal: Terminal) -> None:
    words = (
        "container-type",
        "add",
        "rack-4x6",
        "Rack 4 x 6",
        "--level",
        "rack",
        "--rows",
        "4",
        "--cols",
        "6",
    )
    made = terminal.answers(*words, "--holder", "rack", "--fill", "by_row_low_left")
    assert (made["first"], made["last"], made["holder"]) == ("D1", "A6", "rack")
    assert "rack-4x6" in terminal.says("container-type", "list")
    assert '"rack-4x6","Rack 4 x 6","rack",4,6' in terminal.says("container-type", "list", "--csv")
    assert "already" in terminal.refused(*words)
    code = terminal.answers("container", "make", "Rack A", "--type", "rack-4x6", "--site", "BJ")["code"]
    terminal.says("container", "limit", code, "--material", "plasma_edta", "--type", "box-9x9")
    terminal.says("container", "rename", code, "Rack B")
    terminal.says("container", "barcode", code, "FD1")
    terminal.says("container", "block", "FD1", "A1", "D6")
    terminal.says("container", "block", code, "D6", "--again")
    shown = terminal.answers("container", "show", "FD1")
    assert (shown["name"], shown["barcode"], shown["blocked"]) == ("Rack B", "FD1", ["A1"])
    assert "may hold: materials" in terminal.says("container", "show", code)
    assert "holds box-9x9 alone" in terminal.refused(
        "container", "make", "Small", "--type", "box-5x5", "--into", code
    )
    terminal.says("container", "limit", code)
    assert terminal.answers("container", "show", code)["rules"] == []
    assert terminal.answers("container", "retire", code)["retired"] is True
    assert "retired" in terminal.refused("container", "retype", code, "rack-20")
    assert terminal.answers("check")["faults"] == []


def test_a_freezer_of_tray_racks_is_made_and_a_full_one_is_not_retired(terminal: Terminal) -> None:
    words = ("freezer", "create", "F2", "--site", "BJ", "--holder", "tray_rack", "--shelves", "1")
    made = terminal.answers(*words, "--racks", "1", "--rows", "2", "--cols", "3")
    assert made["containers"] == 1 + 1 + 1 + 6
    database = terminal.database()
    try:
        box = World(database).boxes()[0]
    finally:
        database.close()
    terminal.says("container", "retype", box, "box-5x5")
    assert "is not empty" in terminal.refused("container", "retire", made["code"])
