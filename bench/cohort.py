"""A cohort whose visits were collected, in as many specimens as are wanted, and kits for the next visits.

One participant of each of two studies goes through the real acts: enrolled, four visits collected with
kits, spins, deviations and facts, put away. Every other is a twin of one of them, with ids, codes, slots and
chains of its own and its dates moved, at either of two sites. Boxes hold one material of one study. A
twin's log still tells the boxes of the first. The guards are off meanwhile and asserted again after.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection
from sqlmodel import Session, SQLModel, col, select

from bench.filling import BOX_SIDE, Row, drop_guards, new_code, pour
from biobank import clock, codes, guards, inputs, participants, specimens, storage, studies
from biobank.codes import CodeKind
from biobank.database import Database, table_of
from biobank.ledger import entries
from biobank.people import Actor
from biobank.storage import FreezerOrder, make_freezer
from biobank.tables import (
    ArmChange,
    Collection,
    Command,
    Consent,
    Container,
    CustodyEvent,
    CustodySubject,
    Dataset,
    Deviation,
    IssuedCode,
    Kit,
    Participant,
    Placement,
    Posting,
    Procedure,
    Site,
    Specimen,
    Spin,
    Visit,
)
from tests.world import MANAGER, World

PROTOCOL = Path(__file__).parents[1] / "protocols" / "lbpb.toml"
TUBES = 20
STUDIES = ("LBPB", "LBPC")
SITES = ("BJ", "NT")
COLLECTED = ("BL", "M1", "M3", "M6")
ENROLLED = timedelta(days=350)
AT_ONCE = 100
"""So many participants are poured at once."""

_TOKEN = re.compile(rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|\b[SVK][0-9A-Z]{9}\b)")
_DATES = ("enrolled_on", "planned_on", "opens_on", "closes_on", "came_on")
_SPREAD = 150

Rows = dict[type[SQLModel], list[Row]]


class Open(msgspec.Struct, frozen=True):
    """A visit that nobody began, with the kit that was made for it and its labels in order."""

    visit: str
    kit: str
    tubes: list[str]


def fill(database: Database, count: int, visits: int) -> list[Open]:
    """Add at least so many specimens, and so many participants whose first visit is to be collected."""
    world = World(database)
    for code in STUDIES:
        world.act(partial(_load, code), person=MANAGER)
    templates = [_Template(world, study, box) for study, box in zip(STUDIES, world.boxes()[1:], strict=True)]
    each = sum(len(template.rows[Specimen]) for template in templates) // len(templates)
    twins = -(-count // each)
    slots = _Slots(world, count)
    database.administer(partial(_pour_all, templates, twins, slots))
    opened = [_open(world, f"N-{number:03}") for number in range(visits)]
    _settle(database)
    return opened


def _load(code: str, session: Session, actor: Actor) -> None:
    """The protocol of a study of two arms, with one more aliquot: twenty labelled tubes a visit."""
    text = PROTOCOL.read_text().replace('code = "LBPB"', f'code = "{code}"')
    one_more = text.replace('amount = "700 uL"\ncount = 2', 'amount = "600 uL"\ncount = 3')
    studies.load(session, actor, one_more.encode())


def _settle(database: Database) -> None:
    """What a database does by itself while it runs."""
    engine = database.writing.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("ANALYZE")
        if not database.is_sqlite:
            connection.exec_driver_sql("RESET statement_timeout")


# --- through the real acts ---


def _enroll(world: World, study: str, pseudonym: str, enrolled_on: date) -> dict[str, Any]:
    """Enrol somebody of the surgical arm; the visits by event."""
    told = {
        "study": study,
        "site": SITES[0],
        "pseudonym": pseudonym,
        "arm": "surgical",
        "enrolled_on": enrolled_on.isoformat(),
        "consent": {"version": "1.0", "scopes": ["storage", "microbiome", "genetics"]},
    }
    order = inputs.read(participants.Enrolment, told)
    world.act(lambda session, actor: participants.enroll(session, actor, order))
    return _visits(world, study, pseudonym)


def _visits(world: World, study: str, pseudonym: str) -> dict[str, Any]:
    card = world.ask(
        lambda session, actor: participants.card(
            session, participants.by_pseudonym(session, actor, study, pseudonym)
        )
    )
    return {row.event: row for row in card.visits}


def _open(world: World, pseudonym: str) -> Open:
    visit = _enroll(world, STUDIES[0], pseudonym, clock.now().date())["BL"].code
    kit = _kit(world, STUDIES[0], "BL", visit)
    return Open(visit, kit.code, [label.code for label in kit.labels])


def _kit(world: World, study: str, event: str, visit: str) -> specimens.KitCard:
    order = specimens.KitOrder(study=study, event=event, site=SITES[0], visit=visit)
    (kit,) = world.act(
        lambda session, actor: specimens.print_kits(session, actor, order), answer=list[specimens.KitCard]
    )
    return kit  # type: ignore[no-any-return]


def _follow(world: World, study: str, pseudonym: str, box: str) -> None:
    """A year of one participant: four visits collected, a procedure, the last visit to come."""
    today = clock.now().date()
    _enroll(world, study, pseudonym, today - ENROLLED)
    procedure = participants.ProcedureOrder(
        study=study, pseudonym=pseudonym, name="Discectomy", happens_on=today - ENROLLED / 2
    )
    world.act(lambda session, actor: participants.set_procedure(session, actor, procedure))
    visits = _visits(world, study, pseudonym)
    missed = inputs.read(participants.MissOrder, {"visit": visits["S-1"].code, "reason": "ill"})
    world.act(lambda session, actor: participants.miss(session, actor, missed))
    for event in COLLECTED:
        _collect(world, study, visits[event], box)
    link = participants.DatasetOrder(visit=visits["BL"].code, kind="fmri", external_id="BIDS-1")
    world.act(lambda session, actor: participants.datasets.link(session, actor, link))


def _collect(world: World, study: str, visit: Any, box: str) -> None:
    """One visit: drawn, spun, divided, one tube missing and one haemolysed, the rest put away."""
    drawn = datetime.combine(visit.planned_on, datetime.min.time(), UTC) + timedelta(hours=1)
    kit = _kit(world, study, visit.event, visit.code)
    labels = [label.code for label in kit.labels]

    def do(work: Any, kind: type[inputs.Input], **told: Any) -> Any:
        order = inputs.read(kind, told)
        return world.act(lambda session, actor: work(session, actor, order))

    def after(minutes: int) -> str:
        return (drawn + timedelta(minutes=minutes)).isoformat()

    do(specimens.begin, specimens.Begin, visit=visit.code, kit=kit.code)
    rows = world.ask(lambda session, actor: specimens.workbench(session, actor, visit.code)).rows
    primary = {row.material: row.code for row in rows if row.kind == "primary"}
    tick = partial(do, specimens.tick, specimens.Tick, visit=visit.code)
    tick(codes=list(primary.values()), occurred=after(0), collected=after(0))
    spun = [primary["blood_edta"], primary["blood_serum"]]
    do(specimens.spin, specimens.SpinOrder, tubes=spun, g=1500, minutes=10, celsius=20, at=after(45))
    tick(codes=[code for code in labels[:-1] if code not in primary.values()], occurred=after(60))
    do(specimens.deviate, specimens.Deviate, tube=primary["blood_serum"], code="haemolysed", grade=1)
    do(
        specimens.note_collection,
        specimens.CollectionFactsOrder,
        tube=primary["stool"],
        bristol=4,
        source="home",
    )
    told = do(specimens.finish, specimens.Finish, visit=visit.code)
    do(storage.put_away, storage.PutAway, box=box, tubes=told.to_store, occurred=after(90))


# --- twins ---


class _Template:
    """The rows of a participant who went through the real acts, and which of their cells are one's own."""

    def __init__(self, world: World, study: str, box: str) -> None:
        _follow(world, study, "T-001", box)
        self.rows = world.ask(partial(_rows_of, study, "T-001"))
        everything = [row for rows in self.rows.values() for row in rows]
        self.keys = sorted({row["id"] for row in everything})
        self.codes = sorted({row["code"] for row in everything if codes.is_code(row.get("code") or "")})
        self.site = self.rows[Participant][0]["site_id"]
        links = [row["leaf_hash"] for row in self.rows[CustodyEvent]]
        own = {*self.keys, *self.codes, *links, self.site}
        self.refs = {table: [_refs(row, own) for row in rows] for table, rows in self.rows.items()}
        self.said = {_bytes(each): each for each in own}
        self.entries = [_TOKEN.split(row["entry"]) for row in self.rows[CustodyEvent]]

    def twin(self, number: int, site: UUID, slots: "_Slots", drawn: set[str], into: Rows) -> None:
        """Add the rows of one more such participant."""
        own: dict[Any, Any] = {self.site: site} | {key: clock.new_key() for key in self.keys}
        own |= {code: new_code(drawn, CodeKind(code[0])) for code in self.codes}
        said = {text: _bytes(own[each]) for text, each in self.said.items() if each in own}
        written = []
        for row, parts in zip(self.rows[CustodyEvent], self.entries, strict=True):
            entry = b"".join(said.get(part, part) for part in parts)
            link = own[row["leaf_hash"]] = entries.leaf_hash(entry)
            said[_bytes(row["leaf_hash"])] = _bytes(link)
            written.append(entry)
        moved = timedelta(days=number * 37 % (2 * _SPREAD) - _SPREAD)
        for table, rows in self.rows.items():
            for row, refs in zip(rows, self.refs[table], strict=True):
                mine = row | {name: own[value] for name, value in refs}
                mine |= {name: row[name] + moved for name in _DATES if row.get(name)}
                into[table].append(mine)
        into[Participant][-1]["pseudonym"] = f"C-{number:06}"
        for place, entry in enumerate(reversed(written), 1):
            into[CustodyEvent][-place]["entry"] = entry
        tubes = {row["id"]: row for row in into[Specimen][-len(self.rows[Specimen]) :]}
        for row in into[Placement][-len(self.rows[Placement]) :]:
            tube = tubes[row["specimen_id"]]
            row.update(slots.next(site, (tube["study_id"], tube["material"])))


def _refs(row: Row, own: set[Any]) -> list[tuple[str, Any]]:
    """The cells of a row that are ids, codes and hashes of its participant's own."""
    return [
        (name, value) for name, value in row.items() if isinstance(value, UUID | str | bytes) and value in own
    ]


def _bytes(each: Any) -> bytes:
    """An id, a code or a hash as an entry has it."""
    return (each.hex() if isinstance(each, bytes) else str(each)).encode()


def _rows_of(study: str, pseudonym: str, session: Session, actor: Actor) -> Rows:
    """All rows of a participant, each table after those it refers to."""
    found: Rows = {}

    def take(table: type[SQLModel], column: str, keys: Sequence[Any]) -> list[Any]:
        columns = table_of(table).c
        asked = table_of(table).select().where(columns[column].in_(keys)).order_by(columns.id)
        found[table] = [dict(row) for row in session.execute(asked).mappings()]
        return [row["id"] for row in found[table]]

    key = participants.by_pseudonym(session, actor, study, pseudonym).id
    who = take(Participant, "id", [key])
    for table in (Consent, ArmChange, Procedure):
        take(table, "participant_id", who)
    visits = take(Visit, "participant_id", who)
    tubes = take(Specimen, "participant_id", who)
    kits = take(Kit, "visit_id", visits)
    take(IssuedCode, "kit_id", kits)
    take(Dataset, "visit_id", visits)
    for noted in (Posting, Placement, Collection, Spin, Deviation):
        take(noted, "specimen_id", tubes)
    subjects = take(CustodySubject, "id", [*who, *visits, *tubes, *kits])
    found[Command] = []
    take(CustodyEvent, "subject_id", subjects)
    take(Command, "id", sorted({row["command_id"] for row in found[CustodyEvent]}))
    return found


# --- where they stand ---


class _Slots:
    """Empty boxes of each site, and in each the slots that are next: one study and material a box."""

    def __init__(self, world: World, count: int) -> None:
        self.sites = [world.ask(partial(_site_id, code)) for code in SITES]
        boxes = count // BOX_SIDE**2 + 40
        self.empty = {
            site: iter(_boxes(world, code, boxes * share // 3))
            for (code, share), site in zip(((SITES[0], 2), (SITES[1], 1)), self.sites, strict=True)
        }
        self.filling: dict[Any, Iterator[Row]] = defaultdict(lambda: iter(()))

    def next(self, site: UUID, what: Any) -> Row:
        """The next slot for such a tube."""
        slot = next(self.filling[site, what], None)
        if slot is None:
            self.filling[site, what] = _slots_of(next(self.empty[site]))
            slot = next(self.filling[site, what])
        return slot


def _slots_of(box: UUID) -> Iterator[Row]:
    for place in range(BOX_SIDE**2):
        row, column = divmod(place, BOX_SIDE)
        yield {"container_id": box, "row": row, "col": column}


def _site_id(code: str, session: Session, _: Actor) -> UUID:
    return session.exec(select(Site.id).where(col(Site.code) == code)).one()


def _boxes(world: World, site: str, wanted: int) -> list[UUID]:
    """So many empty boxes of a site at least, in freezers of five hundred made by the real act."""
    key = world.ask(partial(_site_id, site))
    for number in range(-(-wanted // 500)):
        order = FreezerOrder(site=site, name=f"Freezer {site} {number}", shelves=5, racks=5, boxes=20)
        world.act(partial(_make_freezer, order), person=MANAGER)
    return world.ask(partial(_box_ids, key))


def _make_freezer(order: FreezerOrder, session: Session, actor: Actor) -> None:
    make_freezer(session, actor, order)


def _box_ids(site: UUID, session: Session, _: Actor) -> list[UUID]:
    there = select(Placement.container_id)
    asked = select(Container.id).where(
        col(Container.name).like("Box %"), col(Container.site_id) == site, col(Container.id).not_in(there)
    )
    return list(session.exec(asked.order_by(col(Container.id))))


def _pour_all(templates: list[_Template], twins: int, slots: _Slots, connection: Connection) -> None:
    """Guards off, rows in, guards on: one transaction."""
    drop_guards(connection)
    if connection.dialect.name == "postgresql":
        # Half of the time would go into looking up what each row refers to.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    drawn: set[str] = set()
    for start in range(0, twins, AT_ONCE):
        rows: Rows = {table: [] for table in templates[0].rows}
        for number in range(start, min(start + AT_ONCE, twins)):
            site = slots.sites[number % 3 == 2]  # two of three stand at the first site
            templates[number % 2].twin(number, site, slots, drawn, rows)
        pour(rows, connection)
    guards.assert_guards(connection)
