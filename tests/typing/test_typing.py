"""mypy and pyright accept the public functions as they are meant to be called, and refuse what is misspelt."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
BIN = Path(sys.executable).parent
TIMEOUT = 150  # seconds; a first run without mypy's cache looks through the whole package


def run_mypy(path: Path) -> set[int]:
    """Return the numbers of the lines that mypy refuses."""
    command = [str(BIN / "mypy"), "--no-error-summary", str(path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stderr == ""
    lines = re.findall(rf"^{re.escape(str(path.relative_to(ROOT)))}:(\d+): error", done.stdout, re.MULTILINE)
    return set(map(int, lines))


def run_pyright(path: Path) -> set[int]:
    """Return the numbers of the lines that pyright refuses."""
    command = [str(BIN / "basedpyright"), "--outputjson", "--pythonpath", sys.executable, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {row["range"]["start"]["line"] + 1 for row in found if row["severity"] == "error"}


@pytest.mark.parametrize("check", [run_mypy, run_pyright])
def test_what_is_right_is_accepted(check: Callable[[Path], set[int]]) -> None:
    assert check(FOLDER / "accepted.py") == set()


@pytest.mark.parametrize("check", [run_mypy, run_pyright])
def test_exactly_what_is_wrong_is_refused(check: Callable[[Path], set[int]]) -> None:
    path = FOLDER / "refused.py"
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)

    assert check(path) == {number for number, line in lines if line.endswith("# refused")}
