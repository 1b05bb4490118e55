"""Figures of campaigns in the test summary: what was measured, the goal, and what a control gave.

A test asks for the `figures` fixture and calls it once for each figure; the summary prints them as one
table, also when the test fails afterwards, and whichever worker ran it. `tests/conftest.py` loads this module
by importing from it.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, Protocol

import pytest


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    value: str
    goal: str = ""
    control: str = ""


_FIGURES: pytest.StashKey[list[Figure]] = pytest.StashKey()


class Record(Protocol):
    """What the fixture gives: `figures("paid images lost", "0 of 120", goal="0", control="stock loop: 37")`."""

    def __call__(self, name: str, value: object, *, goal: object = "", control: object = "") -> None: ...


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Record:
    """Return a function that puts a figure into the summary of the run."""
    kept = pytestconfig.stash.setdefault(_FIGURES, [])

    def record(name: str, value: object, *, goal: object = "", control: object = "") -> None:
        kept.append(Figure(name, str(value), str(goal), str(control)))

    return record


def table(figures: list[Figure]) -> list[str]:
    """Return aligned lines: a heading, then one line a figure."""
    rows = [("figure", "value", "goal", "control"), *map(astuple, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's figures to the process that prints them."""
    if (given := getattr(session.config, "workeroutput", None)) is not None:
        given["figures"] = [astuple(figure) for figure in session.config.stash.get(_FIGURES, [])]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a worker that has ended."""
    given = getattr(node, "workeroutput", {}).get("figures", [])
    node.config.stash.setdefault(_FIGURES, []).extend(Figure(*row) for row in given)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table when there is anything in it."""
    if kept := config.stash.get(_FIGURES, []):
        terminalreporter.section("figures")
        for text in table(kept):
            terminalreporter.write_line(text)
