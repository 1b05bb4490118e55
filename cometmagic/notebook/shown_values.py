"""What a cell shows as its value: not a second time what it has just shown, and a list of images as images.

Only the display hook leaves a value out, and only in the cell that has shown it; `display(r)` always shows it. How the
objects look is their own matter (`_repr_mimebundle_`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import CapturingDisplayHook
from IPython.utils.dir2 import get_real_method

from cometmagic.notebook import front_end

_PICTURE_TYPES = ("ImageResult", "ImageResults", "ImagePart")  # what a terminal that draws images shows as PNG
FormatData = tuple[dict[str, Any], dict[str, Any]]  # MIME bundle, metadata


class ShownValues:
    """The results that the running cell has shown."""

    def __init__(self, shell: Any) -> None:
        """`shell` runs the cells, and IPython types its parts as optional; nothing is registered yet."""
        self._shell = shell
        self._values: list[object] = []
        self._earlier_printers: dict[type, Any] = {}

    def register(self) -> None:
        """Take part in the display of values."""
        self._shell.displayhook.compute_format_data = self._compute_format_data
        self._shell.events.register("pre_run_cell", self._reset)
        if hasattr(self._shell.display_pub, "register_hook"):  # a kernel
            self._shell.display_pub.register_hook(self._reset_by_clear_output)
        if front_end.can_draw_png():
            for name in _PICTURE_TYPES:
                self._shell.display_formatter.formatters["image/png"].for_type_by_name("cometmagic", name, _build_png)
        formatter = self._shell.display_formatter.mimebundle_formatter
        self._earlier_printers = {kind: formatter.for_type(kind, self._format_list) for kind in (list, tuple)}

    def unregister(self) -> None:
        """Undo `register`."""
        del self._shell.displayhook.compute_format_data
        self._shell.events.unregister("pre_run_cell", self._reset)
        if hasattr(self._shell.display_pub, "unregister_hook"):
            self._shell.display_pub.unregister_hook(self._reset_by_clear_output)
        for name in _PICTURE_TYPES:
            self._shell.display_formatter.formatters["image/png"].pop(f"cometmagic.{name}", None)
        formatter = self._shell.display_formatter.mimebundle_formatter
        for kind, printer in self._earlier_printers.items():
            formatter.pop(kind, None)
            if printer is not None:
                formatter.for_type(kind, printer)

    def add(self, value: object) -> None:
        """Do not show `value` again if it is the value of the running cell.

        What the cell shows inside a widget's output, or keeps by `capture_output`, is not seen under the cell, so it
        is shown as its value.
        """
        hook = sys.displayhook
        if isinstance(hook, CapturingDisplayHook):
            sys.displayhook = _build_capturing_hook(hook, value)  # the end of the capture puts the shell's hook back
        elif value is not None and not front_end.is_in_output_widget(self._shell):
            self._values.append(value)

    def _compute_format_data(self, value: object) -> FormatData:
        """Return what the display hook shows: nothing for a shown value, in a terminal its repr behind "Out[n]: "."""
        if not any(value is shown_value for shown_value in self._values):
            return self._shell.display_formatter.format(value)  # type: ignore[no-any-return]
        return ({}, {}) if hasattr(self._shell, "kernel") else ({"text/plain": repr(value)}, {})

    def _reset(self, *_: Any) -> None:
        self._values.clear()

    def _reset_by_clear_output(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["header"]["msg_type"] == "clear_output" and not front_end.is_in_output_widget(self._shell):
            self._reset()
        return message

    def _format_list(self, items: Any) -> Any:
        """Return the bundle of a list of results or images, None of any other; a subclass may have its own."""
        if type(items) in self._earlier_printers:
            from cometmagic.display.mime_bundles import build_list

            bundle, printer = build_list(items), self._earlier_printers[type(items)]
            return bundle if bundle is not None else printer(items) if printer is not None else None
        method = get_real_method(items, "_repr_mimebundle_")
        return method() if method is not None else None


def _build_png(value: Any) -> str | None:
    from cometmagic.display.mime_bundles import build_png

    return build_png(value)


def _build_capturing_hook(hook: Callable[[object], Any], shown_value: object) -> Callable[[object], Any]:
    """Return a display hook that captures every value but the one that was shown, whose display is captured already."""

    def capture(value: object) -> None:
        if value is not shown_value:
            hook(value)

    return capture
