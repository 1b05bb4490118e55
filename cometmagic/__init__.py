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
        Interrupted,
        LibraryError,
        MissingKeyError,
        NoImageError,
        OptionError,
        TemplateError,
        TransportError,
    )
    from cometmagic.gemini.parts import ImagePart, TextPart
    from cometmagic.generation.fetch import fetch_image
    from cometmagic.generation.generate import agenerate, agenerate_many, generate, generate_many
    from cometmagic.generation.plan import Plan, plan
    from cometmagic.generation.result import ImageResult
    from cometmagic.generation.result_list import ImageResults
    from cometmagic.options.settings import ask_key
    from cometmagic.storage.library import Library, library
    from cometmagic.widget.panel import Panel, panel

__all__ = [
    "APIError",
    "BudgetError",
    "CometError",
    "ImagePart",
    "ImageResult",
    "ImageResults",
    "Interrupted",
    "Library",
    "LibraryError",
    "MissingKeyError",
    "NoImageError",
    "OptionError",
    "Panel",
    "Plan",
    "TemplateError",
    "TextPart",
    "TransportError",
    "agenerate",
    "agenerate_many",
    "ask_key",
    "fetch_image",
    "generate",
    "generate_many",
    "library",
    "panel",
    "plan",
]

_MODULES = {
    "ImagePart": "gemini.parts",
    "ImageResult": "generation.result",
    "ImageResults": "generation.result_list",
    "Panel": "widget.panel",
    "Plan": "generation.plan",
    "TextPart": "gemini.parts",
    "agenerate": "generation.generate",
    "agenerate_many": "generation.generate",
    "ask_key": "options.settings",
    "fetch_image": "generation.fetch",
    "generate": "generation.generate",
    "generate_many": "generation.generate",
    "Library": "storage.library",
    "library": "storage.library",
    "panel": "widget.panel",
    "plan": "generation.plan",
}


def __getattr__(name: str) -> Any:
    """Look a public name up where it lives, on first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cometmagic")
    if name not in __all__:
        raise AttributeError(f"module 'cometmagic' has no attribute {name!r}")
    return getattr(importlib.import_module(f"cometmagic.{_MODULES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    """Return what completion offers: the public names, looked up or not."""
    return [*__all__, "__version__"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: what `%load_ext cometmagic` calls."""
    from cometmagic.notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics back: what `%unload_ext cometmagic` calls."""
    from cometmagic.notebook.magics import unload

    unload(shell)
