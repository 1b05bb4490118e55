"""The state of a panel: its traits, the values they may have, and the names that its cell can use.

All other parts of a panel read this state and set it. It knows none of them: a panel overrides `_refresh_views`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, HasTraits, Tuple, Unicode, observe, validate

from cometmagic.errors import OptionError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.generation.text_checks import extract_text
from cometmagic.options.models import MAX_REFERENCES
from cometmagic.widget import controls
from cometmagic.widget.cell.reference_names import name_reference, name_result
from cometmagic.widget.cell.text import PanelSettings, format_cell
from cometmagic.widget.key_guard import KeyGuard
from cometmagic.widget.notebook_context import get_namespace


class PanelState(HasTraits):
    """The settings of a panel, its last result, and whether a run is in progress."""

    prompt = Unicode(help="what the picture should show")
    options = Dict(help="the options of the cell, by name")
    references = Tuple(help="reference images: variables, files and addresses")
    result = AnyTrait(None, allow_none=True, help="what was made last")
    busy = Bool(False, read_only=True, help="whether a run is under way")

    max_references = MAX_REFERENCES  # of this panel

    def __init__(self, **kwargs: Any) -> None:
        """Start with empty settings; views are not refreshed until `_is_refresh_enabled` is set."""
        self.key_guard, self._is_refresh_enabled = KeyGuard(), False
        self._variables: Mapping[str, str | Path] = {}
        super().__init__(**kwargs)

    @property
    def settings(self) -> PanelSettings:
        """The settings that a run would use now."""
        return PanelSettings(self.prompt, dict(self.options), tuple(self.references), self._variables)

    @property
    def namespace(self) -> dict[str, Any]:
        """The notebook's variables, overridden by those that came with the panel's cell or result."""
        return self.settings.merge_namespace(get_namespace())

    def as_cell(self) -> str:
        """Return the notebook cell that does the same as the panel."""
        return format_cell(self.settings)

    def apply_settings(self, settings: PanelSettings) -> None:
        """Set all controls at once, and the panel's own variables. Raises `OptionError`."""
        self.check_text("The prompt", settings.prompt, settings.options)
        for name, value in settings.variables.items():
            self.check_text(f"The variable {name}", str(value), settings.options)
        with self.hold_refresh():
            self._variables = dict(settings.variables)
            self.options, self.prompt, self.references = settings.options, settings.prompt, settings.references

    def check_text(self, name: str, text: str, options: Mapping[str, Any] | None = None) -> None:
        """Raise `OptionError` for a text that must not be stored under `options`, by default the panel's own."""
        allow_secret = (self.options if options is None else options).get("allow_secret")
        self.key_guard.check(name, text, allow_secret=bool(allow_secret))

    def check_reference_count(self, count: int) -> None:
        """Raise `OptionError` for more reference images than this panel may have."""
        if count > self.max_references:
            message = f"At most {self.max_references} reference images are possible."
            raise OptionError(message, advice="Remove some first.")

    def check_idle(self) -> None:
        """Raise `OptionError` while a run is in progress."""
        if self.busy:
            raise OptionError("The panel is at work.", advice="Wait for its picture, or cancel it.")

    @contextlib.contextmanager
    def hold_refresh(self) -> Iterator[None]:
        """Refresh the pages once, after several changes."""
        self._is_refresh_enabled = False
        try:
            yield
        finally:
            self._is_refresh_enabled = True
            self._refresh()

    @observe("prompt", "options", "references", "busy")
    def _refresh(self, _: Any = None) -> None:
        if self._is_refresh_enabled:
            self._refresh_views()

    def _refresh_views(self) -> None:
        """Update the parts that show the state."""

    @validate("prompt")
    def _validate_prompt(self, proposal: dict[str, Any]) -> str:
        self.check_text("The prompt", proposal["value"])
        return str(proposal["value"])

    @validate("options")
    def _validate_options(self, proposal: dict[str, Any]) -> dict[str, Any]:
        values = dict(proposal["value"])
        for flag in ("edit", "chat"):
            if flag in values:
                values[flag] = name_result(flag, values[flag], self.namespace)
        options = controls.normalize_options(values)
        for name, value in options.items():
            self.check_text(f"The option {name!r}", extract_text(value), options)
        return controls.ImmutableOptions(options)

    @validate("references")
    def _validate_references(self, proposal: dict[str, Any]) -> tuple[str, ...]:
        self.check_reference_count(len(proposal["value"]))
        words = tuple(name_reference(source, self.namespace) for source in proposal["value"])
        for word in words:
            self.check_text("A reference image", word)
        return words

    @validate("result")
    def _validate_result(self, proposal: dict[str, Any]) -> Any:
        if not isinstance(proposal["value"], ImageResult | ImageResults | None):
            raise OptionError(f"{type(proposal['value']).__name__} is no result.")
        if isinstance(proposal["value"], ImageResults) and not proposal["value"].results:
            raise OptionError("There is no picture among these results.")
        return proposal["value"]
