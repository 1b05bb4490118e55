"""What disturbs the one who asks: a real Ctrl-C, a disk that fails under the delivery."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

import pytest

from tests.faults.schedules import Disturbance


class DisturbanceError(Exception):
    """What a careless progress callback raises."""


class Interrupt:
    """A SIGINT for the main thread, some seconds after `armed`; felt once, and only while it is armed."""

    def __init__(self, after: float | None) -> None:
        self.armed = self.felt = False
        self._timer = threading.Timer(after or 0, self._send) if after is not None else None
        self._before: Any = None

    def __enter__(self) -> Self:
        if self._timer:
            self._before = signal.signal(signal.SIGINT, self._feel)
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()
            signal.signal(signal.SIGINT, self._before)

    @staticmethod
    def _send() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _feel(self, _number: int, _frame: FrameType | None) -> None:
        if self.armed and not self.felt:
            self.felt = True
            raise KeyboardInterrupt


class Disk:
    """Counts writes, flushes and renames below a folder, and lets some of them fail.

    What the askers' own threads do is not counted: a call is planned in them, before anything is paid.
    """

    def __init__(self, given: Disturbance, folder: Path, spared: Callable[[], bool]) -> None:
        self.given, self.folder, self._spared = given, folder, spared
        self.count = 0
        self.failed: list[str] = []
        self._counting = threading.Lock()

    def spares(self, place: Path | str | int) -> bool:
        """Tell whether what this thread does to a file, named or open, is none of this disk's."""
        return self._spared() or not _path(place).is_relative_to(self.folder)

    def touch(self, what: str, place: Path | str | int) -> None:
        """Count one operation; raise `OSError` when it is one that fails."""
        with self._counting:
            self.count += 1
            if not self.given.nth <= self.count < self.given.nth + self.given.lasting:
                return
            self.failed.append(f"{what} {_path(place).name}")
        raise OSError(self.given.error, os.strerror(self.given.error))


def _path(place: Path | str | int) -> Path:
    return Path(f"/proc/self/fd/{place}").readlink() if isinstance(place, int) else Path(place)


class _File:
    """An open file whose writes are counted; of one that fails the first half is written."""

    def __init__(self, file: IO[Any], disk: Disk) -> None:
        self._file, self._disk = file, disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)

    def write(self, content: Any) -> int:
        try:
            self._disk.touch("write", self._file.fileno())
        except OSError:
            self._file.write(content[: len(content) // 2])
            raise
        return self._file.write(content)

    def writelines(self, pieces: Any) -> None:
        for piece in pieces:
            self.write(piece)


@contextlib.contextmanager
def failing(disk: Disk) -> Iterator[None]:
    """Put `disk` under everything that opens, flushes and renames files in Python while the block runs."""
    buffered, built_in, flushed, renamed, written = io.BufferedRandom, open, os.fsync, os.replace, os.write

    def buffer(file: io.FileIO) -> Any:
        return buffered(file) if disk.spares(file.fileno()) else _File(buffered(file), disk)

    def open_(place: Any, mode: str = "r", *how: Any, **more: Any) -> Any:
        file = built_in(place, mode, *how, **more)
        return file if not set(mode) & set("wxa+") or disk.spares(place) else _File(file, disk)

    def fsync(handle: int) -> None:
        if not disk.spares(handle):
            disk.touch("flush", handle)
        flushed(handle)

    def write(handle: int, content: Any) -> int:
        if not disk.spares(handle):
            try:
                disk.touch("write", handle)
            except OSError:
                written(handle, content[: len(content) // 2])
                raise
        return written(handle, content)

    def replace(source: Any, target: Any, **how: Any) -> None:
        if not disk.spares(target):
            disk.touch("rename to", target)
        renamed(source, target, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "BufferedRandom", buffer)
        patch.setattr(builtins, "open", open_)
        patch.setattr(os, "fsync", fsync)
        patch.setattr(os, "replace", replace)
        patch.setattr(os, "write", write)
        yield
