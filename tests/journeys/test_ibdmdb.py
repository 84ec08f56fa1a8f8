"""A real collections file, from an empty folder to every tube in its slot and found by any of its codes."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pypdfium2
import pytest
from sqlalchemy import func
from sqlmodel import Session, col, select

from biobank.labels.stock import stock
from biobank.tables import CustodyEvent, Specimen
from tests.databases import PostgresServer
from tests.labels import paper
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
PROTOCOL = str(ROOT / "protocols" / "ibdmdb.toml")
COLLECTIONS = str(ROOT / "tests" / "data" / "ibdmdb_stool.csv")
SHEET = stock("herma-4100")

Answer = TypeVar("Answer")

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal on an empty folder, and with PostgreSQL on an empty database."""
    if request.param == "sqlite":
        yield Terminal(tmp_path / "home")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"journey_{uuid4().hex[:12]}"
    server.create(name)
    yield Terminal(tmp_path / "home", server.url(name))
    server.drop(name)


def test_a_real_study_is_taken_in_labelled_stored_and_found(terminal: Terminal, tmp_path: Path) -> None:
    assert "/first/" in terminal.says("init")
    assert terminal.answers("study", "load", PROTOCOL)["study"]["events"] == 55
    taking_in = ("import", "--protocol", PROTOCOL, COLLECTIONS)

    report = terminal.answers(*taking_in)
    assert report == {
        "study": "IBDMDB",
        "rows": 1638,
        "collections": 1595,
        "merged_rows": 43,
        "merged_collections": 41,
        "sites_made": ["Cedars-Sinai", "Cincinnati", "Emory", "MGH", "MGH-Pediatrics"],
        "participants": 130,
        "visits": 1595,
        "unscheduled": 10,
        "identifiers": 1638 + 1595,
        "aliquots": 3190,
    }

    events = count_events(terminal)
    assert terminal.answers(*taking_in) == report
    assert "before; nothing was changed" in terminal.says(*taking_in)
    assert count_events(terminal) == events

    labels = tmp_path / "labels.pdf"
    assert "4785 labels" in terminal.says(
        "label", "--study", "IBDMDB", "--all", "--out", str(labels), "--stock", SHEET.code
    )
    read_back(labels.read_bytes(), codes(terminal))

    freezer = terminal.answers("freezer", "create", "Freezer 1", "--site", "MGH")["code"]
    everything = ("store", "--freezer", freezer, "--study", "IBDMDB", "--all")
    assert terminal.answers(*everything) == {"aliquots": 3190, "boxes": 40}
    assert terminal.answers(*everything) == {"aliquots": 0, "boxes": 0}

    found = terminal.answers("find", "csm67uew_tr")
    assert found["card"]["identifiers"] == ["C3011C9", "CSM67UEW_TR", "CSM67UEW_P", "CSM67UEW"]
    assert (found["card"]["participant"], found["card"]["event"]) == ("C3011", "W14")
    assert found["card"]["amount"] == "1.2 g"
    for aliquot in found["made"]:
        card = terminal.answers("find", aliquot["code"])["card"]
        assert (card["amount"], card["custody"], len(card["place"])) == ("400 mg", "slot", 4)
        assert card["place"][0]["code"] == freezer

    assert "all proved" in terminal.says("check")


def read_back(pdf: bytes, expected: list[str]) -> None:
    """The first page, one inside and the last, as a scanner reads them: exactly the ids that belong there."""
    per_page = SHEET.per_page
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == -(-len(expected) // per_page)
    sample = [0, len(document) // 2, len(document) - 1]
    few, file = pypdfium2.PdfDocument.new(), BytesIO()
    few.import_pages(document, sample)
    few.save(file)
    few.close()
    document.close()
    for number, page in zip(sample, paper.pages(file.getvalue(), SHEET, 300), strict=True):
        here = expected[number * per_page : (number + 1) * per_page]
        assert [page.read(place) for place in range(len(here))] == [[code] for code in here]


def codes(terminal: Terminal) -> list[str]:
    return ask(terminal, lambda session: list(session.exec(select(Specimen.code).order_by(col(Specimen.id)))))


def count_events(terminal: Terminal) -> int:
    return ask(terminal, lambda session: session.exec(select(func.count()).select_from(CustodyEvent)).one())


def ask(terminal: Terminal, question: Callable[[Session], Answer]) -> Answer:
    database = terminal.database()
    try:
        return database.read(question)
    finally:
        database.close()
