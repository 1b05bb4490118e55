"""What the pages say of the form: how far each was heard, and what is written there that the panel cannot hold.

Several pages, and several places on one page, may show one panel. Each says what was changed in it since it spoke
last, so none takes back what was set elsewhere. A text that must not be kept, such as the API key, is not sent back:
it stands in the page where it was typed, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cometmagic.errors import OptionError
from cometmagic.generation.plan import extract_text
from cometmagic.options.declaration import list_options
from cometmagic.system.sanitize import clean_line
from cometmagic.widget import controls, notebook_context
from cometmagic.widget.hints import merge_inherited_options

if TYPE_CHECKING:
    from cometmagic.widget.panel import Panel

PROMPT_CONTROL, REFERENCES_CONTROL = "prompt", "image"  # what stands in the form beside the options
MAX_PAGES = 20


class FormSync:
    """Takes what pages say of the form, and tells what was wrong about it."""

    def __init__(self, panel: Panel) -> None:
        """Begin with a form that says what the panel does."""
        self._panel = panel
        self._revisions: dict[str, int] = {}  # of each page the number of its last change
        self._errors: dict[str, str] = {}  # the reason, by control
        self._raw_values: dict[str, Any] = {}  # what is written in a wrong control, if it may be kept
        self._snapshot = self._read_panel()

    def _read_panel(self) -> dict[str, Any]:
        panel = self._panel
        return {PROMPT_CONTROL: panel.prompt, REFERENCES_CONTROL: panel.references, "": dict(panel.options)}

    def apply_changes(self, page: str, revision: int, changes: dict[str, Any]) -> None:
        """Set the panel to what was changed on a page."""
        self._revisions.pop(page, None)
        self._revisions = dict([*self._revisions.items(), (page, revision)][-MAX_PAGES:])
        refused = {name: why for name, value in changes.items() if (why := self._find_refusal(name, value))}
        fine = {name: value for name, value in changes.items() if name not in refused}
        panel = self._panel
        prompt = str(fine.pop(PROMPT_CONTROL, panel.prompt))
        options, wrong = controls.apply_changes(
            panel.options, merge_inherited_options(panel.options, notebook_context.get_session_options()), fine
        )
        still = {name: why for name, why in self.errors.items() if name not in changes}
        kept = {name: raw for name, raw in self._raw_values.items() if name in still}
        self._raw_values = kept | {name: fine[name] for name in wrong}
        panel.prompt, panel.options = prompt, options
        self._errors, self._snapshot = still | refused | wrong, self._read_panel()

    def _find_refusal(self, name: str, value: Any) -> str:
        """Return why a text cannot be held at all, or nothing."""
        try:
            self._panel.key_guard.check(
                "The prompt" if name == PROMPT_CONTROL else list_options()[name].flag, extract_text(value)
            )
        except OptionError as error:
            return error.message
        return ""

    def set_reference_error(self, reason: str) -> None:
        """Say why a reference image is not among the panel's, or nothing any more."""
        self._errors, self._snapshot = self.errors | {REFERENCES_CONTROL: reason}, self._read_panel()

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong about the form, by control; what was set since by somebody else is not."""
        held, holds = self._snapshot, self._read_panel()
        return {
            name: clean_line(why)
            for name, why in self._errors.items()
            if why and held[_find_snapshot_key(name)] == holds[_find_snapshot_key(name)]
        }

    def build_state(self, inherited_options: dict[str, Any]) -> dict[str, Any]:
        """Return what the pages are told of the form, where `base` holds if the panel sets nothing."""
        wrong = self.errors
        values = {PROMPT_CONTROL: self._panel.prompt} | controls.encode_values(self._panel.options, inherited_options)
        shown = {name: self._raw_values.get(name) if name in wrong else value for name, value in values.items()}
        return {"heard": self._revisions, "wrong": wrong, "values": {k: v for k, v in shown.items() if v is not None}}


def _find_snapshot_key(name: str) -> str:
    return name if name in (PROMPT_CONTROL, REFERENCES_CONTROL) else ""
