"""Every page, API address and command stands in the table of three faces, and nothing else does."""

import re
from collections.abc import Iterator

import pytest
import rich_click as click

from biobank.commands import biobank
from biobank.commands.wording import walk
from tests import three_faces as faces
from tests import three_faces_of_audits as audits
from tests import three_faces_of_storage as storage
from tests.quick import app_of
from tests.three_faces import Face
from tests.world import World

TABLE = (
    *faces.ACCOUNTS,
    *faces.STUDIES,
    *faces.VISITS,
    *storage.TUBES,
    *storage.STORAGE,
    *storage.BENCH,
    *storage.LABELS,
    *audits.AUDITS,
    *storage.MACHINE,
)


def places(told: str) -> list[str]:
    """What one field of a row names."""
    return [each.strip() for each in told.split(",") if each.strip()]


def routes(world: World) -> Iterator[str]:
    """The addresses of the application as the table writes them, with `/api/v1` where it is of the API."""
    for route in app_of(world).routes:
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} & set(getattr(route, "methods", ())):
            path = re.sub(r":\w+}", "}", route.path)
            yield path if method == "GET" else f"{method} {path}"


@pytest.fixture(scope="module")
def commands() -> set[str]:
    return {path for path, each in walk(biobank) if not isinstance(each, click.Group)}


def of_the_api(place: str) -> str:
    return place if "/schema" in place else place.replace("/", "/api/v1/", 1)


def test_every_address_stands_in_the_table_and_no_row_is_of_none(sqlite_world: World) -> None:
    told = {place for row in TABLE for place in places(row.page)}
    told |= {of_the_api(place) for row in TABLE for place in places(row.api)}
    there = set(routes(sqlite_world))
    assert sorted(there - told) == []
    assert sorted(told - there) == []


def test_every_command_stands_in_the_table_and_no_row_is_of_none(commands: set[str]) -> None:
    told = {place for row in TABLE for place in places(row.command)}
    assert sorted(commands - told) == []
    assert sorted(told - commands) == []


def without_a_reason(table: tuple[Face, ...]) -> list[str]:
    """Rows that lack a face and do not say why; or that say why, and lack none."""
    return [row.what for row in table if all((row.page, row.api, row.command)) == bool(row.why_not)]


def test_a_row_that_lacks_a_face_says_why_and_no_other_does() -> None:
    assert without_a_reason(TABLE) == []


def test_no_row_stands_twice() -> None:
    assert len({row.what for row in TABLE}) == len(TABLE)


def test_a_row_without_a_reason_would_be_seen() -> None:
    lone = Face("a thing", "/thing", "", "")
    needless = Face("a thing", "/thing", "/thing", "thing", "no reason at all")
    assert without_a_reason((lone, needless)) == ["a thing", "a thing"]
