"""One run of a panel: from its settings to a result, on whatever thread carries it.

The way is the cell's: the same plans, the same launch, the same end. Whoever waits is told how things stand a few
times a second, and says by an event that the waiting is to stop. This module knows no widget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cometmagic import session
from cometmagic.batch import Batch, begin_many
from cometmagic.call import Call
from cometmagic.errors import CometError, Interrupted
from cometmagic.notebook.waiting import Step
from cometmagic.planning import Plan
from cometmagic.result import ImageResult
from cometmagic.results import ImageResults

UNSENT = "Nothing was sent, so nothing was charged."


@dataclass(frozen=True)
class Standing:
    """How a run stands: what happens now, why it waits if it does, bytes received, pictures that have ended."""

    told: str
    why: str = ""
    received: int = 0
    done: int = 0
    total: int = 1
    warnings: tuple[str, ...] = ()


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
        _check(stop)
        under_way: Call | Batch = session.launch(plans[0]) if len(plans) == 1 else begin_many(plans)
    except Interrupted:  # it says already what becomes of it
        raise
    except KeyboardInterrupt:
        raise Interrupted(UNSENT) from None
    try:
        _wait(under_way, stop, tell)
    except KeyboardInterrupt:
        raise Interrupted(under_way.stop()) from None
    ended = _ended(under_way)
    if name := under_way.cell.into:
        names[name] = ended.result
    return ended


def _wait(under_way: Call | Batch, stop: threading.Event, tell: Callable[[Standing], None]) -> None:
    step = Step(under_way) if isinstance(under_way, Call) else None
    for event in under_way.events():
        if step is not None:
            step.take(event)
        _check(stop)
        tell(_standing(under_way, step))


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise KeyboardInterrupt


def _standing(under_way: Call | Batch, step: Step | None) -> Standing:
    if isinstance(under_way, Batch):
        total = len(under_way.calls)
        warnings = dict.fromkeys(warning for call in under_way.calls for warning in call.warnings)
        return Standing(
            f"{under_way.done} of {total} pictures", done=under_way.done, total=total, warnings=tuple(warnings)
        )
    told, why = step.words() if step is not None else ("", "")
    received = step.received if step is not None else 0
    return Standing(told, why, received, warnings=tuple(under_way.warnings))


def _ended(under_way: Call | Batch) -> Ended:
    """Return the result, saved where `--save` says. Raises the error of a call, or the first when none of many came."""
    if isinstance(under_way, Call):
        result = under_way.result()
        session.remember(result)
        return _saved(result, [(under_way, result)])
    results = under_way.results()
    if not results.made:
        raise results.errors[0]
    pairs = zip(under_way.calls, results, strict=True)
    return _saved(results, [(call, one) for call, one in pairs if isinstance(one, ImageResult)])


def _saved(result: ImageResult | ImageResults, made: list[tuple[Call, ImageResult]]) -> Ended:
    copies: list[Path] = []
    try:
        copies += [path for call, one in made if (path := call.save(one)) is not None]
    except CometError as problem:  # the picture is there all the same
        return Ended(result, tuple(copies), problem)
    return Ended(result, tuple(copies))
