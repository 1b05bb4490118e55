"""A coroutine on a thread of its own, with its own event loop: a notebook's loop is running already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_SLACK = 0.5  # seconds more than the coroutine's own time limit, which a look-up of a host does not keep
Result = TypeVar("Result")


def run_on_own_thread(coroutine: Coroutine[Any, Any, Result], timeout: float, name: str) -> Result:
    """Return the result of a coroutine that limits itself to `timeout` seconds; `name` is that of the thread.

    Raises what the coroutine raises, and `TimeoutError`; then the thread may still be running.
    """
    future: Future[Result] = Future()
    threading.Thread(target=_run, args=(future, coroutine), name=name, daemon=True).start()
    return future.result(timeout + _SLACK)


def _run(future: Future[Result], coroutine: Coroutine[Any, Any, Result]) -> None:
    try:
        with asyncio.Runner() as runner:
            result = runner.run(coroutine)
    except BaseException as error:  # noqa: BLE001  # raised again in `run_on_own_thread`
        future.set_exception(error)
    else:
        future.set_result(result)
