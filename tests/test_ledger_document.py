"""docs/ledger.md names every key that entries really have."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from biobank import accounts, custody, specimens, storage
from biobank.custody import Kind
from biobank.ledger import entries
from biobank.printing.ordering import PrintOrder, print_labels
from biobank.specimens import Derivative
from biobank.tables import CustodyEvent
from tests.test_ledger import by_hand
from tests.test_proof_facts import lived as noted
from tests.world import PASSWORD, World

DOCUMENT = (Path(__file__).parent.parent / "docs" / "ledger.md").read_text("utf-8")


@pytest.fixture
def lived(sqlite_world: World) -> World:
    """A biobank in which everything happened at least once."""
    world = sqlite_world
    tubes = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, tubes)
    out, back = storage.TakeOut(tubes=tubes[:1]), storage.BringBack(tubes=tubes[:1])
    world.act(lambda s, a: storage.take_out(s, a, out))
    world.act(lambda s, a: storage.bring_back(s, a, back))
    world.act(lambda s, a: print_labels(s, a, PrintOrder(codes=tubes)))
    world.act(lambda s, a: accounts.make_token(s, a, accounts.TokenOrder(name="robot"), "a secret"))
    parent = world.blood(world.visit("D-002"))
    order = Derivative(parent=parent, material="plasma_edta", used="1 mL", amount="400 uL")
    world.act(lambda s, a: specimens.derive(s, a, order))
    leaf = world.database.read(lambda s: s.exec(select(CustodyEvent.leaf_hash)).all())[-1].hex()
    sign = custody.SignatureOrder(entry=leaf, meaning="reviewed", password=PASSWORD)
    proved = world.ask(lambda s, a: custody.prove_password(s, a, sign))
    world.act(lambda s, a: custody.sign(s, a, sign, proved))
    noted(world, "D-003")
    return world


def kept(world: World) -> dict[Any, list[bytes]]:
    """The entries of every chain, in order."""

    def question(session: Session) -> dict[Any, list[bytes]]:
        chains: dict[Any, list[bytes]] = {}
        ordered = select(CustodyEvent).order_by(
            CustodyEvent.subject_id,  # type: ignore[arg-type]
            CustodyEvent.number,  # type: ignore[arg-type]
        )
        for event in session.exec(ordered):
            chains.setdefault(event.subject_id, []).append(event.entry)
        return chains

    return world.database.read(question)


def keys(value: object) -> set[str]:
    """Every key anywhere inside."""
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys(each)}
    if isinstance(value, list):
        return {key for each in value for key in keys(each)}
    return set()


def test_every_key_of_a_state_and_of_a_reference_is_explained(lived: World) -> None:
    explained = set(
        re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`[^`]+`|^    .*$", DOCUMENT, re.MULTILINE)))
    )
    found: set[str] = set()
    for chain in kept(lived).values():
        for entry in map(entries.read, chain):
            found |= keys(entry.after) | keys(entry.refs) | keys(entry.sig) | {entry.kind}
    assert {"kept", "identifiers", "grants", "posted", "token", "signed"} <= found
    assert {"times", "spin", "deviations", "facts", "extract", "sprec", "withdrawn", "datasets"} <= found
    assert sorted(found - explained - set(Kind)) == []


def test_the_documents_fifteen_lines_verify_every_chain_of_a_real_ledger(lived: World) -> None:
    verify = by_hand()
    for chain in kept(lived).values():
        link, state = verify(chain)
        assert entries.verify_chain(chain) == (len(chain), bytes.fromhex(link), state)
    assert lived.unproved() == []
