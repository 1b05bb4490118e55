"""The second interrupt, which abandons the call that the first one stopped waiting for.

The first interrupt ends the cell, and a kernel without a running cell ignores interrupts. A signal handler listens for
a few seconds instead. At the prompt of a terminal Ctrl-C is a key, so there is no second interrupt.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable

LISTEN_SECONDS = 5.0  # seconds from the end of the interrupted cell
MAX_END_SECONDS = 60.0  # seconds until that end; a busy machine takes long
POLL_SECONDS = 0.02  # seconds between two checks whether the interrupted cell has ended


def listen(abandon: Callable[[], None]) -> bool:
    """Call `abandon` if the kernel is interrupted within `LISTEN_SECONDS`; return whether it can listen at all."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # a terminal
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    loop.call_soon(_install_handler, loop, abandon, loop.time() + MAX_END_SECONDS)
    return True


def _install_handler(loop: asyncio.AbstractEventLoop, abandon: Callable[[], None], last_time: float) -> None:
    previous_handler = signal.getsignal(signal.SIGINT)
    if previous_handler is signal.default_int_handler:  # the interrupted cell has not ended yet
        if loop.time() < last_time:
            loop.call_later(POLL_SECONDS, _install_handler, loop, abandon, last_time)
        return
    deadline = loop.time() + LISTEN_SECONDS

    def handle_interrupt(*_: object) -> None:
        restore_handler()
        if loop.time() < deadline:  # a kernel can reinstall this handler after a later cell
            loop.call_soon_threadsafe(abandon)

    def restore_handler() -> None:
        if signal.getsignal(signal.SIGINT) is handle_interrupt:
            signal.signal(signal.SIGINT, previous_handler)

    signal.signal(signal.SIGINT, handle_interrupt)
    loop.call_at(deadline, restore_handler)
