"""The forms on the pages: the last change received from each page, and the values that the panel cannot have.

Several pages, and several places on one page, may show one panel. Each sends only what changed there since its last
message, so none undoes a change from elsewhere. A text that must not be stored, such as the API key, is not sent
back: it stays on the page where it was typed. This module knows no widget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.generation.text_checks import extract_text
from cometmagic.options.declaration import list_options
from cometmagic.storage.call_record import MAX_TEXT_LENGTH
from cometmagic.system.sanitize import clean_line
from cometmagic.widget import controls
from cometmagic.widget.hints import merge_inherited_options
from cometmagic.widget.notebook_context import get_session_options
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.visitor_policy import VisitorPolicy
from cometmagic.widget.visitor_view import select_visitor_options

PROMPT_CONTROL, REFERENCES_CONTROL = "prompt", "image"  # the controls of the form that are not options
MAX_PAGES = 20


class FormSync:
    """Applies the changes that pages send, and remembers which of them were wrong."""

    def __init__(self, state: PanelState, policy: VisitorPolicy | None) -> None:
        """Start with a form that agrees with the panel; `policy` says what visitors may set, if there are any."""
        self._state, self._policy = state, policy
        self._revisions: dict[str, int] = {}  # the number of the last change, by page
        self._errors: dict[str, str] = {}  # the reason, by control
        self._raw_values: dict[str, Any] = {}  # the content of a wrong control, where it may be stored
        self._snapshot = self._build_snapshot()

    def _build_snapshot(self) -> dict[str, Any]:
        state = self._state
        return {PROMPT_CONTROL: state.prompt, REFERENCES_CONTROL: state.references, "": dict(state.options)}

    def apply_changes(self, page: str, revision: int, changes: dict[str, Any]) -> None:
        """Set the panel to what was changed on a page; what no control can contain is ignored."""
        changes = {name: value for name, value in changes.items() if _is_content(name, value)}
        self._revisions.pop(page, None)
        self._revisions = dict([*self._revisions.items(), (page, revision)][-MAX_PAGES:])
        candidates = self._state.options | changes
        refusals = {name: reason for name in changes if (reason := self._find_refusal(name, candidates))}
        values = {name: value for name, value in changes.items() if name not in refusals}
        state = self._state
        prompt = values.pop(PROMPT_CONTROL, state.prompt)
        inherited_options = merge_inherited_options(state.options, get_session_options())
        options, option_errors = controls.apply_changes(state.options, inherited_options, values)
        earlier_errors = {name: reason for name, reason in self.errors.items() if name not in changes}
        earlier_values = {name: value for name, value in self._raw_values.items() if name in earlier_errors}
        self._raw_values = earlier_values | {name: values[name] for name in option_errors}
        if options.get("allow_secret"):  # the prompt may need it
            state.options = options
        state.prompt, state.options = prompt, options
        self._errors, self._snapshot = earlier_errors | refusals | option_errors, self._build_snapshot()

    def _find_refusal(self, name: str, candidates: Mapping[str, Any]) -> str:
        """Return why one of the new values must not be stored at all, or ""."""
        value, is_prompt = candidates[name], name == PROMPT_CONTROL
        try:
            if self._policy is not None and is_prompt:
                self._policy.check_prompt(value)
            elif self._policy is not None:
                self._policy.check_option(name, value)
            label, text = "The prompt" if is_prompt else list_options()[name].flag, extract_text(value)
            if len(text) > MAX_TEXT_LENGTH:
                return f"{label} has {len(text):,} characters; at most {MAX_TEXT_LENGTH:,} are sent."
            self._state.check_text(label, text, candidates)
        except OptionError as error:
            return error.message
        return ""

    def set_reference_error(self, reason: str) -> None:
        """Set why a reference image could not be added; "" clears it."""
        self._errors, self._snapshot = self.errors | {REFERENCES_CONTROL: reason}, self._build_snapshot()

    @property
    def errors(self) -> dict[str, str]:
        """The errors in the form, by control, without those of controls that were set elsewhere since."""
        before, now = self._snapshot, self._build_snapshot()
        return {
            name: clean_line(reason)
            for name, reason in self._errors.items()
            if reason and before[_find_snapshot_key(name)] == now[_find_snapshot_key(name)]
        }

    def build_state(self, inherited_options: dict[str, Any]) -> dict[str, Any]:
        """Return the form's part of the state of the pages; `inherited_options` apply where the panel sets nothing."""
        errors, state = self.errors, self._state
        values = controls.encode_values(state.options, inherited_options)
        if self._policy is not None:
            values = select_visitor_options(values)
        values = {PROMPT_CONTROL: state.prompt} | values
        contents = {name: self._raw_values.get(name) if name in errors else value for name, value in values.items()}
        values = {name: content for name, content in contents.items() if content is not None}
        return {"heard": self._revisions, "wrong": errors, "values": values}


def _find_snapshot_key(name: str) -> str:
    return name if name in (PROMPT_CONTROL, REFERENCES_CONTROL) else ""


def _is_content(name: str, value: Any) -> bool:
    """Whether the control of this name can contain a value."""
    return isinstance(value, str) if name == PROMPT_CONTROL else controls.is_content(name, value)
