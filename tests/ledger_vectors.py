"""Makes docs/ledger-vectors-1.json: `python -m tests.ledger_vectors`. Version 1 is frozen by what it says."""

import hashlib
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "docs" / "ledger-vectors-1.json"
LOG = "vectors.example/biobank"
TUBE, BOX, RECORD, HOLDER, COMMAND, STATION = (
    f"01980000-0000-7000-8000-{number:012x}" for number in range(1, 7)
)

BIRTH: dict[str, Any] = {
    "life": "expected",
    "end_reason": None,
    "place": None,
    "out_since": None,
    "holds": [],
    "amount": None,
    "thaws": 0,
    "exposure_s": 0,
    "identifiers": [],
}
SLOT = {"kind": "slot", "container": BOX, "row": 0, "col": 8}
UNPLACED = {"kind": "unplaced", "container": BOX}
SIGNATURE = {"entry": "ab" * 32, "meaning": "approved", "method": "password", "signer": HOLDER}
NOTE = hashlib.sha256(bytes(16) + "溶血".encode()).hexdigest()

TUBES_LIFE: list[dict[str, Any]] = [
    {
        "name": "a tube is registered: everything its state can hold, at birth",
        "kind": "registered",
        "change": BIRTH
        | {
            "life": "active",
            "amount": {"u": "uL", "v": "500"},
            "identifiers": [{"scheme": "tube", "value": "FX-00αβ", "retired": False}],
        },
        "refs": {
            "participant": RECORD,
            "visit": RECORD,
            "parent": None,
            "material": "serum",
            "kind": "aliquot",
        },
    },
    {"name": "it is put into a slot", "kind": "placed", "change": {"place": SLOT}},
    {
        "name": "its label is printed: nothing of its state changes",
        "kind": "label_printed",
        "change": {},
        "refs": {"stock": "herma-4100"},
    },
    {
        "name": "it is taken out; the slot is kept, and the refs nest what it left",
        "kind": "taken_out",
        "change": {
            "place": {"kind": "out", "holder": HOLDER, "kept": SLOT},
            "out_since": "2026-05-04T01:30:00.000000Z",
        },
        "refs": {"left": SLOT},
    },
    {
        "name": "it comes back, with a note that is only a commitment here",
        "kind": "placed",
        "change": {"place": SLOT, "out_since": None, "exposure_s": 90},
        "refs": {"left": {"kind": "out", "holder": HOLDER, "kept": SLOT}},
        "note": NOTE,
    },
    {
        "name": "some of it is given away: a fraction is a decimal text, never a number",
        "kind": "amount_posted",
        "change": {"amount": {"u": "uL", "v": "399.5"}},
        "refs": {"posted": {"u": "uL", "v": "-100.5"}, "to": [RECORD]},
    },
    {
        "name": "an event that corrects an earlier one, with a reason in Chinese",
        "kind": "amount_posted",
        "change": {"amount": {"u": "uL", "v": "400"}},
        "reason": "移液器读数错误",
        "corrects": "5",
    },
    {
        "name": "a hold: an object in a list replaces the whole list",
        "kind": "hold_set",
        "change": {"holds": [{"kind": "quarantine", "reason": "place_disputed", "by": HOLDER}]},
    },
    {
        "name": "the hold is lifted: an empty list",
        "kind": "hold_lifted",
        "change": {"holds": []},
    },
    {
        "name": "it thaws, told at an offset west of Greenwich and recorded in UTC",
        "kind": "thawed",
        "change": {"thaws": 1},
        "occurred": "2026-05-03T18:30:00.250000-07:00",
    },
    {
        "name": "it moves to a container without slots",
        "kind": "placed",
        "change": {"place": UNPLACED},
        "refs": {"left": SLOT},
    },
    {
        "name": "it ends",
        "kind": "ended",
        "change": {"life": "ended", "end_reason": "depleted", "place": None, "amount": {"u": "uL", "v": "0"}},
        "reason": "used up",
    },
]
OTHERS: list[dict[str, Any]] = [
    {
        "name": "a container is made, at a bench that is enrolled",
        "kind": "made",
        "subject": {"kind": "container", "id": BOX},
        "change": {"place": None, "retired": False, "holds": [], "type": RECORD, "site": RECORD},
        "station": STATION,
    },
    {
        "name": "a record is opened: it names its noun, and a commitment stands for a participant's facts",
        "kind": "opened",
        "subject": {"kind": "record", "id": RECORD},
        "change": {
            "noun": "participant",
            "study": RECORD,
            "site": RECORD,
            "told": NOTE,
            "consents": [{"id": RECORD, "scopes": ["genetics", "storage"]}],
        },
    },
    {
        "name": "a signature: what was signed, what that means, how and by whom",
        "kind": "signed",
        "subject": {"kind": "record", "id": RECORD},
        "change": {"noun": "person"},
        "refs": {"entry": TUBE, "subject": TUBE},
        "sig": SIGNATURE,
    },
    {
        "name": "nobody acted: an import before there were people",
        "kind": "opened",
        "subject": {"kind": "record", "id": RECORD},
        "change": {"noun": "study"},
        "actor": None,
        "role": "",
    },
    {
        "name": "several roles at once, in the order of the alphabet",
        "kind": "opened",
        "subject": {"kind": "record", "id": RECORD},
        "change": {"noun": "visit", "event": None, "status": "planned"},
        "role": "administrator,manager,technician",
    },
    {
        "name": "texts that canonical JSON writes in its own way: controls, quotes, a slash, beyond the BMP",
        "kind": "noted",
        "subject": {"kind": "record", "id": RECORD},
        "change": {"noun": "study", "text": '\b\t\n\f\r"\\/\u0000\u001f\u007f\u0080\u2028é中𝛼🧊'},
    },
    {
        "name": "whole numbers at the edges of what every JSON reader keeps exactly",
        "kind": "noted",
        "subject": {"kind": "record", "id": RECORD},
        "change": {"noun": "study", "least": -(2**53) + 1, "most": 2**53 - 1, "none": 0},
    },
    {
        "name": "nothing at all: the emptiest entry there can be",
        "kind": "noted",
        "subject": {"kind": "record", "id": RECORD},
        "change": {},
        "command": "",
        "gesture": "",
    },
]


def written(entry: dict[str, Any]) -> bytes:
    """Canonical bytes without any code of ours: keys of ASCII sort alike in every way of sorting."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def leaf(entry: bytes) -> str:
    """The leaf hash, as hex."""
    return hashlib.sha256(b"\x00" + entry).hexdigest()


def entry_of(
    told: dict[str, Any], serial: int, number: int, prev: str, before: dict[str, Any]
) -> dict[str, Any]:
    """All keys of an entry, from what a vector tells of it."""
    change = told["change"]
    return {
        "v": 1,
        "log": LOG,
        "id": f"01980000-0000-7000-9000-{serial:012x}",
        "command": COMMAND,
        "kind": told["kind"],
        "subject": {"kind": "specimen", "id": TUBE},
        "number": number,
        "prev": prev,
        "actor": HOLDER,
        "role": "technician",
        "station": None,
        "gesture": COMMAND,
        "occurred": "2026-05-04T09:30:00.000000+08:00",
        "recorded": f"2026-05-04T01:30:{serial:02d}.000000Z",
        "reason": None,
        "refs": {},
        "after": {**before, **change},
        "note": None,
        "sig": None,
        **{key: value for key, value in told.items() if key != "name"},
        "corrects": f"01980000-0000-7000-9000-{int(told['corrects']):012x}" if "corrects" in told else None,
    }


def _vector(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    kept = written(entry)
    return {"name": name, "entry": entry, "bytes": kept.hex(), "leaf": leaf(kept)}


def _valid() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = []
    prev, state = "0" * 64, dict[str, Any]()
    for number, told in enumerate(TUBES_LIFE, 1):
        entry = entry_of(told, number, number, prev, state)
        vectors.append(_vector(told["name"], entry))
        prev, state = vectors[-1]["leaf"], entry["after"]
    for serial, told in enumerate(OTHERS, len(vectors) + 1):
        vectors.append(_vector(told["name"], entry_of(told, serial, 1, "0" * 64, {})))
    return vectors


def _broken(valid: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Chains that do not hold, each with the words by which they are refused."""
    first, second, third = (bytes.fromhex(vector["bytes"]) for vector in valid[:3])
    born, placed = valid[0]["entry"], valid[1]["entry"]
    wide = json.dumps(born, sort_keys=True).encode()
    unsorted = json.dumps(dict(reversed(born.items())), ensure_ascii=False, separators=(",", ":")).encode()
    escaped = json.dumps(born, separators=(",", ":"), sort_keys=True).encode()
    chains: list[tuple[str, str, list[bytes]]] = [
        ("spaces between its parts", "not canonical", [wide]),
        ("keys out of order", "not canonical", [unsorted]),
        ("letters escaped that need not be", "not canonical", [escaped]),
        ("a key twice", "not canonical", [first[:-1] + b',"v":1}']),
        ("a key that version 1 has not", "not an entry", [written(born | {"colour": "red"})]),
        ("a key is missing", "not an entry", [written({k: v for k, v in born.items() if k != "note"})]),
        ("a version not known", "version 2", [written(born | {"v": 2})]),
        ("a number as a text", "not an entry", [written(born | {"number": "1"})]),
        ("a byte order mark before it", "not an entry", [b"\xef\xbb\xbf" + first]),
        ("bytes that are not UTF-8", "not an entry", [first.replace("α".encode(), b"\xff\xff")]),
        ("it begins with the second entry", "calls itself 2", [second]),
        ("an entry twice", "calls itself 1", [first, first]),
        ("an entry left out", "calls itself 3", [first, third]),
        ("a link to another entry", "does not follow", [first, written(placed | {"prev": "ab" * 32})]),
        (
            "another subject in between",
            "another subject",
            [first, written(placed | {"subject": {"kind": "specimen", "id": BOX}})],
        ),
        (
            "a state that its change does not make",
            "claims a state",
            [written(born | {"after": born["after"] | {"thaws": 3}})],
        ),
    ]
    return [
        {"name": name, "why": why, "chain": [entry.hex() for entry in chain]} for name, why, chain in chains
    ]


def make() -> dict[str, Any]:
    """The whole file: entries that hold (the first twelve are one chain), and chains that do not."""
    valid = _valid()
    return {
        "version": 1,
        "chain": [vector["leaf"] for vector in valid[: len(TUBES_LIFE)]],
        "valid": valid,
        "invalid": _broken(valid),
    }


def text() -> str:
    """The file as it is kept."""
    return json.dumps(make(), ensure_ascii=True, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
