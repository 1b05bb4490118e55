"""One run of a panel: from its settings to a result, on whatever thread carries it.

The way is the cell's: the same plans, the same launch, the same end. Whoever waits is told how things stand a few
times a second, and says by an event that the waiting is to stop. This module knows no widget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, CometError, Interrupted
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call
from cometmagic.generation.launch import check_not_dry_run, launch, launch_batch
from cometmagic.generation.plan import Plan
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.generation.session import set_last_result
from cometmagic.generation.wait import launch_on_thread
from cometmagic.notebook.progress import CallProgress


@dataclass(frozen=True)
class RunStatus:
    """How a run stands: what happens now, why it waits if it does, bytes received, pictures that have ended."""

    activity: str
    wait_reason: str = ""
    received_bytes: int = 0
    finished_count: int = 0
    total_count: int = 1


@dataclass(frozen=True)
class RunResult:
    """What came of a run, where copies were saved, and why one was not."""

    result: ImageResult | ImageResults
    saved_paths: tuple[Path, ...] = ()
    save_error: CometError | None = None

    def check(self) -> None:
        """Raise what kept a copy from being saved, if anything did."""
        if self.save_error is not None:
            raise self.save_error


def execute_run(
    build_plans: Callable[[], list[Plan]],
    stop_event: threading.Event,
    report: Callable[[RunStatus], None],
    namespace: MutableMapping[str, Any],
) -> RunResult:
    """Plan, send, wait and save. Raises a `CometError`, and `Interrupted` when `stop` is set meanwhile."""
    try:
        plans = build_plans()
        check_not_dry_run(plans[0])
        _check_stop(stop_event)
        under_way = launch(plans[0], stop_event.is_set) if len(plans) == 1 else _launch_batch(plans, stop_event)
    except Interrupted:  # it says already what becomes of it
        raise
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    try:
        _wait_for_end(under_way, stop_event, report)
        ended = _collect_result(under_way)
    except KeyboardInterrupt:
        raise Interrupted(under_way.stop()) from None
    if name := under_way.cell_options.into:
        namespace[name] = ended.result
    return ended


def _launch_batch(plans: list[Plan], stop_event: threading.Event) -> Batch:
    return launch_on_thread(lambda left: launch_batch(plans, lambda: left() or stop_event.is_set()))


def _wait_for_end(pending_call: Call | Batch, stop_event: threading.Event, report: Callable[[RunStatus], None]) -> None:
    look = _track_batch(pending_call) if isinstance(pending_call, Batch) else _track_call(pending_call)
    for event in pending_call.iter_events():
        _check_stop(stop_event)
        report(look(event))


def _check_stop(stop_event: threading.Event) -> None:
    if stop_event.is_set():
        raise KeyboardInterrupt


def _track_call(call: Call) -> Callable[[Event | None], RunStatus]:
    step = CallProgress(call)

    def look(event: Event | None) -> RunStatus:
        step.handle_event(event)
        told, why = step.describe()
        return RunStatus(told, why, step.received_bytes)

    return look


def _track_batch(batch: Batch) -> Callable[[Event | None], RunStatus]:
    def look(_: Event | None) -> RunStatus:
        total, (pause, why) = len(batch.calls), batch.pause
        waits = f"a pause of {pause:.0f} s: {why}" if pause >= 1 else ""
        return RunStatus(
            f"{batch.done_count} of {total} pictures", waits, finished_count=batch.done_count, total_count=total
        )

    return look


def _collect_result(pending_call: Call | Batch) -> RunResult:
    """Return the result, saved where `--save` says. Raises the error of a call, or the first when none of many came."""
    if isinstance(pending_call, Batch):
        results = pending_call.collect_results()
        if not results.results:
            raise results.errors[0]
        return _save_copies(results, pending_call.save(results))
    result = pending_call.result()
    set_last_result(result)
    return _save_copies(result, (path for path in [pending_call.save(result)] if path is not None))


def _save_copies(result: ImageResult | ImageResults, copies: Iterator[Path]) -> RunResult:
    saved: list[Path] = []
    try:
        saved.extend(copies)
    except CometError as problem:  # the picture is there all the same
        return RunResult(result, tuple(saved), problem)
    return RunResult(result, tuple(saved))
