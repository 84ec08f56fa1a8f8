"""Consent: versions, answers by scope, and what may be collected and made under them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from biobank import clock, custody, inputs, participants, specimens, studies
from biobank.errors import NotFound, Refusal, Refusals, RuleBroken
from biobank.participants import Answer, ConsentOrder, Enrolment
from biobank.participants.consenting import new_consent
from biobank.people import Actor
from biobank.specimens import Aliquots, Derivative, NewSpecimen, Registration
from biobank.tables import Consent, ConsentVersion, Participant, Protocol, Scope, Study
from biobank.texts import CHINESE, in_language
from tests.races import together
from tests.world import OUTSIDER, World

PUT = {"1.0": ["storage", "genetics"], "2.0": ["storage", "genetics", "microbiome", "recontact"]}


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def asks(world: World, versions: dict[str, list[str]] | None = None, **needs: str) -> None:
    """Let the protocol in force put these versions, and need these scopes for these materials."""

    def write(session: Session) -> None:
        study = session.exec(select(Study).where(col(Study.code) == "DEMO")).one()
        protocol = session.get_one(Protocol, study.protocol_id)
        protocol.needs = needs
        for version, scopes in (versions or {}).items():
            session.add(ConsentVersion(protocol_id=protocol.id, version=version, scopes=scopes))

    world.database.write(write)


def answer(world: World, **told: Any) -> None:
    """Further answers of D-001."""
    order = inputs.read(ConsentOrder, {"version": "2.0"} | told)
    world.act(lambda s, a: participants.give_consent(s, a, "DEMO", "D-001", order))


def in_force(world: World) -> list[Answer]:
    return world.ask(
        lambda s, a: participants.answers(
            participants.consents(s, participants.by_pseudonym(s, a, "DEMO", "D-001"))
        )
    )


def register(world: World, visit: str, *materials: str) -> list[str]:
    order = Registration(visit=visit, specimens=[NewSpecimen(material=each) for each in materials])
    made = world.act(lambda s, a: specimens.rows(s, specimens.register(s, a, order)))
    return [row.code for row in made]


def derive(world: World, parent: str, material: str) -> str:
    order = Derivative(parent=parent, material=material)
    return world.act(lambda s, a: specimens.derive(s, a, order).code)  # type: ignore[no-any-return]


# --- answers ---

WHEN = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 4))
SAID = st.lists(st.tuples(WHEN, st.booleans()), min_size=1, max_size=6)


@given(SAID)
def test_the_newest_answer_by_day_then_as_recorded_is_in_force(said: list[tuple[date | None, bool]]) -> None:
    who = clock.new_key()
    rows = [
        Consent(
            id=UUID(int=place),
            participant_id=who,
            version=str(place),
            given_on=day,
            scopes=["genetics"] if agreed else [],
            declined=[] if agreed else ["genetics"],
        )
        for place, (day, agreed) in enumerate(said)
    ]
    (now,) = participants.answers(reversed(rows))
    last = max(range(len(said)), key=lambda place: (said[place][0] or date.min, place))
    assert now == Answer(Scope.GENETICS, said[last][1], str(last), said[last][0])
    assert participants.granted(rows) == ({Scope.GENETICS} if said[last][1] else set())


def test_a_later_no_takes_back_a_yes_and_an_older_form_found_later_changes_nothing(world: World) -> None:
    world.visit()
    answer(world, scopes=["genetics", "recontact"], given_on="2026-03-01")
    answer(world, declined=["genetics"], scopes=["microbiome"], given_on="2026-04-01")
    answer(world, scopes=["genetics"], given_on="2026-02-01")
    said = {each.scope.value: each.granted for each in in_force(world)}
    assert said == {"storage": True, "genetics": False, "microbiome": True, "recontact": True}
    card = world.ask(lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "DEMO", "D-001")))
    assert card.scopes == ["microbiome", "recontact", "storage"]
    assert world.unproved() == []


def test_an_answer_without_a_day_was_given_on_the_day_it_is_recorded_where_the_site_is(
    sqlite_world: World,
) -> None:
    evening = datetime(2027, 5, 4, 18, 30, tzinfo=UTC)  # it is tomorrow in Beijing
    sqlite_world.visit()
    clock.set_clock(lambda: evening)
    try:
        made = sqlite_world.database.write(
            lambda s: [
                new_consent(s, who(s), order)
                for order in (
                    ConsentOrder(version="1", scopes=[Scope.STORAGE]),
                    ConsentOrder(version="1", scopes=[Scope.STORAGE], imported=True),
                    ConsentOrder(version="1", scopes=[Scope.STORAGE], given_on=date(2027, 5, 5)),
                )
            ]
        )
        late = ConsentOrder(version="1", scopes=[Scope.STORAGE], given_on=date(2027, 5, 6))
        refused = refusal(lambda: sqlite_world.database.write(lambda s: new_consent(s, who(s), late)))
    finally:
        clock.set_clock()
    assert [each.given_on for each in made] == [date(2027, 5, 5), None, date(2027, 5, 5)]
    assert (refused.slug, refused.field) == ("consent_in_future", "given_on")


def who(session: Session) -> Participant:
    return session.exec(select(Participant)).one()


@pytest.mark.parametrize(
    ("told", "slug", "field"),
    [
        ({"scopes": ["genetics"], "given_on": "2999-01-01"}, "consent_in_future", "given_on"),
        ({"scopes": ["genetics"], "declined": ["genetics"]}, "consent_contradicts", "declined"),
        ({"version": "3.0", "scopes": ["genetics"]}, "consent_version_unknown", "version"),
        ({"version": "1.0", "scopes": ["recontact"]}, "consent_scope_unknown", "scopes"),
        ({"version": "1.0", "declined": ["microbiome"]}, "consent_scope_unknown", "scopes"),
    ],
)
def test_an_answer_that_the_study_did_not_ask_for_or_that_cannot_be_is_refused(
    world: World, told: dict[str, Any], slug: str, field: str
) -> None:
    world.visit()
    asks(world, PUT)
    refused = refusal(lambda: answer(world, **told))
    assert (refused.slug, refused.field) == (slug, field)
    assert [each.scope for each in in_force(world)] == ["storage"]
    assert world.unproved() == []


def test_a_refused_version_is_told_which_there_are(sqlite_world: World) -> None:
    sqlite_world.visit()
    asks(sqlite_world, PUT)
    refused = refusal(lambda: answer(sqlite_world, version="9", scopes=["storage"]))
    assert str(refused) == "The study has no consent version 9. It has: 1.0, 2.0."
    scope = refusal(lambda: answer(sqlite_world, version="1.0", scopes=["microbiome"]))
    assert scope.facts["scopes"] == "storage, genetics"


def test_at_enrolment_the_consent_is_held_against_the_study_too_unless_it_was_imported(world: World) -> None:
    asks(world, PUT)

    def order(pseudonym: str, **consent: Any) -> Enrolment:
        told = {"study": "DEMO", "site": "BJ", "pseudonym": pseudonym, "consent": consent}
        return inputs.read(Enrolment, told)

    def enroll(pseudonym: str, **consent: Any) -> None:
        world.act(lambda s, a: participants.enroll(s, a, order(pseudonym, **consent)))

    def take_in(session: Session, actor: Actor) -> None:
        taken = order("D-002", version="as imported", scopes=["storage"], imported=True)
        found = studies.by_code(session, actor, "DEMO")
        participants.enroll_all(session, actor, found, [taken])

    refused = refusal(lambda: enroll("D-001", version="0.9", scopes=["storage"]))
    assert (refused.slug, refused.field) == ("consent_version_unknown", "consent.version")
    enroll("D-001", version="2.0", scopes=["storage"], declined=["genetics"])
    world.act(take_in)
    nobody_saw = refusal(lambda: enroll("D-003", version="as imported", scopes=["storage"], imported=True))
    assert nobody_saw.slug == "consent_imported", "only a file that is taken in says so"
    assert [(each.scope.value, each.granted) for each in in_force(world)] == [
        ("storage", True),
        ("genetics", False),
    ]
    assert world.unproved() == []


def test_a_consent_without_any_answer_is_no_consent() -> None:
    refused = refusal(lambda: inputs.read(ConsentOrder, {"version": "1.0"}), Refusals)
    assert [str(each) for each in refused.each] == ["At least 1 is needed."]


def test_two_who_record_answers_at_once_are_both_kept(world: World) -> None:
    world.visit()
    made = together(lambda: answer(world, scopes=["genetics"]), lambda: answer(world, scopes=["recontact"]))
    assert made == [None, None]
    assert {each.scope.value for each in in_force(world)} == {"storage", "genetics", "recontact"}
    assert world.unproved() == []


def test_nobody_answers_for_a_participant_of_another_site(sqlite_world: World) -> None:
    sqlite_world.visit()
    order = ConsentOrder(version="1.0", scopes=[Scope.GENETICS])
    refused = refusal(
        lambda: sqlite_world.act(
            lambda s, a: participants.give_consent(s, a, "DEMO", "D-001", order), person=OUTSIDER
        ),
        NotFound,
    )
    assert refused.slug == "participant_not_found"


# --- cover ---


def test_stool_needs_consent_for_the_microbiome_where_the_protocol_says_so(world: World) -> None:
    visit = world.visit()
    register(world, visit, "stool")
    asks(world, stool="microbiome")
    refused = refusal(lambda: register(world, visit, "blood_edta", "stool"))
    assert (refused.slug, refused.facts["scope"]) == ("consent_missing", "microbiome")
    assert str(refused).startswith("D-001 has not agreed to microbiome, which stool needs.")
    register(world, visit, "blood_edta", "stool_stabilised")
    answer(world, scopes=["microbiome"])
    register(world, visit, "stool")
    assert world.unproved() == []


def test_storage_is_needed_even_before_it_is_known_what_is_collected(sqlite_world: World) -> None:
    sqlite_world.visit()

    def ask(session: Session) -> None:
        participants.require_cover(session, who(session), ())

    sqlite_world.database.write(ask)
    answer(sqlite_world, declined=["storage"])
    refused = refusal(lambda: sqlite_world.database.write(ask))
    assert str(refused) == "D-001 has not agreed to storage. Record the consent first."
    assert refused.slug == "consent_missing"


def test_the_refusal_is_in_the_readers_words(sqlite_world: World) -> None:
    visit = sqlite_world.visit()
    asks(sqlite_world, plasma_edta="genetics")
    (blood,) = register(sqlite_world, visit, "blood_edta")
    refused = refusal(lambda: derive(sqlite_world, blood, "plasma_edta"))
    assert refused.facts == {"pseudonym": "D-001", "scope": "genetics", "material": "EDTA plasma"}
    said = in_language(CHINESE, "%(material)s / %(scope)s", refused.facts)
    assert said == "EDTA 血浆 / 遗传研究"


def test_what_is_made_needs_cover_of_its_own(world: World) -> None:
    visit = world.visit()
    (coat,) = register(world, visit, "buffy_coat")
    asks(world, dna="genetics")
    refused = refusal(lambda: derive(world, coat, "dna"))
    assert (refused.slug, refused.facts["material"]) == ("consent_missing", "DNA")
    answer(world, scopes=["genetics"], given_on="2026-03-01")
    dna = derive(world, coat, "dna")
    answer(world, declined=["genetics"], given_on="2026-04-01")
    portion = Aliquots(parent=dna, count=2)
    assert refusal(lambda: world.act(lambda s, a: specimens.aliquot(s, a, portion))).slug == "consent_missing"
    assert world.unproved() == []


def test_whose_tubes_are_portioned_together_are_each_asked_for_cover(world: World) -> None:
    parents = [*register(world, world.visit(), "stool"), *register(world, world.visit("D-002"), "stool")]
    asks(world, stool="microbiome")
    answer(world, scopes=["microbiome"])

    def portion(session: Session, actor: Any) -> None:
        tubes = custody.load(session, actor, parents)
        orders = [(tube, Aliquots(parent=tube.code, count=1)) for tube in tubes]
        specimens.aliquot_many(session, actor, orders)

    refused = refusal(lambda: world.act(portion))
    assert (refused.slug, refused.facts["pseudonym"]) == ("consent_missing", "D-002")
    assert len(world.ask(specimens.page)) == 2


def test_a_day_long_ago_is_no_future(sqlite_world: World) -> None:
    sqlite_world.visit()
    yesterday = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    answer(sqlite_world, scopes=["recontact"], given_on=yesterday.isoformat())
    assert in_force(sqlite_world)[-1] == Answer(Scope.RECONTACT, True, "2.0", yesterday)
