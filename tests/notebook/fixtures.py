"""One kernel for a worker, as fresh for each test as a new notebook, and loopback services for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.server import FaultServer, Step
from tests.notebook.answers import CANARY
from tests.notebook.kernel import Kernel

RESET = """
%reset -f
_history = get_ipython().history_manager
for _cells in (_history.input_hist_parsed, _history.input_hist_raw):
    _cells[:] = [""] * len(_cells)
import os
for _name in [_name for _name in os.environ if _name.startswith(("COMETAPI_", "COMETMAGIC_"))]:
    del os.environ[_name]
os.environ["COMETMAGIC_LIBRARY"] = {library!r}
os.chdir({place!r})
get_ipython().config.pop("GeminiImage", None)
%xmode Context
%reload_ext cometmagic
__import__("gc").freeze()
"""
# Every `%reset` looks at all objects, twice: not at those that are there from the start, or from what an earlier test
# imported. Completing once leaves a million.
FROZEN = "%load_ext cometmagic\nimport gc; gc.collect(); gc.freeze()"


class Notebook:
    """A notebook in its own folder."""

    def __init__(self, kernel: Kernel, place: Path, library: Path) -> None:
        self.kernel, self.place, self.library = kernel, place, library
        self.run, self.evaluate = kernel.run, kernel.evaluate
        ran = kernel.run(RESET.format(library=str(library), place=str(place)))
        assert ran.error is None, ran.error

    def set(self, **variables: str) -> None:
        """Set environment variables in the kernel, as if they had been set before it started."""
        ran = self.run(f"import os; os.environ.update({variables!r})", history=False)
        assert ran.reply["status"] == "ok"

    @property
    def folders(self) -> list[Path]:
        """The call folders, oldest first."""
        return sorted(path.parent for path in self.library.glob("*/call.json"))


class Services:
    """Starts loopback services and points the notebook at them."""

    def __init__(self, notebook: Notebook, stack: contextlib.ExitStack) -> None:
        self._notebook, self._stack = notebook, stack

    def __call__(self, *scenarios: list[Step], key: str = CANARY) -> FaultServer:
        server = self._stack.enter_context(FaultServer(*scenarios))
        self._notebook.set(COMETAPI_KEY=key, COMETAPI_BASE_URL=server.url)
        return server


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Return the one kernel of the run, or of a worker."""
    with Kernel(tmp_path_factory.mktemp("kernel")) as running:
        assert running.run(FROZEN).error is None
        yield running


@pytest.fixture
def notebook(kernel: Kernel, tmp_path: Path, library_folder: Path) -> Notebook:
    """Return a fresh notebook with the extension loaded, no key, and a library of its own."""
    return Notebook(kernel, tmp_path, library_folder)


@pytest.fixture
def serve(notebook: Notebook) -> Iterator[Services]:
    """Return a function that starts a service and gives the notebook a key for it."""
    with contextlib.ExitStack() as stack:
        yield Services(notebook, stack)
