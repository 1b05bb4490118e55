"""What an answer says beside its parts: why it ended, what it used, what it looked up.

Every text here is foreign and is cleaned; every number is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.parts import Part
from cometmagic.gemini.response import Grounding, ImageResponse, Source, Usage
from cometmagic.gemini.tolerant.response_shape import object_, objects, string
from cometmagic.system.sanitize import line

_LARGEST_COUNT = 10**12
_MOST_LISTED = 1000  # words looked up, and pages found; answers have a few dozen


def _count(value: Any) -> int | None:
    """Return a token count or a size, or None for nonsense."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_COUNT
    return value if good else None


def response(document: dict[str, Any], parts: list[Part]) -> ImageResponse:
    """Return the answer of a document in its one shape, with the parts that were read from it."""
    candidate, feedback = document["candidates"][0], object_(document.get("promptFeedback"))
    return ImageResponse(
        parts=tuple(parts),
        finish_reason=line(string(candidate.get("finishReason")), 80),
        finish_message=line(string(candidate.get("finishMessage"))),
        block_reason=line(string(feedback.get("blockReason")), 80),
        block_message=line(string(feedback.get("blockReasonMessage"))),
        usage=_usage(object_(document.get("usageMetadata"))),
        grounding=_grounding(object_(candidate.get("groundingMetadata"))),
        model_version=line(string(document.get("modelVersion")), 120),
        response_id=line(string(document.get("responseId")), 120),
    )


def _usage(counts: dict[str, Any]) -> Usage:
    details = objects(counts.get("candidatesTokensDetails"))
    images = [_count(row.get("tokenCount")) for row in details if row.get("modality") == "IMAGE"]
    return Usage(
        prompt=_count(counts.get("promptTokenCount")),
        answer=_count(counts.get("candidatesTokenCount")),
        thoughts=_count(counts.get("thoughtsTokenCount")),
        total=_count(counts.get("totalTokenCount")),
        image=images[0] if images else None,
    )


def _grounding(found: dict[str, Any]) -> Grounding:
    queries = [
        line(string(word), 200)
        for name in ("webSearchQueries", "imageSearchQueries")
        for word in _list(found.get(name))[:_MOST_LISTED]
    ]
    chunks = objects(found.get("groundingChunks"))
    return Grounding(
        queries=tuple(filter(None, queries)),
        sources=tuple(source for chunk in chunks[:_MOST_LISTED] for source in _sources(chunk)),
        suggestion=_encodable(string(object_(found.get("searchEntryPoint")).get("renderedContent"))),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _sources(chunk: dict[str, Any]) -> Iterator[Source]:
    web, image = object_(chunk.get("web")), object_(chunk.get("image"))
    if address := string(web.get("uri")):
        yield Source(line(string(web.get("title")) or string(web.get("domain")) or address, 200), line(address, 2000))
    if address := string(image.get("sourceUri")):
        yield Source(
            line(string(image.get("title")) or address, 200),
            line(address, 2000),
            line(string(image.get("imageUri")), 2000),
        )


def _encodable(text: str) -> str:
    """Return HTML that is shown sandboxed, as it came but for lone surrogates: those can nowhere be shown."""
    return text.encode("utf-8", "replace").decode()
