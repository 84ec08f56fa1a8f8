"""Specimens: what was drawn, what was made of it, and how much is left."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import codes, custody, participants, specimens
from biobank.codes import CodeKind
from biobank.custody import Kind
from biobank.errors import Conflict, Malformed, NotFound, Refusal, RuleBroken
from biobank.specimens import Aliquots, Derivative, Registration
from tests.races import together
from tests.world import OUTSIDER, World

MORNING = "2026-05-04T{}+08:00"


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def at(hour: str) -> str:
    return MORNING.format(hour)


def register(world: World, visit: str, *new: dict[str, Any]) -> list[specimens.SpecimenRow]:
    order = Registration.model_validate({"visit": visit, "specimens": list(new)})
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: specimens.rows(s, specimens.register(s, a, order)), answer=list[specimens.SpecimenRow]
    )


def aliquot(world: World, parent: str, **order: Any) -> list[specimens.SpecimenRow]:
    wish = Aliquots.model_validate({"parent": parent, "count": 1} | order)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: specimens.rows(s, specimens.aliquot(s, a, wish)), answer=list[specimens.SpecimenRow]
    )


def derive(world: World, parent: str, **order: Any) -> specimens.SpecimenRow:
    wish = Derivative.model_validate({"parent": parent, "material": "plasma_edta"} | order)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: specimens.rows(s, [specimens.derive(s, a, wish)])[0], answer=specimens.SpecimenRow
    )


def card(world: World, code: str) -> specimens.SpecimenCard:
    return world.ask(lambda s, a: specimens.card(s, a, code))


def find(world: World, said: str, person: str = "technician") -> specimens.Found:
    return world.ask(lambda s, a: specimens.find(s, a, said), person)


BLOOD = {"material": "blood_edta", "amount": "10 mL"}


# --- registering ---


def test_what_was_drawn_gets_a_code_and_the_visit_is_done(world: World) -> None:
    visit = world.visit()
    told = {"collected": at("09:00:00"), "received": at("09:30:00"), "container": "EDTA 10 mL"}
    rows = register(world, visit, BLOOD | told, {"material": "stool"})
    assert [(row.life, row.amount) for row in rows] == [("active", "10 mL"), ("collected", "")]
    assert all(codes.is_code(row.code) for row in rows)
    shown = card(world, rows[0].code)
    assert (shown.container, shown.participant, shown.event) == ("EDTA 10 mL", "D-001", "BL")
    assert shown.collected is not None
    assert shown.collected.isoformat() == at("09:00:00")
    done = world.ask(lambda s, a: specimens.visit_card(s, a, visit))
    assert (done.status, len(done.specimens)) == ("done", 2)
    assert world.unproved() == []


def test_a_tube_that_has_a_code_already_keeps_it(world: World) -> None:
    code = codes.new_code(CodeKind.SPECIMEN)
    rows = register(world, world.visit(), BLOOD | {"code": codes.grouped(code).lower()})
    assert rows[0].code == code


@pytest.mark.parametrize(
    ("times", "later", "earlier"),
    [
        ({"collected": at("09:00:00"), "received": at("08:59:59")}, "received", "collected"),
        ({"collected": at("09:00:00"), "frozen": at("08:00:00")}, "frozen", "collected"),
        ({"received": at("09:00:00"), "processed": at("08:00:00")}, "processed", "received"),
        ({"collected": at("09:00:00"), "received": "2026-05-04T00:59:59Z"}, "received", "collected"),
    ],
)
def test_times_out_of_order_are_refused_by_name(
    sqlite_world: World, times: dict[str, str], later: str, earlier: str
) -> None:
    visit = sqlite_world.visit()
    refused = refusal(lambda: register(sqlite_world, visit, BLOOD, BLOOD | times))
    assert (refused.slug, refused.field) == ("times_out_of_order", f"specimens.1.{later}")
    assert (refused.facts["later"], refused.facts["earlier"]) == (later, earlier)
    assert sqlite_world.ask(specimens.page) == []


def test_times_at_the_same_second_or_in_another_zone_are_in_order(sqlite_world: World) -> None:
    same = {"collected": at("09:00:00"), "received": "2026-05-04T01:00:00Z", "frozen": at("09:00:00")}
    assert register(sqlite_world, sqlite_world.visit(), BLOOD | same)


@pytest.mark.parametrize(
    ("new", "kind", "slug", "field"),
    [
        ({"material": "moon dust"}, RuleBroken, "material_unknown", "specimens.0.material"),
        (BLOOD | {"amount": "5 mg"}, RuleBroken, "amount_of_other_dimension", "amount"),
        (BLOOD | {"amount": "much"}, Malformed, "amount_unreadable", "amount"),
        (BLOOD | {"code": "S123456789"}, Malformed, "code_unreadable", "code"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    sqlite_world: World, new: dict[str, Any], kind: type[Refusal], slug: str, field: str
) -> None:
    visit = sqlite_world.visit()
    refused = refusal(lambda: register(sqlite_world, visit, new), kind)
    assert (refused.slug, refused.field) == (slug, field)


def test_nothing_is_registered_without_consent_for_storage(world: World) -> None:
    order = participants.Enrolment.model_validate(
        {
            "study": "DEMO",
            "site": "BJ",
            "pseudonym": "D-9",
            "consent": {"version": "1", "scopes": ["genetics"]},
        }
    )
    world.act(lambda s, a: participants.enroll(s, a, order))
    found = world.ask(lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "DEMO", "D-9")))
    refused = refusal(lambda: register(world, found.visits[0].code, BLOOD))
    assert (refused.slug, refused.facts["scope"]) == ("consent_missing", "storage")


def test_a_code_stands_on_one_tube(world: World) -> None:
    code, visit = codes.new_code(CodeKind.SPECIMEN), world.visit()
    twice = refusal(lambda: register(world, visit, BLOOD | {"code": code}, BLOOD | {"code": code}), Conflict)
    assert twice.slug == "code_taken"
    register(world, visit, BLOOD | {"code": code})
    again = refusal(lambda: register(world, visit, BLOOD | {"code": code}), Conflict)
    assert (again.slug, again.facts["code"]) == ("code_taken", codes.grouped(code))
    parent = world.blood(world.visit("D-002"))
    assert refusal(lambda: aliquot(world, parent, codes=[code]), Conflict).slug == "code_taken"
    assert refusal(lambda: derive(world, parent, code=code), Conflict).slug == "code_taken"


def test_an_identifier_is_unique_in_its_scheme(world: World) -> None:
    def tube(scheme: str, value: str) -> dict[str, Any]:
        return BLOOD | {"identifiers": [{"scheme": scheme, "value": value}]}

    visit = world.visit()
    twice = refusal(lambda: register(world, visit, tube("rack", "7"), tube("rack", "7")), Conflict)
    assert twice.slug == "identifier_taken"
    register(world, visit, tube("rack", "7"), tube("old", "7"))
    again = refusal(lambda: register(world, visit, tube("rack", "7")), Conflict)
    assert (again.slug, again.facts["value"], again.facts["scheme"]) == ("identifier_taken", "7", "rack")
    assert world.unproved() == []


# --- aliquots and derivatives ---


def test_aliquots_take_from_their_parent_and_so_does_what_was_spilled(world: World) -> None:
    parent = world.blood(world.visit())
    rows = aliquot(world, parent, count=3, amount="2.5 mL", loss="0.5 mL")
    assert [(row.serial, row.total, row.amount, row.parent) for row in rows] == [
        (serial, 3, "2.5 mL", parent) for serial in (1, 2, 3)
    ]
    assert card(world, parent).amount == "2 mL"
    assert world.unproved() == []


def test_more_than_there_is_cannot_be_taken_and_nothing_is_made(world: World) -> None:
    parent = world.blood(world.visit())
    refused = refusal(lambda: aliquot(world, parent, count=4, amount="2.5 mL", loss="1 nL"))
    assert (refused.slug, refused.field) == ("not_enough", "amount")
    assert (refused.facts["held"], refused.facts["wanted"]) == ("10 mL", "10.000001 mL")
    assert refusal(lambda: derive(world, parent, used="10.1 mL")).slug == "not_enough"
    assert world.ask(lambda s, a: specimens.family(s, a, parent)) == []
    aliquot(world, parent, count=4, amount="2.5 mL")
    assert card(world, parent).amount == "0 uL"
    assert not card(world, parent).available
    assert world.unproved() == []


def test_two_who_take_of_one_tube_at_once_never_take_more_than_there_is(world: World) -> None:
    parent = world.blood(world.visit())
    answers = together(*[lambda: aliquot(world, parent, amount="4 mL")] * 4)
    lost = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [answer.slug for answer in lost] == ["not_enough"] * 2
    assert card(world, parent).amount == "2 mL"
    assert world.unproved() == []


def test_of_an_unknown_amount_anything_may_be_made_and_it_stays_unknown(world: World) -> None:
    parent = register(world, world.visit(), {"material": "blood_edta"})[0].code
    rows = aliquot(world, parent, count=2, amount="1 mL")
    assert [row.amount for row in rows] == ["1 mL", "1 mL"]
    assert derive(world, parent, used="99 L", amount="1 mL").amount == "1 mL"
    assert refusal(lambda: derive(world, parent, used="a lot"), Malformed).field == "used"
    assert card(world, parent).amount == ""
    assert world.unproved() == []


def test_aliquots_of_an_unknown_amount_are_collected_not_active(world: World) -> None:
    parent = world.blood(world.visit())
    assert [(row.life, row.amount) for row in aliquot(world, parent, count=2)] == [("collected", "")] * 2
    assert card(world, parent).amount == "10 mL"


def test_a_derivative_is_measured_in_its_own_dimension(world: World) -> None:
    parent = world.blood(world.visit())
    dna = derive(world, parent, material="dna", used="3 mL", amount="40 ug")
    assert (dna.kind, dna.amount) == ("derivative", "40 ug")
    assert card(world, parent).amount == "7 mL"
    wrong = refusal(lambda: derive(world, parent, material="dna", amount="1 mL"))
    assert wrong.slug == "amount_of_other_dimension"
    assert refusal(lambda: derive(world, parent, material="gold")).slug == "material_unknown"
    assert world.unproved() == []


def test_a_child_is_not_older_than_its_parent(world: World) -> None:
    blood = register(world, world.visit(), BLOOD | {"collected": at("09:00:00")})[0].code
    early = refusal(lambda: derive(world, blood, processed=at("08:59:00")))
    assert (early.slug, early.field) == ("child_older", "processed")
    plasma = derive(world, blood, processed=at("10:00:00"), amount="4 mL").code
    assert refusal(lambda: aliquot(world, plasma, processed=at("09:59:00"))).slug == "child_older"
    assert aliquot(world, plasma, processed=at("10:00:00"))


def test_as_many_codes_are_scanned_as_there_are_aliquots(world: World) -> None:
    parent = world.blood(world.visit())
    scanned = [codes.new_code(CodeKind.SPECIMEN) for _ in range(2)]
    refused = refusal(lambda: aliquot(world, parent, count=3, codes=scanned))
    assert (refused.slug, refused.facts) == ("codes_count", {"found": 2, "wanted": 3})
    assert [row.code for row in aliquot(world, parent, count=2, codes=scanned)] == scanned
    same = refusal(lambda: aliquot(world, parent, count=2, codes=[scanned[0]] * 2), Conflict)
    assert same.slug == "code_taken"


def test_nothing_is_made_of_a_tube_that_has_ended(world: World) -> None:
    parent = world.blood(world.visit())

    def end(session: Any, actor: Any) -> None:
        tube = custody.load(session, actor, [parent])[0]
        custody.record(session, actor, tube, Kind.ENDED, change={"life": "ended", "end_reason": "depleted"})

    world.act(end)
    for work in (lambda: aliquot(world, parent), lambda: derive(world, parent)):
        refused = refusal(work)
        assert (refused.slug, refused.facts["life"]) == ("not_divisible", "ended")


# --- finding ---


def test_a_code_is_found_however_it_was_scanned(world: World) -> None:
    (tube,) = world.tubes(1)
    for said in (tube, tube.lower(), codes.grouped(tube), f"]Q1{tube}\r\n", f" {tube} "):
        assert find(world, said) == specimens.Found("specimen", tube)
    box, visit = world.boxes()[0], world.visit("D-002")
    assert find(world, box) == specimens.Found("container", box)
    assert find(world, visit) == specimens.Found("visit", visit)
    assert find(world, "D-002") == specimens.Found("participant", "D-002", study="DEMO")


def test_an_outside_code_is_found_and_one_that_was_replaced_says_so(world: World) -> None:
    told = BLOOD | {"identifiers": [{"scheme": "rack", "value": "FX-0042"}]}
    tube = register(world, world.visit(), told)[0].code
    assert find(world, "fx-0042") == specimens.Found("specimen", tube, scheme="rack")
    world.database.administer(
        lambda c: c.exec_driver_sql("UPDATE identifier SET retired_at = '2026-05-04 00:00:00+00:00'")
    )
    assert find(world, "FX-0042").retired


def test_what_names_two_things_is_refused_with_the_choices(world: World) -> None:
    tubes = [
        register(
            world, world.visit(f"D-{scheme}"), BLOOD | {"identifiers": [{"scheme": scheme, "value": "7"}]}
        )
        for scheme in ("old", "rack")
    ]
    refused = refusal(lambda: find(world, "7"), Conflict)
    assert refused.slug == "code_ambiguous"
    for row in tubes:
        assert row[0].code in str(refused.facts["choices"])


@pytest.mark.parametrize("said", ["nothing like it", "", "D-404", "%", "' OR 1=1 --", "x" * 5000, "🧊"])
def test_what_names_nothing_is_refused(world: World, said: str) -> None:
    refused = refusal(lambda: find(world, said), NotFound)
    assert (refused.slug, refused.field) == ("code_unknown", "code")


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        (CodeKind.SPECIMEN, "code_unassigned"),
        (CodeKind.KIT, "kit_not_found"),
        (CodeKind.BADGE, "code_unassigned"),
    ],
)
def test_a_good_code_that_belongs_to_nothing_is_told_apart(world: World, kind: CodeKind, slug: str) -> None:
    assert refusal(lambda: find(world, codes.new_code(kind)), NotFound).slug == slug


def test_a_text_with_a_nul_is_refused_on_both_databases(world: World) -> None:
    assert refusal(lambda: find(world, "a\x00b"), Refusal).slug in {"code_unknown", "unkeepable"}


def test_an_outsider_finds_nothing_and_learns_nothing(world: World) -> None:
    told = BLOOD | {"identifiers": [{"scheme": "rack", "value": "FX-0042"}]}
    tube = register(world, world.visit(), told)[0].code
    for said, slug in ((tube, "code_unassigned"), ("FX-0042", "code_unknown"), ("D-001", "code_unknown")):
        assert refusal(lambda: find(world, said, OUTSIDER), NotFound).slug == slug  # noqa: B023
    nowhere = codes.new_code(CodeKind.SPECIMEN)
    questions: list[Callable[[Any, Any, str], Any]] = [specimens.card, specimens.timeline, specimens.family]
    for question in questions:
        here, there = (
            refusal(lambda: world.ask(lambda s, a: question(s, a, code), OUTSIDER), NotFound)  # noqa: B023
            for code in (tube, nowhere)
        )
        assert (here.slug, here.message, here.field) == (there.slug, there.message, there.field)
    order = Aliquots(parent=tube, count=1)
    hidden = refusal(
        lambda: world.act(lambda s, a: specimens.aliquot(s, a, order), person=OUTSIDER), NotFound
    )
    assert hidden.slug == "specimen_not_found"


# --- what is shown ---


def test_a_label_shows_what_and_which_and_a_pseudonym_only_where_the_study_asks(world: World) -> None:
    tubes = world.tubes(2)
    faces = world.ask(lambda s, a: specimens.faces(s, a, tubes[::-1]))
    assert [face.code for face in faces] == tubes[::-1]
    assert (faces[0].material, faces[0].number, faces[0].participant) == ("EDTA blood", "2/2", "")


def test_a_list_is_told_page_by_page_without_a_gap(world: World) -> None:
    world.tubes(5)
    everything = [row.code for row in world.ask(specimens.page)]
    paged: list[str] = []
    for _ in range(4):
        after = paged[-1] if paged else ""
        paged += [row.code for row in world.ask(lambda s, a: specimens.page(s, a, "DEMO", after, 2))]  # noqa: B023
    assert paged == everything == sorted(everything)
    assert len(everything) == 6


def test_a_visit_shows_what_the_protocol_expects_of_it(world: World) -> None:
    visit = world.visit()
    expected = world.ask(lambda s, a: specimens.visit_card(s, a, visit)).expected
    assert [(row.kind, row.material, row.count, row.depth) for row in expected] == [
        ("primary", "blood_edta", 1, 0),
        ("derivative", "plasma_edta", 1, 1),
        ("aliquot", "plasma_edta", 8, 2),
    ]
