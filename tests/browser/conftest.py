"""Fixtures that put a notebook on the screen.

Playwright is used directly: its pytest plugin warns, and warnings are errors here. One browser serves the
whole run; every test has its own page, server and copy of the notebooks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.screen import PATIENCE_MS, Screen
from tests.browser.server import serving

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
NOT_COPIED = shutil.ignore_patterns("gemini_images", ".ipynb_checkpoints", "__pycache__")

Opener = Callable[[Path], Screen]
Opening = Callable[[str, Path], Screen]


def find_browser(playwright: Playwright) -> str | None:
    """Return the path of a browser: $CHROMIUM, then the system's, then Playwright's own."""
    candidates = (os.environ.get("CHROMIUM"), "chromium", "google-chrome", playwright.chromium.executable_path)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the one browser of the run; skip without one, or fail where one is required."""
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            missing = "no Chromium was found: set CHROMIUM or install one"
            (pytest.fail if os.environ.get("COMETMAGIC_REQUIRE_BROWSER") else pytest.skip)(missing)
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def open_in(browser: Browser, tmp_path: Path) -> Iterator[Opening]:
    """Return a function that opens a copy of a notebook, with its neighbours, in a front end."""
    with contextlib.ExitStack() as stack:

        def opened(front_end: str, notebook: Path) -> Screen:
            place = tmp_path / front_end
            shutil.copytree(notebook.parent, place / "work", ignore=NOT_COPIED)
            server = stack.enter_context(serving(front_end, place / "work", place / "home"))
            page = stack.enter_context(browser.new_page(viewport={"width": 1280, "height": 1600}))
            page.set_default_timeout(PATIENCE_MS)
            screen = Screen(page, server, place)
            screen.open(notebook.name)
            return screen

        yield opened


@pytest.fixture
def lab(open_in: Opening) -> Opener:
    """Return a function that opens a copy of a notebook in JupyterLab."""
    return lambda notebook: open_in("lab", notebook)
