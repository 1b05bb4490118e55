"""Stop, pressed a second time: the call that the first press detached is abandoned.

The first press gives the prompt back, and a kernel without a running cell ignores interrupts; so for a few
seconds it is made to listen. A terminal reads Ctrl-C as a key there, and has no second press.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable

LISTEN_SECONDS = 5.0  # seconds
POLL_SECONDS = 0.02  # seconds between two looks whether the interrupted cell has ended


def listen(abandon: Callable[[], None]) -> bool:
    """Call `abandon` when the kernel is interrupted within `WINDOW`; return whether it can listen at all."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # a terminal
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    loop.call_soon(_install_handler, loop, abandon, loop.time() + LISTEN_SECONDS)
    return True


def _install_handler(loop: asyncio.AbstractEventLoop, abandon: Callable[[], None], deadline: float) -> None:
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # the interrupted cell is still being brought to its end
        if loop.time() < deadline:
            loop.call_later(POLL_SECONDS, _install_handler, loop, abandon, deadline)
        return

    def pressed(*_: object) -> None:
        disarm()
        if loop.time() < deadline:  # a kernel puts back after a cell what it found before, however late
            loop.call_soon_threadsafe(abandon)

    def disarm() -> None:
        if signal.getsignal(signal.SIGINT) is pressed:
            signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, pressed)
    loop.call_at(deadline, disarm)
