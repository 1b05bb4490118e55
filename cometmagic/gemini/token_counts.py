"""The token counts of a response: read in whatever shape a relay gives them, and merged over a stream.

A stream repeats its counts, and a later, emptier document must not replace a fuller one. This module knows no prices
and does not judge whether counts can be true.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.response import Usage

_MAX_COUNT = 10**12 - 1
_COUNT_NAMES = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")
_IMAGE_MODALITIES = ("IMAGE", "MODALITY_IMAGE", "2")  # 2 is its number in Google's protocol


def parse_usage(usage: Any) -> Usage:
    """Return the counts of a response; several rows for images are added up."""
    counts = coerce_object(usage)
    details = coerce_objects(counts.get("candidatesTokensDetails"))
    image_counts = [
        count for row in details if _is_image_row(row) and (count := _parse_count(row.get("tokenCount"))) is not None
    ]
    values = [*map(counts.get, _COUNT_NAMES), *(row.get("tokenCount") for row in details)]
    return Usage(
        prompt=_parse_count(counts.get("promptTokenCount")),
        answer=_parse_count(counts.get("candidatesTokenCount")),
        thoughts=_parse_count(counts.get("thoughtsTokenCount")),
        total=_parse_count(counts.get("totalTokenCount")),
        image=min(sum(image_counts), _MAX_COUNT) if image_counts else None,
        is_readable=usage in (None, counts) and all(value is None or _is_count(value) for value in values),
    )


def _is_image_row(row: dict[str, Any]) -> bool:
    modality = row.get("modality")
    return (coerce_string(modality) or str(modality)).strip().upper() in _IMAGE_MODALITIES


def _is_count(value: Any) -> bool:
    return _parse_count(value) is not None


def _parse_count(value: Any) -> int | None:
    """Return a token count, also one that is a text or has decimals, or None when it is not a plausible number."""
    try:
        number = float("nan" if isinstance(value, bool) else coerce_string(value) or value)
    except (TypeError, ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() and 0 <= number <= _MAX_COUNT else None


def merge_usage(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the fullest value of each field of `usageMetadata` in the documents of a stream."""
    merged: dict[str, Any] = {}
    for document in documents:
        for name, value in coerce_object(document.get("usageMetadata")).items():
            if name not in merged or _measure(value) >= _measure(merged[name]):
                merged[name] = value
    return merged


def _measure(value: Any) -> int:
    """Return how full a field is: its count, the sum of its rows, or 1 for anything else that is not empty."""
    if isinstance(value, list):
        return sum(_parse_count(row.get("tokenCount")) or 0 for row in coerce_objects(value))
    count = _parse_count(value)
    return int(bool(value)) if count is None else count
