"""What is done at a visit of the demonstration: drawn, received, spun, divided, frozen, as at a bench."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlmodel import Session

from biobank import clock, inputs, participants, specimens, storage
from biobank.commands.demo.boxes import Boxes
from biobank.commands.demo.course import Course, drawn
from biobank.participants import datasets
from biobank.people import Actor
from biobank.tables import Life, Participant, Specimen, SpecimenKind, Study, Visit

SPUN_FOR = 12
"""Minutes."""
SPIN = {"g": 2000, "minutes": SPUN_FOR, "celsius": 20, "brake": True, "kept_after": "cold"}
SPUN = ("blood_edta", "blood_serum")
STOOL = ("stool", "stool_stabilised")
DATASETS = {
    "BL": ("fmri", "psg", "hrv", "qst", "microbiota"),
    "M1": ("hrv",),
    "M3": ("hrv", "qst", "microbiota"),
    "M6": ("hrv", "microbiota"),
    "M12": ("fmri", "psg", "hrv", "qst", "microbiota"),
    "S-1": ("fmri",),
    "S+1": ("fmri",),
}
WAITS_TO_THAW = timedelta(minutes=25)


class Times(msgspec.Struct, frozen=True):
    """When each step of a visit was; `frozen` is None where it still waits to be put away."""

    drawn: datetime
    received: datetime
    spun: datetime
    divided: datetime
    frozen: datetime | None


class Bench:
    """One visit of one participant at the bench."""

    def __init__(self, session: Session, actor: Actor, person: Course, visit: Visit) -> None:
        self.session, self.actor, self.person, self.visit = session, actor, person, visit
        self.tubes: list[Specimen] = []

    def odds(self, one_in: int, *about: object) -> bool:
        """Whether something that happens at one of so many visits happens at this one."""
        return not self.chance(one_in, *about)

    def chance(self, below: int, *about: object) -> int:
        """A number that is always the same for this visit and what it is about."""
        return drawn(below, self.person.number, self.visit.label, self.visit.occasion, *about)

    def do(self, action: Any, order: type[Any], **told: Any) -> Any:
        """One of the domain's acts, from what would have been sent."""
        return action(self.session, self.actor, inputs.read(order, told))

    def living(self, *materials: str, kind: SpecimenKind | None = None) -> list[Specimen]:
        """The tubes that are there, of these materials (or all) and this kind (or any)."""
        return [tube for tube in self._of(materials, kind) if tube.life is Life.ACTIVE]

    def expected(self, *materials: str, kind: SpecimenKind | None = None) -> list[Specimen]:
        """The tubes that are not there yet."""
        return [tube for tube in self._of(materials, kind) if tube.life is Life.EXPECTED]

    def _of(self, materials: Sequence[str], kind: SpecimenKind | None) -> list[Specimen]:
        return [
            tube
            for tube in self.tubes
            if (not materials or tube.material in materials) and kind in (None, tube.kind)
        ]


def tell(moment: datetime) -> None:
    """What is done next is recorded at this moment."""
    now = moment.astimezone(UTC)
    clock.set_clock(lambda: now)


def times(bench: Bench, came: datetime, *, waits: bool) -> Times:
    """When each step was, of a visit that began at this moment; some steps were late."""
    late_receipt, late_spin = bench.odds(30, "late receipt"), bench.odds(22, "late spin")
    received = came + timedelta(minutes=130 if late_receipt else 15 + bench.chance(40, "received"))
    spun = came + timedelta(minutes=50 + bench.chance(45, "spun") + 110 * late_receipt + 95 * late_spin)
    ended = spun + timedelta(minutes=SPUN_FOR)
    frozen = ended + timedelta(minutes=28 + bench.chance(28, "frozen") + 45 * bench.odds(18, "late freezing"))
    divided = ended + timedelta(minutes=6 + bench.chance(14, "divided"))
    return Times(came, received, spun, divided, None if waits else frozen)


def collect(bench: Bench, at: Times, boxes: Boxes) -> None:
    """All of a visit, from its kit to the freezer."""
    begin(bench, at)
    _give_up(bench)
    draw(bench, at, bench.expected(kind=SpecimenKind.PRIMARY))
    spin(bench, at, *SPUN)
    divide(bench, at)
    if at.frozen:
        put_away(bench, at.frozen, boxes)
        bench.do(specimens.finish, specimens.Finish, visit=bench.visit.code)
    link(bench)


def begin(bench: Bench, at: Times) -> None:
    """Expect the visit's tubes; at every fifth baseline those of a kit that was made for it."""
    tell(at.drawn - timedelta(minutes=4))
    if bench.visit.label == "BL" and bench.odds(5, "kit"):
        participant = bench.session.get_one(Participant, bench.visit.participant_id)
        study = bench.session.get_one(Study, participant.study_id)
        told = {"study": study.code, "event": "BL", "site": "BJ", "visit": bench.visit.code}
        bench.do(specimens.print_kits, specimens.KitOrder, **told)
    bench.tubes = bench.do(specimens.begin, specimens.Begin, visit=bench.visit.code)


def draw(bench: Bench, at: Times, primaries: Sequence[Specimen]) -> None:
    """What is drawn and brought, how, and when it was received."""
    told = {
        "visit": bench.visit.code,
        "codes": _codes(primaries),
        "collected": at.drawn,
        "occurred": at.drawn,
    }
    tell(at.drawn)
    bench.do(specimens.tick, specimens.Tick, **told)
    tell(at.received)
    bench.do(specimens.receive, specimens.ReceiptOrder, tubes=_codes(primaries), at=at.received)
    for tube in primaries:
        if tube.material == "blood_paxgene":
            continue  # how it was kept is not noted, as happens
        facts = _facts(bench, tube)
        bench.do(specimens.note_collection, specimens.CollectionFactsOrder, tube=tube.code, **facts)
    blood = bench.living("blood_edta")
    if blood and bench.odds(24, "haemolysed"):
        said = {"tube": blood[0].code, "code": "haemolysed", "grade": 1 + bench.chance(3, "grade")}
        bench.do(specimens.deviate, specimens.Deviate, **said)


def spin(bench: Bench, at: Times, *materials: str) -> None:
    """Spin the tubes of these materials, in one run."""
    tubes = bench.living(*materials, kind=SpecimenKind.PRIMARY)
    if tubes:
        tell(at.spun)
        bench.do(specimens.spin, specimens.SpinOrder, tubes=_codes(tubes), at=at.spun, **SPIN)


def divide(bench: Bench, at: Times, *materials: str) -> None:
    """Scan the aliquots (of these materials, or all) as they are filled."""
    portions = [tube for tube in bench.expected(*materials) if not _is_made_into_more(bench, tube)]
    if not portions:
        return
    tell(at.divided)
    if bench.odds(16, "low volume"):
        told = {"code": "low_volume", "amount": "250 uL", "occurred": at.divided}
        bench.do(specimens.deviate, specimens.Deviate, tube=portions[-1].code, **told)
    told = {"visit": bench.visit.code, "codes": _codes(portions), "occurred": at.divided}
    bench.do(specimens.tick, specimens.Tick, **told)
    if bench.odds(30, "other"):
        told = {"code": "other", "note": "The cap was found loose and was tightened."}
        bench.do(specimens.deviate, specimens.Deviate, tube=portions[0].code, **told)


def put_away(bench: Bench, frozen: datetime, boxes: Boxes) -> None:
    """What is kept goes into the boxes for blood or for stool."""
    tell(frozen)
    kept = [tube for tube in bench.living() if not _is_made_into_more(bench, tube)]
    stool = [tube for tube in kept if tube.material in STOOL]
    blood = [tube for tube in kept if tube.material not in STOOL]
    for kind, tubes in (("blood", blood), ("stool", stool)):
        for box, some in boxes.room_for(kind, _codes(tubes)):
            bench.do(storage.put_away, storage.PutAway, box=box, tubes=some, occurred=frozen)


def link(bench: Bench) -> None:
    """Most datasets of a visit were taken and are linked."""
    for kind in DATASETS.get(bench.visit.label, ()):
        if kind == "microbiota" and not bench.living("stool", kind=SpecimenKind.ALIQUOT):
            continue
        if not bench.odds(8, "no dataset", kind):
            name = f"{kind}-{bench.person.number:03}-{bench.visit.label}-{bench.visit.occasion}"
            order = {"visit": bench.visit.code, "kind": kind, "external_id": name}
            bench.do(datasets.link, datasets.DatasetOrder, **order)


def extract(bench: Bench, at: datetime, boxes: Boxes) -> None:
    """DNA of a buffy coat: it is taken out, thawed a little, and brought back; the DNA gets a place."""
    for coat in bench.living("buffy_coat"):
        tell(at)
        told = {"tubes": [coat.code], "occurred": at, "purpose": "processing"}
        bench.do(storage.take_out, storage.TakeOut, **told)
        measured = {
            "concentration": f"{38 + bench.chance(60, 'ng')}.{bench.chance(10, 'pg')} ng/uL",
            "a260_280": f"1.{78 + bench.chance(14, 'ratio')}",
            "amount": f"{4 + bench.chance(9, 'ug')}.{bench.chance(10, 'ng')} ug",
        }
        told = {"parent": coat.code, "material": "dna", "container": "cryovial 1 mL", **measured}
        made = at + WAITS_TO_THAW
        tell(made)
        dna = bench.do(specimens.derive, specimens.Derivative, used="200 uL", processed=made, **told)
        back = made + timedelta(minutes=5)
        tell(back)
        bench.do(storage.bring_back, storage.BringBack, tubes=[coat.code], occurred=back)
        for box, some in boxes.room_for("dna", [dna.code]):
            stored = made + timedelta(hours=2)
            tell(stored)
            bench.do(storage.put_away, storage.PutAway, box=box, tubes=some, occurred=stored)


def come(bench: Bench, came: datetime) -> None:
    """A visit at which nothing is collected took place."""
    participants.mark_done(bench.session, bench.actor, bench.visit, came)


# --- how ---


def _codes(tubes: Sequence[Specimen]) -> list[str]:
    return [tube.code for tube in tubes]


def _is_made_into_more(bench: Bench, tube: Specimen) -> bool:
    return any(each.parent_id == tube.id for each in bench.tubes if each.material != "dna")


def _give_up(bench: Bench) -> None:
    """What nobody agreed to is not collected, and at some visits no stool is brought."""
    wanted = bench.expected(kind=SpecimenKind.PRIMARY)
    without: dict[str, str] = {}
    if "genetics" in bench.person.declined:
        without["blood_paxgene"] = "No consent to genetics."
    if "microbiome" in bench.person.declined:
        without |= dict.fromkeys(STOOL, "No consent to the microbiome.")
    elif bench.odds(14, "no stool"):
        without["stool"] = "No stool was brought."
    for tube in wanted:
        if tube.material in without:
            told = {"tube": tube.code, "code": "not_collected", "note": without[tube.material]}
            bench.do(specimens.deviate, specimens.Deviate, **told)


def _facts(bench: Bench, tube: Specimen) -> dict[str, Any]:
    """How a primary was collected."""
    day = bench.visit.came_on or bench.visit.planned_on
    lot = f"LOT-{1 + bench.chance(24, tube.material, 'lot'):02}"
    told: dict[str, Any] = {"kept": "room", "lot": lot}
    if tube.material not in STOOL:
        return told
    told |= {
        "kept": "cold" if tube.material == "stool" else "room",
        "source": "clinic" if bench.odds(4, "clinic") else "home",
        "bristol": 2 + bench.chance(3, "bristol") + bench.chance(3, "more of bristol"),
        "antibiotics": ("no", "no", "no", "no", "no", "no", "unknown", "yes")[bench.chance(8, "antibiotics")],
        "probiotics": ("no", "no", "no", "yes", "unknown")[bench.chance(5, "probiotics")],
        "ppi": ("no", "no", "no", "no", "yes")[bench.chance(5, "ppi")],
    }
    if tube.material == "stool_stabilised":
        told["stabiliser"] = "DNA stabiliser"
    for name in ("antibiotics", "probiotics", "ppi"):
        if told[name] == "yes" and day:
            told[f"{name}_on"] = day - timedelta(days=1 + bench.chance(27, name, "day"))
    return told
