"""The tests of the modules that guard keys and money kill nine of ten mutants; tests that test nothing kill none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import Record
from tests.mutation import TESTS
from tests.mutation.mutants import iter_mutants

ROOT = Path(__file__).resolve().parent.parent.parent
MIN_KILL_RATE = 0.9
SOURCE = '''"""Docstring."""
import re
LIMITS = (1, 2)
PATTERN = re.compile("ab")
def pick(items: list[int], is_last: bool = False) -> int:
    """Docstring."""
    if not items or len(items) < 3:
        return 0
    return max(items[1:], default=0)
'''
CHANGES = {
    "(1, 2) → (2,)", "(1, 2) → (1,)", "1 → 2", "2 → 3", "'ab' → 'b'", "'ab' → 'a'", "False → True",
    "if not items or len(items) < 3: → if not (not items or len(items) < 3):",
    "not items or len(items) < 3 → not items and len(items) < 3", "not items or len(items) < 3 → len(items) < 3",
    "not items or len(items) < 3 → not items", "not items → not not items", "len(items) < 3 → len(items) <= 3",
    "3 → 4", "0 → 1", "return 0 → return None", "return max(items[1:], default=0) → return None",
    "max(items[1:], default=0) → max(items[1:])", "1: → :",
}  # fmt: skip


def test_each_small_change_is_a_mutant() -> None:
    assert {mutant.change for mutant in iter_mutants(SOURCE)} == CHANGES


def run(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tests.mutation", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform == "win32", reason="mutants run in forks")
@pytest.mark.parametrize("name", TESTS)
def test_nine_of_ten_mutants_are_killed(name: str, figures: Record) -> None:
    report = run(name)

    match = re.search(r"(\d+) of (\d+) killed", report)
    assert match, report
    figures(f"mutants of {name} killed", match[0].removesuffix(" killed"), goal="90 %")
    assert int(match[1]) >= MIN_KILL_RATE * int(match[2]), report
