"""What only a notebook knows of its surroundings, as rows for the doctor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cometmagic.options.command_line import format_option

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# Where a kernel runs, and what gives it away.
_HOSTS: dict[str, Callable[[], bool]] = {
    "Google Colab": lambda: "google.colab" in sys.modules,
    "VS Code": lambda: "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ,
    "Binder": lambda: "BINDER_SERVICE_HOST" in os.environ,
    "JupyterHub": lambda: "JUPYTERHUB_USER" in os.environ,
}


def is_interactive(shell: InteractiveShell) -> bool:
    """Whether somebody waits for the prompt: what runs notebooks from end to end (nbconvert, Voila) answers no input.

    Such a program also takes no output of a cell that has ended.
    """
    if not hasattr(shell, "kernel"):
        return True
    parent: dict[str, Any] = shell.get_parent()  # type: ignore[attr-defined]  # a kernel's shell has it
    return bool(parent.get("content", {}).get("allow_stdin", True))


def describe_surroundings(shell: InteractiveShell, session_options: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what shows the outputs, and the options that the session sets."""
    options = " ".join(format_option(name, value) for name, value in session_options.items())
    return [
        ("front end", _detect_front_end(shell)),
        *([("defaults", f"{options} (%config GeminiImage)")] if options else []),
    ]


def _detect_front_end(shell: InteractiveShell) -> str:
    if not hasattr(shell, "kernel"):
        return "a terminal, which shows no widgets"
    hosts = [name for name, is_here in _HOSTS.items() if is_here()]
    return f"a Jupyter kernel, ipykernel {version('ipykernel')}{f', in {hosts[0]}' if hosts else ''}"


def can_draw_png() -> bool:
    """Whether this is a terminal that draws pictures, as IPython (9.13 and later) finds out for kitty and its like."""
    from IPython import get_ipython

    return "image/png" in getattr(get_ipython(), "mime_renderers", {})


def can_show_images() -> bool:
    """Whether a picture is seen here: in a notebook, and in a terminal that draws."""
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") or can_draw_png()
