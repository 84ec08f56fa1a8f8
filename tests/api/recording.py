"""What programs of the tests sent and were answered, kept as the examples that the API is described by."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from biobank.api.examples import FILE

WHERE = "BIOBANK_EXAMPLES_HEARD"
"""The file that each exchange is written to, a line each; nothing is kept where no file is named."""

LONGEST = 3
"""How many of a list are shown."""

LARGEST = 4000
"""How large an order or an answer may be, as text."""

SECRETS = {"secret": "shown once", "password": "the password", "pin": "the PIN", "again": "the PIN"}
"""What stands in an example for what nobody shall read."""


def hear(client: httpx.Client) -> None:
    """Keep what this client sends and gets, where a file is named for it."""
    if where := os.environ.get(WHERE):
        client.event_hooks["response"].append(lambda response: _keep(Path(where), response))


def _keep(where: Path, response: httpx.Response) -> None:
    sent, told = response.request, response.read()
    line = {
        "method": sent.method.lower(),
        "path": sent.url.path,
        "status": response.status_code,
        "order": _json(sent.headers.get("content-type", ""), sent.content),
        "answer": _json(response.headers.get("content-type", ""), told),
    }
    with where.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _json(kind: str, content: bytes) -> Any:
    try:
        return json.loads(content) if "json" in kind else None
    except (ValueError, RecursionError):
        return None


def examples_of(described: dict[str, Any], heard: list[dict[str, Any]]) -> dict[str, Any]:
    """The best exchange of each operation, and every slug that it refused."""
    named = list(_operations(described))
    found: dict[str, dict[str, Any]] = {}
    for line in heard:
        name = next(
            (
                name
                for name, method, path in named
                if method == line["method"] and path.fullmatch(line["path"])
            ),
            "",
        )
        if not name:
            continue
        kept = found.setdefault(name, {"order": None, "answer": None, "refusals": {}})
        if line["status"] >= 400:
            if line["answer"]:
                slugs = kept["refusals"].setdefault(str(line["status"]), set())
                slugs |= {line["answer"]["title"], *(e["title"] for e in line["answer"].get("errors", ()))}
        elif line["status"] in (200, 201, 202) and _worth(line) > _worth(kept):
            kept |= {name: shown(line[name]) for name in ("order", "answer")}
    return {
        name: {
            **kept,
            "refusals": {status: sorted(slugs) for status, slugs in sorted(kept["refusals"].items())},
        }
        for name, kept in sorted(found.items())
    }


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Each operation with its method and what its addresses look like; words of an address before places."""
    for path in sorted(described["paths"], key=lambda path: (path.count("{"), -len(path))):
        looks = re.sub(
            r"\\\{(\w+)\\\}", lambda place: ".+" if place[1] == "pseudonym" else "[^/]+", re.escape(path)
        )
        for method, operation in described["paths"][path].items():
            yield operation["operationId"], method, re.compile(looks)


def _worth(exchange: dict[str, Any]) -> tuple[int, int]:
    """The more is said in it the better, and the shorter the better among those that say as much."""
    text = json.dumps([shown(exchange["order"]), shown(exchange["answer"])])
    if len(text) > LARGEST or text == "[null, null]":
        return (0, 0)
    return (1 + len(_told(exchange)), -len(text))


def _paths(value: Any, at: str = "") -> Iterator[str]:
    """The fields that say something."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{at}.*")
    elif value not in (None, ""):
        yield at


def shown(value: Any, name: str = "") -> Any:
    """A value as an example shows it: lists cut, secrets not told."""
    if isinstance(value, dict):
        return {name: shown(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value[:LONGEST]]
    if name == "link" and isinstance(value, str):
        return re.sub(r"/[^/]+$", "/shown-once", value)
    return SECRETS[name] if name in SECRETS and value else value


def write(described: dict[str, Any], heard: Path) -> None:
    """Make the file of examples anew; one that tells as much as the new one stays as it is."""
    lines = [json.loads(line) for line in heard.read_text("utf-8").splitlines()]
    known, found = json.loads(FILE.read_text("utf-8")), examples_of(described, lines)
    kept = {name: known[name] for name, _, _ in _operations(described) if name in known}
    for name, new in found.items():
        old = kept.get(name, new)
        better = new if _told(new) and _told(new) != _told(old) else old
        kept[name] = {**new, "order": better["order"], "answer": better["answer"]}
    told = json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True)
    FILE.write_text(told + "\n", "utf-8")


def _told(exchange: dict[str, Any]) -> set[str]:
    return set(_paths(exchange["order"])) | set(_paths(exchange["answer"], "answer"))
