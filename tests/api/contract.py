"""The API as a contract: every address, what it takes, what it answers, kept in a file that is reviewed.

`python -m tests.api.contract` makes `contract.json` anew after a change that is meant;
`python -m tests.api.contract --examples` also runs the tests of the API and keeps their examples.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from biobank.app import create_app
from biobank.database import Database
from biobank.settings import Settings
from tests.api import recording

FILE = Path(__file__).with_name("contract.json")

Json = dict[str, Any]


def described() -> Json:
    """The OpenAPI description, as it is served; it asks nothing of the database."""
    database = Database("sqlite:///never-opened")
    told = create_app(Settings(), database).openapi_schema.to_schema()
    database.close()
    return told


def contract_of(told: Json) -> Json:
    """What a program may rely on: no words, no examples."""
    return {
        "addresses": {
            f"{method.upper()} {path}": _operation(operation)
            for path, item in sorted(told["paths"].items())
            for method, operation in sorted(item.items())
        },
        "shapes": {name: _shape(schema) for name, schema in sorted(told["components"]["schemas"].items())},
    }


def _operation(operation: Json) -> Json:
    answers: list[str] = []
    refusals: list[str] = []
    for status, each in sorted(operation["responses"].items()):
        told = _content(each)
        (refusals if told == "Problem" else answers).append(f"{status} {told}".strip())
    made: Json = {"answers": answers, "refusals": " ".join(each.split()[0] for each in refusals)}
    if "requestBody" in operation:
        made["takes"] = _content(operation["requestBody"])
    parameters = {
        f"{each['name']} ({each['in']}{', needed' if each['required'] else ''})": _type(each["schema"])
        for each in operation.get("parameters", ())
    }
    return {**made, **({"parameters": parameters} if parameters else {})}


def _content(of: Json) -> str:
    content = of.get("content") or {}
    if list(content) == ["application/problem+json"]:
        return "Problem"
    told = {media: _type(each.get("schema", {})) for media, each in sorted(content.items())}
    return ", ".join(kind if media == "application/json" else media for media, kind in told.items())


def _shape(schema: Json) -> Any:
    needed = set(schema.get("required", ()))
    if "properties" not in schema:
        return _type(schema)
    fields = sorted(schema["properties"].items())
    return {name if name in needed else f"{name}?": _type(each) for name, each in fields}


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " | ".join(sorted({_type(each) for each in schema[several]}))
    if "enum" in schema:
        return " | ".join(sorted(json.dumps(each) for each in schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = schema.get("type", "any")
    kinds = [kind] if isinstance(kind, str) else kind
    return " | ".join(sorted(_one(each, schema) for each in kinds))


def _one(kind: str, schema: Json) -> str:
    if kind == "array":
        return f"[{_type(schema.get('items', {}))}]"
    if kind == "object" and "additionalProperties" in schema:
        inner = schema["additionalProperties"]
        return f"{{{_type(inner) if isinstance(inner, dict) else 'any'}}}"
    return f"{kind} {schema['format']}" if "format" in schema else kind


def written(contract: Json) -> str:
    """The text of the file."""
    return json.dumps(contract, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Make the file anew; with `--examples` the examples too."""
    if "--examples" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder) / "heard"
            asked = [sys.executable, "-m", "pytest", "-q", "-n", "2", str(FILE.parent)]
            subprocess.run(asked, check=True, env={**os.environ, recording.WHERE: str(heard)})
            recording.write(described(), heard)
    FILE.write_text(written(contract_of(described())), "utf-8")


if __name__ == "__main__":
    main()
