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

from cometmagic.courier.client import Event
from cometmagic.errors import ChargeStatus, CometError, Interrupted
from cometmagic.generation import generate
from cometmagic.generation.batch import Batch, launch_batch, launch_on_thread
from cometmagic.generation.call import Call
from cometmagic.generation.plan import Plan
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook.progress import Step


@dataclass(frozen=True)
class Standing:
    """How a run stands: what happens now, why it waits if it does, bytes received, pictures that have ended."""

    told: str
    why: str = ""
    received: int = 0
    done: int = 0
    total: int = 1


@dataclass(frozen=True)
class Ended:
    """What came of a run, where copies were saved, and why one was not."""

    result: ImageResult | ImageResults
    saved: tuple[Path, ...] = ()
    problem: CometError | None = None

    def check(self) -> None:
        """Raise what kept a copy from being saved, if anything did."""
        if self.problem is not None:
            raise self.problem


def carry(
    planned: Callable[[], list[Plan]],
    stop: threading.Event,
    tell: Callable[[Standing], None],
    names: MutableMapping[str, Any],
) -> Ended:
    """Plan, send, wait and save. Raises a `CometError`, and `Interrupted` when `stop` is set meanwhile."""
    try:
        plans = planned()
        generate.check_not_dry_run(plans[0])
        _check(stop)
        under_way = generate.launch(plans[0], stop.is_set) if len(plans) == 1 else _launched(plans, stop)
    except Interrupted:  # it says already what becomes of it
        raise
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    try:
        _wait(under_way, stop, tell)
        ended = _ended(under_way)
    except KeyboardInterrupt:
        raise Interrupted(under_way.stop()) from None
    if name := under_way.cell_options.into:
        names[name] = ended.result
    return ended


def _launched(plans: list[Plan], stop: threading.Event) -> Batch:
    return launch_on_thread(lambda left: launch_batch(plans, lambda: left() or stop.is_set()))


def _wait(under_way: Call | Batch, stop: threading.Event, tell: Callable[[Standing], None]) -> None:
    look = _looks_at_batch(under_way) if isinstance(under_way, Batch) else _looks_at_call(under_way)
    for event in under_way.iter_events():
        _check(stop)
        tell(look(event))


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise KeyboardInterrupt


def _looks_at_call(call: Call) -> Callable[[Event | None], Standing]:
    step = Step(call)

    def look(event: Event | None) -> Standing:
        step.take(event)
        told, why = step.words()
        return Standing(told, why, step.received)

    return look


def _looks_at_batch(batch: Batch) -> Callable[[Event | None], Standing]:
    def look(_: Event | None) -> Standing:
        total, (pause, why) = len(batch.calls), batch.pause
        waits = f"a pause of {pause:.0f} s: {why}" if pause >= 1 else ""
        return Standing(f"{batch.done_count} of {total} pictures", waits, done=batch.done_count, total=total)

    return look


def _ended(under_way: Call | Batch) -> Ended:
    """Return the result, saved where `--save` says. Raises the error of a call, or the first when none of many came."""
    if isinstance(under_way, Batch):
        results = under_way.collect_results()
        if not results.results:
            raise results.errors[0]
        return _saved(results, under_way.save(results))
    result = under_way.result()
    generate.set_last_result(result)
    return _saved(result, (path for path in [under_way.save(result)] if path is not None))


def _saved(result: ImageResult | ImageResults, copies: Iterator[Path]) -> Ended:
    saved: list[Path] = []
    try:
        saved.extend(copies)
    except CometError as problem:  # the picture is there all the same
        return Ended(result, tuple(saved), problem)
    return Ended(result, tuple(saved))
