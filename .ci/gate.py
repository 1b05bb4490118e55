"""The gate: what every change must pass before its tests count.

All steps run even when one fails, so that a single call tells everything that is wrong. The tools come
from the environment that runs this script, and their settings from pyproject.toml.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

STEPS = {
    "format": ["ruff", "format", "--check", "--output-format", "concise"],
    "lint": ["ruff", "check", "--output-format", "concise"],
    "types": ["mypy"],
    "doors": ["basedpyright"],
    "imports": ["lint-imports", "--no-logo"],
    "docs": [
        "cog",
        "--check",
        "-P",
        *sorted(path.name for path in ROOT.glob("*.md")),
        "cometmagic/options/keywords.py",
    ],
}


def passes(name: str, command: list[str]) -> bool:
    """Run one step, print its summary and, if it fails, what it said."""
    tool, *arguments = command
    done = subprocess.run(
        [BIN / tool, *arguments], cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name:8} {' '.join(command)}", flush=True)
    if done.returncode:
        print(done.stdout.rstrip(), flush=True)
    return done.returncode == 0


def main() -> int:
    """Run every step and return the exit code."""
    verdicts = [passes(name, command) for name, command in STEPS.items()]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
