"""`python -m tests.mutation [MODULE]`: runs a module's tests on each of its mutants, and lists those that survive.

Each mutant runs in a fork, where the module is imported from the changed source; no file is touched.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

from tests.mutation.mutants import iter_mutants

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = {
    "cometmagic.courier.retry": ("tests/courier/test_retry_rules.py",),
    "cometmagic.storage.redaction": ("tests/storage/test_redaction.py",),
    "cometmagic.system.sanitize": ("tests/system/test_sanitize.py",),
}
CPU_SECONDS = 60  # of a run; a mutant that never ends counts as killed


class MutantImporter(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from a source that is not on the disk."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def get_source(self, fullname: str) -> str:
        return self.source


def survives(name: str, source: str, tests: Sequence[str]) -> bool:
    """Whether the tests pass with this source of the module."""
    child = os.fork()
    if not child:
        os._exit(_run_tests(name, source, tests))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _run_tests(name: str, source: str, tests: Sequence[str]) -> int:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    sys.meta_path.insert(0, MutantImporter(name, source))
    return int(pytest.main(["-n0", "-x", "-q", "-p", "no:cacheprovider", *tests]))


def main(names: Sequence[str]) -> int:
    """Print the kill rate of each module and its survivors; return 1 when a module's own tests fail."""
    for name in names or TESTS:
        path = ROOT / f"{name.replace('.', '/')}.py"
        if not survives(name, path.read_text("utf-8"), TESTS[name]):
            sys.stdout.write(f"{name}: its tests fail as it is\n")
            return 1
        mutants = list(iter_mutants(path.read_text("utf-8")))
        survivors = [mutant for mutant in mutants if survives(name, mutant.source, TESTS[name])]
        sys.stdout.write(f"{name}: {len(mutants) - len(survivors)} of {len(mutants)} killed\n")
        sys.stdout.writelines(f"  line {mutant.line}: {mutant.change}\n" for mutant in survivors)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
