"""Where the temporary files of a run are: in memory, unless that is full, or somebody has chosen another place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import memory_disk


@pytest.mark.parametrize(
    ("options", "variable", "min_free", "is_used"),
    [
        ({}, "", 0, True),
        ({}, "", 2**60, False),
        ({"basetemp": "elsewhere"}, "", 0, False),
        ({"markexpr": "full"}, "", 0, False),
        ({}, "elsewhere", 0, False),
    ],
)
def test_the_files_of_a_run_are_in_memory_and_gone_after_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    variable: str,
    min_free: int,
    is_used: bool,
) -> None:
    monkeypatch.setattr(memory_disk, "MEMORY_DISK", tmp_path)
    monkeypatch.setattr(memory_disk, "MIN_FREE", min_free)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delenv("TMPDIR", raising=False)
    if variable:
        monkeypatch.setenv("TMPDIR", variable)
    cleanups: list[Any] = []
    option = SimpleNamespace(**{"basetemp": None, "markexpr": "not full"} | options)

    memory_disk.pytest_configure(SimpleNamespace(option=option, add_cleanup=cleanups.append))  # type: ignore[arg-type]

    assert (Path(tempfile.gettempdir()).parent == tmp_path) == is_used
    assert (Path(os.environ.get("TMPDIR", "")).parent == tmp_path) == is_used
    for cleanup in reversed(cleanups):
        cleanup()
    assert os.environ.get("TMPDIR", "") == variable
    assert list(tmp_path.iterdir()) == []
