"""The store of a real study as its audit finds it, and what people do who audit it."""

import base64
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs
from playwright.sync_api import expect
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import accounts, audits, clock, custody, people, specimens, storage, studies
from biobank.audits import AuditChosen, AuditOrder, AuditSignature, BoxCount, Counted, CountedByFile, SlotTold
from biobank.audits.classes import Expected, Seen, Spot, judge
from biobank.exchange import collections
from biobank.labels.cards import Card
from biobank.people import Actor
from biobank.storage import Going, Slot
from biobank.tables import (
    AuditBox,
    AuditLine,
    AuditScan,
    Container,
    ContainerType,
    Identifier,
    Keep,
    Level,
    Mark,
    Person,
    Placement,
    Result,
    Role,
    SignIn,
    Site,
    Specimen,
    SpecimenKind,
)
from tests.audits.planting import NOWHERE, SLOTS, UNREADABLE, Ending, Reality, Strays, Where, rack_file
from tests.journeys.desk import Desk
from tests.world import MANAGER, PASSWORD, SECRETS, World

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "protocols" / "ibdmdb.toml").read_bytes()
COLLECTIONS = (ROOT / "tests" / "data" / "ibdmdb_stool.csv").read_bytes()
BOXES = 42
FULL = 39
"""Boxes that held 81 tubes before the last three of each were carried to the boxes behind them."""

AWAY = 30_000  # ms until a scan must have been answered: other work may run beside the tests
SAME_SCAN = 2_100  # ms after which the same code is a scan of its own
REVIEWER = "reviewer"
SECRETS[REVIEWER] = "session-secret-of-the-reviewer-for-tests-alone"

# --- the store ---


class Stored(NamedTuple):
    """The freezer, its boxes in order, primaries that something is left of, and tubes without a place."""

    freezer: str
    boxes: list[str]
    parents: list[str]
    strays: Strays


def stored(world: World) -> Stored:
    """3,190 aliquots in a freezer of 42 boxes; free slots in each, nine of them out, and two not stored."""
    world.act(_founded, person=MANAGER)
    world.act(lambda s, a: collections.take_in(s, a, PROTOCOL, COLLECTIONS), person=MANAGER)
    freezer: str = world.act(_filled, person=MANAGER)
    world.database.write(_reviewer_signs_in)
    boxes = world.database.read(_boxes)
    world.act(lambda s, a: _spread(s, a, boxes), person=MANAGER)
    parents = world.database.read(_primaries)
    new = world.act(lambda s, a: _new(s, a, parents[0]), person=MANAGER)
    out = world.act(lambda s, a: _out(s, a, boxes[10:19]), person=MANAGER)
    identifier = world.database.read(lambda s: _identifier(s, parents[1]))
    return Stored(freezer, boxes, parents[2:], Strays(new, out, parents[1], identifier))


def as_recorded(session: Session) -> Reality:
    """A store in which everything stands where its record has it."""
    asked = (
        select(Placement, Container.code, Specimen.code, Keep.specimen_id)
        .join(Container, col(Container.id) == col(Placement.container_id))
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .join(Specimen, col(Specimen.id) == func.coalesce(col(Placement.specimen_id), col(Keep.specimen_id)))
        .order_by(col(Specimen.id))
    )
    found = session.exec(asked).all()
    store = Reality({tube: (box, slot_of(place)) for place, box, tube, kept in found if not kept})
    store.out = {tube: (box, slot_of(place)) for place, box, tube, kept in found if kept}
    return store


def slot_of(row: Placement) -> str:
    """The name of a slot of a box of 9 x 9."""
    return SLOTS[(row.row or 0) * 9 + (row.col or 0)]


def _founded(session: Session, actor: Actor) -> None:
    studies.load(session, actor, PROTOCOL)
    order = accounts.PersonOrder(name=REVIEWER, role=Role.AUDITOR)
    accounts.add_person(session, actor, order, clock.new_secret())


def _filled(session: Session, actor: Actor) -> str:
    order = storage.FreezerOrder(site="MGH", name="Freezer 2", shelves=3, racks=1, boxes=BOXES // 3)
    freezer = storage.make_freezer(session, actor, order)
    storage.fill_boxes(session, actor, freezer.code, specimens.unplaced(session, actor, "IBDMDB"))
    return freezer.code


def _reviewer_signs_in(session: Session) -> None:
    person = session.exec(select(Person).where(col(Person.name) == REVIEWER)).one()
    manager = session.exec(select(Person).where(col(Person.name) == MANAGER)).one()
    person.password_hash = manager.password_hash
    secret, now = people.hashed(SECRETS[REVIEWER]), clock.now()
    session.add(
        SignIn(person_id=person.id, secret_hash=secret, opened_at=now, ends_at=now + accounts.SESSION_LASTS)
    )


def _boxes(session: Session) -> list[str]:
    """The boxes of the freezer in the order in which it was made and filled."""
    asked = (
        select(Container.code)
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .join(Site, col(Site.id) == col(Container.site_id))
        .where(col(ContainerType.level) == Level.BOX, col(Site.code) == "MGH")
    )
    return list(session.exec(asked.order_by(col(Container.id))))


def _spread(session: Session, actor: Actor, boxes: Sequence[str]) -> None:
    """The last three tubes of each full box go to the boxes that are not."""
    store = as_recorded(session)
    tubes = {where: tube for tube, where in store.records.items()}
    going = [tubes[box, slot] for box in boxes[:FULL] for slot in SLOTS[-3:]]
    moves = [
        Going(tube=tube, box=box, slot=slot)
        for tube, (box, slot) in zip(going, store.free(boxes[FULL:]), strict=False)
    ]
    storage.rearrange(session, actor, storage.Rearrangement(moves=moves))


def _primaries(session: Session) -> list[str]:
    asked = select(Specimen.code).where(col(Specimen.kind) == SpecimenKind.PRIMARY)
    return list(session.exec(asked.order_by(col(Specimen.id)).limit(100)))


def _new(session: Session, actor: Actor, parent: str) -> tuple[str, str]:
    order = specimens.Aliquots(parent=parent, count=2, amount="10 mg")
    first, second = specimens.aliquot(session, actor, order)
    return first.code, second.code


def _out(session: Session, actor: Actor, boxes: Sequence[str]) -> str:
    """A tube leaves each of these boxes; the first of them."""
    store = as_recorded(session)
    tubes = [store.at((box, "H9")) for box in boxes]
    return storage.take_out(session, actor, storage.TakeOut(tubes=tubes))[0].code


def _identifier(session: Session, tube: str) -> str:
    asked = select(Identifier.value).join(Specimen).where(col(Specimen.code) == tube)
    return session.exec(asked.order_by(col(Identifier.id)).limit(1)).one()


# --- its audit ---


class Auditing:
    """An audit of the freezer that has begun, and what was scanned in it."""

    def __init__(self, world: World, store: Reality, freezer: str) -> None:
        self.world = world
        self.store = store
        order = AuditOrder(name="The whole freezer", container=freezer, due=date(2030, 1, 1))
        self.key: UUID = world.act(lambda s, a: audits.plan(s, a, order).id, person=MANAGER)
        world.act(lambda s, a: audits.start(s, a, AuditChosen(audit=self.key)).id, person=MANAGER)
        self.snapshot = dict(store.records)
        self.scanned: dict[str, list[Where]] = defaultdict(list)
        self.counted: list[str] = []

    def by_file(self, box: str) -> None:
        """A rack scanner reads the whole box."""
        wells = self.store.rack(box)
        content = base64.b64encode(rack_file(box, wells)).decode()
        order = CountedByFile(audit=self.key, box=box, content=content)
        self.world.act(lambda s, a: audits.count_by_file(s, a, order), person=MANAGER, answer=BoxCount)
        for slot in wells:
            self.see(box, slot)
        self.counted.append(box)

    def by_hand(self, box: str, part: int) -> list[str]:
        """A hand scanner reads one row of a box, the last of which ends its count; all slots read so far."""
        slots = SLOTS[part * 9 : part * 9 + 9]
        scans = [self._told(box, slot) for slot in slots]
        order = Counted(audit=self.key, box=box, scans=scans, done=part == 8)
        self.world.act(lambda s, a: audits.count(s, a, order), person=MANAGER, answer=BoxCount)
        for slot in slots:
            self.see(box, slot)
        if order.done:
            self.counted.append(box)
        return SLOTS[: part * 9 + 9]

    def see(self, box: str, slot: str) -> None:
        """Something was scanned there, or nothing stood there."""
        if text := self.store.stands.get((box, slot)):
            self.scanned[text].append((box, slot))

    def _told(self, box: str, slot: str) -> SlotTold:
        text = self.store.stands.get((box, slot))
        if text == UNREADABLE:
            return SlotTold(slot=slot, mark=Mark.UNREADABLE)
        return SlotTold(slot=slot, code=text) if text else SlotTold(slot=slot, mark=Mark.EMPTY)

    # --- what it says ---

    def endings(self) -> tuple[dict[Ending, UUID], set[str]]:
        """The line of each finding by how it ended, and the tubes that were found."""
        rows = self.world.database.read(lambda s: _lines(s, self.key))
        wrong = {_ending(*row): row[0].id for row in rows if row[0].result is not Result.FOUND}
        assert len(wrong) == sum(row[0].result is not Result.FOUND for row in rows)
        return wrong, {row[1] for row in rows if row[0].result is Result.FOUND}

    def sign(self, act: Any, person: str) -> None:
        """Sign it with a password."""
        order = AuditSignature(audit=self.key, password=PASSWORD)
        proved = self.world.door(person).prove(lambda s, a: custody.prove_password(s, a, order))
        self.world.act(lambda s, a: act(s, a, order, proved) and None, person=person)

    def looks_wrong(self, tube: str) -> bool:
        """Whether a tube was seen otherwise than the snapshot alone says."""
        place = self.snapshot.get(tube)
        return self.scanned[tube] != ([place] if place else [])

    def judged_again(self, carried: Collection[str] | None = None) -> dict[str, Result]:
        """The findings of tubes that the same scans give; without `carried` no move since the start is known.

        Where the records had a tube at a scan is then what the snapshot says.
        """
        scans, places, codes = self.world.database.read(lambda s: _asked(s, self.key))
        boxes: dict[UUID, list[Seen]] = defaultdict(list)
        for scan in scans:
            boxes[scan.spot.container_id].append(
                scan
                if carried is not None or scan.tube is None
                else structs.replace(scan, was=places.get(scan.tube))
            )
        ended: dict[UUID, Result] = {}
        before: dict[UUID, list[Seen]] = defaultdict(list)
        for box, some in boxes.items():
            expected = [
                Expected(tube, spot.slot, UUID(int=1) if codes[tube] in (carried or ()) else None)
                for tube, spot in places.items()
                if spot.container_id == box
            ]
            outcomes = judge(expected, some, before)
            ended |= {outcome.tube: outcome.result for outcome in outcomes if outcome.tube}
            for scan in some:
                if scan.tube:
                    before[scan.tube].append(scan)
        return {codes[tube]: result for tube, result in ended.items() if result is not Result.FOUND}


class AtTheBox:
    """A person with a hand scanner before an open box, who goes where the page's cursor goes."""

    def __init__(self, desk: Desk, audit: Auditing) -> None:
        self.desk = desk
        self.audit = audit
        self._bench = desk.page.locator("scan-bench")
        self._waiting = self._bench.locator("[data-queue-length]").first
        self._read: list[str] = []
        self._last = ""

    def by_hand(self, box: str, part: int) -> list[str]:
        """Scan nine slots, or in the last part all that are left, and DONE; all slots scanned so far."""
        if part == 0:
            self._read = []
            self.desk.open(f"/audits/{self.audit.key}/boxes/{box}")
            self._send(box)
        for _ in range(9 if part < 8 else len(SLOTS)):
            slot = self._cursor[0]
            if (box, slot) in self.audit.store.free([box]):
                break  # no tube is awaited any more
            self._scan(box, slot)
        if part == 8:
            for slot in self.audit.store.rack(box):
                if slot not in self._read:
                    self.desk.page.locator(f'.beside a.cell[href$="slot={slot}"]').click()
                    self._scan(box, slot)
            self._send(Card.DONE.value)
            self.desk.outcome("done")
            self.audit.counted.append(box)
        return self._read

    @property
    def _cursor(self) -> tuple[str, bool]:
        """The slot of the cursor, and whether something is asked about it."""
        slot, _, asked = (self._bench.get_attribute("data-at") or "").partition("?")
        return slot.rstrip("~"), bool(asked)

    def _scan(self, box: str, slot: str) -> None:
        """Scan what stands in a slot; where the page asks whether it does, it does."""
        text = self.audit.store.stands.get((box, slot), Card.EMPTY_HERE.value)
        self._send(Card.UNREADABLE.value if text == UNREADABLE else text)
        if self._cursor[1]:
            self._send(Card.ACKNOWLEDGE.value)
        self.audit.see(box, slot)
        self._read.append(slot)

    def _send(self, code: str) -> None:
        """Scan a code, and wait until nothing waits to be answered."""
        if code == self._last:
            self.desk.page.wait_for_timeout(SAME_SCAN)
        self._last = code
        self.desk.scan(code)
        expect(self._waiting).to_have_text("0", timeout=AWAY)


# --- how ---


def _lines(session: Session, key: UUID) -> list[Any]:
    """Each line of an audit, our code of its tube, the box where that should be, and where it was found."""
    found, found_in, box = aliased(AuditBox), aliased(Container), aliased(Container)
    asked = (
        core_select(AuditLine, col(Specimen.code), col(box.code), col(found_in.code))
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
        .join(box, col(box.id) == col(AuditBox.container_id))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
        .outerjoin(found, col(found.id) == col(AuditLine.found_box_id))
        .outerjoin(found_in, col(found_in.id) == col(found.container_id))
        .where(col(AuditLine.audit_id) == key)
    )
    return list(session.execute(asked).all())


def _asked(session: Session, key: UUID) -> tuple[list[Seen], dict[UUID, Spot], dict[UUID, str]]:
    """Every scan of an audit, where its snapshot has each tube, and our codes of all."""
    scans = (
        select(AuditScan, AuditBox.container_id)
        .join(AuditBox, col(AuditBox.id) == col(AuditScan.box_id))
        .where(col(AuditScan.audit_id) == key)
        .order_by(col(AuditScan.id))
    )
    places = (
        select(AuditLine.specimen_id, AuditBox.container_id, AuditLine.row, AuditLine.col)
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
        .where(col(AuditLine.audit_id) == key, col(AuditLine.in_snapshot))
    )
    return (
        [_seen(scan, box) for scan, box in session.exec(scans)],
        {tube: Spot(box, Slot(row, column)) for tube, box, row, column in session.exec(places) if tube},
        dict(session.exec(select(Specimen.id, Specimen.code)).all()),
    )


def _seen(scan: AuditScan, box: UUID) -> Seen:
    was = Spot(scan.was_container_id, Slot(scan.was_row, scan.was_col)) if scan.was_container_id else None
    return Seen(Spot(box, Slot(scan.row, scan.col)), scan.mark, scan.text, scan.specimen_id, was)


def _ending(line: AuditLine, tube: str | None, box: str, found: str | None) -> Ending:
    should = (
        (box, SLOTS[line.row * 9 + line.col]) if line.row is not None and line.col is not None else NOWHERE
    )
    was = NOWHERE
    if found and line.found_row is not None and line.found_col is not None:
        was = found, SLOTS[line.found_row * 9 + line.found_col]
    return Ending(line.result or Result.EMPTY, tube or "", line.text, should, was)
