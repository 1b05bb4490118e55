"""Finds pictures anywhere in a response that has none where the API documents them.

Gateways answer in the forms of other APIs, and new forms appear all the time. So no form is known here: the tree is
walked in order, and what looks like a picture is one. What is known are the fields that hold something else: what was
sent, sources of a search, signatures. Errors are searched only if there is nothing else: most pictures there were sent.
"""

from __future__ import annotations

import re
from typing import Any

from cometmagic.gemini.coerce import coerce_objects, coerce_string
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_file, is_base64_image
from cometmagic.gemini.tolerant.data_uris import find_image_text, split_data_uris
from cometmagic.gemini.tolerant.image_addresses import find_addresses, has_address, is_address, is_image_address
from cometmagic.gemini.tolerant.nested_base64 import find_nested
from cometmagic.gemini.tolerant.nested_documents import OPAQUE_FIELDS
from cometmagic.gemini.tolerant.text_body import is_web_page

PartNode = dict[str, Any]

_IGNORED_FIELD = re.compile(
    r"request(?:Body)?|originalRequest|contents|prompt|instances|instructions|tools|usage(?:Metadata)?"
    r"|(?:grounding|urlContext|citation)Metadata|promptFeedback|searchEntryPoint|annotations|citations"
    r"|(?:input|reference|init|mask|control)s?(?:[A-Z]\w*)?|.*(?:[sS]ignature|[eE]ncrypted|[tT]oken|[iI]con|[aA]vatar|[lL]ogo).*"
)
_ERROR_FIELD = re.compile(r"errors?")
_DRAFT_FIELD = re.compile(
    r"(?:thought|thinking|reasoning|draft|preview|partial(?!Json)|thumb|intermediate)", re.IGNORECASE
)
_TEXT_FIELD = re.compile(
    r"text|outputText|generatedText|delta|content|answer|completion|caption|description|revisedPrompt|(?:reasoning|thinking)(?:Content|Text)?"
)
_ADDRESS_FIELD = re.compile(
    r"(?!.*(?:doc|help|status|callback|hook|poll|cancel|schema|web|site|home|terms|api|delete|next|prev))"
    r"(?:.*(?:url|uri|image|img|picture|photo|output|result|file|media|asset|sample|link|data)s?)",
    re.IGNORECASE,
)
_FOREIGN_ROLES = ("user", "system", "developer", "tool")
_FINISH_REASONS = {"length": "MAX_TOKENS", "content_filter": "SAFETY"} | dict.fromkeys(
    ("stop", "end_turn", "completed", "success", "succeeded", "message_stop"), "STOP"
)
_HEAD_BYTES = 100
_DATA = re.compile(rb"https?:(?:\\?/){2}[\w\[]|[A-Za-z0-9+/_-]{1000}")


def has_words_before_error(documents: list[Any]) -> bool:
    """Whether the documents of a stream hold words of an answer, in any format, before one that reports an error."""
    search = PictureSearch()
    for document in coerce_objects(documents):
        if document.get("error"):
            return search.has_words
        search.walk(document)
    return False


def holds_data(value: Any) -> bool:
    """Whether a tree holds long base64 or an address of the web anywhere, except in what was sent and in sources."""
    if isinstance(value, str | JSONString):
        return (
            _DATA.search(value.view if isinstance(value, JSONString) else value.encode("utf-8", "replace")) is not None
        )
    return any(
        holds_data(item)
        for key, item in _list_items(value)
        if not (isinstance(key, str) and (_IGNORED_FIELD.fullmatch(key) or _ERROR_FIELD.fullmatch(key)))
    )


class PictureSearch:
    """Collects what looks like parts of an answer, in order; each picture's node replaces its base64 in the tree."""

    def __init__(self, *, is_in_error: bool = False) -> None:
        """Start with nothing; what `is_in_error` holds explanations, so of all addresses only those of images count."""
        self._is_in_error = is_in_error
        self.finish_reason = ""
        self._pictures: list[PartNode] = []  # and texts
        self._files: list[PartNode] = []  # in base64, of no known type of image; and addresses
        self._images: list[JSONString | str] = []
        self._has_failure = False

    @property
    def has_images(self) -> bool:
        """Whether there are images of a known type."""
        return bool(self._images)

    @property
    def has_words(self) -> bool:
        """Whether there are texts."""
        return bool(_join_words(self._pictures).strip())

    @property
    def parts(self) -> list[PartNode]:
        """Texts and images; if there is no image, also other files and addresses; nothing if there are only words.

        The addresses beside the report of a failure are those of its explanation.
        """
        if self._images:
            return self._pictures
        texts = _drop_repetitions(self._pictures)
        has_result = self._files or has_address(_join_words(texts))
        return [*texts, *self._files] if has_result and (self._is_in_error or not self._has_failure) else []

    def walk(self, container: Any, name: str = "", *, is_thought: bool = False) -> None:
        """Search an object or a list; `name` is the field that holds it."""
        if isinstance(container, dict):
            if coerce_string(container.get("role")).lower() in _FOREIGN_ROLES:
                return
            is_thought = is_thought or _is_thought(container)
            self._has_failure = self._has_failure or _is_failure(container)
        for key, item in _list_items(container):
            field = key if isinstance(key, str) else name  # the items of a list have the name of the list
            is_error = _ERROR_FIELD.fullmatch(field) is not None and not self._is_in_error
            if field in OPAQUE_FIELDS or is_error or _IGNORED_FIELD.fullmatch(field):
                continue
            is_draft = is_thought or _DRAFT_FIELD.search(field) is not None
            if isinstance(item, str | JSONString):
                container[key] = self._search_string(field, item, {"thought": True} if is_draft else {})
            else:
                self.walk(item, field, is_thought=is_draft)

    def _search_string(self, name: str, value: JSONString | str, thought: PartNode) -> Any:
        """Search one string, and return what stands in its place from now on."""
        if is_web_page(value):  # its pictures belong to it
            return value
        if (text := find_image_text(value)) is not None:
            return [self._add_piece(piece, thought, is_image=is_image) for piece, is_image in split_data_uris(text)]
        if is_base64_image(value):
            return self._add_image(value, thought)
        if is_base64_file(value):
            return self._add_file(name, value, thought)
        self._search_words(name, value, thought)
        return value

    def _search_words(self, name: str, value: JSONString | str, thought: PartNode) -> None:
        """Search a string that holds no data."""
        is_link = not self._is_in_error and _ADDRESS_FIELD.fullmatch(name) is not None and is_address(value)
        if is_image_address(value) or is_link:
            self._files.append(thought | {"fileData": {"fileUri": value}})
        elif _TEXT_FIELD.fullmatch(name):
            self._pictures.append(thought | {"text": value})
        elif name in ("finishReason", "stopReason", "status", "type"):
            self.finish_reason = _convert_reason(name, coerce_string(value, _HEAD_BYTES)) or self.finish_reason
        elif not is_address(value) and (addresses := find_addresses(coerce_string(value))):
            self._files += [thought | {"fileData": {"fileUri": address}} for address in addresses]

    def _add_file(self, name: str, value: JSONString | str, thought: PartNode) -> Any:
        """Add a file in base64, or what it holds; return what stands in its place."""
        nested = find_nested(value)
        if isinstance(nested, JSONString):
            return self._add_image(nested, thought)
        if nested is not None:
            self.walk(nested, name, is_thought=bool(thought))
            return nested
        node: PartNode = {"data": value}
        self._files.append(thought | {"inlineData": node})
        return node

    def _add_piece(self, piece: JSONString, thought: PartNode, *, is_image: bool) -> Any:
        if is_image:
            return self._add_image(piece, thought)
        if len(piece.view):
            self._pictures.append(thought | {"text": piece})
        return piece

    def _add_image(self, data: JSONString | str, thought: PartNode) -> PartNode:
        """Add an image, unless it came already, as at the end of a stream, and return what replaces its base64."""
        if any(_is_same(data, image) for image in self._images):
            return {}
        node: PartNode = {"data": data}
        self._images.append(data)
        self._pictures.append(thought | {"inlineData": node})
        return node


def _list_items(container: Any) -> list[tuple[Any, Any]]:
    items = (
        container.items()
        if isinstance(container, dict)
        else enumerate(container)
        if isinstance(container, list)
        else ()
    )
    return list(items)


def _is_thought(fields: PartNode) -> bool:
    """Whether an object says that it holds thoughts or a draft."""
    kind = coerce_string(fields.get("type"), _HEAD_BYTES)
    return bool(fields.get("thought")) or kind in ("reasoning", "thinking") or kind.endswith("partial_image")


def _is_failure(fields: PartNode) -> bool:
    """Whether an object reports that the request failed."""
    codes = (fields.get(name) for name in ("code", "status", "statusCode"))
    return fields.get("success") is False or any(isinstance(code, int) and code >= 400 for code in codes)


def _join_words(nodes: list[PartNode]) -> str:
    return "".join(coerce_string(node.get("text")) for node in nodes if not node.get("thought"))


def _drop_repetitions(nodes: list[PartNode]) -> list[PartNode]:
    """Return texts without those that say all of it again, as at the end of a stream."""
    result, words = [], ""
    for node in nodes:
        text = coerce_string(node.get("text"))
        if node.get("thought") or not words or text != words:
            result.append(node)
            words += "" if node.get("thought") else text
    return result


def _is_same(data: JSONString | str, image: JSONString | str) -> bool:
    views = [text.view if isinstance(text, JSONString) else memoryview(text.encode()) for text in (data, image)]
    return views[0] == views[1]


def _convert_reason(name: str, value: str) -> str:
    """Return the API's name for the reason that another API gives for the end, "" for none."""
    if name == "type" and value.endswith(".completed"):
        return "STOP"
    return _FINISH_REASONS.get(value.lower(), value.upper() if name in ("finishReason", "stopReason") else "")
