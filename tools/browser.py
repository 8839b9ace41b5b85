"""Chromium without a window, for pictures of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--lang=en"]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open Chromium.

    Raises:
        SystemExit: It is not installed.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is missing: tools/install_peers.sh installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
