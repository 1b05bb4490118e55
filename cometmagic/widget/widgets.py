"""The three parts of a panel that a browser draws: its form, what came of it, and its cell.

Each is an anywidget whose module lies in `view`; nothing is loaded from anywhere. What they are told is JSON and
bytes, and they put every text on the page as text. Why no stock controls: a click of theirs may overtake the last
letters that were typed; here a click carries the whole form.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from traitlets import Bool, Bytes, Dict, List, Unicode

VIEW_FOLDER = Path(__file__).with_name("view")
_IMPORT_PATTERN = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)


@cache
def read_module(name: str) -> str:
    """Return a module of `view` with those it imports in front of it: in a notebook none has an address."""
    texts: dict[str, str] = {}
    _collect_modules(name, texts)
    *helpers, own = texts.values()
    return "".join(text.replace("\nexport ", "\n") for text in helpers) + own


def _collect_modules(name: str, sources: dict[str, str]) -> None:
    """Put a module behind those it imports, each once."""
    text = (VIEW_FOLDER / name).read_text(encoding="utf-8")
    for other in _IMPORT_PATTERN.findall(text):
        if other not in sources:
            _collect_modules(other, sources)
    sources[name] = _IMPORT_PATTERN.sub("", text)


def read_style() -> str:
    """Return the style sheet of all parts."""
    return (VIEW_FOLDER / "panel.css").read_text(encoding="utf-8")


class FormWidget(AnyWidget):
    """Prompt, options, reference images, the button, and how a run stands.

    A page says `edit` and `run` with what was changed and the number of its last change; `state` comes back with the
    number that each page was heard to, so that letters typed meanwhile are never taken back.
    """

    _esm = read_module("form.js")
    _css = read_style()
    controls: List[Any] = List().tag(sync=True)
    state = Dict().tag(sync=True)
    standing = Dict().tag(sync=True)
    references: List[Any] = List().tag(sync=True)  # {word, picture: bytes, told}


class ResultWidget(AnyWidget):
    """The picture with its caption and its way, what to do with it, and what the panel made before."""

    _esm = read_module("outcome.js")
    shown = Dict().tag(sync=True)
    picture = Bytes().tag(sync=True)
    drafts: List[Any] = List().tag(sync=True)  # {told, picture: bytes}
    history: List[Any] = List().tag(sync=True)  # {id, told, picture: bytes}
    busy = Bool().tag(sync=True)


class CellWidget(AnyWidget):
    """The cell that the panel stands for, to be copied."""

    _esm = read_module("cell.js")
    text = Unicode().tag(sync=True)
