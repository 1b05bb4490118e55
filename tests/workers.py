"""The plugin that spreads a run over worker processes, each with a library, kernels and servers of its own.

A file stays in one worker, in its order: a notebook's cells need that, and what a file shares is started once.
Files that take long start first, so that none of them is left over at the end. Files that need a browser share two
workers: a browser, a Jupyter server and a first page take as long to start as two tests. It is loaded by name from
pyproject.toml, before any conftest, because `-n auto` asks how many workers there are to be.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

CAMPAIGNS = ("bench", "faults", "courier")  # folders of few tests, and long ones
# jsonschema's check of web addresses, which nobody here needs, takes two seconds of each worker when it is imported.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

BROWSERS = 2
WORKERS = 4  # on two cores: most tests wait, for kernels, pages and processes


@pytest.hookimpl(tryfirst=True)  # before what counts processors
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Use workers for a run of several files; a file alone, and campaigns that measure, run without."""
    files = {argument.partition("::")[0] for argument in config.args}
    is_one_file = all((config.invocation_params.dir / name).is_file() for name in files) and len(files) == 1
    return 0 if is_one_file or config.option.markexpr == "full" else WORKERS


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives whole files to workers, and those of the browser in turn to the same two."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        self._places: dict[str, int] = {}

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        if not file.startswith("tests/browser/"):
            return file
        place = self._places.setdefault(file, len(self._places))
        return f"browser {place % BROWSERS}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Spread files as above, unless another way was asked for."""
    return Scheduling(config, log) if config.option.dist == "loadfile" else None


def _rank(item: pytest.Item) -> int:
    fixtures = set(getattr(item, "fixturenames", ()))
    if "browser" in fixtures:
        return 3
    if "figures" in fixtures or item.path.parent.name in CAMPAIGNS:
        return 2
    return 1 if "kernel" in fixtures or item.path.suffix == ".ipynb" else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that wait longest first, then those with most tests; inside a file nothing moves."""
    ranks: Counter[Path] = Counter()
    for item in items:
        ranks[item.path] = max(ranks[item.path], _rank(item))
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (-ranks[item.path], -sizes[item.path], str(item.path)))
