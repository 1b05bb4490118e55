"""Locks: one holder at a time among threads and processes, and none that outlives its holder."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cometmagic.system.file_lock import LockBusyError, LockUnsupportedError, acquire_lock
from tests.subprocesses import program

PATIENCE = 60.0
COUNTS = 100  # what each of the counting threads and processes adds
THREADS, PROCESSES = 4, 2

fcntl = pytest.importorskip("fcntl", reason="flock is what these tests look into")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def is_free(path: Path) -> bool:
    try:
        acquire_lock(path).release()
    except LockBusyError:
        return False
    return True


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_holder_at_a_time_also_within_a_thread(path: Path) -> None:
    with acquire_lock(path):
        assert not is_free(path)
    assert is_free(path)


def test_two_threads_exclude_each_other(path: Path) -> None:
    with ThreadPoolExecutor(1) as other, acquire_lock(path):
        assert not other.submit(is_free, path).result()
        assert is_free(path.with_name("another"))


HOLDER = """
    import os, subprocess, sys
    from pathlib import Path
    from cometmagic.system.file_lock import acquire_lock
    lock = acquire_lock(Path(sys.argv[1]))
    pid = 0
    if sys.argv[2] == "fork" and not (pid := os.fork()):
        os.read(0, 1)  # until the test has ended
        os._exit(0)
    if sys.argv[2] == "start":
        pid = subprocess.Popen([sys.executable, "-c", "import os; os.read(0, 1)"]).pid
    print(pid, flush=True)
    if sys.argv[2] != "end":
        os.read(0, 1)
"""


def test_a_holder_that_is_killed_frees_the_lock(path: Path) -> None:
    with program(HOLDER, path, "alone") as holder:
        told(holder)
        assert not is_free(path)

        holder.kill()
        holder.wait(PATIENCE)

        acquire_lock(path, PATIENCE).release()


def test_a_holder_that_ends_without_release_frees_the_lock(path: Path) -> None:
    with program(HOLDER, path, "end") as holder:
        told(holder)
        assert holder.wait(PATIENCE) == 0
        assert is_free(path)


@pytest.mark.parametrize(("way", "is_free_then"), [("start", True), ("fork", False)])
def test_a_started_program_has_no_lock_and_a_forked_child_has(path: Path, way: str, is_free_then: bool) -> None:
    with program(HOLDER, path, way) as holder:
        child = int(told(holder))
        assert not is_free(path)

        holder.kill()
        holder.wait(PATIENCE)

        os.kill(child, 0)  # it lives
        assert is_free(path) is is_free_then
    acquire_lock(path, PATIENCE).release()  # the child has ended with its standard input


def test_a_second_release_does_nothing(path: Path) -> None:
    lock = acquire_lock(path)
    lock.release()
    with acquire_lock(path):
        lock.release()
        assert not is_free(path)


def test_a_lock_that_nobody_keeps_is_free(path: Path) -> None:
    acquire_lock(path)
    gc.collect()
    assert is_free(path)


def test_a_patient_one_waits_until_the_lock_is_free(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    held, waits = acquire_lock(path), []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            held.release()

    monkeypatch.setattr(time, "sleep", wait)
    with acquire_lock(path, PATIENCE):
        assert not is_free(path)
    assert len(waits) == 3
    assert len(set(waits)) == 3
    assert all(0 < seconds < 0.1 for seconds in waits)


def test_patience_ends(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    with acquire_lock(path), pytest.raises(LockBusyError, match="held by somebody else"):
        acquire_lock(path, 3.0)
    assert clock[0] == pytest.approx(103.0)


def test_the_file_is_made_private_and_left_there(path: Path) -> None:
    acquire_lock(path).release()
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_is_made_unasked(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        acquire_lock(path, create=False)
    path.touch()
    acquire_lock(path, create=False).release()


def test_the_content_can_be_read_and_stays(path: Path) -> None:
    path.write_bytes(b"an answer")
    with acquire_lock(path):
        assert path.read_bytes() == b"an answer"
    assert path.read_bytes() == b"an answer"


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that has something done between the opening and the locking of a file, once."""

    def do(happens: Any) -> None:
        flock, todo = fcntl.flock, [happens]

        def after(*arguments: Any) -> None:
            if todo:
                todo.pop()()
            flock(*arguments)

        monkeypatch.setattr(fcntl, "flock", after)

    return do


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_was_replaced_meanwhile_is_not_the_one(path: Path, meanwhile: Any, create: bool) -> None:
    path.touch()
    beside = path.with_name("beside")
    beside.touch()
    meanwhile(lambda: beside.replace(path))
    with acquire_lock(path, create=create):
        assert not is_free(path)


def test_a_file_that_was_deleted_meanwhile_is_made_anew_or_missed(path: Path, meanwhile: Any) -> None:
    path.touch()
    meanwhile(path.unlink)
    with acquire_lock(path):
        assert not is_free(path)

    meanwhile(path.unlink)
    with pytest.raises(FileNotFoundError):
        acquire_lock(path, create=False)


@pytest.mark.parametrize(
    ("number", "raised"),
    [
        (errno.EAGAIN, LockBusyError),
        (errno.EACCES, LockBusyError),
        *((number, LockUnsupportedError) for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)),
    ],
)
def test_a_disk_without_locks(monkeypatch: pytest.MonkeyPatch, path: Path, number: int, raised: type) -> None:
    opened = len(os.listdir("/proc/self/fd")) if Path("/proc").exists() else None  # noqa: PTH208  # fds, not files

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(raised):
        acquire_lock(path)

    if opened is not None:
        assert len(os.listdir("/proc/self/fd")) == opened  # noqa: PTH208  # as above


def test_a_file_that_cannot_be_opened_is_no_matter_of_locks(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        acquire_lock(tmp_path)


def count(path: Path, *, pause: Callable[[], object] | None = None) -> None:
    """Add one to the number in a file, again and again, in the way that loses some when two do it at once.

    With a `pause` between reading and writing, the lock is left out.
    """
    for _ in range(COUNTS):
        with acquire_lock(path.with_suffix(".lock"), PATIENCE) if pause is None else contextlib.nullcontext():
            number = int(path.read_text() or "0")
            if pause is not None:
                pause()
            path.write_text(str(number + 1))


COUNTER = """
    import sys
    from pathlib import Path
    from tests.system.test_file_lock import count
    print("ready", flush=True)
    sys.stdin.readline()
    count(Path(sys.argv[1]))
    print("done")
"""


def test_threads_and_processes_count_together(path: Path) -> None:
    path.write_text("0")
    with contextlib.ExitStack() as running, ThreadPoolExecutor(THREADS) as pool:
        processes = [running.enter_context(program(COUNTER, path)) for _ in range(PROCESSES)]
        assert [told(process) for process in processes] == ["ready"] * PROCESSES
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        threads = [pool.submit(count, path) for _ in range(THREADS)]
        for thread in threads:
            thread.result()
        assert [told(process) for process in processes] == ["done"] * PROCESSES

    assert int(path.read_text()) == COUNTS * (THREADS + PROCESSES)


def test_control_without_the_lock_counts_are_lost(path: Path) -> None:
    path.write_text("0")
    barrier = threading.Barrier(THREADS)  # all have read before the first one writes

    with ThreadPoolExecutor(THREADS) as pool:
        for thread in [pool.submit(count, path, pause=barrier.wait) for _ in range(THREADS)]:
            thread.result()

    assert int(path.read_text() or "0") < COUNTS * THREADS
