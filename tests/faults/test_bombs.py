"""T16: an answer that grows when it is read costs the courier's process little more memory than a body may have.

Measured is the peak of resident memory as Linux tells it, pages of mapped files included, in a process of
its own for each bomb. The limit of a body is lowered; the full campaign keeps it as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cometmagic.courier import client
from cometmagic.errors import CometError
from cometmagic.generation import generate
from cometmagic.options.declaration import Limits
from tests.bench import memory
from tests.faults.bombs import BOMBS, MEGA, Bomb
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer, recv_request
from tests.figures import Record
from tests.gemini.answers import answer, answering, image

SPARE = 64 * MEGA
LOWERED = 24  # MB
CLOSE = 32 * MEGA  # to spare at the lowered limit, so that a body that is held twice shows there too
PATIENCE = 2.0  # seconds after which an answer without end is left

pytestmark = pytest.mark.skipif(memory.reset_peak() is None, reason="only Linux tells a process's peak")


def bombed(patch: pytest.MonkeyPatch, bomb: Bomb, limits: Limits) -> int:
    """Return by how many bytes a new courier's memory rose at most when a bomb was the answer."""
    courier = client.ProcessCourier()
    scenarios = [answering(answer(image())), [recv_request(), bomb.step(limits.largest_answer * MEGA)]]
    try:
        with FaultServer(*scenarios) as server, patch.context() as patched:
            patched.setattr(client, "_couriers", {os.getpid(): courier})
            patched.setenv("COMETAPI_KEY", KEY)
            patched.setenv("COMETAPI_BASE_URL", server.url)
            generate.generate("a picture, to warm up", preview=0)
            return rise(courier._process.pid, lambda: fails(limits))
    finally:
        courier._process.kill()
        courier._process.wait()


def rise(pid: int, does: Callable[[], object]) -> int:
    """Return by how many bytes the resident memory of a process rose at most while something was done."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = memory.status("VmHWM", pid) or 0
    does()
    return (memory.status("VmHWM", pid) or 0) - before


def fails(limits: Limits) -> None:
    with pytest.raises(CometError):
        generate.generate("a bomb", **limits.list_changes())


def check(patch: pytest.MonkeyPatch, figures: Record, bombs: dict[str, Bomb], limits: Limits, spare: int) -> None:
    """Hold bombs to the limit and what there is to spare, and record the worst."""
    risen = {name: bombed(patch, bomb, limits) for name, bomb in bombs.items()}

    worst = max(risen, key=lambda name: risen[name])
    cap = limits.largest_answer
    figures(
        f"T16 memory for {len(bombs)} bombs, bodies up to {cap} MB",
        f"up to {risen[worst] // MEGA} MB ({worst})",
        goal=f"{cap + spare // MEGA} MB",
    )
    over = {name: f"{bytes_ // MEGA} MB" for name, bytes_ in risen.items() if bytes_ > cap * MEGA + spare}
    assert not over


def test_t16_bombs(monkeypatch: pytest.MonkeyPatch, figures: Record) -> None:
    common = {name: bomb for name, bomb in BOMBS.items() if not bomb.rare}

    check(monkeypatch, figures, common, Limits(total_timeout=PATIENCE, largest_answer=LOWERED), CLOSE)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_t16_bombs_at_the_real_limit(monkeypatch: pytest.MonkeyPatch, figures: Record) -> None:
    check(monkeypatch, figures, BOMBS, Limits(total_timeout=20 * PATIENCE), SPARE)


READER = """
import sys, httpx
from tests.bench import memory
before = memory.reset_peak()
httpx.get(sys.argv[1]).content
print(memory.status("VmHWM") - before)
"""


def test_a_reader_that_keeps_the_body_in_memory_is_over_the_limit() -> None:
    bomb = BOMBS["gzip-of-300-MB-of-zeros"]
    with FaultServer([recv_request(), bomb.step(LOWERED * MEGA)]) as server:
        told = subprocess.run(
            [sys.executable, "-c", READER, server.url],
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
        )

    assert int(told.stdout) > LOWERED * MEGA + SPARE
