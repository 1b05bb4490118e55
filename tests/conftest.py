"""What every test of the package shares: settings as on a machine where nothing is set."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from cometmagic.courier import client, retry
from tests.faults.asking import ask, serving  # noqa: F401  # what asks for a picture and tells what became of it
from tests.figures import (  # noqa: F401  # the table at the end of a run
    figures,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.isolation import clear_settings
from tests.notebook.fixtures import kernel, notebook, serve  # noqa: F401  # one kernel for all folders

hypothesis.settings.register_profile("default", deadline=None)  # no test is timed: other programs run beside it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let one schedule of a seeded campaign be played alone."""
    parser.addoption("--seed", action="append", default=[], help="play this seed only; repeatable")


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> list[str]:
    """Return the seeds that were asked for by `--seed`; none means all of a campaign."""
    return list(request.config.getoption("--seed"))


@pytest.fixture
def library_folder(tmp_path: Path) -> Path:
    """Return the folder that holds the test's pictures; nothing has made it yet."""
    return tmp_path / "library"


@pytest.fixture(autouse=True)
def _fresh_settings(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    """Start each test without key or settings, and with a library of its own."""
    clear_settings(monkeypatch)
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(library_folder))
    # Where a call goes when its disk is full: never the user's own folder.
    monkeypatch.setenv("XDG_STATE_HOME", str(library_folder.with_name("state")))


@pytest.fixture
def carried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Carry this test's calls on a thread of its own process, so that what it patches is what runs."""
    monkeypatch.setitem(client._couriers, os.getpid(), client.ThreadCourier())


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again after moments; for deliveries that are `carried_here`."""
    monkeypatch.setattr(retry, "INITIAL_BACKOFF", 0.02)
    monkeypatch.setattr(retry, "JITTER", 0.01)
