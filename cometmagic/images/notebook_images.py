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

from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, sniff
from cometmagic.images import resize

JPEG = "image/jpeg"
SVG = "image/svg+xml"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_DATA_URI = re.compile(r"data:image/(?:png|jpe?g|webp|gif);base64,([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
JsonObject = dict[str, Any]


@dataclass(frozen=True)
class StillImage:
    """A picture that can be drawn and does not move; `small` is None where it is small already."""

    content: bytes
    preview: bytes | None
    display_width: int  # CSS pixels it is drawn at when nothing says otherwise


class NotebookShrinker:
    """Makes pictures small, counts them, and keeps what it has replaced."""

    def __init__(self, max_side: int) -> None:
        """`longest` is how many pixels a side may have."""
        self.max_side = max_side
        self.counts: Counter[str] = Counter()
        self.originals: dict[str, bytes] = {}  # by sha256
        self._images_by_digest: dict[str, StillImage | None] = {}

    def shrink(self, notebook: JsonObject) -> None:
        """Make all pictures of a notebook small, in place."""
        for cell in _select_objects(notebook["cells"]):
            for output in _select_objects(cell.get("outputs")):
                self._shrink_output(output)
            for bundle in _select_objects(cell.get("attachments")):
                self._shrink_bundle(bundle)
            if cell.get("cell_type") == "markdown":
                self._shrink_data_uris(cell, "source")
        state = notebook
        for name in ("metadata", "widgets", WIDGET_STATE, "state"):
            state = state[name] if isinstance(state.get(name), dict) else {}
        for model in _select_objects(state):
            if model.get("model_name") == "ImageModel":
                self._shrink_widget(model)

    def _shrink_output(self, output: JsonObject) -> None:
        data = output.get("data")
        if not isinstance(data, dict):
            return
        self.counts["svg"] += SVG in data
        for kind in ("text/html", "text/markdown"):
            self._shrink_data_uris(data, kind)
        sizes = output.get("metadata")
        sizes = sizes if isinstance(sizes, dict) else {}
        if width := self._shrink_bundle(data, sizes):
            size = sizes.setdefault(JPEG, {})
            if isinstance(size, dict) and not {"width", "height"} & size.keys():
                size["width"] = width  # else it would be drawn smaller than before
            output["metadata"] = sizes

    def _shrink_bundle(self, data: JsonObject, metadata: JsonObject | None = None) -> int:
        """Keep one picture of those that show the same, as small as it gets; return its width if it was replaced.

        `sizes` are the metadata, whose names follow those of the data.
        """
        stills = {kind: still for kind in DISPLAYABLE_TYPES if kind in data and (still := self._load_image(data[kind]))}
        if not stills or (JPEG in data and JPEG not in stills):  # where a damaged JPEG stands is no place for another
            return 0
        kind, still = next(iter(stills.items()))  # the best comes first
        if still.preview is None:
            kind, still = min(stills.items(), key=lambda item: len(item[1].content))
        for twin in stills.keys() - {kind}:
            self._keep_original("twins", stills[twin])
        becomes = JPEG if still.preview else kind
        data[kind] = self._build_replacement(data[kind], still)
        for named in (data, metadata or {}):
            kept = [
                (becomes if name == kind else name, named[name]) for name in named if name not in stills or name == kind
            ]
            named.clear()
            named.update(kept)
        return still.display_width if still.preview else 0

    def _shrink_widget(self, model: JsonObject) -> None:
        for buffer in _select_objects(model.get("buffers")):
            if buffer.get("path") == ["value"] and buffer.get("encoding") == "base64":
                still, state = self._load_image(buffer.get("data")), model.setdefault("state", {})
                if still and still.preview and isinstance(state, dict):
                    buffer["data"] = self._build_replacement(buffer["data"], still)
                    state["format"] = "jpeg"
                    if not state.get("width") and not state.get("height"):
                        state["width"] = str(still.display_width)
                elif still:
                    self.counts["small"] += 1

    def _shrink_data_uris(self, fields: JsonObject, key: str) -> None:
        """Replace the pictures in the `data:` URIs of a text."""

        def replaced(found: re.Match[str]) -> str:
            still = self._load_image(found[1])
            if still is None or still.preview is None:
                self.counts["small"] += still is not None
                return found[0]
            return f"data:{JPEG};base64,{self._build_replacement(found[1], still)}"

        if (text := _join_lines(fields.get(key))) and (made := _DATA_URI.sub(replaced, text)) != text:
            fields[key] = _restore_lines(fields[key], made)

    def _load_image(self, data: Any) -> StillImage | None:
        """Return a picture that can be made small, and count it when it cannot."""
        try:
            content = pybase64.b64decode("".join((_join_lines(data) or "").split()), validate=True)
        except ValueError:
            content = b""
        digest = sha256(content).hexdigest()
        if digest not in self._images_by_digest:
            self._images_by_digest[digest] = self._build_image(content)
        if (still := self._images_by_digest[digest]) is None:
            head = resize.read_header(content)
            self.counts["moving" if head and head.is_animated else "damaged"] += 1
        return still

    def _build_image(self, content: bytes) -> StillImage | None:
        head = resize.read_header(content) if sniff(content[:MAGIC_BYTES])[0] in DISPLAYABLE_TYPES else None
        small = resize.render_preview(io.BytesIO(content), self.max_side) if head and not head.is_animated else None
        if head is None or small is None:
            return None
        is_light = len(content) <= len(small) or resize.is_preview(content, self.max_side)
        return StillImage(content, None if is_light else small, head.display_width)

    def _build_replacement(self, data: Any, image: StillImage) -> Any:
        """Return what stands in the place of a picture, written as the old text was."""
        if image.preview is None:
            self.counts["small"] += 1
            return data
        self._keep_original("shrunk", image)
        end = "\n" if (_join_lines(data) or "").endswith("\n") else ""
        return _restore_lines(data, pybase64.b64encode(image.preview).decode() + end)

    def _keep_original(self, count_name: str, image: StillImage) -> None:
        self.counts[count_name] += 1
        self.originals[sha256(image.content).hexdigest()] = image.content


def _select_objects(values: Any) -> Iterator[JsonObject]:
    """Yield the JSON objects in a list or an object; whatever else stands there is not ours to judge."""
    items = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
    yield from (item for item in list(items) if isinstance(item, dict))


def _join_lines(text: Any) -> str | None:
    """Return a text that may be written as a list of lines, or None when it is none."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text if isinstance(text, str) else None


def _restore_lines(original: Any, text: str) -> str | list[str]:
    """Return a text as a list of lines if the old one was that."""
    return text.splitlines(keepends=True) if isinstance(original, list) else text
