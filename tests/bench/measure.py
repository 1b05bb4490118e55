"""One measurement: a contender in a fresh process, warmed up, asked once.

Run as a program it is that process: it says that it is ready, waits for the word and prints what it saw.
Time, sampled memory and traced memory are measured in separate runs, because each disturbs the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import urllib.request
from dataclasses import dataclass

from tests.bench import memory
from tests.bench.contenders import CONTENDERS
from tests.bench.server import ROOT

SAMPLE_EVERY = 0.001  # seconds


@dataclass(frozen=True)
class Seen:
    """What one run took: seconds and bytes; None for what was not measured."""

    seconds: float
    after: float
    message: int
    resident: int | None
    traced: int | None
    anonymous: int | None = None


def measure(contender: str, address: str, body: str, *, sample: bool = False, trace: bool = False) -> Seen:
    """Ask `address` for `body` in a fresh process and return what that took."""
    command = [sys.executable, "-m", "tests.bench.measure", contender, address, body, *["trace"] * trace]
    with (
        tempfile.TemporaryDirectory(prefix="cometmagic-bench-") as folder,
        subprocess.Popen(
            command, cwd=ROOT, env=_environment(folder), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{contender} could not warm up")
        watch = Watch(process.pid) if sample else None
        process.stdin.write("go\n")
        process.stdin.flush()
        told = process.stdout.readline()
        grown = watch.stop() if watch else None
    if not told:
        raise RuntimeError(f"{contender} failed on {body}")
    return Seen(**json.loads(told), anonymous=grown)


class Watch:
    """Samples another process's anonymous memory from here, where its interpreter lock is not in the way."""

    def __init__(self, pid: int) -> None:
        self._pid, self._done = pid, threading.Event()
        self._before = self._most = memory.anonymous(pid)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int | None:
        """Return how far memory grew at most, or None where that cannot be known."""
        self._done.set()
        self._thread.join()
        return self._most - self._before if self._before else None

    def _look(self) -> None:
        while not self._done.wait(SAMPLE_EVERY):
            self._most = max(self._most, memory.anonymous(self._pid))


def _environment(folder: str) -> dict[str, str]:
    """Return an environment without anybody's settings, proxies or pictures."""
    ours = ("COMETAPI_", "COMETMAGIC_", "GOOGLE_", "GEMINI_")
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(ours) and "proxy" not in name.lower()
    }
    return kept | {"COMETMAGIC_LIBRARY": folder, "TMPDIR": folder}


def run(contender: str, address: str, body: str, *, trace: bool) -> Seen:
    """Measure in this process, once the word has come."""
    ask = CONTENDERS[contender]
    ask(f"{address}/tiny")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if trace:
        tracemalloc.start()
    before, begun = memory.reset_peak(), time.monotonic()
    message = ask(f"{address}/{body}")
    ended, peak = time.monotonic(), memory.status("VmHWM")
    traced = tracemalloc.get_traced_memory()[1] if trace else None
    with urllib.request.urlopen(f"{address}/last") as reply:
        last = float(reply.read())
    resident = peak - before if peak is not None and before is not None else None
    return Seen(ended - begun, ended - last, len(message), resident, traced)


if __name__ == "__main__":
    seen = vars(run(*sys.argv[1:4], trace=sys.argv[4:] == ["trace"]))
    sys.stdout.write(json.dumps({name: seen[name] for name in seen if name != "anonymous"}) + "\n")
