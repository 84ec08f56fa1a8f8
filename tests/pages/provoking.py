"""How a person runs into each rule of the domain, by a scan or on a page, and what they are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from biobank import clock, inputs, participants, specimens, storage
from biobank.codes import grouped
from biobank.labels.cards import Card
from biobank.pages.bench.commanding import NOTHING_TO_UNDO
from biobank.people import Actor
from tests.pages.conftest import Tab
from tests.world import MANAGER, World

Facts = Mapping[str, object]

NEVER_SEEN = {
    2: "no page changes or removes an event; what cannot be undone any more is refused below",
    3: "the database and the log's proof hold it; no press can break it",
    4: "one transaction holds an act and its event; no press can part them",
    5: "a page makes an id for each press; the same press sent twice is answered alike",
}
"""Rules that nobody can run into, and who holds them."""


class Stage:
    """A world with something to run into for each rule."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.boxes = world.boxes()
        self.visit = world.visit("D-100")
        self.blood = world.blood(self.visit)
        self.tubes = world.tubes(6)
        self.held = world.tubes(1, "D-009")[0]
        world.put(self.boxes[0], [*self.tubes[:2], self.held])
        freezer = world.freezer()
        shelf = world.ask(lambda s, a: storage.inside(s, a, freezer))[0]
        self.shelf, self.rack = shelf.row.code, shelf.inside[0].row.code
        world.act(self._limit_and_withdraw, person=MANAGER)

    def _limit_and_withdraw(self, session: Session, actor: Actor) -> None:
        told = {"container": self.boxes[2], "materials": ["serum"]}
        storage.set_limits(session, actor, inputs.read(storage.LimitsOrder, told))
        gone = {
            "study": "DEMO",
            "pseudonym": "D-009",
            "level": "no_further_use",
            "withdrawn_on": "2026-06-01",
        }
        participants.withdraw(session, actor, inputs.read(participants.WithdrawalOrder, gone))
        drawn = {"material": "blood_edta", "amount": "10 mL", "collected": clock.now().isoformat()}
        order = inputs.read(specimens.Registration, {"visit": self.visit, "specimens": [drawn]})
        self.drawn = specimens.register(session, actor, order)[0].code

    @property
    def storing(self) -> str:
        """The bench, where tubes are put into the first box."""
        return f"/bench?mode=store&box={self.boxes[0]}"


@dataclass(frozen=True)
class Provocation:
    """One way to break a rule, a scan or the fields of a form, and the refusal with its facts.

    A form that the page does not have at first comes by the button that `opens` it.
    """

    rule: int
    page: Callable[[Stage], str]
    message: str
    facts: Callable[[Stage], Facts] = lambda _: {}
    scan: Callable[[Stage], str] | None = None
    opens: Callable[[Stage], str] | None = None
    form: Callable[[Stage], str] | None = None
    fields: Callable[[Stage], Mapping[str, str]] = lambda _: {}
    person: str = field(default=MANAGER)

    def provoke(self, tab: Tab, stage: Stage) -> None:
        """Do it, up to where the page has the answer."""
        tab.open(self.page(stage))
        if self.scan:
            tab.scan(self.scan(stage))
        elif self.form:
            if self.opens:
                tab.page.locator(f'[hx-get^="{self.opens(stage)}"]').click()
                tab.page.locator(f'form[action="{self.form(stage)}"]').wait_for()
            tab.page.evaluate(SEND, [self.form(stage), dict(self.fields(stage))])


SEND = """([action, fields]) => {
  const form = [...document.forms].find((each) => each.getAttribute("action") === action);
  for (const [name, value] of Object.entries(fields)) {
    const ticked = (each) => ["radio", "checkbox"].includes(each.type);
    const named = [...form.elements].filter((each) => each.name === name);
    const field = named.find((each) => !ticked(each) || each.value === value);
    if (ticked(field)) field.checked = true;
    else field.value = value;
  }
  form.requestSubmit();
}"""
"""Fills a form and presses its button; what the browser itself would not send is not sent."""

_AGREED = {
    "version": "1.0",
    **{
        f"answer.{scope}": "yes"
        for scope in ("storage", "genetics", "microbiome", "foreign_release", "recontact")
    },
}


def _enrolling(**fields: str) -> Callable[[Stage], Mapping[str, str]]:
    return lambda _: {"pseudonym": "D-300", **_AGREED, **fields}


def _study(_: Stage) -> str:
    return "/studies/DEMO"


def _enrol(_: Stage) -> str:
    return "/studies/DEMO/participants"


def _blood(stage: Stage) -> str:
    return f"/specimens/{stage.blood}"


def _aliquots(_: Stage) -> str:
    return "/aliquots"


EVERY = [
    Provocation(
        1,
        lambda stage: f"/containers/{stage.rack}",
        "%(name)s cannot go into itself or into what it holds. Choose another place.",
        lambda _: {"name": "Rack 1"},
        form=lambda stage: f"/containers/{stage.rack}/move",
        fields=lambda stage: {"into": stage.boxes[0]},
    ),
    Provocation(
        1,
        lambda stage: f"/containers/{stage.boxes[1]}",
        "Slot %(slot)s of %(name)s holds %(occupant)s. Nothing was moved. Choose another slot.",
        lambda stage: {"slot": "1", "name": "Rack 1", "occupant": grouped(stage.boxes[0])},
        form=lambda stage: f"/containers/{stage.boxes[1]}/move",
        fields=lambda stage: {"into": stage.rack, "slot": "1"},
    ),
    Provocation(2, lambda stage: stage.storing, NOTHING_TO_UNDO, scan=lambda _: Card.UNDO.value),
    Provocation(
        6,
        _blood,
        "%(code)s holds %(held)s, and %(wanted)s are needed. Nothing was made: take less.",
        lambda stage: {"code": grouped(stage.blood), "held": "10 mL", "wanted": "27 mL"},
        form=_aliquots,
        fields=lambda _: {"count": "3", "amount": "9 mL"},
    ),
    Provocation(
        6,
        _blood,
        "“%(text)s” is not an amount. Write a number and a unit, such as “250 uL”.",
        lambda _: {"text": "a lot"},
        form=_aliquots,
        fields=lambda _: {"count": "3", "amount": "a lot"},
    ),
    Provocation(
        6,
        _blood,
        "%(code)s holds %(held)s, and %(wanted)s are needed. Nothing was made: take less.",
        lambda stage: {"code": grouped(stage.blood), "held": "10 mL", "wanted": "20 mL"},
        form=lambda stage: f"/specimens/{stage.blood}/derivatives",
        fields=lambda _: {"material": "plasma_edta", "used": "20 mL", "amount": "4 mL"},
    ),
    Provocation(
        6,
        _blood,
        "“%(text)s” does not fit: this material is measured in %(unit)s.",
        lambda _: {"text": "3 g"},
        form=_aliquots,
        fields=lambda _: {"count": "3", "amount": "3 g"},
    ),
    Provocation(
        7,
        lambda stage: f"/visits/{stage.visit}",
        "%(later)s (%(when)s) is before %(earlier)s (%(then)s). Check the times.",
        lambda _: {"later": "at", "earlier": "collected"},
        opens=lambda stage: f"/visits/{stage.visit}/acts/received",
        form=lambda stage: f"/visits/{stage.visit}/received",
        fields=lambda stage: {"tubes": stage.drawn, "at": "2001-01-01T08:00"},
    ),
    Provocation(
        7,
        _study,
        "This time is in the future. Check the date.",
        form=_enrol,
        fields=_enrolling(enrolled_on="2199-01-01"),
    ),
    Provocation(
        8,
        lambda stage: f"{stage.storing}&at=A1",
        "Slot %(slot)s of %(name)s holds %(occupant)s. Nothing was moved. Choose another slot.",
        lambda stage: {"slot": "A1", "name": "Box 1", "occupant": grouped(stage.tubes[0])},
        scan=lambda stage: stage.tubes[4],
    ),
    Provocation(
        9,
        lambda stage: f"/bench?mode=take&box={stage.boxes[0]}",
        "%(code)s is on hold (%(hold)s, %(reason)s). Leave it in its slot. A manager may take it out"
        " to relocate or to destroy it.",
        lambda stage: {"code": grouped(stage.held), "hold": "consent", "reason": "no_further_use"},
        scan=lambda stage: stage.held,
    ),
    Provocation(
        10,
        lambda stage: f"/bench?mode=store&box={stage.boxes[2]}",
        "%(name)s may not go there: %(holder)s holds %(allowed)s alone, and it is %(value)s. "
        "Choose another place.",
        lambda stage: {
            "name": grouped(stage.tubes[4]),
            "holder": "Box 3",
            "allowed": "serum",
            "value": "EDTA blood",
        },
        scan=lambda stage: stage.tubes[4],
    ),
    Provocation(
        10,
        lambda stage: f"/containers/{stage.boxes[0]}/settings",
        "%(name)s holds %(count)s that it may not by this rule: %(examples)s. Nothing was changed.",
        lambda _: {"name": "Box 1", "count": 3},
        form=lambda stage: f"/containers/{stage.boxes[0]}/settings/limits",
        fields=lambda _: {"materials": "serum"},
    ),
    Provocation(
        11,
        _study,
        "This looks like a national id, a phone number or a date. Use the study's pseudonym.",
        form=_enrol,
        fields=_enrolling(pseudonym="13800138000"),
    ),
    Provocation(
        11,
        _study,
        "This looks like a national id, a phone number or a date. Use the study's pseudonym.",
        form=_enrol,
        fields=_enrolling(pseudonym="1990-05-17"),
    ),
    Provocation(
        11,
        _study,
        "This looks like a national id, a phone number or a date. Use the study's pseudonym.",
        form=_enrol,
        fields=_enrolling(pseudonym="11010519491231002X"),
    ),
    Provocation(
        11,
        lambda _: "/studies/DEMO/withdrawal?pseudonym=D-100",
        "This note holds a national id or a mobile number. Take it out.",
        form=lambda _: "/studies/DEMO/withdrawal",
        fields=lambda _: {"level": "no_more_collection", "note": "told on 13800138000"},
    ),
    Provocation(
        12,
        _study,
        "%(pseudonym)s is enrolled in %(study)s already. Open that one, or choose another pseudonym.",
        lambda _: {"pseudonym": "D-100", "study": "DEMO"},
        form=_enrol,
        fields=_enrolling(pseudonym="D-100"),
    ),
    Provocation(
        12,
        lambda _: "/bench?mode=store",
        "Scan the box first. Keep %(code)s in your hand: it was not stored.",
        lambda stage: {"code": grouped(stage.tubes[4])},
        scan=lambda stage: stage.tubes[4],
    ),
    Provocation(
        12,
        lambda _: "/find?code=NOTHING-9",
        "Nothing is known by “%(text)s”. Check the label, or type the code.",
        lambda _: {"text": "NOTHING-9"},
    ),
]
