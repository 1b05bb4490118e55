"""The session's end of the courier: hand over a call folder, read events.

Deliveries run in a process of their own (process.py), started on first use, that outlives the kernel; a
reader thread puts its events where the waiting cell finds them. Where no process can be started the
same deliveries run on a thread, and die with the kernel: `Job.outlives_kernel` tells.

An event is a small dict with an `event` name; the last one is `done`. Everything else about a call is
read from its folder. This module imports neither HTTP nor Pillow nor the library: loading the extension stays light.
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

from cometmagic.courier.job import Courier, Job
from cometmagic.courier.route import Route, encode_route
from cometmagic.options.settings import KEY_VARIABLE, Key

# What a delivery reads from the environment; it may have changed since the process was started.
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ENVIRONMENT_VARIABLES = (
    *_PROXY_VARIABLES,
    *map(str.upper, _PROXY_VARIABLES),
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_STATE_HOME",
)


# Not `-m`, which would import from the working folder; and the very package that runs here, wherever it lies.
_WORKER_CODE = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); import cometmagic; del sys.path[0]; "
    "from cometmagic.courier.worker import main; main()"
)


class ProcessCourier(Courier):
    """Carries deliveries in a process that outlives this one."""

    can_outlive_kernel = True

    def __init__(self) -> None:
        """Start the process. Raises `OSError` when there can be none."""
        super().__init__()
        self._write_lock = threading.Lock()
        self._process = _start_process()
        threading.Thread(target=self._read_events, name="cometmagic-events", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send_command(self, command: dict[str, Any]) -> None:
        # An interrupt may have left half a line behind: a new one always begins afresh.
        line = memoryview(b"\n" + json.dumps(command).encode() + b"\n")
        with self._write_lock:
            while line:
                line = line[self._process.stdin.write(line) :]  # type: ignore[union-attr]  # a pipe was asked for

    def close_pipes(self) -> None:
        """Close this process's ends of the pipes, so that the courier notices when its own kernel goes."""
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()  # type: ignore[union-attr]  # as above

    def _read_events(self) -> None:
        """Hand events to their jobs; when the process ends, tell those that it left."""
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):  # half a line is the last word of one that was killed
                self.dispatch_event(json.loads(line))
        with contextlib.suppress(OSError), self._process:
            pass  # closes the pipes and takes its exit status
        for name, job in list(self._jobs.items()):
            _recover_folder(job.folder)
            self.dispatch_event({"job": name, "event": "done"})


def _start_process() -> subprocess.Popen[bytes]:
    """Start the courier's process, out of reach of the kernel's signals and without the key."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-P", "-c", _WORKER_CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={name: value for name, value in os.environ.items() if name != KEY_VARIABLE},
        **apart,
    )


def _recover_folder(folder: Path) -> None:
    """Settle what a process that died has left."""
    from cometmagic.courier.recovery import recover
    from cometmagic.options.settings import find_key
    from cometmagic.storage.call_folder import CallFolder

    with contextlib.suppress(Exception):  # the folder says what it can
        key = find_key()
        recover(CallFolder(folder), key.reveal() if key else "")


class ThreadCourier(Courier):
    """Carries deliveries on a daemon thread of this process, where no other can be started."""

    @property
    def is_alive(self) -> bool:
        return True

    can_outlive_kernel = False

    def __init__(self) -> None:
        """Start the thread."""
        from cometmagic.courier.dispatcher import Dispatcher
        from cometmagic.courier.event_loop import RunningTimeLoop  # with HTTP and Pillow, what the kernel does without

        super().__init__()
        self._loop = RunningTimeLoop()
        self._dispatcher = Dispatcher(self.dispatch_event)
        threading.Thread(target=self._loop.run_forever, name="cometmagic-courier", daemon=True).start()

    def send_command(self, command: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._dispatcher.handle_command, command)


_couriers: dict[int, Courier] = {}  # by process id: a forked child gets one of its own
_start_lock = threading.Lock()


def get_courier() -> Courier:
    """Return this process's courier, started on first use and again when it has died."""
    with _start_lock:
        found = _couriers.get(os.getpid())
        if found is None or not found.is_alive:
            found = _couriers[os.getpid()] = _start_courier()
        return found


def start_delivery(folder: Path, route: Route) -> Job:
    """Start the delivery of a planned call folder."""
    return _submit(folder, {"route": encode_route(route)})


def start_recovery(folder: Path, key: Key | None) -> Job:
    """Start the recovery of a call whose carrier is gone; `key` is kept out of what is found."""
    return _submit(folder, {"recover": key.reveal() if key else ""})


def _submit(folder: Path, payload: dict[str, Any]) -> Job:
    """Have work done, by a new courier when this one has just died."""
    payload |= {"surroundings": {variable: os.environ.get(variable) for variable in ENVIRONMENT_VARIABLES}}
    try:
        return get_courier().submit(folder, payload)
    except (OSError, ValueError):  # it took nothing, so nothing can be sent twice
        with _start_lock:
            _couriers[os.getpid()] = _start_courier()
        return get_courier().submit(folder, payload)


def _start_courier() -> Courier:
    try:
        return ProcessCourier()
    except Exception:  # noqa: BLE001  # whatever stands against a process: a thread can always be had
        return ThreadCourier()


def _reset_after_fork() -> None:
    """Forget the parent's couriers, whose pipes and locks are not ours."""
    global _start_lock  # noqa: PLW0603  # a lock that another thread of the parent held would never be let go
    _start_lock = threading.Lock()
    for found in _couriers.values():
        if isinstance(found, ProcessCourier):
            found.close_pipes()
    _couriers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
