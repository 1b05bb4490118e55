"""Checks a request the way the real service does, and returns its values.

`validate` rejects what the service rejects, with the service's messages where they are known: first an
unknown model, then the fields (schema.py), then the contents, then what the model does not support
(models.py). This module paints nothing and builds no responses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from cometmagic.offline import contents, error_responses, model_list, schema
from cometmagic.options import models, pixel_sizes

if TYPE_CHECKING:
    from PIL.Image import Image

# Sizes without an aspect ratio: two models returned 11:6 in every published recording, the others squares.
_AUTOMATIC_SIZES = {"gemini-3-pro-image": (1408, 768), "gemini-3.1-flash-lite-image": (1408, 768)}
_SQUARE_SIZE = (1024, 1024)
_SIZE_SCALES = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
# The limits of Google's validator, inclusive.
_NUMBER_RANGES = {"temperature": (0, 2), "top_p": (0, 1), "top_k": (1, 1000), "max_output_tokens": (1, 10**9)}
_SAFETY_CATEGORIES = tuple(
    name for name in schema.ENUMS["HarmCategory"] if not name.endswith(("UNSPECIFIED", "JAILBREAK"))
)
_UNSUPPORTED_TOOLS = {
    "function_declarations": "Function calling",
    "code_execution": "Code execution",
    "google_search_retrieval": "Search retrieval",
    "google_maps": "Google Maps",
    "computer_use": "Computer use",
    "file_search": "File search",
}
_UNSUPPORTED_CONFIG_FIELDS = {
    "response_schema": "JSON mode",
    "response_json_schema": "JSON mode",
    "presence_penalty": "Penalty",
    "frequency_penalty": "Penalty",
    "response_logprobs": "Logprobs",
    "logprobs": "Logprobs",
}


@dataclass(frozen=True, kw_only=True)
class ValidatedRequest:
    """A request the service accepts. Sizes are in pixels; an edit starts from `base_image`."""

    model_name: str
    model: models.Model
    digest: bytes
    summary: contents.ContentsSummary
    image_size: str
    width: int
    height: int
    include_text: bool
    include_image: bool
    include_thoughts: bool
    thinking_level: str
    search_kinds: tuple[str, ...]
    seed: int
    max_output_tokens: int | None
    base_image: Image | None

    @property
    def draft_size(self) -> tuple[int, int]:
        """Width and height of a draft: the same aspect ratio, at most 1K."""
        scale = max(_SIZE_SCALES[self.image_size], 1)
        return round(self.width / scale), round(self.height / scale)


def validate(model_name: str, body: bytes, variation: int = 0) -> ValidatedRequest:
    """Return the validated request to the model `model_name`.

    Raises `ServiceError` for everything the service would not accept.
    """
    model_name = model_name.removeprefix("models/")
    digest = hashlib.sha256(model_name.encode("utf-8", "replace") + b"\n" + body).digest()
    model = model_list.find_model(model_name, digest)
    request = schema.parse_request(body)
    config = request.get("generation_config", {})
    violations = [*contents.find_violations(request), *_find_value_violations(request, config, model)]
    if violations:
        raise error_responses.build_violation_error("GenerateContentRequest", violations)
    errors = chain(
        contents.find_errors(request, model.max_references), _find_model_errors(request, config, model, model_name)
    )
    error = next(errors, "")
    if error:
        raise error_responses.build_google_error(error)
    return _build_request(model_name, model, digest, request, variation)


def _find_value_violations(request: dict[str, Any], config: dict[str, Any], model: models.Model) -> Iterator[str]:
    """Yield the violations that the validator reports for single values."""
    image_config = config.get("image_config", {})
    ratios = sorted(model.aspect_ratios, key=lambda ratio: [int(side) for side in ratio.split(":")])
    for field, choices in (("aspect_ratio", ratios), ("image_size", model.image_sizes)):
        if image_config.get(field) and image_config[field] not in choices:
            yield f"generation_config.image_config.{field}: {field} must be {_format_choices(choices)}."
    for field, (low, high) in _NUMBER_RANGES.items():
        if field in config and not low <= config[field] <= high:
            yield f"generation_config.{field}: {field} must be in the range [{low}, {high}]."
    categories = ", ".join(f"HarmCategory.{name}" for name in _SAFETY_CATEGORIES)
    for index, setting in enumerate(request.get("safety_settings", [])):
        if setting.get("category") not in _SAFETY_CATEGORIES:
            yield f"safety_settings[{index}]: element predicate failed: $.category in ({categories})"


def _format_choices(values: Iterable[str]) -> str:
    *first_choices, last_choice = (f"'{value}'" for value in values)
    return f"one of {', '.join(first_choices)}, or {last_choice}" if first_choices else last_choice


def _find_model_errors(
    request: dict[str, Any], config: dict[str, Any], model: models.Model, model_name: str
) -> Iterator[str]:
    """Yield what the model does not support, in the order in which the service probably checks it."""
    if config.get("candidate_count", 1) > 1:
        yield "Multiple candidates is not enabled for this model"
    if not {"TEXT", "IMAGE", "MODALITY_UNSPECIFIED"}.issuperset(config.get("response_modalities", [])):
        yield (
            "The requested combination of response modalities is not supported by the model. "
            f"models/{model_name} accepts the following combination of response modalities:\n"
            "* TEXT\n* TEXT, IMAGE\n* IMAGE"
        )
    yield from _find_thinking_errors(config.get("thinking_config", {}), model)
    for title in _find_unsupported_features(request, config, model):
        yield f"{title} is not enabled for models/{model_name}"


def _find_thinking_errors(thinking_config: dict[str, Any], model: models.Model) -> Iterator[str]:
    level = thinking_config.get("thinking_level", "")
    if level and "thinking_budget" in thinking_config:
        yield "You can only set only one of thinking budget and thinking level."
    if level and not model.thinking_levels:
        yield "Thinking level is not supported for this model."
    elif level.lower() not in ("", "thinking_level_unspecified", *model.thinking_levels):
        yield f"Thinking level {level} is not supported for this model. Please retry with other thinking level."


def _find_unsupported_features(request: dict[str, Any], config: dict[str, Any], model: models.Model) -> Iterator[str]:
    """Yield the service's names for the features that this model does not have."""
    if request.get("system_instruction", {}).get("parts") and not model.has_system_instruction:
        yield "Developer instruction"
    if config.get("response_mime_type", "") not in ("", "text/plain"):
        yield "JSON mode"
    tools = [(tool, _UNSUPPORTED_TOOLS) for tool in request.get("tools", [])]
    for container, table in (*tools, (config, _UNSUPPORTED_CONFIG_FIELDS)):
        yield from (title for field, title in table.items() if field in container)
    for kind in _find_search_kinds(request):
        if kind not in model.search_kinds:
            yield "Image search" if kind == "image" and model.search_kinds else "Search as tool"


def _find_search_kinds(request: dict[str, Any]) -> tuple[str, ...]:
    """Return the requested kinds of search; without a kind it is a web search."""
    searches = [tool["google_search"] for tool in request.get("tools", []) if "google_search" in tool]
    search_types = [search.get("search_types") for search in searches]
    kinds = {kind.removesuffix("_search") for types in search_types for kind in (types or {"web_search": {}})}
    return tuple(kind for kind in ("web", "image") if kind in kinds)


def _build_request(
    model_name: str, model: models.Model, digest: bytes, request: dict[str, Any], variation: int
) -> ValidatedRequest:
    config = request.get("generation_config", {})
    image_config, thinking_config = config.get("image_config", {}), config.get("thinking_config", {})
    modalities = set(config.get("response_modalities", [])) - {"MODALITY_UNSPECIFIED"} or {"TEXT", "IMAGE"}
    summary = contents.summarize(request)
    base_image = _read_base_image(request)
    image_size = image_config.get("image_size") or "1K"
    width, height = _choose_dimensions(model, image_config.get("aspect_ratio"), base_image, image_size)
    return ValidatedRequest(
        model_name=model_name,
        model=model,
        digest=digest,
        summary=summary,
        image_size=image_size,
        width=width,
        height=height,
        include_text="TEXT" in modalities,
        include_image="IMAGE" in modalities,
        include_thoughts=thinking_config.get("include_thoughts", False),
        thinking_level=thinking_config.get("thinking_level", "").lower(),
        search_kinds=_find_search_kinds(request),
        seed=config.get("seed", _derive_seed(model, config, variation)),
        max_output_tokens=config.get("max_output_tokens"),
        base_image=base_image,
    )


def _read_base_image(request: dict[str, Any]) -> Image | None:
    try:
        return contents.read_base_image(request)
    except ValueError:
        raise error_responses.build_google_error(contents.UNREADABLE_IMAGE) from None


def _derive_seed(model: models.Model, config: dict[str, Any], variation: int) -> int:
    """Return the seed for a request without one; it depends on the model, the sampling and `variation`."""
    sampling = [model.title, *(config.get(name) for name in ("temperature", "top_p", "top_k"))]
    sampling += [variation] if variation else []
    return int.from_bytes(hashlib.sha256(repr(sampling).encode()).digest()[:3], "big")


def _choose_dimensions(
    model: models.Model, aspect_ratio: str | None, base_image: Image | None, image_size: str
) -> tuple[int, int]:
    """Return (width, height) in pixels."""
    if aspect_ratio:
        return pixel_sizes.compute_pixel_size(aspect_ratio, image_size)
    automatic_size = next((_AUTOMATIC_SIZES[name] for name in model.names if name in _AUTOMATIC_SIZES), _SQUARE_SIZE)
    width, height = automatic_size
    if base_image is not None:
        base_ratio = base_image.width / base_image.height
        shapes = [automatic_size, *(pixel_sizes.compute_pixel_size(ratio) for ratio in model.aspect_ratios)]
        width, height = min(shapes, key=lambda shape: _compare_ratios(shape[0] / shape[1], base_ratio))
        aspect_ratio = next(
            (ratio for ratio in model.aspect_ratios if pixel_sizes.compute_pixel_size(ratio) == (width, height)), None
        )
    return (
        pixel_sizes.compute_pixel_size(aspect_ratio, image_size)
        if aspect_ratio
        else (round(width * _SIZE_SCALES[image_size]), round(height * _SIZE_SCALES[image_size]))
    )


def _compare_ratios(first: float, second: float) -> float:
    """Return how many times the larger of two aspect ratios is the smaller."""
    return max(first / second, second / first)
