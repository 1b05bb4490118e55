"""I9, I10: whatever ends a kernel while its picture is being made, the picture is on disk (T12).

The service answers only when the kernel is gone. What a culler does is done by Jupyter Server's own one.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from tests.faults.holding import Holding, brought_home, folders
from tests.figures import Record
from tests.notebook.answers import CANARY
from tests.notebook.kernel import Kernel
from tests.waiting import wait_for

SEED = 20261125
CELLS = (
    "%load_ext cometmagic\n%gemini_image a cat",
    "import cometmagic; cometmagic.generate('a cat')",
    "import cometmagic; await cometmagic.agenerate('a cat')",
)
ON_A_THREAD = """
import os, cometmagic
from cometmagic.courier import client
client._couriers[os.getpid()] = client.ThreadCourier()
cometmagic.generate("a cat")
"""
Death = Callable[[KernelManager], Any]


def kill(manager: KernelManager) -> None:
    """Do what the system does when memory runs out."""
    os.kill(manager.provisioner.pid, signal.SIGKILL)  # type: ignore[union-attr]  # it runs, so it has one


DEATHS: dict[str, Death] = {
    "restart": lambda manager: manager.restart_kernel(now=False),
    "restart now": lambda manager: manager.restart_kernel(now=True),
    "shutdown": lambda manager: manager.shutdown_kernel(now=False),
    "shutdown now": lambda manager: manager.shutdown_kernel(now=True),
    "kill -9": kill,
}
CULLED = "culled"
LIVES_ON = ("restart", "restart now")


class Ward:
    """Kernels that end while they wait for a picture; one that was restarted is used again."""

    def __init__(self, holding: Holding, place: Path, library: Path) -> None:
        self.holding, self.place, self.library = holding, place, library
        self.trials = 0
        self._kernel: Kernel | None = None

    def ended(self, how: str, cell: str) -> Path:
        """Run a cell, end its kernel when the request has been made, let the answer come; return the folder."""
        before = set(folders(self.library))
        if how == CULLED:
            asyncio.run(self._culled(cell))
        else:
            self._dies(how, cell)
        self.holding.let_go(self.trials)
        self.trials += 1
        [folder] = set(folders(self.library)) - before
        return folder

    def _dies(self, how: str, cell: str) -> None:
        kernel = self._kernel = self._kernel or Kernel(self.place)
        manager = kernel._manager
        kernel.start(cell)
        self.holding.asked(self.trials)
        first = manager.provisioner.pid  # type: ignore[union-attr]  # it runs
        DEATHS[how](manager)
        if how in LIVES_ON:
            assert manager.provisioner.pid != first  # type: ignore[union-attr]  # as above
            kernel._client.wait_for_ready(timeout=60)
        else:
            wait_for(lambda: not manager.is_alive())
            self.close()

    async def _culled(self, cell: str) -> None:
        """Let Jupyter Server's culler end a busy kernel that nobody has used for an hour."""
        server: Any = importlib.import_module("jupyter_server.services.kernels.kernelmanager")
        culler = server.AsyncMappingKernelManager(cull_idle_timeout=60, cull_busy=True, cull_connected=True)
        name = await culler.start_kernel(path=str(self.place))
        kernel = culler.get_kernel(name)
        client = kernel.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        client.execute(cell)
        await asyncio.to_thread(self.holding.asked, self.trials)
        client.stop_channels()
        kernel.last_activity -= timedelta(hours=1)
        await culler.cull_kernel_if_idle(name)
        assert name not in culler

    def close(self) -> None:
        """End the kernel that lives on."""
        if self._kernel is not None:
            self._kernel.__exit__()
            self._kernel = None


@pytest.fixture
def ward(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library_folder: Path) -> Callable[[int], Any]:
    """Return a context manager that opens a ward for so many trials."""

    @contextmanager
    def opened(trials: int) -> Iterator[Ward]:
        with Holding(trials) as holding:
            monkeypatch.setenv("COMETAPI_KEY", CANARY)
            monkeypatch.setenv("COMETAPI_BASE_URL", holding.server.url)
            ward = Ward(holding, tmp_path, library_folder)
            try:
                yield ward
            finally:
                ward.close()

    return opened


def tried(ward: Callable[[int], Any], trials: int, figures: Record) -> None:
    numbers = random.Random(SEED)  # noqa: S311  # the same cells again is what the seed is for
    kinds, begun = [*DEATHS, CULLED], time.monotonic()
    chosen = [(kinds[number % len(kinds)], numbers.choice(CELLS)) for number in range(trials)]
    with ward(trials) as open_ward:
        made = [(how, open_ward.ended(how, cell)) for how, cell in chosen]
        kept = [brought_home(folder) for _, folder in made]
        posts = len(open_ward.holding.server.log)
    lost = [f"{how}: {folder}" for (how, folder), home in zip(made, kept, strict=True) if not home]
    count = ", ".join(f"{count} {how}" for how, count in Counter(how for how, _ in made).items())
    figures("kernel ended in mid-generation: image on disk", f"{sum(kept)} of {trials}", goal=str(trials))
    figures("kernel ended in mid-generation: how", count)
    figures("kernel ended in mid-generation: POSTs", f"{posts}, seed {SEED}, {time.monotonic() - begun:.0f} s")
    assert lost == []
    assert posts == trials


def test_a_picture_outlives_its_kernel(ward: Callable[[int], Any], figures: Record) -> None:
    tried(ward, len(DEATHS) + 1, figures)


def test_control_a_thread_dies_with_its_kernel(ward: Callable[[int], Any], figures: Record) -> None:
    """The same death and the same look, but the call is carried inside the kernel."""
    with ward(1) as open_ward:
        folder = open_ward.ended("kill -9", ON_A_THREAD)

    assert json.loads((folder / "call.json").read_bytes())["state"] == "sent"
    assert not list(folder.glob("image*"))
    figures("control, carried on a thread of the kernel: image on disk", "0 of 1")


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_hundred_pictures_outlive_their_kernels(ward: Callable[[int], Any], figures: Record) -> None:
    tried(ward, 100, figures)
