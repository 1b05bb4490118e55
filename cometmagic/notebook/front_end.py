"""The front end around the kernel: whether it takes input and draws images, who uses it, and what the doctor says.

The answers come from IPython and the environment variables only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cometmagic.options.command_line import format_option

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# The host of a kernel and how to recognize it.
_HOSTS: dict[str, Callable[[], bool]] = {
    "Google Colab": lambda: "google.colab" in sys.modules,
    "VS Code": lambda: "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ,
    "Binder": lambda: "BINDER_SERVICE_HOST" in os.environ,
    "JupyterHub": lambda: "JUPYTERHUB_USER" in os.environ,
}


def is_interactive(shell: InteractiveShell) -> bool:
    """Whether a person uses the notebook; programs that run whole notebooks (nbconvert, Voila) allow no input.

    Such a program also drops the outputs of a cell that has ended.
    """
    if not hasattr(shell, "kernel"):
        return True
    parent: dict[str, Any] = shell.get_parent()  # type: ignore[attr-defined]  # a kernel's shell has it
    return bool(parent.get("content", {}).get("allow_stdin", True))


def has_visitors(shell: InteractiveShell | None) -> bool:
    """Whether widgets of the running cell appear on a page without cells, which others than its author may open.

    Voilà says so in the environment when it starts a kernel, before a visitor can say anything. Without IPython there
    are no cells at all.
    """
    is_voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila/") or "VOILA_PREHEAT" in os.environ
    return is_voila or shell is None


def describe_surroundings(shell: InteractiveShell, session_options: dict[str, Any]) -> list[tuple[str, str]]:
    """Return rows for the doctor: the front end, and the options that the session sets."""
    options = " ".join(format_option(name, value) for name, value in session_options.items())
    defaults = [("defaults", f"{options} (%config GeminiImage)")] if options else []
    return [("front end", _detect_front_end(shell)), *defaults]


def _detect_front_end(shell: InteractiveShell) -> str:
    if not hasattr(shell, "kernel"):
        return "a terminal, which shows no widgets"
    hosts = [name for name, is_here in _HOSTS.items() if is_here()]
    return f"a Jupyter kernel, ipykernel {version('ipykernel')}{f', in {hosts[0]}' if hosts else ''}"


def can_draw_png() -> bool:
    """Whether this is a terminal that draws images; IPython 9.13 and later detects kitty and similar terminals."""
    from IPython import get_ipython

    return "image/png" in getattr(get_ipython(), "mime_renderers", {})


def can_show_images() -> bool:
    """Whether images are visible: in a notebook, or in a terminal that draws them."""
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") or can_draw_png()


def can_update_outputs(shell: InteractiveShell) -> bool:
    """Whether an output can change after its cell has ended, as far as one can know.

    Consoles and outputs of widgets ignore updates. A notebook's request names its cell in its metadata; that of a
    console has none.
    """
    if not hasattr(shell, "kernel"):
        return False
    return bool(shell.get_parent().get("metadata")) and not is_in_output_widget(shell)  # type: ignore[attr-defined]


def is_in_output_widget(shell: InteractiveShell) -> bool:
    """Whether an `ipywidgets.Output` takes what the running code displays; such an output ignores updates."""
    if "ipywidgets" not in sys.modules or not hasattr(shell, "kernel"):
        return False
    from ipywidgets.widgets import widget, widget_output

    message_id = shell.get_parent().get("header", {}).get("msg_id")  # type: ignore[attr-defined]
    outputs = [one for one in list(widget._instances.values()) if isinstance(one, widget_output.Output)]  # noqa: SLF001
    return any(output.msg_id == message_id for output in outputs)
