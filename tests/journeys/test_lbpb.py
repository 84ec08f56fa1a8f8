"""LBPB: one participant of the surgical arm from enrolment to month 12, with two procedures, in a browser."""

import pytest
from playwright.sync_api import FilePayload, expect
from sqlalchemy import distinct
from sqlmodel import col, func, select

from biobank.codes import grouped
from biobank.labels.cards import Card
from biobank.specimens import KitCard
from biobank.tables import Hold, HoldKind
from tests import collected
from tests.journeys.desk import it_is
from tests.journeys.lbpb import ICBT, LBPB, NEWER, PERSON, STUDY, WHO, Journey
from tests.pages.conftest import Tab
from tests.world import MANAGER, TECHNICIAN

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(
    ("language", "address"),
    [("en", "sqlite"), pytest.param("zh_Hans", "postgres", marks=pytest.mark.postgres)],
    indirect=["address"],
)
def test_a_surgical_participant_from_enrolment_to_month_twelve(tab: Tab, language: str) -> None:
    desk = Journey(tab, language)
    load_both_protocols(desk)
    kits = {event: collected.kits(desk.world, event, study="LBPB")[0] for event in ("BL", "M1")}
    enrol(desk)
    baseline(desk, kits["BL"])
    agree_to_what_was_declined(desk)
    month_one(desk, kits["M1"])
    first_procedure(desk)
    second_procedure_and_the_arm(desk)
    month_three_is_missed(desk)
    month_six_is_late(desk)
    month_twelve(desk)
    find_and_count(desk)
    withdraw(desk)
    # A browser says aloud that a form was refused; that happened once, and nothing else did.
    assert [each for each in tab.complaints if "422" not in each] == []
    assert len(tab.complaints) == 1
    assert tab.hosts == {"127.0.0.1"}
    assert desk.world.unproved() == []


# --- before anybody comes ---


def load_both_protocols(desk: Journey) -> None:
    """A manager looks at each file before it is loaded; a second look says that nothing would change."""
    it_is("2025-10-13T09:00")
    desk.sit(MANAGER)
    for text, study, last in ((LBPB, "LBPB", "S+1"), (ICBT, "ICBT-FUSION", "FU6")):
        preview(desk, text)
        expect(desk.page.locator("#preview h3")).to_have_text(desk.say("New study: %(study)s", study=study))
        expect(desk.row(study)).to_have_count(0)
        desk.send(desk.page.locator("#preview form"))
        expect(desk.page).to_have_url(f"{desk.tab.site.url}/studies/{study}/protocol")
        expect(desk.row(last)).to_have_count(1)
    preview(desk, LBPB)
    expect(desk.page.locator("#preview .differences")).to_have_count(0)


def preview(desk: Journey, text: bytes) -> None:
    """Show what a file changes."""
    desk.open("/studies")
    file = FilePayload(name="protocol.toml", mimeType="application/toml", buffer=text)
    desk.page.set_input_files("#file", files=file)
    desk.page.locator("form.upload [type=submit]").click()
    expect(desk.page.locator("#preview .preview")).to_be_visible()


def enrol(desk: Journey) -> None:
    """Enrolled with two scopes declined; every visit but those of a procedure is planned by it."""
    it_is("2025-10-20T08:00")
    desk.sit(TECHNICIAN)
    desk.open(STUDY)
    told = {"pseudonym": WHO, "arm": "surgical", "enrolled_on": "2025-10-20", "given_on": "2025-10-19"}
    noted = {"sex": "female", "age": "44", "pain": "chronic", "subtype": "radicular"}
    said = {"storage": "yes", "genetics": "no", "microbiome": "yes", "foreign_release": "no"}
    told |= {f"attribute.{name}": value for name, value in noted.items()}
    told |= {f"answer.{scope}": answer for scope, answer in {**said, "recontact": "yes"}.items()}
    desk.send(desk.page.locator("#enrol form"), told)
    expect(desk.page).to_have_url(desk.tab.site.url + PERSON)
    desk.days("RUN", 0, "2025-10-13", "2025-10-10 – 2025-10-16")
    desk.days("BL", 0, "2025-10-20", "2025-10-20 – 2025-10-27")
    desk.days("M1", 0, "2025-11-20", "2025-11-13 – 2025-11-27")
    desk.days("M3", 0, "2026-01-20", "2026-01-06 – 2026-02-03")
    desk.days("M6", 0, "2026-04-20", "2026-04-06 – 2026-05-04")
    desk.days("M12", 0, "2026-10-20", "2026-09-20 – 2026-11-19")
    expect(desk.at("S-1")).to_have_count(0)
    expect(desk.page.locator("[data-answer=no]")).to_have_count(2)
    run_in = desk.visit("RUN")
    desk.send(desk.sheet(f"came-{run_in}"), {"at": "2025-10-13T09:30"})
    desk.days("RUN", 0, "2025-10-13", "2025-10-10 – 2025-10-16")
    desk.state("RUN", "done")
    desk.open(f"/visits/{run_in}")
    expect(desk.page.locator("#tubes .card-empty")).to_have_text(
        desk.say("The protocol asks nothing of this visit.")
    )
    desk.listed("due", "BL")
    desk.listed("upcoming", "M1", "M3", "M6", "M12")
    desk.calendar("2025-10", {"13": "RUN", "20": "BL"})


# --- baseline ---


def baseline(desk: Journey, kit: KitCard) -> None:
    """A kit that was printed ahead: scanned, drawn, spun, filled, finished, put away."""
    visit = desk.visit("BL")
    desk.open("/bench")
    desk.scan(kit.code)
    desk.outcome("notice", desk.say("Kit for %(event)s", event="BL"))
    desk.open(f"/visits/{visit}")
    desk.scan(kit.code)
    expect(desk.page.locator("tr[data-life=expected]")).to_have_count(21)
    assert [row.code for row in collected.bench(desk.world, visit).rows if row.labelled] == [
        face.code for face in kit.labels
    ]
    draw(desk, visit)
    it_is("2025-10-20T08:55")
    desk.send(desk.dialog("received"))
    it_is("2025-10-20T09:10")
    spun = desk.dialog("spun")
    desk.choose(spun, blood(desk, visit))
    desk.send(spun, {"g": "1500", "minutes": "10", "celsius": "20", "kept_after": "room"})
    it_is("2025-10-20T09:30")
    fill(desk, visit)
    stool(desk, visit)
    desk.there(19, 2)
    desk.finish(13, 2, 6)
    desk.there(13, 8)
    it_is("2025-10-20T09:50")
    stored = [row.code for row in collected.bench(desk.world, visit).rows if row.life == "active"]
    desk.put_away(stored)
    desk.open(f"/visits/{visit}")
    expect(desk.page.locator("td.place")).to_contain_text(["A1", "A2", "B1"])
    link(desk, visit, "fmri", "SCAN-0815")
    desk.open(PERSON)
    desk.state("BL", "done")
    desk.listed("due")


def blood(desk: Journey, visit: str) -> list[str]:
    """The two tubes of blood that are spun."""
    return [*desk.codes(visit, "blood_edta", "primary"), *desk.codes(visit, "blood_serum", "primary")]


def draw(desk: Journey, visit: str) -> None:
    """Blood is drawn now, the stool came at home before; what was declined is refused in words."""
    it_is("2025-10-20T08:30")
    paxgene = desk.codes(visit, "blood_paxgene", "primary")[0]
    expect(desk.tube(paxgene)).to_contain_text(desk.say("no consent: %(scope)s", scope=desk.say("genetics")))
    form = desk.dialog("drawn")
    expect(form.locator("[name=tubes]:checked")).to_have_count(2)
    desk.choose(form, [*blood(desk, visit), paxgene])
    desk.refused(form, WHO)
    desk.choose(form, blood(desk, visit))
    desk.send(form, button="[name=now]")
    desk.there(2)
    expect(desk.tube(blood(desk, visit)[0]).locator("[data-clock]")).to_have_count(2)
    desk.scan(paxgene)
    desk.stopped(desk.named("blood_paxgene"))
    form = desk.dialog("otherwise", paxgene)
    desk.send(form, {"code": "not_collected", "note": "declined"})
    desk.there(2, 1)
    form = desk.dialog("drawn")
    desk.choose(
        form, desk.codes(visit, "stool", "primary") + desk.codes(visit, "stool_stabilised", "primary")
    )
    desk.send(form, {"at": "2025-10-20T06:40:00"})
    desk.there(4, 1)


def fill(desk: Journey, visit: str) -> None:
    """Plasma, one aliquot of it haemolysed; the buffy coat; serum, one aliquot of it not collected."""
    first, red, *plasma = desk.codes(visit, "plasma_edta")
    desk.scan(first)
    expect(desk.page.locator("[data-result] .meta")).to_contain_text(desk.named("plasma_edta"))
    desk.send(desk.dialog("otherwise", red), {"code": "haemolysed", "grade": "2"})
    expect(desk.tube(red)).to_contain_text(desk.say("haemolysed"))
    *serum, missing = desk.codes(visit, "serum")
    desk.send(desk.dialog("otherwise", missing), {"code": "not_collected"})
    expect(desk.tube(missing)).to_have_attribute("data-life", "ended")
    rest = [*plasma, *desk.codes(visit, "buffy_coat", "derivative"), *serum]
    desk.scan(*rest)
    desk.outcome("ok|done", f"{desk.named('serum')} 3/4")


def stool(desk: Journey, visit: str) -> None:
    """How the stool was collected, with an antibiotic weeks ago; then its aliquots."""
    pot = desk.codes(visit, "stool", "primary")[0]
    facts = {"source": "home", "kept": "cold", "bristol": "4", "antibiotics": "yes", "probiotics": "no"}
    desk.send(desk.dialog("facts", pot), {**facts, "antibiotics_on": "2025-09-12"})
    known = desk.dialog("facts", pot)
    expect(known.locator('[name="antibiotics_on"]')).to_have_value("2025-09-12")
    desk.page.keyboard.press("Escape")
    desk.scan(*desk.codes(visit, "stool"), *desk.codes(visit, "stool_stabilised"))
    desk.outcome("ok|done", f"{desk.named('stool_stabilised')} 2/2")


def link(desk: Journey, visit: str, kind: str, key: str) -> None:
    """Link a visit to data that live elsewhere."""
    desk.open(f"/visits/{visit}")
    desk.send(desk.page.locator("#datasets form"), {"kind": kind, "external_id": key})
    expect(desk.page.locator("#datasets .facts")).to_contain_text(key)


# --- consent, month 1 ---


def agree_to_what_was_declined(desk: Journey) -> None:
    """A newer version of the consent comes with a newer protocol; now the participant agrees to genetics."""
    it_is("2025-11-10T09:00")
    desk.sit(MANAGER)
    preview(desk, NEWER)
    expect(desk.page.locator("#preview h3")).to_have_text(
        desk.say("Version %(version)s of %(study)s", version=2, study="LBPB")
    )
    expect(desk.page.locator("#preview .differences")).to_contain_text("1.1")
    expect(desk.page.locator("#preview .tally dd")).to_have_text(["0", "0", "0", "0"])
    desk.send(desk.page.locator("#preview form"))
    desk.sit(TECHNICIAN)
    desk.open(PERSON)
    answers = ("storage", "genetics", "microbiome", "foreign_release", "recontact")
    told = {f"answer.{scope}": "no" if scope == "foreign_release" else "yes" for scope in answers}
    desk.send(desk.sheet("consent-new"), {"version": "1.1", "given_on": "2025-11-09"} | told)
    expect(desk.page.locator("[data-answer=no]")).to_have_count(1)
    expect(desk.page.locator("[data-answer=yes]").filter(has_text="1.1")).to_have_count(4)


def month_one(desk: Journey, kit: KitCard) -> None:
    """A kit that was printed under the version before is as good; all that remain are there by one card."""
    visit = desk.visit("M1")
    it_is("2025-11-20T09:00")
    desk.listed("due", "M1")
    desk.open(f"/visits/{visit}")
    desk.scan(kit.code)
    drawn = desk.dialog("drawn")
    desk.choose(drawn, [row.code for row in collected.bench(desk.world, visit).rows if row.kind == "primary"])
    desk.send(drawn, {"at": "2025-11-20T08:20:00"})
    collect(desk, visit, 21, 15)
    desk.put_away(desk.codes(visit, "plasma_edta"))
    link(desk, visit, "psg", "NIGHT-12")


def collect(desk: Journey, visit: str, rows: int, kept: int) -> None:
    """Spin what is spun, tick what remains by the card, finish."""
    spun = desk.dialog("spun")
    desk.choose(spun, blood(desk, visit))
    desk.send(spun)
    desk.scan(Card.ALL_PRESENT.value)
    desk.there(rows)
    desk.finish(kept, 0, rows - kept)


def come(desk: Journey, event: str, occasion: int, at: str, rows: int, kept: int) -> str:
    """Come to a visit at a time, without a kit; the visit."""
    it_is(at)
    visit = desk.visit(event, occasion)
    desk.open(f"/visits/{visit}")
    desk.send(desk.page.locator(".begin form"))
    desk.send(desk.dialog("drawn"), button="[name=now]")
    collect(desk, visit, rows, kept)
    return visit


# --- procedures and arms ---


def first_procedure(desk: Journey) -> None:
    """Its date comes late and moves twice; what was collected by then does not move with it."""
    it_is("2025-12-01T10:00")
    desk.open(PERSON)
    desk.send(desk.sheet("procedure-new"), {"name": "discectomy"})
    for event in ("S-1", "S+1"):
        desk.days(event, 1)
        desk.state(event, "planned", 1)
    move(desk, 1, "2025-12-15")
    desk.days("S-1", 1, "2025-12-14", "2025-12-12 – 2025-12-14")
    desk.days("S+1", 1, "2025-12-16", "2025-12-16 – 2025-12-18")
    desk.calendar("2025-12", {"14": "S-1", "16": "S+1"})
    move(desk, 1, "2025-12-18")
    desk.calendar("2025-12", {"17": "S-1", "19": "S+1"})
    before = come(desk, "S-1", 1, "2025-12-17T09:00", 14, 10)
    move(desk, 1, "2025-12-20")
    desk.days("S-1", 1, "2025-12-17", "2025-12-15 – 2025-12-17")
    desk.days("S+1", 1, "2025-12-21", "2025-12-21 – 2025-12-23")
    come(desk, "S+1", 1, "2025-12-21T09:00", 14, 10)
    desk.open(f"/visits/{before}")
    desk.there(10, 4)
    desk.calendar("2025-12", {"17": "S-1", "21": "S+1"})


def move(desk: Journey, number: int, day: str) -> None:
    """Set the day of a procedure."""
    desk.open(PERSON)
    desk.send(desk.sheet(f"procedure-{number}"), {"happens_on": day})


def second_procedure_and_the_arm(desk: Journey) -> None:
    """Who changes the arm loses planned visits of the old one alone, and has them again on the way back."""
    it_is("2026-01-05T10:00")
    desk.open(PERSON)
    desk.send(desk.sheet("procedure-new"), {"name": "nerve block", "happens_on": "2026-02-10"})
    desk.days("S-1", 2, "2026-02-09", "2026-02-07 – 2026-02-09")
    for arm, state in (("non-surgical", "cancelled"), ("surgical", "planned")):
        desk.send(desk.sheet("arm-change"), {"arm": arm})
        expect(desk.page.locator(".page-head")).to_contain_text(arm)
        for event in ("S-1", "S+1"):
            desk.state(event, "upcoming" if state == "planned" else state, 2)
            desk.state(event, "done", 1)
    expect(desk.page.locator(".history li")).to_have_count(3)


# --- later visits ---


def month_three_is_missed(desk: Journey) -> None:
    """Overdue on the day after its window, then missed with a reason; the second procedure follows."""
    it_is("2026-02-04T10:00")
    desk.listed("overdue", "M3")
    desk.open(PERSON)
    visit = desk.visit("M3")
    desk.send(desk.sheet(f"miss-{visit}"), {"reason": "ill"})
    expect(desk.at("M3")).to_contain_text(desk.say("ill"))
    desk.listed("overdue")
    desk.listed("missed", "M3")
    expect(desk.row("M3").locator(".days")).to_have_text(desk.say("ill"))
    come(desk, "S-1", 2, "2026-02-09T09:00", 14, 10)
    come(desk, "S+1", 2, "2026-02-11T09:00", 14, 10)
    desk.calendar("2026-02", {"09": "S-1", "11": "S+1"})


def month_six_is_late(desk: Journey) -> None:
    """Who comes after the window is collected, and listed as out of it."""
    visit = come(desk, "M6", 0, "2026-05-08T09:00", 21, 15)
    desk.open(f"/visits/{visit}")
    expect(desk.page.locator("[data-part=head]")).to_contain_text(desk.say("after the window"))
    desk.listed("out_of_window", "M6")
    desk.open(PERSON)
    expect(desk.at("M6")).to_contain_text(desk.say("out of the window"))


def month_twelve(desk: Journey) -> None:
    """The last visit; nothing is to come after it."""
    visit = come(desk, "M12", 0, "2026-10-20T09:00", 21, 15)
    link(desk, visit, "fmri", "SCAN-1204")
    desk.listed("upcoming")
    desk.listed("due")


# --- what is known at the end ---


def find_and_count(desk: Journey) -> None:
    """Baseline plasma of who has an fMRI of that visit; what was collected of what was expected."""
    asked = "material=plasma_edta&kind=aliquot&dataset=fmri"
    found = {}
    for event in ("BL", "M1", "M12"):
        desk.open(f"{STUDY}/specimens?{asked}&event={event}")
        links = desk.page.locator('main tbody a[href^="/specimens/"]').all()
        found[event] = {str(link.get_attribute("href")).removeprefix("/specimens/") for link in links}
    baseline_plasma = set(desk.codes(desk.visit("BL"), "plasma_edta"))
    assert found["BL"] == baseline_plasma
    assert (len(found["M1"]), len(found["M12"])) == (0, 4)
    desk.open(f"{STUDY}/progress")
    for title, share in {"Baseline": "13 / 15", "1 month": "15 / 15", "3 months": "0 / 15"}.items():
        expect(desk.row(title).locator(".share").first).to_have_text(share)
    for title, share in {"Day before the procedure": "20 / 20", "Day after the procedure": "20 / 20"}.items():
        expect(desk.row(title).locator(".share").first).to_have_text(share)
    expect(desk.page.locator("tfoot .share").first).to_have_text("98 / 115")
    expect(desk.page.locator("#missed-desc")).to_have_text(f"{desk.say('ill')}: 1")


def withdraw(desk: Journey) -> None:
    """Told in words, then in numbers, then done: every tube is on hold, and its card says so."""
    it_is("2026-11-16T10:00")
    tubes = [desk.codes(desk.visit("BL"), "plasma_edta")[0], desk.codes(desk.visit("M12"), "serum")[3]]
    desk.open(PERSON)
    with desk.page.expect_navigation():
        desk.page.locator(f'a[href^="{STUDY}/withdrawal"]').click()
    told = {"level": "no_further_use", "withdrawn_on": "2026-11-15", "note": "told on the telephone"}
    desk.send(desk.page.locator("main form"), told)
    expect(desk.page.locator(".tally dd")).to_have_text(["0", "0", "98"])
    desk.send(desk.page.locator("main form"))
    expect(desk.page.locator(".notice")).to_contain_text(desk.say("no further use"))
    for code in tubes:
        desk.open(f"/specimens/{code}")
        expect(desk.page.locator(".page-head")).to_contain_text(grouped(code))
        expect(desk.page.locator(".page-head")).to_contain_text(desk.say("on hold"))
        expect(desk.page.locator(".timeline .what").first).to_have_text(desk.say("Put on hold"))
    on_hold = select(func.count(distinct(col(Hold.specimen_id)))).where(Hold.kind == HoldKind.CONSENT)
    assert desk.world.database.read(lambda session: session.exec(on_hold).one()) == 98
