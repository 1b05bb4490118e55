"""What in the options of a request decides its price, `--extra` included.

`--extra` may hold any JSON, in camelCase or snake_case: what cannot be understood counts as not set, and nothing here
raises. This module knows no prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects
from cometmagic.options.declaration import Options
from cometmagic.options.option_types import format_value

DEFAULT_SIZE = "1K"
MAX_CANDIDATES = 100  # of one request; the API takes one today
_STANDARD_TIERS = ("", "standard", "unspecified", "service_tier_standard", "service_tier_unspecified")
_CAPITAL = re.compile("[A-Z]")


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
    extra = options.extra
    generation = coerce_object(_get(extra, "generationConfig"))
    image_format = coerce_object(_get(coerce_object(_get(generation, "responseFormat")), "image"))
    size = _get(coerce_object(_get(generation, "imageConfig")), "imageSize") or _get(image_format, "imageSize")
    return BilledSettings(
        image_size=_parse_size(size or options.image_size or DEFAULT_SIZE),
        candidate_count=_parse_candidate_count(_get(generation, "candidateCount")),
        system_texts=(options.system or "", *_iter_texts(_get(extra, "systemInstruction"))),
        has_search=bool(options.search) or _has_search(extra.get("tools")),
        service_tier=_parse_tier(_get(extra, "serviceTier")),
    )


def _get(node: dict[str, Any], name: str) -> Any:
    """Return a field that may be spelled in camelCase or snake_case."""
    value = node.get(name)
    return node.get(_CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", name)) if value is None else value


def _parse_size(value: Any) -> str:
    return value.strip().upper() if isinstance(value, str) else ""


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
