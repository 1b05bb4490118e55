"""The service without a network: a request's body in, the answer's status and bytes out.

As the real one does on POST /v1beta/models/{model}:generateContent, so that everything a class can do
and inspect with a key can be done and inspected without one. The same request always gives the same
bytes; a word of `TRIGGERS` in the prompt gives a failure. Nothing here opens a connection or a file.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pybase64

from cometmagic.gemini.json_writer import splice_json
from cometmagic.offline import grounding, response_body, scenarios, validation
from cometmagic.offline.error_replies import ServiceError
from cometmagic.offline.scenarios import TRIGGERS, Scenario
from cometmagic.offline.validation import ValidatedRequest

__all__ = ["TRIGGERS", "answer", "stream"]

_RESPONSE_ID_BYTES = 17  # 23 characters, as the real ones have
_DELTAS_PER_TEXT = 3  # pieces in which a text arrives in a stream


def answer(model: str, body: bytes, variation: int = 0) -> tuple[int, bytes]:
    """Return (HTTP status, JSON) for a request to `generateContent`; of several equal ones each has a `variation`."""
    try:
        asked, failure = _read_request(model, body, variation)
    except ServiceError as refused:
        return refused.status, refused.body
    made = list(response_body.generate_parts(asked, response_body.choose_part_kinds(asked, failure)))
    return 200, _serialize(_build_document(asked, made, made) | _build_ending(asked, failure, made), indent=2)


def stream(model: str, body: bytes) -> tuple[int, Iterator[bytes]]:
    """Return (HTTP status, server-sent events) for a request to `streamGenerateContent?alt=sse`.

    An error is one plain JSON body. Each event is made when it is asked for.
    """
    try:
        asked, failure = _read_request(model, body)
    except ServiceError as refused:
        return refused.status, iter([refused.body])
    return 200, (b"data: " + _serialize(event) + b"\r\n\r\n" for event in _generate_events(asked, failure))


def _read_request(model: str, body: bytes, variation: int = 0) -> tuple[ValidatedRequest, Scenario]:
    """Return what is asked and how to fail; raises `RefusedError` when an error is the answer."""
    asked = validation.validate(model, body, variation)
    return asked, response_body.apply_token_limit(asked, scenarios.find_scenario(asked.summary.prompt, asked.digest))


def _build_document(
    request: ValidatedRequest, new_parts: list[dict[str, Any]], all_parts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return an answer with the parts that are new, and the usage of all that were made."""
    return {
        "candidates": [{"content": {"parts": new_parts, "role": "model"}, "index": 0}],
        "usageMetadata": response_body.build_usage(request, all_parts),
        "modelVersion": request.model_name,
        "responseId": base64.urlsafe_b64encode(request.digest[:_RESPONSE_ID_BYTES]).decode().rstrip("="),
    }


def _build_ending(
    request: ValidatedRequest, scenario: Scenario, parts: list[dict[str, Any]], *, is_closing_event: bool = False
) -> dict[str, Any]:
    """Return the members of an answer that say how it ended; a `closing` event repeats no parts."""
    if scenario.block_reason:
        counts = response_body.build_usage(request, parts, is_blocked=True)
        return {"candidates": [], "promptFeedback": {"blockReason": scenario.block_reason}, "usageMetadata": counts}
    content: dict[str, Any] = {"parts": [{"text": ""}] if is_closing_event else parts, "role": "model"}
    candidate: dict[str, Any] = {
        "content": scenario.content[0] if scenario.content else content,
        "finishReason": scenario.finish_reason,
        "index": 0,
    }
    if scenario.finish_message:
        candidate["finishMessage"] = scenario.finish_message
    if request.search_kinds and parts:
        text = "".join(node.get("text", "") for node in parts if not node.get("thought"))
        candidate["groundingMetadata"] = grounding.build_metadata(request.summary.prompt, request.search_kinds, text)
    return {"candidates": [candidate]}


def _generate_events(request: ValidatedRequest, scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield an answer piece by piece: texts in deltas, each image whole, then how it ended."""
    made: list[dict[str, Any]] = []
    for part in response_body.generate_parts(request, response_body.choose_part_kinds(request, scenario)):
        for delta in _split_part(part):
            made.append(delta)
            yield _build_document(request, [delta], made)
    yield _build_document(request, [], made) | _build_ending(request, scenario, made, is_closing_event=True)


def _split_part(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part in the pieces it arrives in; the signature comes with the first."""
    if "text" not in part:
        yield part
        return
    words = part["text"].split(" ")
    step = -(-len(words) // _DELTAS_PER_TEXT)
    pieces = [" ".join(words[start : start + step]) for start in range(0, len(words), step)]
    yield part | {"text": pieces[0]}
    rest = {name: value for name, value in part.items() if name != "thoughtSignature"}
    yield from (rest | {"text": f" {piece}"} for piece in pieces[1:])


def _serialize(document: dict[str, Any], indent: int | None = None) -> bytes:
    """Return the document as JSON, its bytes as base64 that is never a Python string."""
    separators = None if indent else (",", ":")
    pieces = splice_json(
        document, lambda value: (b'"', pybase64.b64encode(value), b'"'), indent=indent, separators=separators
    )
    return b"".join(pieces)
