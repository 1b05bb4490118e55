"""Fifty runs that were started and cancelled leave nothing behind: no widget, thread, open file or memory."""

from __future__ import annotations

from typing import Any

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

def count():
    give_back()
    gc.collect()
    files = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    return len(Widget.get_manager_state()["state"]), threading.active_count(), files

def look():
    counts = None
    while counts != (counts := count()):
        time.sleep(0.05)  # the last run still closes what it had open
    return *counts, tracemalloc.get_traced_memory()[0]

def cycles(number):
    for _ in range(number):
        p.start(); p.cancel()
        while p.busy: time.sleep(0.002)
        leak()

def leak(): pass
kept, end = [], threading.Event()
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


def test_what_is_left_behind_on_purpose_is_found(notebook: Notebook) -> None:
    leaks = {
        "widgets": "kept.append(type(p.children[0])())",
        "threads": "threading.Thread(target=end.wait, daemon=True).start()",
        "files": "kept.append(open(os.devnull))",
        "memory": "kept.append(bytearray(20_000))",
    }

    left = growth(notebook, f"({', '.join(leaks.values())})")
    notebook.run("end.set(); kept.clear()")

    assert left.pop("memory") > MOST_GROWTH
    assert {what for what, number in left.items() if number >= 40} == {"widgets", "threads", "files"}
