"""The table of figures: what a test records is printed in columns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.figures import (
    Figure,
    figures,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    table,
)


def test_the_columns_are_aligned() -> None:
    made = table([Figure("images lost", "0 of 120", "0", "stock loop: 37"), Figure("seconds", "7")])

    assert made == [
        "figure       value     goal  control",
        "images lost  0 of 120  0     stock loop: 37",
        "seconds      7",
    ]


def summary(stash: pytest.Stash) -> list[str]:
    printed: list[str] = []
    reporter: Any = SimpleNamespace(section=printed.append, write_line=printed.append)
    config: Any = SimpleNamespace(stash=stash)
    pytest_terminal_summary(reporter, config)
    return printed


def test_what_is_recorded_is_printed() -> None:
    stash = pytest.Stash()
    config: Any = SimpleNamespace(stash=stash)
    record = figures.__wrapped__(config) if hasattr(figures, "__wrapped__") else None
    assert record is not None

    record("images lost", 0, goal=0)
    record("seconds", 1.5)

    assert summary(stash) == [
        "figures",
        "figure       value  goal  control",
        "images lost  0      0",
        "seconds      1.5",
    ]


def test_what_workers_record_is_printed_by_the_process_that_started_them() -> None:
    printed = pytest.Stash()
    for name in ("images lost", "seconds"):
        worker: Any = SimpleNamespace(stash=pytest.Stash(), workeroutput={})
        figures.__wrapped__(worker)(name, 0)  # type: ignore[attr-defined]  # as above
        session: Any = SimpleNamespace(config=worker)
        pytest_sessionfinish(session)
        assert summary(worker.stash)
        pytest_testnodedown(SimpleNamespace(workeroutput=worker.workeroutput, config=SimpleNamespace(stash=printed)))
    pytest_testnodedown(SimpleNamespace(config=SimpleNamespace(stash=printed)))  # it was killed

    assert [line.split("  ")[0] for line in summary(printed)] == ["figures", "figure", "images lost", "seconds"]


def test_without_figures_nothing_is_printed() -> None:
    assert summary(pytest.Stash()) == []
