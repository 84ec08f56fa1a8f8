"""Chromium: its headless shell if that can be had, else a whole one, else Playwright's own."""

import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from setup.packages import Missing, install, may_install

SHELL = "chromium-headless-shell"
"""The same engine without the windows around it: the tests of pages take half of the processor's time."""

NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@cache
def chromium() -> Path | None:
    """The browser to start, or None when there is none."""
    named = (shutil.which(name) for name in NAMES)
    return next((Path(name) for name in (*named, _playwrights_own()) if name and _runs(name)), None)


def provide() -> None:
    """Make sure that there is one; refuses (`Missing`) with the way to get it."""
    if shutil.which(SHELL) is None and may_install():
        with suppress(Missing):  # wanted, not required: not every system has it
            install(SHELL)
        chromium.cache_clear()
    if chromium() is not None:
        return
    if may_install():
        install("chromium")
    else:
        print("Installing Chromium with Playwright ...", flush=True)
        fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(fetch, capture_output=True, check=False)  # whether it came is seen below
    chromium.cache_clear()
    if chromium() is None:
        raise Missing("No Chromium that runs: install your system's package for it (Debian: chromium).")


def provide_chinese() -> None:
    """Get a small Chinese font for the screenshots where we may: wanted, not required."""
    if may_install() and not _knows_chinese():
        try:
            install("fontconfig", "fonts-wqy-microhei")
        except Missing as missing:
            print(f"Screenshots will lack Chinese letters. {missing}", flush=True)


def _knows_chinese() -> bool:
    lister = shutil.which("fc-list")
    return lister is not None and bool(
        subprocess.run([lister, ":lang=zh"], capture_output=True, check=True).stdout
    )


def _playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _runs(browser: str) -> bool:
    """Try it: on some systems the name is only a stub that asks for another package."""
    try:
        return (
            subprocess.run([browser, "--version"], capture_output=True, timeout=60, check=False).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
