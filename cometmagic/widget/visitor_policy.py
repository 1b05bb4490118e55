"""What visitors of a page without cells may do with a panel.

Such a page, which Voilà serves, runs a notebook of its author for anybody who opens it. Visitors get the short list
of options in the declaration and images that they upload; the author's files, variables, network and limits stay the
author's, who presets anything in the notebook. The form hides the rest, but messages can be forged, so this is checked
in the kernel. This module knows no widget.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.text_checks import extract_text
from cometmagic.options.declaration import MAX_VISITOR_COUNT, VISITOR_OPTIONS, list_options
from cometmagic.options.models import find_model
from cometmagic.options.template import find_placeholders
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.widget.cell.text import PanelSettings
from cometmagic.widget.controls import decode_value
from cometmagic.widget.hints import merge_inherited_options
from cometmagic.widget.notebook_context import get_session_options
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.visitor_view import select_visitor_options

MAX_REFERENCES = 20
MAX_UPLOAD_BYTES = 16_000_000  # of one file
MAX_TOTAL_UPLOAD_BYTES = 200_000_000  # of all files that a page writes to the library
MAX_TEXT_LENGTH = 10_000  # characters of a prompt, an option or an address
_URL = re.compile("https?://", re.IGNORECASE)


class VisitorPolicy:
    """Refuses what visitors must not do with one panel. Each check raises `OptionError`."""

    def __init__(self, state: PanelState, read_results: Callable[[], Mapping[str, ImageResult]]) -> None:
        """`read_results` returns the results on the page by the names of their folders."""
        self._state, self._read_results = state, read_results
        self._checks: dict[str, Callable[[Any], None]] = {
            "model": self._check_model,
            "count": self._check_count,
            "edit": self._check_call,
            "chat": self._check_call,
        }

    def check_prompt(self, prompt: str) -> None:
        """Refuse `{{variables}}`, except those that are in the prompt already: the author's."""
        _check_length("The prompt", prompt)
        names = set(find_placeholders(prompt)) - set(find_placeholders(self._state.prompt))
        if names:
            raise OptionError("The prompt cannot use {{variables}} on this page.")

    def check_option(self, name: str, value: Any) -> None:
        """Refuse options that are not on the list, and some values of those that are; `value` is a control's."""
        option = list_options()[name]
        if name not in VISITOR_OPTIONS:
            raise OptionError(f"{option.flag} can only be set by the author of this page.")
        _check_length(option.flag, extract_text(value))
        parsed = decode_value(option, value)
        if name in self._checks and parsed is not None and parsed != self._state.options.get(name):
            self._checks[name](parsed)

    def _check_model(self, name: str) -> None:
        if find_model(name) is None:
            raise OptionError("--model: choose one of the listed models on this page.")

    def _check_count(self, count: int) -> None:
        if count > MAX_VISITOR_COUNT:
            raise OptionError(f"--count: at most {MAX_VISITOR_COUNT} on this page.")

    def _check_call(self, call: Any) -> None:
        folders = [CallFolder(result.folder) for result in self._read_results().values()]
        if call not in [name for folder in folders for name in (folder.id, shorten_id(folder))]:
            raise OptionError("Only pictures made on this page can be edited or continued here.")

    def merge_settings(self, settings: PanelSettings) -> PanelSettings:
        """Return the settings of an earlier run for one more image; the author's options are those of now."""
        options = {name: value for name, value in self._state.options.items() if name not in VISITOR_OPTIONS}
        own_options = select_visitor_options(settings.options)
        own_options.pop("count", None)
        return replace(settings, options=options | own_options)

    def check_reference(self, word: str) -> None:
        """Refuse references by name, except addresses where the author allows no private ones."""
        _check_length("The address", word)
        options = merge_inherited_options(self._state.options, get_session_options()) | self._state.options
        if not _URL.match(word) or options.get("private_urls"):
            raise OptionError("Reference images can only be uploaded on this page, not named.")


def _check_length(label: str, text: str) -> None:
    if len(text) > MAX_TEXT_LENGTH:
        raise OptionError(
            f"{label} has {len(text):,} characters; at most {MAX_TEXT_LENGTH:,} are possible on this page."
        )
