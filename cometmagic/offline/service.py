"""The service without a network: takes the body of a request, returns the status and body of a response.

It behaves like the real POST /v1beta/models/{model}:generateContent, so that everything a class can do and
inspect with a key also works without one. The same request always gives the same bytes; a word of `TRIGGERS`
in the prompt causes a failure. Nothing here opens a connection or a file.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pybase64

from cometmagic.gemini.json_writer import splice_json
from cometmagic.offline import grounding, response_parts, scenarios, token_count, validation
from cometmagic.offline.error_responses import ServiceError
from cometmagic.offline.scenarios import TRIGGERS, Scenario
from cometmagic.offline.validation import ValidatedRequest

__all__ = ["TRIGGERS", "answer", "count_tokens", "stream"]

_RESPONSE_ID_BYTES = 17  # 23 characters, like the real ones
_DELTAS_PER_TEXT = 3  # pieces into which a stream splits a text


def answer(model: str, body: bytes, variation: int = 0) -> tuple[int, bytes]:
    """Return (HTTP status, JSON) for a request to `generateContent`; `variation` distinguishes equal requests."""
    try:
        request, scenario = _read_request(model, body, variation)
    except ServiceError as error:
        return error.status, error.body
    parts = list(response_parts.generate_parts(request, response_parts.choose_part_kinds(request, scenario)))
    document = _build_document(request, parts, parts) | _build_ending(request, scenario, parts)
    return 200, _serialize(_change_document(document, scenario), indent=2)


def count_tokens(model: str, body: bytes) -> tuple[int, bytes]:
    """Return (HTTP status, JSON) for a request to `countTokens`."""
    try:
        return 200, _serialize(token_count.count_tokens(model, body), indent=2)
    except ServiceError as error:
        return error.status, error.body


def stream(model: str, body: bytes) -> tuple[int, Iterator[bytes]]:
    """Return (HTTP status, server-sent events) for a request to `streamGenerateContent?alt=sse`.

    An error is one plain JSON body. Events are generated as they are consumed.
    """
    try:
        request, scenario = _read_request(model, body)
    except ServiceError as error:
        return error.status, iter([error.body])
    return 200, (b"data: " + _serialize(event) + b"\r\n\r\n" for event in _generate_events(request, scenario))


def _read_request(model: str, body: bytes, variation: int = 0) -> tuple[ValidatedRequest, Scenario]:
    """Return the validated request and its scenario; raises `ServiceError` when the response is an error."""
    request = validation.validate(model, body, variation)
    scenario = scenarios.find_scenario(request.summary.prompt, request.digest)
    if scenario.resize is not None:
        width, height = scenario.resize(request.width, request.height)
        request = replace(request, width=width, height=height)
    return request, response_parts.apply_token_limit(request, scenario)


def _change_document(document: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    return document if scenario.change is None else scenario.change(document)


def _build_document(
    request: ValidatedRequest, new_parts: list[dict[str, Any]], all_parts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a response with the new parts and the usage of all parts."""
    return {
        "candidates": [{"content": {"parts": new_parts, "role": "model"}, "index": 0}],
        "usageMetadata": response_parts.build_usage(request, all_parts),
        "modelVersion": request.model_name,
        "responseId": base64.urlsafe_b64encode(request.digest[:_RESPONSE_ID_BYTES]).decode().rstrip("="),
    }


def _build_ending(
    request: ValidatedRequest, scenario: Scenario, parts: list[dict[str, Any]], *, is_closing_event: bool = False
) -> dict[str, Any]:
    """Return the members that end a response; a closing event does not repeat the parts."""
    if scenario.block_reason:
        usage = response_parts.build_usage(request, parts, is_blocked=True)
        return {"candidates": [], "promptFeedback": {"blockReason": scenario.block_reason}, "usageMetadata": usage}
    content: dict[str, Any] = {"parts": [{"text": ""}] if is_closing_event else parts, "role": "model"}
    candidate: dict[str, Any] = {
        "content": scenario.content[0] if scenario.content else content,
        "finishReason": scenario.finish_reason,
        "index": 0,
    }
    if scenario.finish_message:
        candidate["finishMessage"] = scenario.finish_message
    if request.search_kinds and parts:
        text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        candidate["groundingMetadata"] = grounding.build_metadata(request.summary.prompt, request.search_kinds, text)
    return {"candidates": [candidate]}


def _generate_events(request: ValidatedRequest, scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield a response in pieces: texts in deltas, each image whole, then the ending."""
    documents = _generate_documents(request, scenario)
    return (_change_document(document, scenario) for document in documents)


def _generate_documents(request: ValidatedRequest, scenario: Scenario) -> Iterator[dict[str, Any]]:
    all_parts: list[dict[str, Any]] = []
    for part in response_parts.generate_parts(request, response_parts.choose_part_kinds(request, scenario)):
        for delta in _split_part(part):
            all_parts.append(delta)
            yield _build_document(request, [delta], all_parts)
    yield _build_document(request, [], all_parts) | _build_ending(request, scenario, all_parts, is_closing_event=True)


def _split_part(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the deltas of a part; the signature comes with the first."""
    if "text" not in part:
        yield part
        return
    words = part["text"].split(" ")
    words_per_piece = -(-len(words) // _DELTAS_PER_TEXT)
    pieces = [" ".join(words[start : start + words_per_piece]) for start in range(0, len(words), words_per_piece)]
    yield part | {"text": pieces[0]}
    unsigned_part = {name: value for name, value in part.items() if name != "thoughtSignature"}
    yield from (unsigned_part | {"text": f" {piece}"} for piece in pieces[1:])


def _serialize(document: dict[str, Any], indent: int | None = None) -> bytes:
    """Return the document as JSON with bytes as base64, without a large Python string in between."""
    separators = None if indent else (",", ":")
    return b"".join(splice_json(document, _quote_base64, indent=indent, separators=separators))


def _quote_base64(content: bytes) -> tuple[bytes, bytes, bytes]:
    return b'"', pybase64.b64encode(content), b'"'
