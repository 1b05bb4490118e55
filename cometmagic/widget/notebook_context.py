"""What a panel reads from its notebook: the variables, the options of `%config GeminiImage`, and who uses the page."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from IPython.core.getipython import get_ipython

from cometmagic.notebook import front_end


def get_namespace() -> MutableMapping[str, Any]:
    """Return the notebook's variables, or none outside a notebook."""
    shell = get_ipython()
    return {} if shell is None else shell.user_ns


def get_session_options() -> dict[str, Any]:
    """Return the options that `%config GeminiImage` sets, when the extension is loaded."""
    shell = get_ipython()
    magics = None if shell is None else shell.magics_manager.registry.get("GeminiMagics")
    if magics is None:
        return {}
    from cometmagic.notebook.config import read_options

    return read_options(magics.defaults)


def has_visitors() -> bool:
    """Whether a panel that is made now is on a page without cells."""
    return front_end.has_visitors(get_ipython())
