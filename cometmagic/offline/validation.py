"""What is asked for, once it is known that the service would take it.

`read` refuses what the real service refuses, in its words where they are known: first an unknown
model, then fields (fields.py), then contents, then what this model's row in models.py does not have.
What passes comes out as an `Asked`. This module paints nothing and answers nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from cometmagic.offline import contents, error_replies, schema
from cometmagic.options import models

if TYPE_CHECKING:
    from PIL.Image import Image

# Shown without a ratio: two families answered 11:6 in every published recording, the others are square.
_AUTOMATIC_SIZES = {"gemini-3-pro-image": (1408, 768), "gemini-3.1-flash-lite-image": (1408, 768)}
_SQUARE_SIZE = (1024, 1024)
_SIZE_SCALES = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
# Lowest and highest value of a number, for Google's validator.
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
    """A request the service takes. Sizes are in pixels; `base` is the picture an edit starts from."""

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
        """Width and height of a draft: the same shape, at most 1K."""
        scale = max(_SIZE_SCALES[self.image_size], 1)
        return round(self.width / scale), round(self.height / scale)


def validate(model_name: str, body: bytes, variation: int = 0) -> ValidatedRequest:
    """Return what the request asks of the model `name`.

    Raises `RefusedError` for everything the service would not take.
    """
    model_name = model_name.removeprefix("models/")
    digest = hashlib.sha256(model_name.encode("utf-8", "replace") + b"\n" + body).digest()
    row = models.find_model(model_name)
    if row is None or row.retirement_date:
        said = f"no available channel for group default and model {model_name} (distributor)"
        raise error_replies.build_comet_error(said, 503, "model_not_found", digest)
    request = schema.parse_request(body)
    config = request.get("generation_config", {})
    predicates = [*contents.find_violations(request), *_find_value_violations(request, config, row)]
    if predicates:
        raise error_replies.build_google_error(
            "".join(f"* GenerateContentRequest.{predicate}\n" for predicate in predicates)
        )
    fault = next(
        chain(contents.find_errors(request, row.max_references), _find_model_errors(request, config, row, model_name)),
        "",
    )
    if fault:
        raise error_replies.build_google_error(fault)
    return _build_request(model_name, row, digest, request, variation)


def _find_value_violations(request: dict[str, Any], config: dict[str, Any], model: models.Model) -> Iterator[str]:
    """Yield what the validator says of single values."""
    image = config.get("image_config", {})
    ratios = sorted(model.aspect_ratios, key=lambda ratio: [int(side) for side in ratio.split(":")])
    for field, known in (("aspect_ratio", ratios), ("image_size", model.image_sizes)):
        if image.get(field) and image[field] not in known:
            yield f"generation_config.image_config.{field}: {field} must be {_format_choices(known)}."
    for field, (low, high) in _NUMBER_RANGES.items():
        if field in config and not low <= config[field] <= high:
            yield f"generation_config.{field}: {field} must be in the range [{low}, {high}]."
    categories = ", ".join(f"HarmCategory.{name}" for name in _SAFETY_CATEGORIES)
    for index, setting in enumerate(request.get("safety_settings", [])):
        if setting.get("category") not in _SAFETY_CATEGORIES:
            yield f"safety_settings[{index}]: element predicate failed: $.category in ({categories})"


def _format_choices(values: Iterable[str]) -> str:
    *most, last = (f"'{value}'" for value in values)
    return f"one of {', '.join(most)}, or {last}" if most else last


def _find_model_errors(
    request: dict[str, Any], config: dict[str, Any], model: models.Model, model_name: str
) -> Iterator[str]:
    """Yield what the model cannot do, in the order the service is believed to look."""
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
    """Yield what the service calls the things this model does not do."""
    if request.get("system_instruction", {}).get("parts") and not model.has_system_instruction:
        yield "Developer instruction"
    if config.get("response_mime_type", "") not in ("", "text/plain"):
        yield "JSON mode"
    tools = [(tool, _UNSUPPORTED_TOOLS) for tool in request.get("tools", [])]
    for holder, table in (*tools, (config, _UNSUPPORTED_CONFIG_FIELDS)):
        yield from (title for field, title in table.items() if field in holder)
    for kind in _find_search_kinds(request):
        if kind not in model.search_kinds:
            yield "Image search" if kind == "image" and model.search_kinds else "Search as tool"


def _find_search_kinds(request: dict[str, Any]) -> tuple[str, ...]:
    """Return the kinds of search asked for; a search of no kind is one of the web."""
    found = [tool["google_search"].get("search_types") for tool in request.get("tools", []) if "google_search" in tool]
    kinds = {kind.removesuffix("_search") for types in found for kind in (types or {"web_search": {}})}
    return tuple(kind for kind in ("web", "image") if kind in kinds)


def _build_request(
    model_name: str, model: models.Model, digest: bytes, request: dict[str, Any], variation: int
) -> ValidatedRequest:
    config = request.get("generation_config", {})
    image, thinking = config.get("image_config", {}), config.get("thinking_config", {})
    modalities = set(config.get("response_modalities", [])) - {"MODALITY_UNSPECIFIED"} or {"TEXT", "IMAGE"}
    told = contents.summarize(request)
    base = _read_base_image(request)
    size = image.get("image_size") or "1K"
    width, height = _choose_dimensions(model, image.get("aspect_ratio"), base, size)
    return ValidatedRequest(
        model_name=model_name,
        model=model,
        digest=digest,
        summary=told,
        image_size=size,
        width=width,
        height=height,
        include_text="TEXT" in modalities,
        include_image="IMAGE" in modalities,
        include_thoughts=thinking.get("include_thoughts", False),
        thinking_level=thinking.get("thinking_level", "").lower(),
        search_kinds=_find_search_kinds(request),
        seed=config.get("seed", _derive_seed(model, config, variation)),
        max_output_tokens=config.get("max_output_tokens"),
        base_image=base,
    )


def _read_base_image(request: dict[str, Any]) -> Image | None:
    try:
        return contents.read_base_image(request)
    except ValueError:
        raise error_replies.build_google_error(contents.UNREADABLE_IMAGE) from None


def _derive_seed(model: models.Model, config: dict[str, Any], variation: int) -> int:
    """Return the seed when none is given: another for another model, temperature or picture of several."""
    sampling = [model.title, *(config.get(name) for name in ("temperature", "top_p", "top_k"))]
    sampling += [variation] if variation else []
    return int.from_bytes(hashlib.sha256(repr(sampling).encode()).digest()[:3], "big")


def _choose_dimensions(
    model: models.Model, aspect_ratio: str | None, base_image: Image | None, image_size: str
) -> tuple[int, int]:
    """Return (width, height) in pixels."""
    if aspect_ratio:
        return models.compute_pixel_size(aspect_ratio, image_size)
    automatic = next((_AUTOMATIC_SIZES[name] for name in model.names if name in _AUTOMATIC_SIZES), _SQUARE_SIZE)
    width, height = automatic
    if base_image is not None:
        wanted = base_image.width / base_image.height
        shapes = [automatic, *(models.compute_pixel_size(known) for known in model.aspect_ratios)]
        width, height = min(shapes, key=lambda shape: max(shape[0] / shape[1] / wanted, wanted / (shape[0] / shape[1])))
        aspect_ratio = next(
            (known for known in model.aspect_ratios if models.compute_pixel_size(known) == (width, height)), None
        )
    return (
        models.compute_pixel_size(aspect_ratio, image_size)
        if aspect_ratio
        else (round(width * _SIZE_SCALES[image_size]), round(height * _SIZE_SCALES[image_size]))
    )
