"""One run of a panel, from its settings to a result, on any thread.

It takes the same steps as a cell: plan, launch, wait, save. The caller gets the status a few times a second, and sets
an event to stop the wait. This module knows no widget.
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
    """The status of a run: its current step, why it waits, the bytes received, and how many images are finished."""

    activity: str
    wait_reason: str = ""
    received_bytes: int = 0
    finished_count: int = 0
    total_count: int = 1


@dataclass(frozen=True)
class RunResult:
    """The result of a run, the paths of saved copies, and the error if a copy could not be saved."""

    result: ImageResult | ImageResults
    saved_paths: tuple[Path, ...] = ()
    save_error: CometError | None = None

    def check(self) -> None:
        """Raise the error of a copy that could not be saved, if there is one."""
        if self.save_error is not None:
            raise self.save_error


def execute_run(
    build_plans: Callable[[], list[Plan]],
    stop_event: threading.Event,
    report: Callable[[RunStatus], None],
    namespace: MutableMapping[str, Any],
) -> RunResult:
    """Plan, send, wait and save. Raises a `CometError`, and `Interrupted` once `stop_event` is set."""
    try:
        plans = build_plans()
        check_not_dry_run(plans[0])
        _check_stop(stop_event)
        pending_call = launch(plans[0], stop_event.is_set) if len(plans) == 1 else _launch_batch(plans, stop_event)
    except Interrupted:  # its message already says what happens to the request
        raise
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    try:
        _wait_for_end(pending_call, stop_event, report)
        run_result = _collect_result(pending_call)
    except KeyboardInterrupt:
        raise Interrupted(pending_call.stop()) from None
    if name := pending_call.cell_options.into:
        namespace[name] = run_result.result
    return run_result


def _launch_batch(plans: list[Plan], stop_event: threading.Event) -> Batch:
    return launch_on_thread(lambda is_cancelled: launch_batch(plans, lambda: is_cancelled() or stop_event.is_set()))


def _wait_for_end(pending_call: Call | Batch, stop_event: threading.Event, report: Callable[[RunStatus], None]) -> None:
    build_status = _track_batch(pending_call) if isinstance(pending_call, Batch) else _track_call(pending_call)
    for event in pending_call.iter_events():
        _check_stop(stop_event)
        report(build_status(event))


def _check_stop(stop_event: threading.Event) -> None:
    if stop_event.is_set():
        raise KeyboardInterrupt


def _track_call(call: Call) -> Callable[[Event | None], RunStatus]:
    progress = CallProgress(call)

    def build_status(event: Event | None) -> RunStatus:
        progress.handle_event(event)
        activity, wait_reason = progress.describe()
        return RunStatus(activity, wait_reason, progress.received_bytes)

    return build_status


def _track_batch(batch: Batch) -> Callable[[Event | None], RunStatus]:
    def build_status(_: Event | None) -> RunStatus:
        total, (seconds, reason) = len(batch.calls), batch.pause
        wait_reason = f"a pause of {seconds:.0f} s: {reason}" if seconds >= 1 else ""
        activity = f"{batch.done_count} of {total} pictures"
        return RunStatus(activity, wait_reason, finished_count=batch.done_count, total_count=total)

    return build_status


def _collect_result(pending_call: Call | Batch) -> RunResult:
    """Return the result, saved where `--save` says. Raises the error of the call, or the first of a failed batch."""
    if isinstance(pending_call, Batch):
        results = pending_call.collect_results()
        if not results.results:
            raise results.errors[0]
        return _save_copies(results, pending_call.save(results))
    result = pending_call.result()
    set_last_result(result)
    return _save_copies(result, filter(None, map(pending_call.save, [result])))  # saved where its error is caught


def _save_copies(result: ImageResult | ImageResults, copies: Iterator[Path]) -> RunResult:
    paths: list[Path] = []
    try:
        paths.extend(copies)
    except CometError as error:  # the image itself is in the library
        return RunResult(result, tuple(paths), error)
    return RunResult(result, tuple(paths))
