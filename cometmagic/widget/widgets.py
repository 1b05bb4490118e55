"""The three widgets of a panel that a browser draws: the form, the result, and the cell.

Each is an anywidget whose module is in `view`; nothing is loaded from the network. Their traits are JSON and bytes,
and the page inserts every text as text. Standard controls are not used because a click may arrive before the last
letters typed; here a click sends the whole form.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from ipywidgets import Box
from traitlets import Bool, Bytes, Dict, List, Unicode

from cometmagic.system.secret_patterns import SECRET_PATTERN, SECRET_START_PATTERN

VIEW_FOLDER = Path(__file__).with_name("view")
_IMPORT_PATTERN = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)


@cache
def read_module(name: str) -> str:
    """Return a module of `view` after those it imports: in a notebook, modules have no URL to import from."""
    sources: dict[str, str] = {}
    _collect_modules(name, sources)
    *imported_sources, source = sources.values()
    return "".join(text.replace("\nexport ", "\n") for text in imported_sources) + source


def _collect_modules(name: str, sources: dict[str, str]) -> None:
    """Add a module to `sources` after those it imports, each once."""
    text = (VIEW_FOLDER / name).read_text(encoding="utf-8")
    for imported_name in _IMPORT_PATTERN.findall(text):
        if imported_name not in sources:
            _collect_modules(imported_name, sources)
    sources[name] = _IMPORT_PATTERN.sub("", text)


def read_style() -> str:
    """Return the style sheet of all widgets."""
    return (VIEW_FOLDER / "panel.css").read_text(encoding="utf-8")


class ReadOnlyState:
    """A widget whose traits pages show and never set: a wrong value would break every page. They send messages."""

    def set_state(self, sync_data: Any) -> None:
        """Ignore the values that a page sets."""


class Container(ReadOnlyState, Box):  # type: ignore[misc]
    """The frame around the parts of a panel."""


class FormWidget(ReadOnlyState, AnyWidget):
    """Prompt, options, reference images, the button, and the status of a run.

    A page sends `edit` and `run` with its changes and the number of its last change. `state` returns the last number
    received from each page, so that letters typed in the meantime are never undone. The page uses `secret_patterns` to
    hold a key back while it is typed.
    """

    _esm = read_module("form.js")
    _css = read_style()
    secret_patterns: List[str] = List([SECRET_START_PATTERN, SECRET_PATTERN]).tag(sync=True)
    has_visitors = Bool().tag(sync=True)
    controls: List[Any] = List().tag(sync=True)
    state = Dict().tag(sync=True)
    standing = Dict().tag(sync=True)
    references: List[Any] = List().tag(sync=True)  # {word, picture: bytes, told}


class ResultWidget(ReadOnlyState, AnyWidget):
    """The image with its caption and drafts, the buttons for it, and the history of the panel."""

    _esm = read_module("outcome.js")
    shown = Dict().tag(sync=True)
    picture = Bytes().tag(sync=True)
    drafts: List[Any] = List().tag(sync=True)  # {told, picture: bytes}
    history: List[Any] = List().tag(sync=True)  # {id, told, picture: bytes}
    busy = Bool().tag(sync=True)


class CellWidget(ReadOnlyState, AnyWidget):
    """The notebook cell that does the same as the panel, for copying."""

    _esm = read_module("cell.js")
    text = Unicode().tag(sync=True)
