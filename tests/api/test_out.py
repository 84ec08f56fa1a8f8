"""Out and back and the past over HTTP: who has what for how long, and what was where."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

from biobank import clock
from tests.api.program import Program, fields
from tests.world import MANAGER, OUTSIDER, TECHNICIAN


def out(program: Program, **told: Any) -> list[Any]:
    """What is out: all of it on one page."""
    page = program.told("/out", **told)
    assert page["next"] is None
    return list(page["items"])


def test_what_is_out_is_told_with_its_holder_its_purpose_and_its_clock(program: Program) -> None:
    one, two = program.world.tubes(2)
    box = program.world.boxes()[0]
    program.made("/moves", {"box": box, "tubes": [one, two]})
    due = (clock.now() + timedelta(hours=1)).isoformat()
    told = {"tubes": [one], "holder": MANAGER, "purpose": "processing", "due": due}
    program.made("/takings", told)
    program.made("/takings", {"tubes": [two]})
    rows = out(program)
    assert [row["code"] for row in rows] == [one, two]
    assert {
        name: rows[0][name] for name in ("holder", "purpose", "level", "minutes", "limit", "overdue")
    } == {
        "holder": MANAGER,
        "purpose": "processing",
        "level": "ok",
        "minutes": 0,
        "limit": 15,
        "overdue": False,
    }
    assert [row["code"] for row in out(program, holder=TECHNICIAN)] == [two]
    assert [row["code"] for row in out(program, mine="true")] == [two]
    assert out(program, of="late") == out(program, purpose="shipping") == []
    assert out(program, person=OUTSIDER) == []
    lines = list(csv.DictReader(StringIO(program.get("/out.csv", study="DEMO").text, newline="")))
    assert [line["code"] for line in lines] == [one, two]
    card = program.told(f"/specimens/{one}")
    assert (card["out_purpose"], card["clock"]["level"], card["clock"]["warn"]) == ("processing", "ok", 5)
    program.made("/returns", {"tubes": [one, two]})
    assert out(program) == []
    assert program.told(f"/specimens/{one}")["clock"] is None
    assert program.world.unproved() == []


def test_what_is_out_is_turned_over_page_by_page_those_out_longest_first(program: Program) -> None:
    tubes = program.world.tubes(5)
    program.world.put(program.world.boxes()[0], tubes)
    begin = clock.now() - timedelta(hours=2)
    for number, some in enumerate((tubes[3:], tubes[:3])):  # those of one moment stand by their codes
        at = begin + timedelta(hours=number)
        told = {"occurred": at.isoformat(), "due": (at + timedelta(minutes=5)).isoformat()}
        program.made("/takings", {"tubes": some, **told})
    for of in ({}, {"of": "overdue"}):
        seen: list[str] = []
        after: str | None = ""
        while after is not None:
            page = program.told("/out", limit=2, after=after, **of)
            seen += [row["code"] for row in page["items"]]
            after = page["next"]
        assert seen == sorted(tubes[3:]) + sorted(tubes[:3])
    for nowhere in ("lunch", "2026-05-04T09:30:00/x", "0001-01-01T00:00:00+14:00/x"):
        lost = program.get("/out", after=nowhere)
        assert (lost.status_code, lost.json()["title"]) == (400, "place_unreadable")


def test_bad_words_about_what_is_out_are_refused_by_their_field(program: Program) -> None:
    (tube,) = program.world.tubes(1)
    program.made("/moves", {"box": program.world.boxes()[0], "tubes": [tube]})
    for told, status, field in (
        ({"holder": "nobody"}, 404, "holder"),
        ({"purpose": "lunch"}, 400, "purpose"),
        ({"due": "2026-05-04T09:30:00"}, 400, "due"),
        ({"due": "2020-05-04T09:30:00+08:00"}, 422, "due"),
    ):
        answer = program.post("/takings", {"tubes": [tube], **told})
        assert (answer.status_code, fields(answer)) == (status, {field}), answer.text
    assert program.get("/out", of="lunch").status_code == 400
    assert out(program) == []


def test_any_container_is_told_as_it_was(program: Program) -> None:
    one, two = program.world.tubes(2)
    box, freezer = program.world.boxes()[0], program.world.freezer()
    program.made("/moves", {"box": box, "tubes": [one]})
    at = clock.now().isoformat()
    program.made("/moves", {"box": box, "tubes": [two]})
    program.made("/takings", {"tubes": [one]})

    def held(**query: str) -> dict[str, str]:
        slots = program.told(f"/containers/{box}", **query)["slots"]
        return {slot["code"]: slot["state"] for slot in slots if slot["code"]}

    assert held(at=at) == {one: "occupied"}
    assert held() == {one: "kept", two: "occupied"}
    for code in (box, freezer):
        then, now = (program.told(f"/containers/{code}/count", **query) for query in ({"at": at}, {}))
        assert (then["tubes"], then["out"], now["tubes"], now["out"]) == (1, 0, 1, 1)
        assert [row["code"] for row in program.told(f"/containers/{code}/tubes", at=at)["items"]] == [one]
        assert len(program.told(f"/containers/{code}/tubes")["items"]) == 2
    first = program.told(f"/containers/{freezer}/tubes", limit=1)
    rest = program.told(f"/containers/{freezer}/tubes", limit=1, after=first["next"])
    assert {first["items"][0]["code"], rest["items"][0]["code"]} == {one, two}
    assert rest["next"] is None
    assert program.told(f"/containers/{freezer}/contents", at=at)[0]["tubes"] == 1
    assert program.told(f"/containers/{box}/tubes", not_seen_since="2020-01-01")["items"] == []
    early = program.get(f"/containers/{box}", at="2001-02-03T04:05:06+08:00")
    assert (early.status_code, early.json()["title"]) == (422, "not_made_yet")
    assert program.get(f"/containers/{box}", at="yesterday").status_code == 400
    assert program.get(f"/containers/{box}/tubes", not_seen_since="yesterday").status_code == 400
    assert program.world.unproved() == []
