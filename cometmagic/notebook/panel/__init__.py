"""The panel: what a cell of `%%gemini_image` does, by hand.

`controls` reads the declaration, `text` turns a panel into its cell and back, `work` carries a run, `outcome` tells
what came of it, `widgets` and the modules in `view` draw it all, and `face` holds them together.
"""

from __future__ import annotations

from typing import Any

from cometmagic.notebook.panel.face import Panel

__all__ = ["Panel", "panel"]


def panel(prompt: str = "", *, images: Any = (), **options: Any) -> Panel:
    """Return a panel, its controls set as told: `panel("a red bicycle", aspect_ratio="16:9")`.

    `images`, one or several, are reference images as `generate` takes them, `options` those of the cell. Raises
    `OptionError`.
    """
    return Panel(prompt, images=images, **options)
