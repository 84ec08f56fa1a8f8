"""Schemathesis over the API as each role: no fault of ours, nothing undescribed, and the log still proves."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, Response, get
from litestar.exceptions import HTTPException
from litestar.testing import TestClient

from tests.api.program import signed_in
from tests.hostile.furnished import NOBODY, ROLES, Known
from tests.hostile.fuzzing import SEED, Fuzz
from tests.quick import app_of
from tests.world import World

REQUESTS = [84, pytest.param(834, marks=pytest.mark.prove)]
"""For each of six, on each of two databases: a thousand in all, or ten thousand."""


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Litestar]]:
    with TestClient(app_of(world), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("requests", REQUESTS)
@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_whatever_is_asked_is_answered_or_refused_as_described(
    world: World, client: TestClient[Litestar], told: Known, role: str, requests: int
) -> None:
    headers = {} if role == NOBODY else signed_in(f"a-{role}", told.secrets)
    fuzz = Fuzz(client, headers, told.by_name)
    fuzz.run(requests, SEED + [*ROLES, NOBODY].index(role))
    print(f"seed {SEED}, {role}: {dict(sorted(fuzz.answered.items()))}")  # noqa: T201 - shown when it fails
    assert fuzz.faults == []
    assert sum(fuzz.answered.values()) == requests
    assert world.unproved() == []


@get("/api/v1/broken", sync_to_thread=False)
def broken() -> dict[str, str]:
    """Fail."""
    raise HTTPException(status_code=500)


@get("/api/v1/untold", sync_to_thread=False)
def untold() -> dict[str, str]:
    """Refuse in no words of ours."""
    raise HTTPException(status_code=409)


@get("/api/v1/other", sync_to_thread=False)
def other() -> Response[Any]:
    """Answer otherwise than described."""
    return Response(b"1", media_type="text/csv")


def test_a_fault_an_untold_refusal_and_an_undescribed_answer_are_found() -> None:
    for handler, fault in ((broken, "500 "), (untold, "409 as "), (other, "Undocumented Content-Type")):
        with TestClient(Litestar([handler]), raise_server_exceptions=False) as client:
            fuzz = Fuzz(client, {}, {})
            fuzz.run(2)
        assert any(fault in each for each in fuzz.faults), fuzz.faults
