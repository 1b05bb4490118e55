"""A call made end to end against the fault server, with what every call must keep to checked each time.

`asking` goes through `cometmagic.generate`, `carrying` through the delivery alone, for calls with limits of
their own. Both give an `Outcome`: the result or the error, the call's folder, and what the server saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import cometmagic
from cometmagic.courier.delivery import Delivery
from cometmagic.courier.job import EventSink
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.courier.route import LiveRoute, Route
from cometmagic.errors import ChargeStatus, CometError
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.generation.call import read_result
from cometmagic.generation.result import ImageResult
from cometmagic.options.declaration import Limits, Options
from cometmagic.options.settings import Key
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from tests.faults.leaks import KEY, leaks, spoken
from tests.faults.server import Exchange, FaultServer, Step

PROMPT = "a red bicycle"
AGAIN = 3  # further tries there may be


@dataclass
class Outcome:
    """What became of one call."""

    result: ImageResult | None
    error: CometError | None
    folder: CallFolder
    log: list[Exchange]

    @property
    def made(self) -> ImageResult:
        """The result of a call that was to succeed."""
        assert self.result is not None, f"no picture: {self.error}"
        return self.result

    @property
    def told(self) -> CometError:
        """The error of a call that was to fail."""
        assert self.error is not None, f"a picture came out: {self.result}"
        return self.error

    @property
    def call(self) -> dict[str, Any]:
        """What call.json says."""
        return dict(self.folder.read())

    @property
    def state(self) -> CallState:
        """Where the call stands."""
        return CallState(self.call["state"])

    @property
    def notes(self) -> str:
        """What was remarked after the answer."""
        return "\n".join(self.call.get("notes", []))

    @property
    def exchange(self) -> Exchange:
        """The one connection there may be."""
        assert len(self.log) == 1
        return self.log[0]

    def check(self) -> None:
        """Hold the call to what is promised of every call, whatever became of it."""
        tries = self.call.get("tries", [])
        assert len(self.log) <= 1 + len(tries), "more connections than tries"
        assert ChargeStatus.UNKNOWN.name not in {one["error"]["fate"] for one in tries}, "sent again without need"
        assert {exchange.start_line.split(" ")[0] for exchange in self.log} <= {"POST", ""}
        assert not leaks(self.folder.path.parent)
        assert not list(self.folder.path.glob(".*")), "something half written was left"
        if self.error is None:
            assert self.state is CallState.SETTLED
            return
        assert self.state is (
            CallState.UNKNOWN if self.error.charge_status is ChargeStatus.UNKNOWN else CallState.FAILED
        )
        told = str(self.error)
        assert "\n" not in told
        assert self.error.charge_sentence in told
        assert told.isprintable()
        assert not leaks(spoken(self.error))


async def deliver(folder: CallFolder, route: Route, emit: EventSink) -> None:
    """Deliver the call of `folder` without a courier; `emit` gets its events, and `done` in any case."""
    try:
        await Delivery(folder, route, emit, RateLimiter()).run()
    finally:
        emit({"event": "done"})


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a context manager that points the package at a server playing the given scenarios."""

    @contextmanager
    def served(*scenarios: list[Step]) -> Iterator[FaultServer]:
        with FaultServer(*scenarios) as server:
            monkeypatch.setenv("COMETAPI_KEY", KEY)
            monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
            yield server

    return served


class Asker:
    """Makes calls; see the module."""

    def __init__(self, serving: Any, root: Path) -> None:
        self.serving = serving
        self.library = Library(root)

    def __call__(self, *steps: Step, prompt: Any = PROMPT, **options: Any) -> Outcome:
        """Ask through `generate`, while the server plays `steps`."""
        before = set(self.library.iter_folders())
        made: ImageResult | None = None
        error: CometError | None = None
        with self.serving(*[list(steps)] * (1 + AGAIN)) as server:
            try:
                made = cometmagic.generate(prompt, **options)
            except CometError as problem:
                error = problem
        (folder,) = set(self.library.iter_folders()) - before
        outcome = Outcome(made, error, folder, server.log)
        outcome.check()
        return outcome

    def carry(self, *steps: Step, limits: Limits, **options: Any) -> Outcome:
        """Deliver one call with limits of its own, while the server plays `steps`."""
        request = ImageRequest((Turn((TextPart(PROMPT),)),), Options(**options))
        folder = self.library.create_folder(request, source="live", preview=64)
        made: ImageResult | None = None
        error: CometError | None = None
        with self.serving(*[list(steps)] * (1 + AGAIN)) as server:
            asyncio.run(deliver(folder, LiveRoute(server.url, Key(KEY, "the test"), limits), lambda _: None))
        try:
            made = read_result(folder)
        except CometError as problem:
            error = problem
        outcome = Outcome(made, error, folder, server.log)
        outcome.check()
        return outcome


@pytest.fixture
def ask(serving: Any, library_folder: Path) -> Asker:
    """Return a function that asks for a picture and tells what became of it."""
    return Asker(serving, library_folder)
