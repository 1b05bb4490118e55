"""Ctrl-C at every step of a function, one after the other, and what is open then."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, Self

import pytest


def counts_open_files(test: Any) -> Any:
    """Mark a test that looks for what an interrupt leaves open: what is closed because it was forgotten is well."""
    test = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")(test)
    return pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")(test)


def open_files() -> set[int]:
    """Return the numbers of the files this process has open."""
    return {int(path.name) for path in Path("/proc/self/fd").iterdir() if path.exists()}


class Pressed:
    """Interrupts modules, or functions, before the nth step of their byte code.

    Some things are left alone. A folder can be opened by number only, so that there is a moment in which an
    interrupt loses the number; a deletion that is interrupted has not deleted; and Python itself ends what is
    raised while an object is forgotten.
    """

    def __init__(self, nth: int, *concerned: ModuleType | Callable[..., object]) -> None:
        self.left = nth
        self.files = {thing.__file__ for thing in concerned if isinstance(thing, ModuleType)}
        self.codes = {thing.__code__ for thing in concerned if isinstance(thing, FunctionType)}
        self.where = ""  # which function was interrupted, nothing when there were not so many steps

    def __enter__(self) -> Self:
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if not self._concerns(frame):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.left -= 1
            if not self.left:
                self.where = f"{frame.f_code.co_name}, line {frame.f_lineno}"
                raise KeyboardInterrupt
        return self._trace

    def _concerns(self, frame: FrameType) -> bool:
        names = {one.f_code.co_name for one in (frame, frame.f_back) if one is not None}
        if names & {"sync_folder", "_discard", "__del__"}:
            return False
        return frame.f_code in self.codes or frame.f_code.co_filename in self.files
