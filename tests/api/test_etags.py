"""Entity tags: who has the bytes already gets none of them again."""

import pytest

from tests.api.program import V1, Program, signed_in
from tests.world import OUTSIDER, TECHNICIAN


def asked(program: Program, path: str, known: str, person: str = TECHNICIAN) -> tuple[int, bytes, str]:
    headers = {**signed_in(person), "If-None-Match": known}
    answer = program.client.get(V1 + path, headers=headers)
    return answer.status_code, answer.content, answer.headers.get("etag", "")


@pytest.mark.parametrize("path", ["/studies", "/specimens.csv", "/containers", "/me", "/command-cards.pdf"])
def test_an_answer_that_is_known_is_not_sent_again(sqlite_program: Program, path: str) -> None:
    first = sqlite_program.get(path)
    tag = first.headers["etag"]
    assert first.content
    assert first.headers["cache-control"] == "no-store"
    for known in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        assert asked(sqlite_program, path, known) == (304, b"", tag), known
    for known in ("", '"another"', tag.strip('"')):
        assert asked(sqlite_program, path, known) == (200, first.content, tag), known


def test_a_change_makes_another_tag_and_somebody_else_sees_what_is_theirs(sqlite_program: Program) -> None:
    before = sqlite_program.get("/specimens").headers["etag"]
    sqlite_program.world.tubes(1)
    status, body, after = asked(sqlite_program, "/specimens", before)
    assert (status, after != before) == (200, True)
    assert asked(sqlite_program, "/specimens", after)[:2] == (304, b"")
    status, others, _ = asked(sqlite_program, "/specimens", after, OUTSIDER)
    assert (status, others != body) == (200, True)


def test_a_304_says_nothing_of_a_body_and_a_refusal_has_no_tag(sqlite_program: Program) -> None:
    tag = sqlite_program.get("/sites").headers["etag"]
    answer = sqlite_program.client.get(f"{V1}/sites", headers={**signed_in(TECHNICIAN), "If-None-Match": tag})
    assert answer.status_code == 304
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "etag" not in sqlite_program.get("/specimens/SPP-000-000-0").headers
    assert sqlite_program.client.get(f"{V1}/sites", headers={"If-None-Match": "*"}).status_code == 401
