"""Fifty runs that were started and cancelled leave nothing behind: no widget, thread, open file or memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.notebook.fixtures import Notebook
from tests.widget.test_panel_kernel import WAIT, made

MOST_GROWTH = 400_000  # bytes, of all that Python holds
HELD = """
import asyncio, gc, os, sys, threading, time, tracemalloc
from ipywidgets import Widget

def give_back():
    # The kernel opens a pipe for each thread that speaks, and looks every ten seconds which have ended.
    iopub = get_ipython().kernel.iopub_thread
    if hasattr(iopub, "_event_pipe_gc"):
        asyncio.run_coroutine_threadsafe(iopub._event_pipe_gc(), iopub.io_loop.asyncio_loop).result(60)

def look():
    give_back()
    gc.collect()
    files = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    memory = tracemalloc.get_traced_memory()[0]
    return len(Widget.get_manager_state()["state"]), threading.active_count(), files, memory

def cycles(number):
    for _ in range(number):
        p.start(); p.cancel()
        while p.busy: time.sleep(0.002)
        leak()

def leak(): pass
kept = []
"""
CYCLES = """
while any(thread.name == "cometmagic-panel" for thread in threading.enumerate()):
    time.sleep(0.05)  # those of earlier panels end soon
tracemalloc.start()
try:
    cycles(10)  # what is made once and kept
    before = look()
    cycles(40)
    after = look()
finally:
    tracemalloc.stop()
"""


def growth(notebook: Notebook, leak: str = "None") -> dict[str, Any]:
    """Return what forty cycles leave behind when each of them does `leak`."""
    made(notebook)
    notebook.run(f"{WAIT}{HELD}leak = lambda: {leak}")
    ran = notebook.run(CYCLES)
    assert ran.error is None, ran.error
    found = notebook.evaluate("[now - then for now, then in zip(after, before)]")
    return dict(zip(("widgets", "threads", "files", "memory"), found, strict=True))


def test_fifty_cancelled_runs_leave_nothing_behind(notebook: Notebook) -> None:
    left = growth(notebook)

    assert left.pop("memory") < MOST_GROWTH, left
    assert left == {"widgets": 0, "threads": 0, "files": 0}


@pytest.mark.parametrize(
    ("what", "leak", "least"),
    [
        ("widgets", "kept.append(type(p.children[0])())", 40),
        ("threads", "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", 40),
        ("files", "kept.append(open(os.devnull))", 40),
        ("memory", "kept.append(bytearray(20_000))", MOST_GROWTH),
    ],
)
def test_what_is_left_behind_on_purpose_is_found(notebook: Notebook, what: str, leak: str, least: int) -> None:
    left = growth(notebook, leak)
    notebook.run("kept.clear()")

    assert left[what] >= least
