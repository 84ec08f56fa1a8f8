"""A real Chromium for the tests of the pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

from setup.chromium import chromium

FLAGS = (
    "--no-sandbox",  # root, as in a container, may not start it otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=30_000)
"""What is waited for comes at once where nothing else runs; a machine that is busy takes longer."""


@contextmanager
def launch(*, headless: bool = True) -> Iterator[Browser]:
    """Start the browser that `make test` found or installed, and close it at the end."""
    found = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=headless, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
