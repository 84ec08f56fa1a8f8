"""Requests that nobody would write, made of the API's own description, and what every answer must be."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from random import Random
from typing import Any, cast
from uuid import UUID

import schemathesis
from httpx import Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from litestar import Litestar
from litestar.testing import TestClient
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.world import PROTOCOL

AnyCase = Case[Any]
SEED = 20261122
PROBLEM = "application/problem+json"
_CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
schemathesis.openapi.media_type("application/toml", st.binary(max_size=200) | st.just(PROTOCOL))
_OURS = ("Traceback", "sqlalchemy", "psycopg", "site-packages", "sqlite3.")


class Fuzz:
    """Sends requests made of a description; notes what was answered, and every answer that may not be."""

    def __init__(
        self, client: TestClient[Litestar], headers: Mapping[str, str], known: Mapping[str, Sequence[Any]]
    ) -> None:
        self.client = client
        self.headers = headers
        self.known = known
        self.answered: Counter[str] = Counter()
        self.faults: list[str] = []
        self._chance = Random(SEED)  # noqa: S311 - which code, not a secret
        self._cases = _cases(client.app)

    def run(self, requests: int, number: int = SEED) -> None:
        """Send so many requests, always the same ones for the same description and world."""

        # Nothing is shrunk: what was answered depends on all that was asked before.
        @seed(number)
        @settings(
            max_examples=requests,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self._cases)
        def send_one(case: AnyCase) -> None:
            self._send(case)

        send_one()

    def _send(self, case: AnyCase) -> None:
        self._make_likely(case)
        sent = case.as_transport_kwargs("http://testserver.local")
        content = json.dumps(sent["json"]).encode() if "json" in sent else sent.get("data")
        headers = {name: value.encode("utf-8") for name, value in sent["headers"].items()}
        answer = self.client.request(
            sent["method"],
            sent["url"],
            params=sent.get("params") or None,
            content=content if isinstance(content, bytes | str) else None,
            headers=cast("Any", headers),
        )
        self.answered[f"{sent['method']} {answer.status_code}"] += 1
        told = f"{sent['method']} {answer.request.url} {content!r:.600}"
        self.faults += [f"{told}\n  {fault}" for fault in faults(case, answer)]

    def _make_likely(self, case: AnyCase) -> None:
        """Come from who is signed in, with true codes here and there: what is unknown is refused at once."""
        headers = {name: value for name, value in case.headers.items() if name != "Authorization"}
        if "Idempotency-Key" in headers and self._chance.random() < 0.9:
            headers["Idempotency-Key"] = str(UUID(int=self._chance.getrandbits(128), version=4))
        case.headers = cast("Any", {**headers, **self.headers})
        case.path_parameters = self._filled(case.path_parameters)
        case.query = self._filled(case.query)
        case.body = self._filled(case.body)

    def _filled(self, sent: Any) -> Any:
        if isinstance(sent, list):
            return [self._filled(each) for each in sent]
        if not isinstance(sent, dict):
            return sent
        return {name: self._true(name, value) for name, value in sent.items()}

    def _true(self, name: str, value: Any) -> Any:
        if name not in self.known or self._chance.random() < 0.2:
            return self._filled(value)
        if isinstance(value, list):
            return self._chance.choices(self.known[name], k=self._chance.randint(1, 3))
        return self._chance.choice(self.known[name])


@cache
def _cases(app: Litestar) -> SearchStrategy[AnyCase]:
    """A request of any operation, one in three against its description; worked out once for an app."""
    described = TestClient(app, raise_server_exceptions=False).get("/schema/openapi.json").json()
    schema = schemathesis.openapi.from_dict(described)
    operations = st.sampled_from([cast("Any", each).ok() for each in schema.get_all_operations()])
    modes = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    made = cache(lambda operation, mode: operation.as_strategy(mode))
    return st.tuples(operations, modes).flatmap(lambda of: made(*of))


def faults(case: AnyCase, answer: Response) -> list[str]:
    """What an answer may not be: a fault of ours, a refusal without its words, what is not described."""
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return [f"{answer.status_code} {answer.text[:300]}"]
    found = [f"tells of our inside: {word}" for word in _OURS if word in answer.text]
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        found += _faults_of_a_refusal(answer)
        if answer.status_code in (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_FOUND):
            return found  # an empty code in an address makes it another address
    try:
        case.validate_response(answer, checks=cast("Any", _CHECKS))
    except FailureGroup as group:
        found += [f"{answer.status_code} {each.title}: {each.message[:400]}" for each in group.exceptions]
    return found


def _faults_of_a_refusal(answer: Response) -> list[str]:
    kind = answer.headers.get("content-type", "")
    if kind != PROBLEM:
        return [f"{answer.status_code} as {kind!r}"]
    told = answer.json()
    if told.get("status") != answer.status_code or not (told.get("title") and told.get("detail")):
        return [f"{answer.status_code} without its words: {answer.text[:300]}"]
    return ["a place in its words is not filled"] if "%(" in told["detail"] else []
