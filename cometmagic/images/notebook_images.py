"""The pictures inside a notebook's JSON, replaced by previews.

A picture can be in the data of an output, in an attachment of a Markdown or raw cell, in a `data:` URI of HTML
or Markdown, or in the saved state of an image widget. The originals are kept for the caller, who must save
them first. This module knows nothing about files or the library. Source: the nbformat documentation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pybase64

from cometmagic.gemini.parts import DISPLAYABLE_TYPES
from cometmagic.images import resize
from cometmagic.images.html_pictures import Span, find_pictures
from cometmagic.images.page_rules import PageRules
from cometmagic.images.still_image import (
    JPEG,
    PNG,
    StillImage,
    build_still_image,
    decode_base64,
    decode_data_uri,
)
from cometmagic.images.widget_state import ImageWidget, iter_image_widgets

SVG = "image/svg+xml"
SCRIPT = "application/javascript"
ATTACHMENT = "attachment:"
_PAGE_TYPES = ("text/html", "text/markdown")
_DATA_URI_START = re.compile(r"data:image/(?:png|jpe?g|webp|gif)\b", re.IGNORECASE)
JsonObject = dict[str, Any]


class NotebookShrinker:
    """Replaces pictures by previews, counts them, and keeps the originals."""

    def __init__(self, max_side: int) -> None:
        """`max_side` is the longest side of a preview in pixels."""
        self.max_side = max_side
        self.counts: Counter[str] = Counter()
        self.originals: dict[str, bytes] = {}  # by sha256
        self._images_by_digest: dict[str, StillImage | None] = {}
        self._rules = PageRules((), ())

    def shrink(self, notebook: JsonObject) -> None:
        """Replace all pictures of a notebook by previews, in place."""
        cells = list(_select_objects(notebook["cells"]))
        self._rules = _read_rules(cells)
        for cell in cells:
            for output in _select_objects(cell.get("outputs")):
                self._shrink_output(output)
            self._shrink_attachments(cell)
            if cell.get("cell_type") == "markdown":
                self._shrink_data_uris(cell, "source", is_markdown=True)
        for widget in iter_image_widgets(notebook):
            self._shrink_widget(widget)

    def _shrink_output(self, output: JsonObject) -> None:
        data = output.get("data")
        if not isinstance(data, dict):
            return
        self.counts["svg"] += SVG in data
        for mime_type in _PAGE_TYPES:
            self._shrink_data_uris(data, mime_type, is_markdown=mime_type == "text/markdown")
        metadata = output.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        if image := self._shrink_bundle(data, metadata):
            size = metadata.setdefault(image.preview_type, {})
            if isinstance(size, dict) and not {"width", "height"} & size.keys():
                size["width"] = image.drawn_width  # not every front end draws it as large as before without
            output["metadata"] = metadata

    def _shrink_attachments(self, cell: JsonObject) -> None:
        """Shrink the attachments that a cell shows, and nothing else of it mentions."""
        if not isinstance(attachments := cell.get("attachments"), dict):
            return
        source = _join_lines(cell.get("source")) or ""
        rest = _replace_spans(source, find_pictures(source, self._rules, is_markdown=True), lambda _: "")
        for name, bundle in attachments.items():
            if f"{ATTACHMENT}{name}" in rest or f"{ATTACHMENT}{quote(name)}" in rest:
                self.counts["placed"] += 1
            elif isinstance(bundle, dict):
                self._shrink_bundle(bundle)

    def _shrink_bundle(self, data: JsonObject, metadata: JsonObject | None = None) -> StillImage | None:
        """Keep one of the formats of the same picture, as small as possible; return it if it was replaced.

        The keys of `metadata` are MIME types too and change with those of `data`. Without them nothing says how large
        a PNG is drawn, so it stays.
        """
        images = {
            mime_type: image
            for mime_type in DISPLAYABLE_TYPES
            if mime_type in data and (image := self._load_image(_decode(data[mime_type])))
        }
        if not images:
            return None
        mime_type, image = next(iter(images.items()))  # the best format comes first
        if image.preview is None:
            mime_type, image = min(images.items(), key=lambda entry: len(entry[1].content))
        if image.preview_type in data.keys() - images.keys():  # a damaged picture must not be overwritten
            return None
        if image.preview_type == PNG and (image.preview is None or metadata is None):
            self.counts["transparent"] += 1
            return None
        for other_type in images.keys() - {mime_type}:
            self._keep_original("twins", images[other_type])
        new_type = image.preview_type if image.preview else mime_type
        data[mime_type] = self._build_replacement(data[mime_type], image)
        for mapping in (data, metadata or {}):
            items = [
                (new_type if key == mime_type else key, mapping[key])
                for key in mapping
                if key not in images or key == mime_type
            ]
            mapping.clear()
            mapping.update(items)
        return image if image.preview else None

    def _shrink_widget(self, widget: ImageWidget) -> None:
        """Shrink an image widget that no other kind of widget reads."""
        for buffer in _select_objects(widget.model.get("buffers")):
            if buffer.get("path") != ["value"] or buffer.get("encoding") != "base64":
                continue
            if widget.is_read:
                self.counts["placed"] += 1
            elif (image := self._load_image(_decode(buffer.get("data")))) and self._is_replaceable(image):
                state = widget.model["state"]
                buffer["data"] = self._build_replacement(buffer["data"], image)
                state["format"] = "jpeg"
                if not widget.is_sized:
                    state["width"] = str(image.drawn_width)

    def _shrink_data_uris(self, fields: JsonObject, key: str, *, is_markdown: bool) -> None:
        """Replace the pictures in the `data:` URIs of a text by previews where nothing else depends on their pixels."""
        text = _join_lines(fields.get(key)) or ""
        if not (picture_count := len(_DATA_URI_START.findall(text))):
            return
        spans = find_pictures(text, self._rules, is_markdown=is_markdown)
        spans = [span for span in spans if _DATA_URI_START.match(text[slice(*span)].lstrip())]
        self.counts["placed"] += max(0, picture_count - len(spans))
        new_text = _replace_spans(text, spans, self._build_data_uri)
        if new_text != text:
            fields[key] = _restore_lines(fields[key], new_text)

    def _build_data_uri(self, address: str) -> str:
        """Return the `data:` URI that replaces another one, or the same."""
        image = self._load_image(decode_data_uri(address) or b"")
        if image is None or not self._is_replaceable(image):
            return address
        self._keep_original("shrunk", image)
        return f"data:{JPEG};base64,{pybase64.b64encode(image.preview or b'').decode()}"

    def _is_replaceable(self, image: StillImage) -> bool:
        """Whether a picture has a preview that is drawn as large as the picture without further ado, or count it."""
        if image.preview and image.preview_type == JPEG:
            return True
        self.counts["small" if image.preview_type == JPEG else "transparent"] += 1
        return False

    def _load_image(self, content: bytes) -> StillImage | None:
        """Return a picture that can be replaced, or count it and return None."""
        digest = sha256(content).hexdigest()
        if digest not in self._images_by_digest:
            self._images_by_digest[digest] = build_still_image(content, self.max_side)
        if (image := self._images_by_digest[digest]) is None:
            head = resize.read_header(content)
            self.counts["moving" if head and head.is_animated else "damaged"] += 1
        return image

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


def _read_rules(cells: list[JsonObject]) -> PageRules:
    """Return what the styles and scripts in the outputs and Markdown of a notebook do to pictures."""
    bundles = [
        data
        for cell in cells
        for output in _select_objects(cell.get("outputs"))
        if isinstance(data := output.get("data"), dict)
    ]
    texts = [data.get(mime_type) for data in bundles for mime_type in _PAGE_TYPES]
    texts += [cell.get("source") for cell in cells if cell.get("cell_type") == "markdown"]
    return PageRules(
        filter(None, map(_join_lines, texts)), filter(None, (_join_lines(data.get(SCRIPT)) for data in bundles))
    )


def _replace_spans(text: str, spans: list[Span], replace: Callable[[str], str]) -> str:
    """Return a text with what stands in these spans replaced; they must be in order."""
    pieces, end = [], 0
    for start, span_end in spans:
        pieces += [text[end:start], replace(text[start:span_end])]
        end = span_end
    return "".join([*pieces, text[end:]])


def _decode(data: Any) -> bytes:
    """Return what a field of a notebook holds in base64; b"" when it holds something else."""
    return decode_base64(_join_lines(data) or "")


def _join_lines(text: Any) -> str | None:
    """Return a text that may be written as a list of lines, or None when it is not a text."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text if isinstance(text, str) else None


def _restore_lines(original: Any, text: str) -> str | list[str]:
    """Return a text as a list of lines if the original was one."""
    return text.splitlines(keepends=True) if isinstance(original, list) else text
