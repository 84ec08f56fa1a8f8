"""The ledger: version 1 is frozen, every byte counts, and anybody can check it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from biobank.ledger import entries
from biobank.ledger.entries import Entry, Unsound
from tests import ledger_vectors

DOCUMENT = Path(__file__).parent.parent / "docs" / "ledger.md"
VECTORS: dict[str, Any] = json.loads(ledger_vectors.FILE.read_text("utf-8"))
VALID: list[dict[str, Any]] = VECTORS["valid"]
INVALID: list[dict[str, Any]] = VECTORS["invalid"]
CHAIN = [bytes.fromhex(vector["bytes"]) for vector in VALID[: len(VECTORS["chain"])]]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
STATES = st.dictionaries(NAMES, VALUES, max_size=5)


def by_hand() -> Callable[[list[bytes]], tuple[str, dict[str, Any]]]:
    """The function that docs/ledger.md gives to its readers."""
    snippet = re.search(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert snippet
    assert len([line for line in snippet[1].splitlines() if line.strip()]) <= 15
    names: dict[str, Any] = {}
    exec(snippet[1], names)  # noqa: S102 - the document's own code is what is tested
    return names["verify"]  # type: ignore[no-any-return]


def entry_with(change: dict[str, Any], refs: dict[str, Any], reason: str | None) -> Entry:
    told = VALID[0]["entry"] | {"change": change, "after": change, "refs": refs, "reason": reason}
    return msgspec.convert(told, Entry)


# --- frozen ---


def test_the_vectors_are_those_that_were_published() -> None:
    assert ledger_vectors.FILE.read_text("utf-8") == ledger_vectors.text()
    assert len(VALID) == 20
    assert len(INVALID) == 16


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["name"])
def test_a_published_entry_has_its_bytes_and_its_hash_for_ever(vector: dict[str, Any]) -> None:
    kept = bytes.fromhex(vector["bytes"])
    assert entries.canonical(msgspec.convert(vector["entry"], Entry)) == kept
    assert entries.leaf_hash(kept).hex() == vector["leaf"]
    assert msgspec.to_builtins(entries.read(kept)) == vector["entry"]
    assert rfc8785.dumps(vector["entry"]) == kept


@pytest.mark.parametrize("vector", INVALID, ids=lambda vector: vector["name"])
def test_a_chain_that_does_not_hold_is_refused_with_the_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(Unsound, match=vector["why"]):
        entries.verify_chain(bytes.fromhex(entry) for entry in vector["chain"])


def test_every_key_of_an_entry_is_used_by_some_vector() -> None:
    for key in Entry.__struct_fields__:
        assert len({json.dumps(vector["entry"][key]) for vector in VALID}) > 1 or key in {"v", "log"}, key


def test_the_published_chain_holds_and_ends_where_it_says() -> None:
    number, link, state = entries.verify_chain(CHAIN)
    assert number == 12
    assert link.hex() == VECTORS["chain"][-1]
    assert (state["life"], state["amount"]) == ("ended", {"u": "uL", "v": "0"})


def test_an_empty_chain_has_no_hash_and_no_state() -> None:
    assert entries.verify_chain([]) == (0, bytes(32), {})


# --- checked by others ---


def test_fifteen_lines_of_the_document_verify_the_published_chain() -> None:
    verify = by_hand()
    assert verify(CHAIN) == (VECTORS["chain"][-1], VALID[11]["entry"]["after"])


@pytest.mark.parametrize("damage", ["number", "prev", "after"])
def test_those_lines_refuse_a_chain_that_was_tampered_with(damage: str) -> None:
    said = json.loads(CHAIN[1])
    said[damage] = {"number": 7, "prev": "cd" * 32, "after": {}}[damage]
    with pytest.raises(AssertionError):
        by_hand()([CHAIN[0], ledger_vectors.written(said)])


def test_the_document_names_exactly_the_keys_of_an_entry() -> None:
    section = DOCUMENT.read_text("utf-8").split("## The keys of an entry, version 1")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == Entry.__struct_fields__


@settings(max_examples=100, deadline=None)
@given(STATES, STATES, st.none() | TEXTS)
def test_our_bytes_are_those_of_another_implementation_of_rfc_8785(
    change: dict[str, Any], refs: dict[str, Any], reason: str | None
) -> None:
    entry = entry_with(change, refs, reason)
    kept = entries.canonical(entry)
    assert kept == rfc8785.dumps(msgspec.to_builtins(entry))
    assert entries.read(kept) == entry


# --- every byte counts ---


def test_no_bit_of_any_entry_can_be_flipped_unseen() -> None:
    _, link, _ = entries.verify_chain(CHAIN[:3])
    for place, entry in enumerate(CHAIN[:3]):
        for index in range(len(entry)):
            flipped = bytearray(entry)
            flipped[index] ^= 1 << (index % 8)
            damaged = [*CHAIN[:place], bytes(flipped), *CHAIN[place + 1 : 3]]
            try:
                assert entries.verify_chain(damaged)[1] != link
            except Unsound:
                continue


def test_what_was_not_flipped_is_not_refused() -> None:
    assert entries.verify_chain(CHAIN[:3])[1].hex() == VECTORS["chain"][2]


def test_an_entry_above_sixteen_kibibytes_is_refused() -> None:
    with pytest.raises(Unsound, match="larger than 16384"):
        entries.canonical(entry_with({"text": "x" * entries.LARGEST_ENTRY}, {}, None))


def test_a_change_replaces_what_it_names_whole_and_leaves_the_rest() -> None:
    before = {"a": {"x": 1, "y": 2}, "b": [1]}
    assert entries.apply(before, {"a": {"x": 3}}) == {"a": {"x": 3}, "b": [1]}
    assert before == {"a": {"x": 1, "y": 2}, "b": [1]}


# --- times ---


def test_a_time_is_recorded_in_utc_and_told_with_its_offset() -> None:
    told = datetime(2026, 5, 4, 9, 30, 0, 250, timezone(timedelta(hours=8)))
    assert entries.utc_text(told) == "2026-05-04T01:30:00.000250Z"
    assert entries.local_text(told) == "2026-05-04T09:30:00.000250+08:00"
    assert datetime.fromisoformat(entries.utc_text(told)) == told.astimezone(UTC)
