"""Gemini image models in notebooks, over CometAPI.

`%load_ext cometmagic` gives `%%gemini_image`; `cometmagic.generate("a red bicycle")` does the same from
Python. Importing this package imports nothing heavy: names are looked up when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from cometmagic.errors import (
        APIError,
        BudgetError,
        CometError,
        LibraryError,
        MissingKeyError,
        NoImageError,
        OptionError,
        TemplateError,
        TransportError,
    )
    from cometmagic.folders import Library, library
    from cometmagic.many import agenerate_many, generate_many
    from cometmagic.notebook.panel import Panel, panel
    from cometmagic.parts import ImagePart, TextPart
    from cometmagic.planning import plan
    from cometmagic.result import ImageResult
    from cometmagic.results import ImageResults
    from cometmagic.session import agenerate, generate
    from cometmagic.settings import ask_key

__all__ = [
    "APIError",
    "BudgetError",
    "CometError",
    "ImagePart",
    "ImageResult",
    "ImageResults",
    "Library",
    "LibraryError",
    "MissingKeyError",
    "NoImageError",
    "OptionError",
    "Panel",
    "TemplateError",
    "TextPart",
    "TransportError",
    "agenerate",
    "agenerate_many",
    "ask_key",
    "generate",
    "generate_many",
    "library",
    "panel",
    "plan",
]

_HOMES = {
    "ImagePart": "parts",
    "ImageResult": "result",
    "ImageResults": "results",
    "Panel": "notebook.panel",
    "TextPart": "parts",
    "agenerate": "session",
    "agenerate_many": "many",
    "ask_key": "settings",
    "generate": "session",
    "generate_many": "many",
    "Library": "folders",
    "library": "folders",
    "panel": "notebook.panel",
    "plan": "planning",
}


def __getattr__(name: str) -> Any:
    """Look a public name up where it lives, on first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cometmagic")
    if name not in __all__:
        raise AttributeError(f"module 'cometmagic' has no attribute {name!r}")
    return getattr(importlib.import_module(f"cometmagic.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    """Return what completion offers: the public names, looked up or not."""
    return [*__all__, "__version__"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: what `%load_ext cometmagic` calls."""
    from cometmagic.notebook.magic import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics back: what `%unload_ext cometmagic` calls."""
    from cometmagic.notebook.magic import unload

    unload(shell)
