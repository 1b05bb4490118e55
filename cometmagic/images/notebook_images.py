"""The pictures inside a notebook's JSON, replaced by previews.

A picture can be in the data of an output, in an attachment of a Markdown or raw cell, in a `data:` URI of HTML
or Markdown, or in the saved state of an image widget. The originals are kept for the caller, who must save
them first. This module knows nothing about files or the library. Source: the nbformat documentation.
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
    """A picture that can be drawn and is not animated; `preview` is None when it is small already."""

    content: bytes
    preview: bytes | None
    display_width: int  # CSS pixels, unless the notebook says otherwise


class NotebookShrinker:
    """Replaces pictures by previews, counts them, and keeps the originals."""

    def __init__(self, max_side: int) -> None:
        """`max_side` is the longest side of a preview in pixels."""
        self.max_side = max_side
        self.counts: Counter[str] = Counter()
        self.originals: dict[str, bytes] = {}  # by sha256
        self._images_by_digest: dict[str, StillImage | None] = {}

    def shrink(self, notebook: JsonObject) -> None:
        """Replace all pictures of a notebook by previews, in place."""
        for cell in _select_objects(notebook["cells"]):
            for output in _select_objects(cell.get("outputs")):
                self._shrink_output(output)
            for bundle in _select_objects(cell.get("attachments")):
                self._shrink_bundle(bundle)
            if cell.get("cell_type") == "markdown":
                self._shrink_data_uris(cell, "source")
        state = notebook
        for key in ("metadata", "widgets", WIDGET_STATE, "state"):
            state = state[key] if isinstance(state.get(key), dict) else {}
        for model in _select_objects(state):
            if model.get("model_name") == "ImageModel":
                self._shrink_widget(model)

    def _shrink_output(self, output: JsonObject) -> None:
        data = output.get("data")
        if not isinstance(data, dict):
            return
        self.counts["svg"] += SVG in data
        for mime_type in ("text/html", "text/markdown"):
            self._shrink_data_uris(data, mime_type)
        metadata = output.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        if width := self._shrink_bundle(data, metadata):
            size = metadata.setdefault(JPEG, {})
            if isinstance(size, dict) and not {"width", "height"} & size.keys():
                size["width"] = width  # otherwise it would be drawn smaller than before
            output["metadata"] = metadata

    def _shrink_bundle(self, data: JsonObject, metadata: JsonObject | None = None) -> int:
        """Keep one of the formats of the same picture, as small as possible; return its width if it was replaced.

        The keys of `metadata` are MIME types too and change with those of `data`.
        """
        images = {
            mime_type: image
            for mime_type in DISPLAYABLE_TYPES
            if mime_type in data and (image := self._load_image(data[mime_type]))
        }
        if not images or (JPEG in data and JPEG not in images):  # a damaged JPEG must not be overwritten
            return 0
        mime_type, image = next(iter(images.items()))  # the best format comes first
        if image.preview is None:
            mime_type, image = min(images.items(), key=lambda entry: len(entry[1].content))
        for other_type in images.keys() - {mime_type}:
            self._keep_original("twins", images[other_type])
        new_type = JPEG if image.preview else mime_type
        data[mime_type] = self._build_replacement(data[mime_type], image)
        for mapping in (data, metadata or {}):
            items = [
                (new_type if key == mime_type else key, mapping[key])
                for key in mapping
                if key not in images or key == mime_type
            ]
            mapping.clear()
            mapping.update(items)
        return image.display_width if image.preview else 0

    def _shrink_widget(self, model: JsonObject) -> None:
        for buffer in _select_objects(model.get("buffers")):
            if buffer.get("path") == ["value"] and buffer.get("encoding") == "base64":
                image, state = self._load_image(buffer.get("data")), model.get("state", {})
                if image and image.preview and isinstance(state, dict):
                    model["state"] = state
                    buffer["data"] = self._build_replacement(buffer["data"], image)
                    state["format"] = "jpeg"
                    if not state.get("width") and not state.get("height"):
                        state["width"] = str(image.display_width)
                elif image:
                    self.counts["small"] += 1

    def _shrink_data_uris(self, fields: JsonObject, key: str) -> None:
        """Replace the pictures in the `data:` URIs of a text by previews."""

        def replace_uri(match: re.Match[str]) -> str:
            image = self._load_image(match[1])
            if image is None or image.preview is None:
                self.counts["small"] += image is not None
                return match[0]
            return f"data:{JPEG};base64,{self._build_replacement(match[1], image)}"

        if (text := _join_lines(fields.get(key))) and (new_text := _DATA_URI.sub(replace_uri, text)) != text:
            fields[key] = _restore_lines(fields[key], new_text)

    def _load_image(self, data: Any) -> StillImage | None:
        """Return a picture that can be replaced, or count it and return None."""
        try:
            content = pybase64.b64decode("".join((_join_lines(data) or "").split()), validate=True)
        except ValueError:
            content = b""
        digest = sha256(content).hexdigest()
        if digest not in self._images_by_digest:
            self._images_by_digest[digest] = self._build_image(content)
        if (image := self._images_by_digest[digest]) is None:
            head = resize.read_header(content)
            self.counts["moving" if head and head.is_animated else "damaged"] += 1
        return image

    def _build_image(self, content: bytes) -> StillImage | None:
        header = resize.read_header(content) if sniff(content[:MAGIC_BYTES])[0] in DISPLAYABLE_TYPES else None
        preview = (
            resize.render_preview(io.BytesIO(content), self.max_side) if header and not header.is_animated else None
        )
        if header is None or preview is None:
            return None
        is_light = len(content) <= len(preview) or resize.is_preview(content, self.max_side)
        return StillImage(content, None if is_light else preview, header.display_width)

    def _build_replacement(self, data: Any, image: StillImage) -> Any:
        """Return the base64 text that replaces a picture, laid out like the old one."""
        if image.preview is None:
            self.counts["small"] += 1
            return data
        self._keep_original("shrunk", image)
        final_newline = "\n" if (_join_lines(data) or "").endswith("\n") else ""
        return _restore_lines(data, pybase64.b64encode(image.preview).decode() + final_newline)

    def _keep_original(self, count_name: str, image: StillImage) -> None:
        self.counts[count_name] += 1
        self.originals[sha256(image.content).hexdigest()] = image.content


def _select_objects(values: Any) -> Iterator[JsonObject]:
    """Yield the JSON objects in a list or an object; other values are left alone."""
    items = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
    yield from (item for item in list(items) if isinstance(item, dict))


def _join_lines(text: Any) -> str | None:
    """Return a text that may be written as a list of lines, or None when it is not a text."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text if isinstance(text, str) else None


def _restore_lines(original: Any, text: str) -> str | list[str]:
    """Return a text as a list of lines if the original was one."""
    return text.splitlines(keepends=True) if isinstance(original, list) else text
