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

from cometmagic.gemini.json_splice import splice_json
from cometmagic.offline import grounding, response_body, scenarios, validation
from cometmagic.offline.error_replies import RefusedError
from cometmagic.offline.scenarios import TRIGGERS, Failure
from cometmagic.offline.validation import Asked

__all__ = ["TRIGGERS", "answer", "stream"]

_ID_BYTES = 17  # 23 characters, as the real ones have
_DELTAS = 3  # pieces in which a text arrives in a stream


def answer(model: str, body: bytes, variation: int = 0) -> tuple[int, bytes]:
    """Return (HTTP status, JSON) for a request to `generateContent`; of several equal ones each has a `variation`."""
    try:
        asked, failure = _understood(model, body, variation)
    except RefusedError as refused:
        return refused.status, refused.body
    made = list(response_body.parts(asked, response_body.plan(asked, failure)))
    return 200, _written(_document(asked, made, made) | _ending(asked, failure, made), indent=2)


def stream(model: str, body: bytes) -> tuple[int, Iterator[bytes]]:
    """Return (HTTP status, server-sent events) for a request to `streamGenerateContent?alt=sse`.

    An error is one plain JSON body. Each event is made when it is asked for.
    """
    try:
        asked, failure = _understood(model, body)
    except RefusedError as refused:
        return refused.status, iter([refused.body])
    return 200, (b"data: " + _written(event) + b"\r\n\r\n" for event in _events(asked, failure))


def _understood(model: str, body: bytes, variation: int = 0) -> tuple[Asked, Failure]:
    """Return what is asked and how to fail; raises `RefusedError` when an error is the answer."""
    asked = validation.read(model, body, variation)
    return asked, response_body.cut_off(asked, scenarios.find(asked.told.prompt, asked.digest))


def _document(asked: Asked, new: list[dict[str, Any]], made: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an answer with the parts that are new, and the usage of all that were made."""
    return {
        "candidates": [{"content": {"parts": new, "role": "model"}, "index": 0}],
        "usageMetadata": response_body.usage(asked, made),
        "modelVersion": asked.name,
        "responseId": base64.urlsafe_b64encode(asked.digest[:_ID_BYTES]).decode().rstrip("="),
    }


def _ending(asked: Asked, failure: Failure, made: list[dict[str, Any]], *, closing: bool = False) -> dict[str, Any]:
    """Return the members of an answer that say how it ended; a `closing` event repeats no parts."""
    if failure.blocked:
        counts = response_body.usage(asked, made, blocked=True)
        return {"candidates": [], "promptFeedback": {"blockReason": failure.blocked}, "usageMetadata": counts}
    content: dict[str, Any] = {"parts": [{"text": ""}] if closing else made, "role": "model"}
    candidate: dict[str, Any] = {
        "content": failure.content[0] if failure.content else content,
        "finishReason": failure.finish,
        "index": 0,
    }
    if failure.message:
        candidate["finishMessage"] = failure.message
    if asked.search and made:
        text = "".join(node.get("text", "") for node in made if not node.get("thought"))
        candidate["groundingMetadata"] = grounding.metadata(asked.told.prompt, asked.search, text)
    return {"candidates": [candidate]}


def _events(asked: Asked, failure: Failure) -> Iterator[dict[str, Any]]:
    """Yield an answer piece by piece: texts in deltas, each image whole, then how it ended."""
    made: list[dict[str, Any]] = []
    for part in response_body.parts(asked, response_body.plan(asked, failure)):
        for delta in _deltas(part):
            made.append(delta)
            yield _document(asked, [delta], made)
    yield _document(asked, [], made) | _ending(asked, failure, made, closing=True)


def _deltas(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part in the pieces it arrives in; the signature comes with the first."""
    if "text" not in part:
        yield part
        return
    words = part["text"].split(" ")
    step = -(-len(words) // _DELTAS)
    pieces = [" ".join(words[start : start + step]) for start in range(0, len(words), step)]
    yield part | {"text": pieces[0]}
    rest = {name: value for name, value in part.items() if name != "thoughtSignature"}
    yield from (rest | {"text": f" {piece}"} for piece in pieces[1:])


def _written(document: dict[str, Any], indent: int | None = None) -> bytes:
    """Return the document as JSON, its bytes as base64 that is never a Python string."""
    separators = None if indent else (",", ":")
    pieces = splice_json(
        document, lambda value: (b'"', pybase64.b64encode(value), b'"'), indent=indent, separators=separators
    )
    return b"".join(pieces)
