"""How a run is spread: workers for several files, none for one, and what takes long comes first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workers import BROWSERS, WORKERS, Scheduling, pytest_collection_modifyitems, pytest_xdist_auto_num_workers

HERE = Path(__file__)


@pytest.mark.parametrize(
    ("arguments", "campaign", "workers"),
    [
        (["tests", "notebooks"], "not full", WORKERS),
        (["tests/display"], "not full", WORKERS),
        ([HERE.name, "conftest.py"], "not full", WORKERS),
        ([HERE.name], "not full", 0),
        ([f"{HERE.name}::test_one", f"{HERE.name}::test_other[a::b]"], "not full", 0),
        (["tests"], "full", 0),
    ],
)
def test_one_file_and_campaigns_run_without_workers(arguments: list[str], campaign: str, workers: int) -> None:
    config: Any = SimpleNamespace(
        args=arguments,
        option=SimpleNamespace(markexpr=campaign),
        invocation_params=SimpleNamespace(dir=HERE.parent),
    )
    assert pytest_xdist_auto_num_workers(config) == workers


def item(path: str, *fixtures: str) -> Any:
    return SimpleNamespace(path=Path(path), fixturenames=fixtures, name=path)


def test_what_takes_long_comes_first_and_files_stay_together() -> None:
    items = [
        item("a/few.py"),
        item("b/many.py"),
        item("b/many.py"),
        item("c/cells.py"),
        item("c/cells.py", "kernel"),
        item("d/campaign.py", "figures"),
        item("e/page.py", "browser"),
        item("faults/one.py"),
    ]
    pytest_collection_modifyitems(items)

    names = ["e/page", "d/campaign", "faults/one", "c/cells", "c/cells", "b/many", "b/many", "a/few"]
    assert [str(one.path) for one in items] == [f"{name}.py" for name in names]


def test_browser_files_share_two_workers_and_others_go_anywhere() -> None:
    pages = [f"tests/browser/test_{name}.py::test_{test}" for name in "abc" for test in (1, 2)]
    scheduling = Scheduling(SimpleNamespace(getvalue=lambda _: ["popen"] * WORKERS))  # type: ignore[arg-type]

    units = [scheduling._split_scope(page) for page in pages]

    assert units[0::2] == units[1::2]
    assert units[0] == units[4] != units[2]
    assert len(set(units)) == BROWSERS
    assert scheduling._split_scope("tests/options/test_a.py::test_b[c::d]") == "tests/options/test_a.py"
