"""The kernel's side of the courier: submit a call folder, read events.

Deliveries run in a separate process (worker.py) that is started on first use and outlives the kernel; a
reader thread passes its events to their jobs. Where no process can be started, deliveries run on a thread and
end with the kernel: see `Job.can_outlive_kernel`.

An event is a small dict with an `event` name; the last one is `done`. Everything else about a call is
read from its folder. This module imports neither HTTP nor Pillow nor the library, so that the extension loads fast.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from cometmagic.courier.commands import encode_command
from cometmagic.courier.job import Courier, Job
from cometmagic.courier.route import Route
from cometmagic.options.settings import KEY_VARIABLE, Key

# Not `-m`, which would import from the working folder. The path is that of the package running here. httpx's command
# line is left out: where rich and click are installed, it would take a fifth of the start.
_WORKER_CODE = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); import cometmagic; del sys.path[0]; "
    "sys.modules['httpx._main'] = None; from cometmagic.courier.worker import main; main()"
)


class ProcessCourier(Courier):
    """Runs deliveries in a process that outlives this one."""

    can_outlive_kernel = True

    def __init__(self) -> None:
        """Start the process. Raises `OSError` when it cannot be started."""
        super().__init__()
        self._write_lock = threading.Lock()
        self._process = _start_process()
        threading.Thread(target=self._read_events, name="cometmagic-events", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send_command(self, command: dict[str, Any]) -> None:
        # The line holds the key: it is in no variable, and the view of it is released also after an error.
        with self._write_lock, memoryview(encode_command(command)) as line:
            position = 0
            while position < len(line):
                position += self._process.stdin.write(line[position:])  # type: ignore[union-attr]  # it is a pipe

    def close_pipes(self) -> None:
        """Close this process's ends of the pipes, so that the courier notices when its own kernel ends."""
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()  # type: ignore[union-attr]  # as above

    def _read_events(self) -> None:
        """Pass events to their jobs; when the process ends, recover and end the jobs that are left."""
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):  # a process that was killed may leave half a line
                self.dispatch_event(json.loads(line))
        with contextlib.suppress(OSError), self._process:
            pass  # closes the pipes and reads the exit status
        for job_name, job in list(self._jobs.items()):
            _recover_folder(job.folder)
            self.dispatch_event({"job": job_name, "event": "done"})


def _start_process() -> subprocess.Popen[bytes]:
    """Start the courier's process; it gets neither the kernel's signals nor the key."""
    detach_options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detach_options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-P", "-c", _WORKER_CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={name: value for name, value in os.environ.items() if name != KEY_VARIABLE},
        **detach_options,
    )


def _recover_folder(folder: Path) -> None:
    """Recover a call whose process ended."""
    from cometmagic.courier.recovery import recover
    from cometmagic.options.settings import find_key
    from cometmagic.storage.call_folder import CallFolder

    with contextlib.suppress(Exception):  # the folder keeps the last state that was written
        recover(CallFolder(folder), find_key())


class ThreadCourier(Courier):
    """Runs deliveries on a daemon thread of this process, where no other process can be started."""

    can_outlive_kernel = False

    def __init__(self) -> None:
        """Start the thread."""
        from cometmagic.courier.dispatcher import Dispatcher
        from cometmagic.courier.event_loop import RunningTimeLoop  # these load HTTP and Pillow

        super().__init__()
        self._loop = RunningTimeLoop()
        self._dispatcher = Dispatcher(self.dispatch_event)
        threading.Thread(target=self._loop.run_forever, name="cometmagic-courier", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return True

    def send_command(self, command: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._dispatcher.handle_command, command)


_couriers: dict[int, Courier] = {}  # by process id: a forked child gets its own
_start_lock = threading.Lock()


def get_courier() -> Courier:
    """Return this process's courier, started on first use and again after it has died."""
    with _start_lock:
        courier = _couriers.get(os.getpid())
        if courier is None or not courier.is_alive:
            courier = _couriers[os.getpid()] = _start_courier()
        return courier


def start_delivery(folder: Path, route: Route) -> Job:
    """Start the delivery of a planned call folder."""
    return _submit(folder, {"route": route})


def start_recovery(folder: Path, key: Key | None) -> Job:
    """Start the recovery of a call that no courier works on; `key` is removed from what the response echoes."""
    return _submit(folder, {"recover": key})


def _submit(folder: Path, payload: dict[str, Any]) -> Job:
    """Submit a job, to a new courier when the present one has just died."""
    try:
        return get_courier().submit(folder, payload)
    except (OSError, ValueError):  # no command was accepted, so nothing can be sent twice
        with _start_lock:
            _couriers[os.getpid()] = _start_courier()
        return get_courier().submit(folder, payload)


def _start_courier() -> Courier:
    try:
        return ProcessCourier()
    except Exception:  # noqa: BLE001  # a thread always works
        return ThreadCourier()


def _reset_after_fork() -> None:
    """Forget the parent's couriers, whose pipes and locks belong to the parent."""
    global _start_lock  # noqa: PLW0603  # a lock held by another thread of the parent would never be released
    _start_lock = threading.Lock()
    for courier in _couriers.values():
        if isinstance(courier, ProcessCourier):
            courier.close_pipes()
    _couriers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
