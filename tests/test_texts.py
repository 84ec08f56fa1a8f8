"""Texts: the reader's language, and English where there is no other."""

import pytest

from biobank import texts
from biobank.errors import Fact, Malformed, Refusals


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("zh-CN,zh;q=0.9,en;q=0.8",), "zh_Hans"),
        (("zh_Hans",), "zh_Hans"),
        (("en-GB",), "en"),
        (("de,fr;q=0.5", "zh"), "zh_Hans"),
        (("de, zh;q=0.1",), "zh_Hans"),
        ((None, "", "en"), "en"),
        ((), "en"),
        (("*",), "en"),
        (("\x00;;;,,,",), "en"),
    ],
)
def test_the_first_wish_that_we_have_decides(wishes: tuple[str | None, ...], language: str) -> None:
    assert texts.chosen(*wishes) == language


def test_english_is_the_message_itself() -> None:
    assert texts.in_language("en", "“%(name)s” is full.", {"name": "Box 1"}) == "“Box 1” is full."
    assert texts.in_language("en", "100% full", {}) == "100% full"


def test_a_message_follows_the_reader() -> None:
    token = texts.language.set("en")
    try:
        assert texts.gettext("a text nobody translated") == "a text nobody translated"
        assert texts.ngettext("%(n)s tube", "%(n)s tubes", 2) == "%(n)s tubes"
    finally:
        texts.language.reset(token)


def test_a_refusal_fills_its_facts_in() -> None:
    facts: dict[str, Fact] = {"place": "A1"}
    refusal = Malformed("slot_wrong", "There is no %(place)s.", field="slot", **facts)
    assert (str(refusal), refusal.slug, refusal.field) == ("There is no A1.", "slot_wrong", "slot")
    assert str(Malformed("plain", "100% of it")) == "100% of it"


def test_several_refusals_keep_each_one() -> None:
    each = [Malformed("a", "A"), Malformed("b", "B")]
    refusals = Refusals("several", "%(count)s are wrong.", list(each), count=2)
    assert (str(refusals), refusals.each, refusals.field) == ("2 are wrong.", each, None)


def test_several_things_stand_in_one_line_as_the_language_has_it() -> None:
    assert texts.listed(["DEMO", 7]) == "DEMO, 7"
    assert texts.listed(["DEMO", 7], "zh_Hans") == "DEMO、7"


def test_a_list_in_a_refusal_has_the_comma_of_the_language_and_other_text_keeps_its_own() -> None:
    facts = {"known": "BL, M1", "scopes": "recontact, of-our-own", "name": "Box 1, left"}
    said = "%(known)s; %(scopes)s; %(name)s"
    assert texts.in_language("en", said, facts) == "BL, M1; contact again, of-our-own; Box 1, left"
    chinese = texts.in_language("zh_Hans", said, facts)
    again = texts.catalogue("zh_Hans").gettext("contact again")
    assert chinese == f"BL、M1; {again}、of-our-own; Box 1, left"
