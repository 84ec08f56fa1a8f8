"""One line of the ledger: its canonical bytes, its hash, its link to the line before.

Version 1 is frozen by the vectors in docs/ledger-vectors-1.json. Bytes are RFC 8785 (JSON
Canonicalization Scheme); a leaf is `SHA-256(0x00 || entry)` as in RFC 6962, and the next `prev`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

VERSION = 1
LARGEST_ENTRY = 16 * 1024
NO_HASH = "0" * 64

State = dict[str, Any]
"""The whole state of a subject after an event; values are texts, whole numbers, lists and objects."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of one entry, exactly these (see docs/ledger.md for each)."""

    v: int
    log: str
    id: str
    command: str
    kind: str
    subject: dict[str, str]
    number: int
    prev: str
    actor: str | None
    role: str
    station: str | None
    gesture: str
    occurred: str
    recorded: str
    reason: str | None
    corrects: str | None
    refs: dict[str, Any]
    change: State
    after: State
    note: str | None
    sig: dict[str, str] | None


class _Claim(msgspec.Struct):
    after: State


_claim = msgspec.json.Decoder(_Claim)
_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Entry)


class Unsound(ValueError):
    """An entry, or a chain of them, that does not hold; the text says where and why."""


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed and kept: RFC 8785, since keys are ASCII and no number is a fraction."""
    written = _encoder.encode(entry)
    if len(written) > LARGEST_ENTRY:
        raise Unsound(f"an entry of {len(written)} bytes is larger than {LARGEST_ENTRY}")
    return written


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 over a zero byte and the entry (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def commitment(salt: bytes, text: str) -> str:
    """What the ledger keeps of a text: SHA-256 over a random salt and the text, as 64 hex digits."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


def read(entry: bytes) -> Entry:
    """Read kept bytes back; refused when they are not exactly what `canonical` writes."""
    try:
        found = _decoder.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unsound(f"not an entry: {error}") from None
    if found.v != VERSION:
        raise Unsound(f"version {found.v} is not known here")
    if _encoder.encode(found) != entry:
        raise Unsound("the bytes are not canonical")
    return found


def state_after(entry: bytes) -> State:
    """The state that kept bytes claim, for those who only show it; `read` and `verify_chain` prove it."""
    return _claim.decode(entry).after


def apply(before: Mapping[str, Any], change: Mapping[str, Any]) -> State:
    """The state after a change: what it names is replaced whole, the rest stays."""
    return {**before, **change}


def verify_chain(entries: Iterable[bytes]) -> tuple[int, bytes, State]:
    """Prove one subject's whole history (see `proved`); answers its last number, leaf hash and state."""
    chain = proved(entries)
    if not chain:
        return 0, bytes.fromhex(NO_HASH), {}
    entry, link = chain[-1]
    return entry.number, link, entry.after


def proved(entries: Iterable[bytes]) -> list[tuple[Entry, bytes]]:
    """The entries of one subject's whole history, each with its leaf hash, once they are proved.

    Refused (`Unsound`): a gap or a repeat in the numbers, a broken link, another subject's entry,
    bytes that are not canonical, an `after` that is not what the change makes of the one before.
    """
    found: list[tuple[Entry, bytes]] = []
    link, state = bytes.fromhex(NO_HASH), State()
    for number, kept in enumerate(entries, 1):
        entry = read(kept)
        where = f"entry {number}"
        if entry.number != number:
            raise Unsound(f"{where} calls itself {entry.number}")
        if entry.prev != link.hex():
            raise Unsound(f"{where} does not follow the one before")
        if found and entry.subject != found[0][0].subject:
            raise Unsound(f"{where} is about another subject")
        if entry.after != apply(state, entry.change):
            raise Unsound(f"{where} claims a state its change does not make")
        link, state = leaf_hash(kept), entry.after
        found.append((entry, link))
    return found


def utc_text(moment: datetime) -> str:
    """A moment in UTC with microseconds and Z (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def local_text(moment: datetime) -> str:
    """A moment as it was told: seconds and offset kept (RFC 3339)."""
    return moment.isoformat(timespec="microseconds")
