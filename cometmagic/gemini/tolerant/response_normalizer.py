"""Brings every variant of a response into the documented form: one document, one candidate, its parts in order.

The variants: missing or null containers, snake_case names, an object in place of a list, several documents of a
stream, images inside texts and URLs, documents inside others, the forms of other APIs. This module does not interpret
the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cometmagic.errors import MAX_ADDRESS_LENGTH
from cometmagic.gemini.coerce import coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_file, is_base64_image
from cometmagic.gemini.tolerant.data_uris import find_image_text, split_data_uris
from cometmagic.gemini.tolerant.document_merge import merge_fields
from cometmagic.gemini.tolerant.image_addresses import is_address
from cometmagic.gemini.tolerant.nested_base64 import find_nested
from cometmagic.gemini.tolerant.nested_documents import OPAQUE_FIELDS, copy_results, detach_documents, expand_texts
from cometmagic.gemini.tolerant.picture_search import PictureSearch
from cometmagic.gemini.tolerant.split_pictures import join_split_pictures
from cometmagic.gemini.tolerant.text_deltas import join_texts_with_images

_SNAKE_CASE = re.compile(r"_([a-z])")
_SCHEME_BYTES = 100  # enough of a URL to see its scheme
_MAX_PARTS = 1000  # those that are searched for images


def normalize_response(documents: list[Any]) -> dict[str, Any]:
    """Return one document with one candidate and the parts of all documents.

    If there is no image in the parts, it is looked for everywhere else, also in documents that stand inside others.
    """
    _convert_to_camel_case(documents)
    join_split_pictures(documents)
    join_texts_with_images(documents)
    result = _merge_documents(documents)
    if _has_image(result):
        return result
    documents = expand_texts(documents)
    _convert_to_camel_case(documents)
    documents += detach_documents(documents)
    join_split_pictures(documents)
    result = _merge_documents(documents)
    return result if _has_image(result) else _add_pictures(documents)


def _merge_documents(documents: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    content: dict[str, Any] = {}
    for document in coerce_objects(documents):
        result = merge_fields(result, document)
        for fields in coerce_objects(document.get("candidates")):
            candidate = merge_fields(candidate, fields)
            content |= coerce_object(fields.get("content"))
            for node in coerce_objects(coerce_object(fields.get("content")).get("parts")):
                parts += _extract_inline_data(node) if len(parts) < _MAX_PARTS else [node]
    candidate["content"] = content | {"parts": parts}
    result["candidates"] = [candidate]
    return result


def _has_image(result: dict[str, Any]) -> bool:
    """Whether a part has data, which may be in a file by now."""
    return any(
        coerce_object(node.get("inlineData")).get("data") for node in result["candidates"][0]["content"]["parts"]
    )


def _add_pictures(documents: list[Any]) -> dict[str, Any]:
    """Return one document with what is found elsewhere added to its parts."""
    search = PictureSearch()
    search.walk(documents)
    if not search.has_images:
        results = list(copy_results(documents))
        _convert_to_camel_case(results)
        search.walk(results)
    result = _merge_documents(documents)  # now, as the search has replaced base64
    candidate = result["candidates"][0]
    parts = candidate["content"]["parts"]
    known_texts = [text for node in parts for text in (node.get("text"), _get_uri(node)) if text]
    has_texts = any(node.get("text") for node in parts)
    found_parts = search.parts or _search_errors(documents)
    parts += [node for node in found_parts if not (has_texts and "text" in node) and _get_uri(node) not in known_texts]
    if search.parts and search.finish_reason:
        candidate.setdefault("finishReason", search.finish_reason)
    return result


def _search_errors(documents: list[Any]) -> list[dict[str, Any]]:
    """Return the pictures, or their addresses, that stand in errors: a gateway reports what it has got until then."""
    errors = [document.get(name) for document in coerce_objects(documents) for name in ("error", "errors")]
    errors = expand_texts(errors, kept_fields=())
    _convert_to_camel_case(errors)
    search = PictureSearch(is_in_error=True)
    search.walk(errors)
    return [node for node in search.parts if "text" not in node]


def _get_uri(node: dict[str, Any]) -> Any:
    return coerce_object(node.get("fileData")).get("fileUri")


def _convert_to_camel_case(value: Any) -> None:
    """Rename the fields of a tree to camelCase, in place: some relays use snake_case."""
    if isinstance(value, dict):
        for name in list(value):
            camel_name = _SNAKE_CASE.sub(lambda match: match[1].upper(), name)
            if camel_name != name:
                item = value.pop(name)
                if value.get(camel_name) is None:  # if a field has both spellings, the one that is not null counts
                    value[camel_name] = item
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        if name not in OPAQUE_FIELDS:
            _convert_to_camel_case(item)


def _find_nested_image(data: Any) -> Any:
    is_nested = isinstance(data, str | JSONString) and not is_base64_image(data) and is_base64_file(data)
    return find_nested(data) if is_nested else None


def _extract_inline_data(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part, with images inside its text or in a data URI moved to inlineData, and an address to fileData."""
    text, thought, uri = find_image_text(node.get("text")), {"thought": node.get("thought")}, _get_uri(node)
    inline_data = coerce_object(node.get("inlineData"))
    if coerce_string(uri, _SCHEME_BYTES).startswith("data:"):
        image = {"inlineData": {"mimeType": node["fileData"].get("mimeType"), "data": uri}}
        node = {name: value for name, value in node.items() if name != "fileData"}
        yield from [node, thought | image] if node.get("text") or "inlineData" in node else [node | image]
    elif text:
        for piece, is_image in split_data_uris(text):
            yield thought | ({"inlineData": {"data": piece}} if is_image else {"text": piece})
        yield {name: value for name, value in node.items() if name != "text"}
    elif is_address(data := coerce_string(inline_data.get("data"), MAX_ADDRESS_LENGTH)):
        file_data = {"mimeType": inline_data.get("mimeType"), "fileUri": data}
        yield {name: value for name, value in node.items() if name != "inlineData"} | {"fileData": file_data}
    elif isinstance(nested := _find_nested_image(inline_data.get("data")), JSONString):
        yield node | {"inlineData": inline_data | {"data": nested}}
    else:
        yield node
