"""The variables that a magic sees: in a function its locals, then those around it, then the globals.

Python finds names that way, but a magic gets texts: without this, a line in a function would send the notebook's
variable of the same name, and that picture is paid for. This module changes no variable.
"""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from types import FrameType
from typing import Any

from cometmagic.errors import OptionError

Variables = MutableMapping[str, Any]
_MAGIC_FUNCTIONS = ("run_line_magic", "run_cell_magic")  # of IPython's shell


def find_variables(user_ns: dict[str, Any]) -> Variables:
    """Return the variables where the running magic stands, the nearest first; `user_ns` are the notebook's."""
    caller = _find_caller()
    if caller is None or caller.f_globals is caller.f_locals or caller.f_locals is user_ns:
        return user_ns
    scopes = [dict(frame.f_locals) for frame in _iter_functions(caller)]
    return ChainMap(*scopes, caller.f_globals, user_ns)


def check_settable(variable: str | None, variables: Variables) -> None:
    """Raise `OptionError` for the name of a function's own variable: a magic can set the notebook's only."""
    scopes = variables.maps[:-2] if isinstance(variables, ChainMap) else []
    if variable and any(variable in scope for scope in scopes):
        raise OptionError(
            f"-o {variable}: that is a variable of a function, which a magic cannot set.",
            advice=f"Write {variable} = %gemini_image … in the function.",
        )


def _find_caller() -> FrameType | None:
    """Return the frame of the code that runs the innermost magic."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  # documented, for CPython
    while frame is not None and frame.f_code.co_name not in _MAGIC_FUNCTIONS:
        frame = frame.f_back
    return frame and frame.f_back


def _iter_functions(frame: FrameType) -> Iterator[FrameType]:
    """Yield a function's frame, and those of the functions around it that are still running."""
    yield frame
    name, module, outer = frame.f_code.co_qualname, frame.f_globals, frame.f_back
    while outer is not None:
        if outer.f_globals is module and name.startswith(f"{outer.f_code.co_qualname}.<locals>."):
            yield outer
            name = outer.f_code.co_qualname
        outer = outer.f_back
