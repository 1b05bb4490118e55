"""`python -m tests.mutation [MODULE]`: runs a module's tests on each of its mutants, and lists those that survive.

pytest is started once. Each mutant is tested in a fork made before the tests are collected, where the package is
imported anew and the module comes from the changed source; no file is touched.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import math
import os
import re
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

from tests.mutation import EQUIVALENT, TESTS
from tests.mutation.mutants import Mutant, iter_mutants

ROOT = Path(__file__).resolve().parent.parent.parent
MAX_CPU_SECONDS = 120  # of the first run, which is of the module as it is
MAX_CPU_RATIO = 3  # of a mutant's run to the first one; a mutant that never ends counts as killed


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


class MutantRunner:
    """A plugin of pytest that runs the session once for each mutant."""

    def __init__(self, name: str, mutants: Sequence[Mutant]) -> None:
        self.name = name
        self.mutants = mutants
        self.survivors: list[Mutant] = []
        self.cpu_seconds = MAX_CPU_SECONDS
        self.is_fork = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool | None:
        """Collect nothing here, and everything in the forks."""
        for mutant in self.mutants:
            child = os.fork()
            if not child:
                self.is_fork = True
                _import_mutant(self.name, mutant, self.cpu_seconds)
                return None
            _, status, usage = os.wait4(child, 0)
            if os.waitstatus_to_exitcode(status) == 0:
                self.survivors.append(mutant)
            if mutant is self.mutants[0]:
                self.cpu_seconds = math.ceil(MAX_CPU_RATIO * usage.ru_utime) + 1
        return True


def _import_mutant(name: str, mutant: Mutant, cpu_seconds: int) -> None:
    for module_name in list(sys.modules):
        if module_name.partition(".")[0] in ("cometmagic", "tests"):
            del sys.modules[module_name]
    sys.meta_path.insert(0, MutantImporter(name, mutant.source))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))


def find_survivors(name: str, mutants: Sequence[Mutant], tests: Sequence[str]) -> list[Mutant]:
    """Return the mutants of a module with which its tests pass."""
    hypothesis.settings.register_profile("mutation", max_examples=30, derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    runner = MutantRunner(name, mutants)
    # hypothesis is imported before pytest can rewrite it, and nothing is to be printed.
    ignored_warning = "-Wignore:Module already imported"
    code = pytest.main(
        ["-n0", "-x", "-otimeout=20", ignored_warning, "-pno:terminal", "-pno:cacheprovider", *tests], [runner]
    )
    if runner.is_fork:
        os._exit(code)
    return runner.survivors


def main(names: Sequence[str]) -> int:
    """Print the kill rate of each module and its survivors; return 1 when a module's own tests fail."""
    for name in names or TESTS:
        source = (ROOT / f"{name.replace('.', '/')}.py").read_text("utf-8")
        patterns = "|".join(EQUIVALENT.get(name, ())) or "(?!)"
        mutants = [mutant for mutant in iter_mutants(source) if not re.match(patterns, mutant.change)]
        controls = [Mutant(0, f"nothing, {moment}", source) for moment in ("first", "last")]
        survivors = find_survivors(name, [controls[0], *mutants, controls[1]], TESTS[name])
        if failures := [control.change for control in controls if control not in survivors]:
            sys.stdout.write(f"{name}: its tests fail as it is ({'; '.join(failures)})\n")
            return 1
        survivors = [mutant for mutant in survivors if mutant not in controls]
        sys.stdout.write(f"{name}: {len(mutants) - len(survivors)} of {len(mutants)} killed\n")
        sys.stdout.writelines(f"  line {mutant.line}: {mutant.change}\n" for mutant in survivors)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
