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
from cometmagic.widget import context, controls
from cometmagic.widget.hints import inherited

if TYPE_CHECKING:
    from cometmagic.widget.panel import Panel

PROMPT, REFERENCES = "prompt", "image"  # what stands in the form beside the options
MOST_PAGES = 20


class Reading:
    """Takes what pages say of the form, and tells what was wrong about it."""

    def __init__(self, panel: Panel) -> None:
        """Begin with a form that says what the panel does."""
        self._panel = panel
        self._heard: dict[str, int] = {}  # of each page the number of its last change
        self._wrong: dict[str, str] = {}  # the reason, by control
        self._raw: dict[str, Any] = {}  # what is written in a wrong control, if it may be kept
        self._held = self._holds()

    def _holds(self) -> dict[str, Any]:
        panel = self._panel
        return {PROMPT: panel.prompt, REFERENCES: panel.references, "": dict(panel.options)}

    def take(self, page: str, revision: int, given: dict[str, Any]) -> None:
        """Set the panel to what was changed on a page."""
        self._heard.pop(page, None)
        self._heard = dict([*self._heard.items(), (page, revision)][-MOST_PAGES:])
        refused = {name: why for name, value in given.items() if (why := self._refusal(name, value))}
        fine = {name: value for name, value in given.items() if name not in refused}
        panel = self._panel
        prompt = str(fine.pop(PROMPT, panel.prompt))
        options, wrong = controls.changed(panel.options, inherited(panel.options, context.defaults()), fine)
        still = {name: why for name, why in self.wrong.items() if name not in given}
        kept = {name: raw for name, raw in self._raw.items() if name in still}
        self._raw = kept | {name: fine[name] for name in wrong}
        panel.prompt, panel.options = prompt, options
        self._wrong, self._held = still | refused | wrong, self._holds()

    def _refusal(self, name: str, value: Any) -> str:
        """Return why a text cannot be held at all, or nothing."""
        try:
            self._panel.secret.check("The prompt" if name == PROMPT else list_options()[name].flag, extract_text(value))
        except OptionError as error:
            return error.message
        return ""

    def accuse_references(self, why: str) -> None:
        """Say why a reference image is not among the panel's, or nothing any more."""
        self._wrong, self._held = self.wrong | {REFERENCES: why}, self._holds()

    @property
    def wrong(self) -> dict[str, str]:
        """What is wrong about the form, by control; what was set since by somebody else is not."""
        held, holds = self._held, self._holds()
        return {
            name: clean_line(why)
            for name, why in self._wrong.items()
            if why and held[_part(name)] == holds[_part(name)]
        }

    def told(self, base: dict[str, Any]) -> dict[str, Any]:
        """Return what the pages are told of the form, where `base` holds if the panel sets nothing."""
        wrong = self.wrong
        values = {PROMPT: self._panel.prompt} | controls.values(self._panel.options, base)
        shown = {name: self._raw.get(name) if name in wrong else value for name, value in values.items()}
        return {"heard": self._heard, "wrong": wrong, "values": {k: v for k, v in shown.items() if v is not None}}


def _part(name: str) -> str:
    return name if name in (PROMPT, REFERENCES) else ""
