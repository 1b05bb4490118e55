"""The image widgets in the saved widget state of a notebook, and which of them may be drawn from other pixels.

This module replaces nothing. Source: the widget state format in the documentation of ipywidgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_OWN_MODULES = "@jupyter-widgets/"
_REFERENCE = "IPY_MODEL_"
JsonObject = dict[str, Any]


class ImageWidget(NamedTuple):
    """The saved model of an image widget."""

    model: JsonObject
    is_read: bool  # by another kind of widget, such as a canvas or a plot
    is_sized: bool  # the widget or its layout says how large it is drawn


def iter_image_widgets(notebook: JsonObject) -> Iterator[ImageWidget]:
    """Yield the image widgets of a notebook that have a state."""
    models: Any = notebook
    for key in ("metadata", "widgets", WIDGET_STATE, "state"):
        models = models.get(key) if isinstance(models, dict) else None
    models = models if isinstance(models, dict) else {}
    readers = [str(model.get("state")) for model in models.values() if isinstance(model, dict) and _is_foreign(model)]
    for key, model in models.items():
        if not isinstance(model, dict) or model.get("model_name") != "ImageModel":
            continue
        if isinstance(state := model.get("state"), dict):
            layout = models.get(str(state.get("layout")).removeprefix(_REFERENCE))
            layout_state = layout.get("state") if isinstance(layout, dict) else None
            is_read = any(f"{_REFERENCE}{key}'" in reader for reader in readers)
            yield ImageWidget(model, is_read, _is_sized(state) or _is_sized(layout_state))


def _is_foreign(model: JsonObject) -> bool:
    return not str(model.get("model_module", _OWN_MODULES)).startswith(_OWN_MODULES)


def _is_sized(state: Any) -> bool:
    return isinstance(state, dict) and any(value for key, value in state.items() if "width" in key or "height" in key)
