"""Stop, pressed a second time: the call that the first press detached is abandoned.

The first press gives the prompt back, and a kernel without a running cell ignores interrupts; so for a few
seconds it is made to listen. A terminal reads Ctrl-C as a key there, and has no second press.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable

WINDOW = 5.0  # seconds
MOMENT = 0.02  # seconds between two looks whether the interrupted cell has ended


def listen(abandon: Callable[[], None]) -> bool:
    """Call `abandon` when the kernel is interrupted within `WINDOW`; return whether it can listen at all."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # a terminal
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    loop.call_soon(_arm, loop, abandon, loop.time() + WINDOW)
    return True


def _arm(loop: asyncio.AbstractEventLoop, abandon: Callable[[], None], until: float) -> None:
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # the interrupted cell is still being brought to its end
        if loop.time() < until:
            loop.call_later(MOMENT, _arm, loop, abandon, until)
        return

    def pressed(*_: object) -> None:
        disarm()
        if loop.time() < until:  # a kernel puts back after a cell what it found before, however late
            loop.call_soon_threadsafe(abandon)

    def disarm() -> None:
        if signal.getsignal(signal.SIGINT) is pressed:
            signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, pressed)
    loop.call_at(until, disarm)
