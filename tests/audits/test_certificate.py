"""What a certificate says, read back from the paper; and that every hash on it stands in the log."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from io import BytesIO, StringIO
from uuid import UUID

import msgspec
import pypdfium2
import pytest
from sqlmodel import Session, col, select

from biobank import audits, clock, storage
from biobank.audits import Certified, Decide, Entrust, Finding, SoughtFindings
from biobank.audits.certificate import certificate
from biobank.audits.words import EVENTS, RESULTS
from biobank.codes import grouped
from biobank.errors import Refusal
from biobank.exchange import csv_out
from biobank.people import Actor
from biobank.tables import AuditDecision, CustodyEvent, Result
from biobank.texts import in_language
from tests.audits.auditing import DUE, begun, counted, lines
from tests.audits.signing import closed, with_reviewer
from tests.templates import Furnishing
from tests.world import MANAGER, TECHNICIAN, World

LANGUAGES = ["en", "zh_Hans"]
on_sqlite = pytest.mark.parametrize("address", ["sqlite"], indirect=True)


def a_closed_audit(world: World) -> tuple[UUID, list[str]]:
    """An audit with a finding of every kind that was signed by two people; its id and the tubes."""
    with_reviewer(world)
    tubes = world.tubes(8)
    box, other, third = world.boxes()
    world.put(box, tubes[:5])
    world.put(other, tubes[5:7])
    audit = begun(world, name="冬季盘点 2026")
    found = ["", tubes[0], tubes[2], "", "?", "NOBODY’S <b>&", tubes[6], tubes[7], tubes[0]]
    counted(world, audit, box, *((f"A{at}", code) for at, code in enumerate(found) if at), person=TECHNICIAN)
    counted(world, audit, other, ("A1", tubes[5]), person=TECHNICIAN)
    counted(world, audit, third, ("A1", ""))
    wrong = {word: line.id for line, _ in lines(world, audit) if (word := line.result) not in (None, "found")}
    decision = Decide(
        audit=audit, lines=[wrong[Result.UNREADABLE]], decision=AuditDecision.EXPLAINED, reason="Frost on it"
    )
    world.act(lambda s, a: audits.decide(s, a, decision) and None, person=MANAGER)
    left = [line.id for line, _ in lines(world, audit) if line.result != "found" and line.decision is None]
    order = Entrust.model_validate({"audit": audit, "lines": left, "owner": TECHNICIAN, "due": DUE})
    world.act(lambda s, a: audits.entrust(s, a, order) and None, person=MANAGER)
    closed(world, audit)
    return audit, tubes


@pytest.fixture(scope="module")
def furnishing() -> Furnishing:
    return a_closed_audit


def certified(world: World, audit: UUID) -> Certified:
    return world.ask(lambda s, a: audits.certified(s, a, audit), MANAGER)


def pages(pdf: bytes) -> list[str]:
    """The text of each page, without the white space that breaks long words over lines."""
    document = pypdfium2.PdfDocument(BytesIO(pdf))
    return [squeezed(page.get_textpage().get_text_bounded()) for page in document]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def events(world: World, audit: UUID) -> Sequence[CustodyEvent]:
    def asked(session: Session, _: Actor) -> Sequence[CustodyEvent]:
        found = select(CustodyEvent).where(col(CustodyEvent.subject_id) == audit)
        return session.exec(found.order_by(col(CustodyEvent.number))).all()

    return world.ask(asked, MANAGER)


def test_every_hash_on_a_certificate_stands_in_the_log(world: World, told: tuple[UUID, list[str]]) -> None:
    audit, _ = told
    shown = certified(world, audit)
    paper = "".join(pages(certificate(shown, "en")))
    written = events(world, audit)
    hashes = re.findall(r"[0-9a-f]{64}", paper)
    assert sorted(hashes) == sorted(
        [shown.board.snapshot, shown.board.result, *(event.leaf_hash.hex() for event in written)]
    )
    assert shown.board.snapshot.encode() in written[1].entry
    assert shown.board.result.encode() in written[-1].entry
    assert [each.kind for each in shown.entries][:2] == ["opened", "changed"]
    assert Counter(each.kind for each in shown.entries)["signed"] == 2
    assert world.unproved() == []


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_certificate_says_what_happened(world: World, told: tuple[UUID, list[str]], language: str) -> None:
    audit, tubes = told
    shown = certified(world, audit)
    pdf = certificate(shown, language)
    assert certificate(shown, language) == pdf
    paper = "".join(pages(pdf))
    said = [
        "冬季盘点 2026",
        str(audit),
        shown.board.seed,
        "NOBODY’S <b>&",
        "Frost on it",
        "Asia/Shanghai",
        *(grouped(tube) for tube in tubes[1:5]),
        "7 of 8, 87.500 %" if language == "en" else "87.500",
        "47.349 %",
        "99.684 %",
    ]
    assert [each for each in said if squeezed(each) not in paper] == []
    assert len(shown.findings) == 7
    words = ["Certificate of an audit", *RESULTS.values(), *EVENTS.values(), "Time zone", "Entrusted to"]
    missed = [each for each in words if squeezed(in_language(language, each, {})) not in paper]
    assert missed == []


def test_times_are_told_in_the_time_zone_of_the_site(sqlite_world: World) -> None:
    tube = sqlite_world.tubes(1, "D-077")
    with clock.restored():
        clock.set_clock(lambda: datetime.now(UTC).replace(hour=0, minute=30, second=5))
        sqlite_world.put(sqlite_world.boxes()[2], tube)
        shown = certified(sqlite_world, begun(sqlite_world))
    began = shown.board.started_at
    assert began is not None
    paper = "".join(pages(certificate(shown, "en")))
    assert f"{began:%Y-%m-%d}08:30:05+0800" in paper


def test_what_is_not_signed_says_so_and_what_has_not_begun_has_no_certificate(sqlite_world: World) -> None:
    audit = begun(sqlite_world)
    warning = squeezed("Not signed yet: what follows may still change.")
    assert warning in pages(certificate(certified(sqlite_world, audit), "en"))[0]
    order = audits.AuditOrder(name="Later", container=sqlite_world.freezer(), due=DUE)
    planned = sqlite_world.act(lambda s, a: audits.plan(s, a, order), person=MANAGER)
    with pytest.raises(Refusal) as refused:
        certified(sqlite_world, planned.id)
    assert refused.value.slug == "audit_not_started"
    with pytest.raises(Refusal) as refused:
        audits.require_language("xx")
    assert refused.value.slug == "language_unknown"


def test_the_method_says_what_a_sample_shows(sqlite_world: World) -> None:
    def method(**order: object) -> str:
        audit = begun(sqlite_world, method="sample", **order)
        return pages(certificate(certified(sqlite_world, audit), "en"))[0]

    claim = "no error among %s of 7 tubes shows a rate under %s %% with %s %% confidence"
    assert squeezed(claim % (4, 30, 95)) in method(limit="30", confidence="95", blind=True)
    assert squeezed(claim % (4, "42.86", 95)) in method(share="50")
    assert squeezed("says nothing of the other tubes") in method(share="50", weighting="risk")


def test_whoever_has_the_seed_and_the_codes_draws_the_sample_again(sqlite_world: World) -> None:
    audit = begun(sqlite_world, method="sample", share="50")
    shown = certified(sqlite_world, audit)
    every = [
        each.code for each in sqlite_world.ask(lambda s, a: storage.tubes_in(s, a, sqlite_world.freezer()))
    ]
    lots = {code: sha256(f"{shown.board.seed}\0{code}".encode()).digest() for code in every}
    largest = sorted(every, key=lots.__getitem__)[-4:]
    assert len(every) == 7
    assert sorted(code for _, code in lines(sqlite_world, audit)) == sorted(largest)
    assert squeezed("The draw can be made again") in "".join(pages(certificate(shown, "en")))


@on_sqlite
def test_long_lists_go_on_over_pages_and_every_finding_is_told_once(
    world: World, told: tuple[UUID, list[str]]
) -> None:
    shown = certified(world, told[0])
    one = shown.findings[0]
    many = [msgspec.structs.replace(one, code="", text=f"X{at:05}Y", path="A way " * 9) for at in range(400)]
    paper = pages(certificate(msgspec.structs.replace(shown, findings=many), "en"))
    assert len(paper) > 10
    assert Counter(re.findall(r"X(\d{5})Y", "".join(paper))) == {f"{at:05}": 1 for at in range(400)}
    assert sum(squeezed("How it ended") in page for page in paper) > 8
    assert all(f"{told[0]}{number}" in page for number, page in enumerate(paper, 1))


def test_findings_are_told_to_the_last_one_and_no_cell_of_theirs_is_a_formula(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = ["=1+1", "+86", "@SUM", "-2", 'plain, "quoted"']
    audit = begun(sqlite_world)
    scans = [(f"A{at}", code) for at, code in enumerate(codes, 1)]
    counted(sqlite_world, audit, sqlite_world.boxes()[2], *scans)
    one_by_one = SoughtFindings(limit=1_000)
    monkeypatch.setattr(import_module("biobank.audits.findings"), "AT_ONCE", 2)
    every = sqlite_world.ask(lambda s, a: audits.every_finding(s, a, audit, SoughtFindings()), MANAGER)
    assert every == sqlite_world.ask(lambda s, a: audits.findings(s, a, audit, one_by_one), MANAGER)
    rows = list(csv.DictReader(StringIO(csv_out.written(Finding, every).decode(), newline="")))
    assert [row["text"] for row in rows] == ["'=1+1", "'+86", "'@SUM", "'-2", codes[4]]
    for row, finding in zip(rows, every, strict=True):
        cells = {name: value.removeprefix("'") for name, value in row.items()}
        told = msgspec.to_builtins(finding)
        assert cells == {name: "" if value is None else str(value) for name, value in told.items()}
