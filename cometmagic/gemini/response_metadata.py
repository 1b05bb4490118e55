"""What a response contains besides its parts: finish reason, token counts, grounding.

Nothing here is trusted: every text is cleaned and every number checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cometmagic.errors import MAX_ADDRESS_LENGTH
from cometmagic.gemini.coerce import coerce_list, coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.model_status import format_model_status
from cometmagic.gemini.parts import Part, TextPart
from cometmagic.gemini.response import Grounding, GroundingSource, ImageResponse
from cometmagic.gemini.token_counts import parse_usage
from cometmagic.gemini.tolerant.image_addresses import find_addresses, find_all_addresses
from cometmagic.options.declaration import SAFETY_CATEGORIES
from cometmagic.system.sanitize import TEXT_CAP, clean_line

_MAX_CATEGORIES = 12  # safety categories that are named; there are about ten
_SHORT_CATEGORIES = {category: name for name, category in SAFETY_CATEGORIES.items()}
_MAX_ITEMS = 1000  # search queries, and pages; responses have a few dozen


def build_response(document: dict[str, Any], parts: list[Part]) -> ImageResponse:
    """Return the response in a normalized document; `parts` are the parts read from it."""
    candidate, feedback = document["candidates"][0], coerce_object(document.get("promptFeedback"))
    finish_message = clean_line(coerce_string(candidate.get("finishMessage")), TEXT_CAP)
    words = [part.text for part in parts if isinstance(part, TextPart) and not part.thought]
    text = "\n".join(["".join(words), finish_message])
    return ImageResponse(
        parts=tuple(parts),
        finish_reason=clean_line(_format_reason(candidate.get("finishReason")), 80),
        finish_message=finish_message,
        block_reason=clean_line(_format_reason(feedback.get("blockReason")), 80),
        block_message=clean_line(coerce_string(feedback.get("blockReasonMessage")), TEXT_CAP),
        blocked_categories=_parse_blocked_categories([*_list_ratings(candidate), *_list_ratings(feedback)]),
        usage=parse_usage(document.get("usageMetadata")),
        grounding=_parse_grounding(coerce_object(candidate.get("groundingMetadata"))),
        model_version=clean_line(coerce_string(document.get("modelVersion")), 120),
        model_status=format_model_status(document.get("modelStatus") or candidate.get("modelStatus")),
        addresses=tuple(_find_addresses(candidate["content"]["parts"], text)),
        addresses_in_words=tuple(_clean_addresses(find_all_addresses(text))),
        response_id=clean_line(coerce_string(document.get("responseId")), 120),
    )


def _format_reason(value: Any) -> str:
    """Return a reason as text, whatever its type."""
    if isinstance(value, list):
        return ", ".join(map(_format_reason, value[:_MAX_ITEMS]))
    return coerce_string(value) or (json.dumps(value, default=coerce_string) if value else "")


def _list_ratings(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return coerce_objects(fields.get("safetyRatings"))[:_MAX_ITEMS]


def _parse_blocked_categories(ratings: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the safety categories that blocked, or else those that are rated high, as `--safety` writes them."""
    blocked_ratings = [rating for rating in ratings if str(rating.get("blocked")).lower() == "true"]
    high_ratings = [rating for rating in ratings if rating.get("probability") == "HIGH"]
    names = (clean_line(coerce_string(rating.get("category")), 80) for rating in blocked_ratings or high_ratings)
    return tuple(dict.fromkeys(_SHORT_CATEGORIES.get(name, name) for name in names if name))[:_MAX_CATEGORIES]


def _find_addresses(nodes: list[dict[str, Any]], text: str) -> Iterable[str]:
    """Return the addresses of images: of files, and in the text."""
    uris = [coerce_string(coerce_object(node.get("fileData")).get("fileUri")) for node in nodes]
    return _clean_addresses([*uris, *find_addresses(text)])


def _clean_addresses(addresses: Iterable[str]) -> Iterable[str]:
    """Return each address once, without those that are empty."""
    return dict.fromkeys(filter(None, (clean_line(address, MAX_ADDRESS_LENGTH) for address in addresses)))


def _parse_grounding(metadata: dict[str, Any]) -> Grounding:
    queries = [
        clean_line(coerce_string(query), 200)
        for name in ("webSearchQueries", "imageSearchQueries")
        for query in coerce_list(metadata.get(name))[:_MAX_ITEMS]
    ]
    chunks = coerce_objects(metadata.get("groundingChunks"))
    return Grounding(
        queries=tuple(filter(None, queries)),
        sources=tuple(source for chunk in chunks[:_MAX_ITEMS] for source in _parse_sources(chunk)),
        suggestion=_replace_surrogates(
            coerce_string(coerce_object(metadata.get("searchEntryPoint")).get("renderedContent"))
        ),
    )


def _parse_sources(chunk: dict[str, Any]) -> Iterator[GroundingSource]:
    web, image = coerce_object(chunk.get("web")), coerce_object(chunk.get("image"))
    if uri := coerce_string(web.get("uri")):
        yield GroundingSource(
            clean_line(coerce_string(web.get("title")) or coerce_string(web.get("domain")) or uri, 200),
            clean_line(uri, 2000),
        )
    if uri := coerce_string(image.get("sourceUri")):
        yield GroundingSource(
            clean_line(coerce_string(image.get("title")) or uri, 200),
            clean_line(uri, 2000),
            clean_line(coerce_string(image.get("imageUri")), 2000),
        )


def _replace_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which nothing can display. HTML is not cleaned: it is shown sandboxed."""
    return text.encode("utf-8", "replace").decode()
