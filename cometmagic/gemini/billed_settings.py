"""What in a request decides its price, `--extra` included.

It is read from the JSON that is sent, which may hold anything: what cannot be understood counts as not set, and nothing
here raises. This module knows no prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects
from cometmagic.gemini.encode import encode_options
from cometmagic.gemini.image_config import get_either, read_image_config
from cometmagic.options.declaration import Options
from cometmagic.options.option_types import format_value

DEFAULT_SIZE = "1K"
MAX_CANDIDATES = 100  # of one request; the API takes one today
_STANDARD_TIERS = ("", "standard", "unspecified", "service_tier_standard", "service_tier_unspecified")


@dataclass(frozen=True)
class BilledSettings:
    """The settings of one request that cost money."""

    image_size: str
    candidate_count: int
    system_texts: tuple[str, ...]
    has_search: bool
    service_tier: str  # as messages show it; empty for the standard one


def read_billed_settings(options: Options) -> BilledSettings:
    """Return the settings that are billed."""
    body = encode_options(options)
    generation = coerce_object(get_either(body, "generationConfig"))
    return BilledSettings(
        image_size=read_image_config(body).image_size.strip().upper() or DEFAULT_SIZE,
        candidate_count=_parse_candidate_count(get_either(generation, "candidateCount")),
        system_texts=tuple(_iter_texts(get_either(body, "systemInstruction"))),
        has_search=_has_search(get_either(body, "tools")),
        service_tier=_parse_tier(get_either(body, "serviceTier")),
    )


def _parse_candidate_count(value: Any) -> int:
    try:
        return int(min(max(float(value), 1), MAX_CANDIDATES))
    except OverflowError:
        return MAX_CANDIDATES
    except (TypeError, ValueError):
        return 1


def _iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _iter_texts(item)


def _has_search(tools: Any) -> bool:
    names = (name for tool in coerce_objects(tools) for name in tool)
    return any(name.replace("_", "").lower().startswith("googlesearch") for name in names)


def _parse_tier(value: Any) -> str:
    if value is None or (isinstance(value, str) and value.strip().lower() in _STANDARD_TIERS):
        return ""
    return format_value(value)
