"""What counts as a scan in a real browser: gaps, ends, layouts, what is around a code; and what is a key."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import Tab

pytestmark = pytest.mark.browser

_LISTEN = """() => {
  window.scans = [];
  addEventListener("scan", (event) => { event.preventDefault(); window.scans.push(event.detail); });
}"""
_SEND = """([keys, gaps, end]) => {
  let at = performance.now();
  const send = (given) => {
    const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...given });
    Object.defineProperty(event, "timeStamp", { value: at });
    return document.activeElement.dispatchEvent(event);
  };
  keys.forEach((key, place) => { at += gaps[place]; send(key); });
  at += 5;
  return end ? send({ key: end, code: end }) : true;
}"""

# A timer of the page that was set after its own and runs longer: however busy the machine, it fires later.
_SILENCE = "() => new Promise((heard) => setTimeout(heard, 200))"

# The page's own watch: on a busy machine the two seconds for a second letter would pass by themselves.
_STANDS_STILL = "() => { const now = performance.now(); performance.now = () => now; }"

CODE = "SM9S346Q35"
"""A specimen's, with digits and with letters that a French keyboard has elsewhere."""

Keys = list[dict[str, Any]]
_AZERTY = dict(zip("QWAZ", "AZQW", strict=True)) | dict(zip("1234567890", "&é\"'(-è_çà", strict=True))


def physical(character: str) -> str:
    """The key of a US keyboard that writes it."""
    if character.isdigit():
        return f"Digit{character}"
    return {"]": "BracketRight", "-": "Minus", ";": "Semicolon", " ": "Space"}.get(
        character, f"Key{character}"
    )


def us(text: str) -> Keys:
    return [{"key": character, "code": physical(character)} for character in text]


def send(tab: Tab, keys: Keys, gap: float | Sequence[float] = 5, end: str = "Enter") -> bool:
    """Dispatch keys with these gaps (ms) between them; whether the last one was let through."""
    tab.page.wait_for_load_state()  # before that nothing is heard
    gaps = [gap] * len(keys) if isinstance(gap, float | int) else list(gap)
    return bool(tab.page.evaluate(_SEND, [keys, gaps, end]))


def heard(
    tab: Tab, keys: Keys, gap: float | Sequence[float] = 5, end: str = "Enter"
) -> list[tuple[str, bool]]:
    """What the page heard of it: codes, and whether the layout was corrected."""
    send(tab, keys, gap, end)
    tab.page.evaluate(_SILENCE)
    return [(each["code"], each["corrected"]) for each in tab.page.evaluate("window.scans.splice(0)")]


def listening(tab: Tab) -> None:
    tab.sign_in()
    tab.open("/account")
    tab.page.evaluate(_LISTEN)


def test_a_scan_is_told_from_typing_by_its_gaps_and_ends_by_a_key_or_by_silence(tab: Tab) -> None:
    code = CODE
    listening(tab)
    for end in ("Enter", "NumpadEnter", "Tab", "F12", ""):
        assert heard(tab, us(code), end=end) == [(code, False)], end
    assert heard(tab, us("ABCDE")) == []
    assert heard(tab, us("ABCDE7")) == [("ABCDE7", False)]
    assert heard(tab, us("ABCDE7"), 35) == [("ABCDE7", False)]
    assert heard(tab, us("ABCDE7"), 36) == []
    late = [5, 5, 5, 101, 5, 5, 5, 5]
    assert heard(tab, us("ABCDE789"), late) == []  # five keys after the last long gap
    assert heard(tab, us("ABCDE789"), [*late[:3], 100, *late[4:]]) == [("ABCDE789", False)]
    slow = [5, 5, 5, 300, *[5] * (len(code) - 4)]
    assert heard(tab, us(code), slow) == [(code, False)]  # its check character proves it whole
    assert heard(tab, us(code[:-1] + ("0" if code[-1] != "0" else "1")), slow) == [
        (code[3:-1] + ("0" if code[-1] != "0" else "1"), False)
    ]


def test_layouts_input_methods_and_what_stands_around_a_code_do_no_harm(tab: Tab) -> None:
    code = CODE
    listening(tab)
    ime = [{**key, "key": "Process"} for key in us(code)]
    assert heard(tab, ime) == [(code, True)]
    assert heard(tab, [{**key, "key": "Unidentified"} for key in us(code)]) == [(code, True)]
    french = [{"key": _AZERTY.get(each, each), "code": physical(each)} for each in code]
    assert heard(tab, french) == [(code, True)]
    wide = [{"key": chr(ord(each) + 0xFEE0), "code": physical(each)} for each in code]
    assert heard(tab, wide) == [(code, True)]
    lower = [{"key": each.lower(), "code": physical(each)} for each in code]
    assert heard(tab, lower) == [(code, False)]
    assert heard(tab, us(f"]Q1{code}")) == [(code, False)]
    assert heard(tab, us(f";{code};")) == [(code, False)]
    separator = {"key": "]", "code": "BracketRight", "ctrlKey": True}
    assert heard(tab, [separator, *us(code), separator]) == [(code, False)]
    held = {**us(code)[0], "repeat": True}
    assert heard(tab, [us(code)[0], held, held, *us(code)[1:]]) == [(code, False)]
    shifted = [{"key": "Shift", "code": "ShiftLeft"}, *us(code)]
    assert heard(tab, shifted) == [(code, False)]
    assert heard(tab, us(code + code)) == [(code + code, False)]  # never one of the two


def test_a_scan_presses_no_button_and_sends_no_form(tab: Tab) -> None:
    code = CODE
    listening(tab)
    tab.page.get_by_role("button", name="Sign out", exact=True).focus()
    assert send(tab, us(code)) is False
    tab.page.wait_for_timeout(1000)
    assert send(tab, []) is True  # Enter by itself does what it always does
    tab.open("/bench/discard")
    field, following = tab.page.locator("#tube"), tab.page.locator("#again")
    field.focus()
    assert send(tab, us("ABCDE7")) is False
    expect(following).to_be_focused()
    field.focus()
    assert send(tab, us("ABCDE7"), 90) is True


def test_one_code_within_two_seconds_is_one_scan(tab: Tab) -> None:
    world = tab.site.world
    tube, box = world.tubes(1)[0], world.boxes()[0]
    tab.sign_in()
    tab.open(f"/bench?mode=store&box={box}")
    result = tab.page.locator("[data-result] > .scan-result")
    # All three by one word to the page: between words a busy machine may let two seconds pass.
    thrice = f"(told) => {{ for (let times = 0; times < 3; times += 1) ({_SEND})(told); }}"
    tab.page.evaluate(thrice, [us(tube), [5] * len(tube), "Enter"])
    expect(result).to_have_attribute("data-outcome", "ok")
    tab.page.wait_for_timeout(400)
    assert tab.page.locator("[data-last] li").count() == 0
    tab.page.wait_for_timeout(2000)
    send(tab, us(tube))
    expect(result).to_have_attribute("data-outcome", "notice")
    expect(result.locator(".headline")).to_have_text("Already here: A1 · Box 1")


def test_single_letters_act_alone_lead_to_pages_and_can_be_switched_off(tab: Tab) -> None:
    world = tab.site.world
    box = world.boxes()[0]
    tab.sign_in()
    tab.open("/bench")
    result = tab.page.locator("[data-result] .headline")
    send(tab, us("DX"), end="")
    tab.page.wait_for_timeout(300)
    expect(result).to_have_count(0)
    send(tab, us("D"), end="")
    expect(result).to_have_text("No box is open")
    send(tab, us("P"), end="")
    expect(result).to_have_text("Which tube?")
    send(tab, [{"key": "?", "code": "Slash", "shiftKey": True}], end="")
    expect(tab.page.locator("[data-help]")).to_be_visible()
    tab.page.keyboard.press("Escape")
    send(tab, us("U"), end="")
    expect(tab.page.locator("[data-stop]")).to_contain_text("There is nothing to undo")
    tab.page.locator("[data-acknowledge]").click()
    tab.open(f"/bench?box={box}")
    send(tab, us("B"), end="")
    expect(tab.page).to_have_url(f"{tab.site.url}/containers/{box}")
    tab.page.wait_for_load_state()
    tab.page.evaluate(_STANDS_STILL)
    send(tab, us("G"), end="")
    tab.page.evaluate(_SILENCE)
    send(tab, us("T"), 600, end="")
    expect(tab.page).to_have_url(re.compile("/tasks$"))
    send(tab, us("GB"), end="")
    expect(tab.page).to_have_url(re.compile("/bench$"))

    tab.open("/account")
    switch = tab.page.get_by_role("main").get_by_label("Single letters act in this browser")
    switch.uncheck()
    tab.open("/bench")
    for keys in ("D", "GT"):
        send(tab, us(keys), end="")
        tab.page.wait_for_timeout(250)
    expect(result).to_have_count(0)
    assert tab.page.url.endswith("/bench")
    tab.scan(box)  # scans are heard as ever
    expect(result).to_have_text("Box 1 is open")
    tab.open("/account")
    expect(switch).not_to_be_checked()
    switch.check()
    tab.page.reload()
    expect(switch).to_be_checked()
