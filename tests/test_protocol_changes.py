"""What a new version of a protocol changes, told in words before it is loaded."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from biobank import studies
from biobank.errors import NotAllowed
from biobank.studies import Difference
from biobank.studies.comparing import differences
from biobank.tables import Protocol
from tests.world import MANAGER, PROTOCOL, World

PROTOCOLS = Path(__file__).parent.parent / "protocols"
LBPB = (PROTOCOLS / "lbpb.toml").read_bytes()
ICBT = (PROTOCOLS / "icbt-fusion.toml").read_bytes()


def said(old: bytes | None, new: bytes) -> list[str]:
    before = studies.read_protocol(old) if old else None
    return [each.in_words("en") for each in differences(before, studies.read_protocol(new))]


def test_an_unchanged_protocol_changes_nothing() -> None:
    for text in (LBPB, ICBT, PROTOCOL):
        assert said(text, text) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            b"after = 30",
            b"after = 28",
            [
                (
                    "The window of M12 is now from 30 days before to 28 days after; it was from 30 "
                    "days before to 30 days after."
                )
            ],
        ),
        (
            b"month = 6",
            b"month = 7",
            ["The visit M6 moves to month 7 from enrolment; it was month 6 from enrolment."],
        ),
        (
            b"day = -7",
            b"day = -8",
            ["The visit RUN moves to day -8 from enrolment; it was day -7 from enrolment."],
        ),
        (b'title = "Run-in"', b'title = "Week before"', ["The visit RUN is now called Week before."]),
        (b"highest = 85", b"highest = 80", ["Of a participant, age is now 18 to 80; it was 18 to 85."]),
        (
            b'["acute", "chronic"]',
            b'["acute"]',
            ["Of a participant, pain is now one of: acute; it was one of: acute, chronic."],
        ),
        (
            b', "recontact"]',
            b"]",
            [
                (
                    "Version 1.0 of the consent asks for storage, genetics, microbiome, release "
                    "abroad; it was storage, genetics, microbiome, release abroad, contact again."
                )
            ],
        ),
        (
            b'version = "1.0"',
            b'version = "1.1"',
            [
                (
                    "New version of the consent: 1.1, for storage, genetics, microbiome, release "
                    "abroad, contact again."
                ),
                "Version 1.0 of the consent is no longer used.",
            ],
        ),
        (b'stool = "microbiome"\n', b"", ["Collecting stool needs no consent but that to storage."]),
        (b'dna = "genetics"', b'dna = "microbiome"', ["Collecting DNA needs a consent to microbiome."]),
        (
            b'"hrv", "qst"',
            b'"eeg", "qst"',
            [
                "Visits may be linked to datasets of the kind “eeg”.",
                "Visits may no longer be linked to datasets of the kind “hrv”.",
            ],
        ),
        (b"all_present = true", b"all_present = false", ["A whole kit may no longer be ticked at once."]),
        (b"participant = false", b"participant = true", ["Labels will show the participant's code."]),
        (
            b'amount = "5 g"',
            b'amount = "4 g"',
            ["Collection “stool”: stool: the amount is now 4 g; it was 5 g."],
        ),
        (
            b"count = 3",
            b"count = 2",
            ["Collection “stool”: aliquots of stool: the number is now 2; it was 3."],
        ),
        (
            b"freeze = 1440",
            b"freeze = 720",
            [
                (
                    "Collection “stool”: aliquots of stool: the limit from the last spin to the "
                    "freezer is now 720 minutes; it was 1440 minutes."
                )
            ],
        ),
        (
            b"limits = { freeze = 20160 }",
            b"",
            [
                (
                    "Collection “stool”: aliquots of stabilised stool: the limit from the last spin "
                    "to the freezer is now no limit; it was 20160 minutes."
                )
            ],
        ),
        (
            b'used = "8 mL"',
            b'used = "7 mL"',
            ["Collection “blood”: serum: taken of the tube before is now 7 mL; it was 8 mL."],
        ),
        (
            b'primary = "OMN"',
            b'primary = "ZZZ"',
            ["The tube “stool stabiliser” is described as ZZZ; it was OMN."],
        ),
        (
            b"Multimodal Imaging and B",
            b"B",
            ["The study's title is now “Biospecimen Collection for Low Back Pain”."],
        ),
        (
            b'arms = ["surgical"]\ncollects = ["blood"]',
            b'collects = ["blood"]',
            ["The visit S-1 is now for all arms; it was for the arms surgical."],
        ),
        (
            b'before = 30\nafter = 30\ncollects = ["blood", "stool"]',
            b'before = 30\nafter = 30\ncollects = ["stool"]',
            ["The visit M12 no longer collects “blood”."],
        ),
        (
            b"limits = { receive = 1440 }",
            b"split = true\nlimits = { receive = 1440 }",
            ["Collection “stool”: stool may be split."],
        ),
    ],
)
def test_a_change_is_told_in_words(old: bytes, new: bytes, words: list[str]) -> None:
    assert old in LBPB
    assert said(LBPB, LBPB.replace(old, new, 1)) == words


def test_a_visit_that_comes_and_one_that_goes_are_told() -> None:
    more = LBPB + b'[[events]]\ncode = "M24"\ntitle = "2 years"\nmonth = 24\nday = 2\n'
    assert said(LBPB, more) == [
        "New visit M24 (2 years): month 24 and day +2 from enrolment, window that day alone, for all arms."
    ]
    assert said(more, LBPB) == ["The visit M24 (2 years) is no longer planned."]


def test_a_tube_that_comes_and_one_that_goes_are_told() -> None:
    more = LBPB + b'[[collections.stool]]\nmaterial = "stool"\namount = "1 g"\n'
    assert said(LBPB, more) == ["Collection “stool”: new: stool, 1 of 1 g."]
    assert said(more, LBPB) == ["Collection “stool”: no longer collected: stool."]


def test_an_arm_and_a_vessel_that_come_or_go_are_told() -> None:
    more = LBPB + b'[[arms]]\ncode = "watch"\ntitle = "Watched"\n[vessels."pot"]\n'
    assert said(LBPB, more) == ["New arm: watch, Watched.", "The tube “pot” is described as -."]
    assert said(more, LBPB) == ["The arm watch is no longer there.", "The tube “pot” is no longer described."]


def test_of_a_new_study_everything_is_new() -> None:
    words = said(None, ICBT)
    assert words[-1] == (
        "New visit FU6 (Follow-up at 6 months): month 6 from enrolment,"
        " window from 14 days before to 14 days after, for all arms."
    )
    assert len(words) == 2 + 4


def test_a_preview_tells_what_loading_would_change_and_changes_nothing(world: World) -> None:
    def preview(text: bytes) -> list[Difference]:
        return world.ask(lambda session, actor: studies.differences(session, actor, text), MANAGER)

    assert len(preview(ICBT)) == 6
    world.act(lambda session, actor: studies.load(session, actor, ICBT), person=MANAGER)
    assert preview(ICBT) == []
    moved = ICBT.replace(b"month = 6", b"month = 7")
    assert [each.in_words("en") for each in preview(moved)] == [
        "The visit FU6 moves to month 7 from enrolment; it was month 6 from enrolment."
    ]
    assert [card.version for card in world.ask(studies.everything) if card.code == "ICBT-FUSION"] == [1]
    with pytest.raises(NotAllowed) as found:
        world.ask(lambda session, actor: studies.differences(session, actor, moved))
    assert found.value.slug == "not_allowed"


def test_a_version_without_its_text_is_said_to_be_incomparable(world: World) -> None:
    def forget(session: Session) -> None:
        for protocol in session.exec(select(Protocol)):
            protocol.source = ""

    world.database.write(forget)
    changed = PROTOCOL.replace(b"One month", b"Four weeks")
    found = world.ask(lambda session, actor: studies.differences(session, actor, changed), MANAGER)
    assert [each.in_words("en") for each in found] == [
        "Version 1 was loaded before its text was kept; what changes cannot be told."
    ]
