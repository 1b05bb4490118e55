"""Which settings produced a result: the panel may have changed since.

Unknown settings are never guessed. This module knows no widget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cometmagic.generation.result_list import AnyResult, ImageResults
from cometmagic.widget.cell.text import PanelSettings, restore_settings


class Provenance:
    """The settings that produced the results of one panel, by the names of the results' folders."""

    def __init__(self) -> None:
        """Start with no settings."""
        self._settings: dict[tuple[str, ...], PanelSettings] = {}

    def record_settings(self, result: AnyResult, settings: PanelSettings) -> None:
        """Record the settings of a result and of each image in it; a replay does not change the first ones."""
        folder_names = _list_folder_names(result)
        for key in (folder_names, *((name,) for name in folder_names)):
            self._settings.setdefault(key, settings)

    def find_settings(self, result: AnyResult, namespace: Mapping[str, Any]) -> PanelSettings:
        """Return the settings that produced a result, or those that send the same request.

        `namespace` holds the notebook's variables; the settings overwrite none of them. Raises a `CometError`.
        """
        folder_names = _list_folder_names(result)
        if folder_names not in self._settings:
            self._settings[folder_names] = restore_settings(result, namespace)
        return self._settings[folder_names]


def _list_folder_names(result: AnyResult) -> tuple[str, ...]:
    return tuple(item.folder.name for item in (result.results if isinstance(result, ImageResults) else [result]))
