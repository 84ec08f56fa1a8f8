import pytest
from msgspec.structs import replace

from biobank.errors import RuleBroken
from biobank.labels import sandbox
from biobank.labels.layouts import layout_for
from biobank.labels.sandbox import Work, prepare, prepared
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import STOCKS, Stock
from tests.effort import of_children
from tests.labels.paper import codes

SHEET, ROLL = STOCKS["ttlw-2016"], STOCKS["roll-33x13"]


def work(count: int, stock: Stock = SHEET, language: str = sandbox.PDF, **texts: str) -> Work:
    fields = {"material": "EDTA plasma", "event": "V03", **texts}
    faces = tuple(Face(code, Of.SPECIMEN, fields) for code in codes(count))
    return Work(faces, stock, layout_for(Of.SPECIMEN, stock), language)


def refusal(asked: Work, *, memory: int = sandbox.MEMORY, seconds: int = sandbox.SECONDS) -> RuleBroken:
    with pytest.raises(RuleBroken) as refused:
        prepared(asked, memory=memory, seconds=seconds)
    return refused.value


@pytest.mark.parametrize(
    ("language", "stock", "parts"),
    [("pdf", SHEET, 1), ("zpl", ROLL, 3), ("tspl", ROLL, 3), ("brother", STOCKS["dk-29x90"], 3)],
)
def test_labels_are_made_in_every_language_and_read_back(language: str, stock: Stock, parts: int) -> None:
    asked = work(3, stock, language)
    made = prepare(asked)
    assert (len(made.parts), made.warnings) == (parts, ())
    assert [each.good for each in made.verdicts] == [True] * 3
    assert [each.code for each in made.verdicts] == [face.code for face in asked.faces]


def test_a_process_of_its_own_makes_what_this_one_would() -> None:
    asked = work(3, ROLL, "zpl")
    assert prepared(asked) == prepare(asked)


def test_a_refusal_comes_back_as_it_was_raised() -> None:
    asked = work(1, material="x" * 1_000_000)
    with pytest.raises(RuleBroken) as here:
        prepare(asked)
    there = refusal(asked)
    assert there.slug == here.value.slug == "label_text_unfit"
    assert (str(there), there.facts, there.field) == (str(here.value), here.value.facts, here.value.field)


def test_a_hostile_size_costs_the_worker_its_life_and_a_sober_one_does_not() -> None:
    page = replace(ROLL, page_width=1500, page_height=1500)
    hostile = replace(work(1, page), dpi=600)
    killed = refusal(hostile, memory=400 << 20)
    assert (killed.slug, killed.facts) == ("label_worker_killed", {"count": 1, "most": 400})
    sober = prepared(work(1), memory=400 << 20)
    assert sober.verdicts[0].good


def test_a_worker_that_takes_too_long_is_ended() -> None:
    endless = work(60)
    many = replace(endless, faces=endless.faces * 400)
    before = of_children()
    killed = refusal(many, seconds=1)
    assert (killed.slug, killed.facts["most"]) == ("label_worker_killed", 1)
    assert of_children() - before < 10


def test_the_worker_is_told_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOBANK_DATABASE_URL", "sqlite:///elsewhere")
    monkeypatch.setenv("BIOBANK_PDF_FONT", "own.ttf")
    told = sandbox.surroundings()
    assert told["BIOBANK_PDF_FONT"] == "own.ttf"
    assert "BIOBANK_DATABASE_URL" not in told
