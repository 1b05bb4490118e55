"""The pictures inside a notebook's JSON, made small where they stand.

A picture stands in the data of an output, in an attachment of a Markdown or raw cell, in a `data:` URI of HTML
or Markdown, or in the saved state of an image widget. What is replaced is kept for the caller, who must
save it first. This module knows no files and no library. Source: nbformat's description of the format.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pybase64

from cometmagic.gemini.parts import MAGIC_BYTES, SHOWN, sniff
from cometmagic.images import resize

JPEG = "image/jpeg"
SVG = "image/svg+xml"
WIDGETS = "application/vnd.jupyter.widget-state+json"
_URI = re.compile(r"data:image/(?:png|jpe?g|webp|gif);base64,([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
Json = dict[str, Any]


@dataclass(frozen=True)
class Still:
    """A picture that can be drawn and does not move; `small` is None where it is small already."""

    content: bytes
    small: bytes | None
    width: int  # CSS pixels it is drawn at when nothing says otherwise


class Shrinker:
    """Makes pictures small, counts them, and keeps what it has replaced."""

    def __init__(self, longest: int) -> None:
        """`longest` is how many pixels a side may have."""
        self.longest = longest
        self.counts: Counter[str] = Counter()
        self.replaced: dict[str, bytes] = {}  # by sha256
        self._seen: dict[str, Still | None] = {}

    def shrink(self, notebook: Json) -> None:
        """Make all pictures of a notebook small, in place."""
        for cell in _objects(notebook["cells"]):
            for output in _objects(cell.get("outputs")):
                self._output(output)
            for bundle in _objects(cell.get("attachments")):
                self._bundle(bundle)
            if cell.get("cell_type") == "markdown":
                self._uris(cell, "source")
        state = notebook
        for name in ("metadata", "widgets", WIDGETS, "state"):
            state = state[name] if isinstance(state.get(name), dict) else {}
        for model in _objects(state):
            if model.get("model_name") == "ImageModel":
                self._widget(model)

    def _output(self, output: Json) -> None:
        data = output.get("data")
        if not isinstance(data, dict):
            return
        self.counts["svg"] += SVG in data
        for kind in ("text/html", "text/markdown"):
            self._uris(data, kind)
        sizes = output.get("metadata")
        sizes = sizes if isinstance(sizes, dict) else {}
        if width := self._bundle(data, sizes):
            size = sizes.setdefault(JPEG, {})
            if isinstance(size, dict) and not {"width", "height"} & size.keys():
                size["width"] = width  # else it would be drawn smaller than before
            output["metadata"] = sizes

    def _bundle(self, data: Json, sizes: Json | None = None) -> int:
        """Keep one picture of those that show the same, as small as it gets; return its width if it was replaced.

        `sizes` are the metadata, whose names follow those of the data.
        """
        stills = {kind: still for kind in SHOWN if kind in data and (still := self._look(data[kind]))}
        if not stills or (JPEG in data and JPEG not in stills):  # where a damaged JPEG stands is no place for another
            return 0
        kind, still = next(iter(stills.items()))  # the best comes first
        if still.small is None:
            kind, still = min(stills.items(), key=lambda item: len(item[1].content))
        for twin in stills.keys() - {kind}:
            self._note("twins", stills[twin])
        becomes = JPEG if still.small else kind
        data[kind] = self._replacement(data[kind], still)
        for named in (data, sizes or {}):
            kept = [
                (becomes if name == kind else name, named[name]) for name in named if name not in stills or name == kind
            ]
            named.clear()
            named.update(kept)
        return still.width if still.small else 0

    def _widget(self, model: Json) -> None:
        for buffer in _objects(model.get("buffers")):
            if buffer.get("path") == ["value"] and buffer.get("encoding") == "base64":
                still, state = self._look(buffer.get("data")), model.setdefault("state", {})
                if still and still.small and isinstance(state, dict):
                    buffer["data"] = self._replacement(buffer["data"], still)
                    state["format"] = "jpeg"
                    if not state.get("width") and not state.get("height"):
                        state["width"] = str(still.width)
                elif still:
                    self.counts["small"] += 1

    def _uris(self, holder: Json, name: str) -> None:
        """Replace the pictures in the `data:` URIs of a text."""

        def replaced(found: re.Match[str]) -> str:
            still = self._look(found[1])
            if still is None or still.small is None:
                self.counts["small"] += still is not None
                return found[0]
            return f"data:{JPEG};base64,{self._replacement(found[1], still)}"

        if (text := _joined(holder.get(name))) and (made := _URI.sub(replaced, text)) != text:
            holder[name] = _like(holder[name], made)

    def _look(self, encoded: Any) -> Still | None:
        """Return a picture that can be made small, and count it when it cannot."""
        try:
            content = pybase64.b64decode("".join((_joined(encoded) or "").split()), validate=True)
        except ValueError:
            content = b""
        digest = sha256(content).hexdigest()
        if digest not in self._seen:
            self._seen[digest] = self._made(content)
        if (still := self._seen[digest]) is None:
            head = resize.header(content)
            self.counts["moving" if head and head.moves else "damaged"] += 1
        return still

    def _made(self, content: bytes) -> Still | None:
        head = resize.header(content) if sniff(content[:MAGIC_BYTES])[0] in SHOWN else None
        small = resize.preview(io.BytesIO(content), self.longest) if head and not head.moves else None
        if head is None or small is None:
            return None
        is_light = len(content) <= len(small) or resize.is_preview(content, self.longest)
        return Still(content, None if is_light else small, head.width)

    def _replacement(self, old: Any, still: Still) -> Any:
        """Return what stands in the place of a picture, written as the old text was."""
        if still.small is None:
            self.counts["small"] += 1
            return old
        self._note("shrunk", still)
        end = "\n" if (_joined(old) or "").endswith("\n") else ""
        return _like(old, pybase64.b64encode(still.small).decode() + end)

    def _note(self, what: str, still: Still) -> None:
        self.counts[what] += 1
        self.replaced[sha256(still.content).hexdigest()] = still.content


def _objects(values: Any) -> Iterator[Json]:
    """Yield the JSON objects in a list or an object; whatever else stands there is not ours to judge."""
    items = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
    yield from (item for item in list(items) if isinstance(item, dict))


def _joined(text: Any) -> str | None:
    """Return a text that may be written as a list of lines, or None when it is none."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text if isinstance(text, str) else None


def _like(old: Any, text: str) -> str | list[str]:
    """Return a text as a list of lines if the old one was that."""
    return text.splitlines(keepends=True) if isinstance(old, list) else text
