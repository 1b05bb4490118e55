"""Many requests at once: planned together, refused together, sent together, and each with an end of its own.

How many are under way at a time, and the pause after a 429, are the courier's (gate.py). What failed stays in
its place beside what came. This module knows no notebook.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cometmagic.accounts import check_price
from cometmagic.advice import Price
from cometmagic.call import TAKING_BACK, TICK, Call
from cometmagic.courier.client import Event
from cometmagic.disk import near
from cometmagic.errors import CometError, Interrupted, LibraryError
from cometmagic.foreign import line
from cometmagic.library import State
from cometmagic.options import CellOptions
from cometmagic.planning import Plan, Prompt, plans
from cometmagic.results import LONGEST_LABEL, ImageResults
from cometmagic.session import last, prepare, remember, start, withdraw
from cometmagic.settings import library_folder


@dataclass
class Batch:
    """Requests that are under way together, in the order they were asked for."""

    plans: list[Plan]
    calls: list[Call]
    _pause: tuple[float, str] = field(default=(0.0, ""), init=False)  # until when (monotonic), and why

    @property
    def estimate(self) -> Price:
        """What all of them should cost; unknown when one of them is."""
        return total([plan for plan, call in zip(self.plans, self.calls, strict=True) if call.source == "live"])

    @property
    def done(self) -> int:
        """How many have ended, one way or the other."""
        return sum(not call.goes_on for call in self.calls)

    @property
    def counts(self) -> Counter[str]:
        """How many are `saved`, `failed`, `unsent` for good, `sent` and under way, or `planned` and wait."""
        return Counter(map(_standing, self.calls))

    @property
    def pause(self) -> tuple[float, str]:
        """For how many seconds one of them has to wait, and why; 0 when none has to."""
        until, why = self._pause
        return max(0.0, until - time.monotonic()), why

    @property
    def cell(self) -> CellOptions:
        """The options that all of them share."""
        return self.plans[0].cell

    @property
    def goes_on(self) -> bool:
        """Whether the courier is at work on any of them."""
        return any(call.goes_on for call in self.calls)

    def abandon(self) -> None:
        """Stop caring: nothing is shown when they end, and what should still come is kept."""
        for call in self.calls:
            call.abandon()

    def events(self) -> Iterator[Event | None]:
        """Yield the events of all until the last has ended, and None when none came for a moment."""
        while self.goes_on:
            came = [event for call in self.calls if call.job is not None and (event := call.job.next(0.0))]
            for event in came:
                self._take(event)
                yield event
            if not came:
                time.sleep(TICK)
                yield None

    def _take(self, event: Event) -> None:
        """Note how long one has to wait; mostly all have to."""
        if event["event"] == "waiting":
            self._pause = max(self._pause, (time.monotonic() + event["seconds"], event["why"]))

    def results(self) -> ImageResults:
        """Return what came of each: a result, or its error in its place."""
        ended: list[Any] = []
        for call in self.calls:
            try:
                result = call.result()
                remember(result)
                ended.append(result)
            except CometError as error:
                ended.append(error)
        return ImageResults(ended, [plan.label for plan in self.plans])

    def stop(self) -> str:
        """Stop waiting: take back what was not sent, and return what becomes of all in one sentence."""
        for call in self.calls:
            if call.job is not None:
                call.job.cancel()
        deadline = time.monotonic() + TAKING_BACK
        waiting = [call for call in self.calls if call.goes_on]
        while waiting and time.monotonic() < deadline:
            waiting = [call for call in waiting if not call.knows_its_fate(TICK / 10)]
        return self.future()

    def future(self) -> str:
        """Return in one sentence what becomes of them."""
        states = self.counts
        states["sent"] += states.pop("planned", 0)  # it may be sent any moment
        told = [f"{states[end]} {words}" for end, words in _ENDS.items() if states[end]]
        return f"Of {len(self.calls)} pictures {', '.join(told)}; they lie in {near(library_folder())}."


_ENDS = {
    "saved": "are saved",
    "sent": "go on and may be charged",
    "unsent": "were not sent",
    "failed": "failed",
}


def _standing(call: Call) -> str:
    try:
        about = call.folder.read()
    except LibraryError:  # somebody has removed it
        return "failed"
    match State(about["state"]):
        case State.SETTLED:
            return "saved"
        case State.FAILED | State.UNKNOWN:
            return "unsent" if about["error"]["fate"] == "UNSENT" else "failed"
        case State.PLANNED:
            return "planned"
        case _:
            return "sent"


def total(planned: Sequence[Plan]) -> Price:
    """Return what some requests should cost together; unknown when one of them is."""
    prices = [plan.estimate.usd for plan in planned]
    known = [price for price in prices if price is not None]
    return Price(round(sum(known), 6) if len(known) == len(prices) else None)


def begin_many(planned: list[Plan]) -> Batch:
    """Write all call folders and then hand them to the courier: what the limits refuse is refused before any is sent.

    Raises a `CometError` for whatever is wrong before that, and `Interrupted`.
    """
    live = [plan for plan in planned if plan.source == "live"]
    if live:
        limits = live[0].limits
        check_price(total(live), 1 + limits.retry_unknown, limits.max_cost)
    calls: list[Call] = []
    asked: Counter[str] = Counter()
    try:
        for plan in planned:
            calls.append(prepare(plan, asked[plan.digest]))
            asked[plan.digest] += 1
    except BaseException as problem:
        for call in calls:
            withdraw(call)
        if isinstance(problem, KeyboardInterrupt):
            raise Interrupted("Nothing was sent, so nothing was charged.") from None
        raise
    batch = Batch(planned, calls)
    try:
        for call in calls:
            start(call)
    except KeyboardInterrupt:
        raise Interrupted(batch.stop()) from None
    return batch


def generate_many(
    prompts: Prompt, *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResults:
    """Return the pictures of several prompts, made at once; what failed stands in its place as its error.

    `prompts` is a list of prompts as `generate` takes them, or one text with `count=4` or
    `sweep={"aspect_ratio": ["1:1", "16:9"]}`. Raises a `CometError` for what is wrong before anything is sent,
    and `Interrupted`: what was asked for is still saved.
    """
    asked = [prompts] if isinstance(prompts, str) else list(prompts)
    planned = [one for prompt in asked for one in plans(prompt, images=images, last=last(), **options)]
    if len(asked) > 1:
        planned = [
            replace(one, label=" · ".join(filter(None, (line(one.request.prompt, LONGEST_LABEL), one.label))))
            for one in planned
        ]
    batch = begin_many(planned)
    try:
        for event in batch.events():
            if event is not None and progress is not None:
                progress(event)
    except KeyboardInterrupt:
        raise Interrupted(batch.stop()) from None
    results = batch.results()
    for call, result in zip(batch.calls, results, strict=True):
        if not isinstance(result, CometError):
            call.save(result)
    return results
