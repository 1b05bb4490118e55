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


ACCEPTED, REFUSED = FOLDER / "accepted.py", FOLDER / "refused.py"
Line = tuple[str, int]  # the name of a file, and a number


def run_mypy() -> set[Line]:
    """Return the lines that mypy refuses."""
    command = [str(BIN / "mypy"), "--no-error-summary", str(ACCEPTED), str(REFUSED)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stderr == ""
    found = re.findall(r"^(.*):(\d+): error", done.stdout, re.MULTILINE)
    return {(Path(name).name, int(number)) for name, number in found}


def run_pyright() -> set[Line]:
    """Return the lines that pyright refuses."""
    command = [str(BIN / "basedpyright"), "--outputjson", "--pythonpath", sys.executable, str(ACCEPTED), str(REFUSED)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {(Path(row["file"]).name, row["range"]["start"]["line"] + 1) for row in found if row["severity"] == "error"}


@pytest.mark.parametrize("check", [run_mypy, run_pyright])
def test_what_is_right_is_accepted_and_exactly_what_is_wrong_is_refused(check: Callable[[], set[Line]]) -> None:
    lines = enumerate(REFUSED.read_text(encoding="utf-8").splitlines(), 1)

    assert check() == {(REFUSED.name, number) for number, line in lines if line.endswith("# refused")}
