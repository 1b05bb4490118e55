"""Fixtures that put a notebook on the screen.

Playwright is used directly: its pytest plugin warns, and warnings are errors here. One browser, and one server
of a front end, serve all tests of a worker; every test has its own kernels and copy of the notebooks, and its own
page if it does not ask for a shared one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.screen import CLOSE_NOTEBOOKS, PATIENCE_MS, Screen
from tests.browser.server import Server, serving

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--process-per-site",
)
NOT_COPIED = shutil.ignore_patterns("gemini_images", ".ipynb_checkpoints", "__pycache__")

expect.set_options(timeout=PATIENCE_MS)  # the default of five seconds is short beside other workers

Opener = Callable[[Path], Screen]
Opening = Callable[[str, Path], Screen]
Windows = Callable[[str], BrowserContext]


def find_browser(playwright: Playwright) -> str | None:
    """Return the path of a browser: $CHROMIUM, then the system's, then Playwright's own."""
    candidates = (os.environ.get("CHROMIUM"), "chromium", "google-chrome", playwright.chromium.executable_path)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return one browser for a row of tests; skip without one, or fail where one is required.

    While it is there, Playwright keeps an event loop running in the main thread, which other tests need.
    """
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            missing = "no Chromium was found: set CHROMIUM or install one"
            (pytest.fail if os.environ.get("COMETMAGIC_REQUIRE_BROWSER") else pytest.skip)(missing)
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def windows(browser: Browser, servers: Callable[[str], Server]) -> Windows:
    """Return a function that gives the window of a front end.

    An idle tab keeps the process of its pages, in which scripts that one of them compiled need not be compiled again.
    """

    @functools.cache
    def opened(front_end: str) -> BrowserContext:
        window = browser.new_context(viewport={"width": 1280, "height": 1600})
        window.new_page().goto(f"{servers(front_end).url}/api")
        return window

    return opened


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Return a function that gives the server of a front end, which is started when it is first asked for."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def started(front_end: str) -> Server:
            place = tmp_path_factory.mktemp(front_end)
            return stack.enter_context(serving(front_end, place / "work", place / "home"))

        yield started


@contextlib.contextmanager
def _shown(notebook: Path, server: Server, owned: AbstractContextManager[Page], shots: Path) -> Iterator[Screen]:
    """Show a copy of a notebook, with its neighbours, to one test."""
    with server.folder(shots.name) as own, owned as page:
        shutil.copytree(notebook.parent, own.root, ignore=NOT_COPIED)
        page.set_default_timeout(PATIENCE_MS)
        screen = Screen(page, own, shots)
        screen.open(notebook.name)
        yield screen


@pytest.fixture
def open_in(windows: Windows, servers: Callable[[str], Server], tmp_path: Path) -> Iterator[Opening]:
    """Return a function that opens a copy of a notebook in a front end, in a page of its own."""
    with contextlib.ExitStack() as stack:

        def opened(front_end: str, notebook: Path) -> Screen:
            page = windows(front_end).new_page()
            return stack.enter_context(_shown(notebook, servers(front_end), page, tmp_path))

        yield opened


@pytest.fixture
def lab(open_in: Opening) -> Opener:
    """Return a function that opens a copy of a notebook in JupyterLab, in a page of its own."""
    return lambda notebook: open_in("lab", notebook)


@pytest.fixture(scope="package")
def idle_pages(browser: Browser) -> list[Page]:
    """Return the pages of that browser in which JupyterLab is loaded and shows no notebook."""
    return []


@contextlib.contextmanager
def _lent(idle_pages: list[Page], window: BrowserContext, session: pytest.Session) -> Iterator[Page]:
    """Lend an idle page, or a new one, to a test; what a test that failed leaves behind is not used again."""
    page = idle_pages.pop() if idle_pages else window.new_page()
    failures = session.testsfailed
    yield page
    if session.testsfailed > failures:
        page.close()
    else:
        page.evaluate(CLOSE_NOTEBOOKS)
        idle_pages.append(page)


@pytest.fixture
def shared_lab(
    windows: Windows,
    servers: Callable[[str], Server],
    idle_pages: list[Page],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Opener]:
    """Return a function that opens a copy of a notebook in a page of JupyterLab where other tests closed theirs.

    It spares loading JupyterLab anew, for tests that change nothing of the page but their notebook.
    """
    with contextlib.ExitStack() as stack:

        def opened(notebook: Path) -> Screen:
            page = _lent(idle_pages, windows("lab"), request.session)
            return stack.enter_context(_shown(notebook, servers("lab"), page, tmp_path))

        yield opened
