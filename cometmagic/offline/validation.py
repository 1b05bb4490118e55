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
_AUTOMATIC = {"gemini-3-pro-image": (1408, 768), "gemini-3.1-flash-lite-image": (1408, 768)}
_SQUARE = (1024, 1024)
_AT_1K = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
# Lowest and highest value of a number, for Google's validator.
_RANGES = {"temperature": (0, 2), "top_p": (0, 1), "top_k": (1, 1000), "max_output_tokens": (1, 10**9)}
_CATEGORIES = tuple(name for name in schema.ENUMS["HarmCategory"] if not name.endswith(("UNSPECIFIED", "JAILBREAK")))
_TURNED_DOWN = {
    "function_declarations": "Function calling",
    "code_execution": "Code execution",
    "google_search_retrieval": "Search retrieval",
    "google_maps": "Google Maps",
    "computer_use": "Computer use",
    "file_search": "File search",
}
_TURNED_DOWN_CONFIG = {
    "response_schema": "JSON mode",
    "response_json_schema": "JSON mode",
    "presence_penalty": "Penalty",
    "frequency_penalty": "Penalty",
    "response_logprobs": "Logprobs",
    "logprobs": "Logprobs",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request the service takes. Sizes are in pixels; `base` is the picture an edit starts from."""

    name: str
    model: models.Model
    digest: bytes
    told: contents.Told
    size: str
    width: int
    height: int
    words: bool
    picture: bool
    thoughts: bool
    level: str
    search: tuple[str, ...]
    seed: int
    limit: int | None
    base: Image | None

    @property
    def at_1k(self) -> tuple[int, int]:
        """Width and height of a draft: the same shape, at most 1K."""
        scale = max(_AT_1K[self.size], 1)
        return round(self.width / scale), round(self.height / scale)


def read(name: str, body: bytes, variation: int = 0) -> Asked:
    """Return what the request asks of the model `name`.

    Raises `RefusedError` for everything the service would not take.
    """
    name = name.removeprefix("models/")
    digest = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + body).digest()
    row = models.find_model(name)
    if row is None or row.retirement_date:
        said = f"no available channel for group default and model {name} (distributor)"
        raise error_replies.comet(said, 503, "model_not_found", digest)
    request = schema.read(body)
    config = request.get("generation_config", {})
    predicates = [*contents.predicates(request), *_predicates(request, config, row)]
    if predicates:
        raise error_replies.google("".join(f"* GenerateContentRequest.{predicate}\n" for predicate in predicates))
    fault = next(chain(contents.faults(request, row.max_references), _faults(request, config, row, name)), "")
    if fault:
        raise error_replies.google(fault)
    return _asked(name, row, digest, request, variation)


def _predicates(request: dict[str, Any], config: dict[str, Any], row: models.Model) -> Iterator[str]:
    """Yield what the validator says of single values."""
    image = config.get("image_config", {})
    ratios = sorted(row.aspect_ratios, key=lambda ratio: [int(side) for side in ratio.split(":")])
    for field, known in (("aspect_ratio", ratios), ("image_size", row.image_sizes)):
        if image.get(field) and image[field] not in known:
            yield f"generation_config.image_config.{field}: {field} must be {_one_of(known)}."
    for field, (low, high) in _RANGES.items():
        if field in config and not low <= config[field] <= high:
            yield f"generation_config.{field}: {field} must be in the range [{low}, {high}]."
    categories = ", ".join(f"HarmCategory.{name}" for name in _CATEGORIES)
    for index, setting in enumerate(request.get("safety_settings", [])):
        if setting.get("category") not in _CATEGORIES:
            yield f"safety_settings[{index}]: element predicate failed: $.category in ({categories})"


def _one_of(known: Iterable[str]) -> str:
    *most, last = (f"'{value}'" for value in known)
    return f"one of {', '.join(most)}, or {last}" if most else last


def _faults(request: dict[str, Any], config: dict[str, Any], row: models.Model, name: str) -> Iterator[str]:
    """Yield what the model cannot do, in the order the service is believed to look."""
    if config.get("candidate_count", 1) > 1:
        yield "Multiple candidates is not enabled for this model"
    if not {"TEXT", "IMAGE", "MODALITY_UNSPECIFIED"}.issuperset(config.get("response_modalities", [])):
        yield (
            "The requested combination of response modalities is not supported by the model. "
            f"models/{name} accepts the following combination of response modalities:\n* TEXT\n* TEXT, IMAGE\n* IMAGE"
        )
    yield from _thinking_faults(config.get("thinking_config", {}), row)
    for title in _turned_down(request, config, row):
        yield f"{title} is not enabled for models/{name}"


def _thinking_faults(thinking: dict[str, Any], row: models.Model) -> Iterator[str]:
    level = thinking.get("thinking_level", "")
    if level and "thinking_budget" in thinking:
        yield "You can only set only one of thinking budget and thinking level."
    if level and not row.thinking_levels:
        yield "Thinking level is not supported for this model."
    elif level.lower() not in ("", "thinking_level_unspecified", *row.thinking_levels):
        yield f"Thinking level {level} is not supported for this model. Please retry with other thinking level."


def _turned_down(request: dict[str, Any], config: dict[str, Any], row: models.Model) -> Iterator[str]:
    """Yield what the service calls the things this model does not do."""
    if request.get("system_instruction", {}).get("parts") and not row.has_system_instruction:
        yield "Developer instruction"
    if config.get("response_mime_type", "") not in ("", "text/plain"):
        yield "JSON mode"
    tools = [(tool, _TURNED_DOWN) for tool in request.get("tools", [])]
    for holder, table in (*tools, (config, _TURNED_DOWN_CONFIG)):
        yield from (title for field, title in table.items() if field in holder)
    for kind in _search(request):
        if kind not in row.search_kinds:
            yield "Image search" if kind == "image" and row.search_kinds else "Search as tool"


def _search(request: dict[str, Any]) -> tuple[str, ...]:
    """Return the kinds of search asked for; a search of no kind is one of the web."""
    found = [tool["google_search"].get("search_types") for tool in request.get("tools", []) if "google_search" in tool]
    kinds = {kind.removesuffix("_search") for types in found for kind in (types or {"web_search": {}})}
    return tuple(kind for kind in ("web", "image") if kind in kinds)


def _asked(name: str, row: models.Model, digest: bytes, request: dict[str, Any], variation: int) -> Asked:
    config = request.get("generation_config", {})
    image, thinking = config.get("image_config", {}), config.get("thinking_config", {})
    modalities = set(config.get("response_modalities", [])) - {"MODALITY_UNSPECIFIED"} or {"TEXT", "IMAGE"}
    told = contents.told(request)
    base = _base(request)
    size = image.get("image_size") or "1K"
    width, height = _shape(row, image.get("aspect_ratio"), base, size)
    return Asked(
        name=name,
        model=row,
        digest=digest,
        told=told,
        size=size,
        width=width,
        height=height,
        words="TEXT" in modalities,
        picture="IMAGE" in modalities,
        thoughts=thinking.get("include_thoughts", False),
        level=thinking.get("thinking_level", "").lower(),
        search=_search(request),
        seed=config.get("seed", _seed(row, config, variation)),
        limit=config.get("max_output_tokens"),
        base=base,
    )


def _base(request: dict[str, Any]) -> Image | None:
    try:
        return contents.last_picture(request)
    except ValueError:
        raise error_replies.google(contents.UNREADABLE) from None


def _seed(row: models.Model, config: dict[str, Any], variation: int) -> int:
    """Return the seed when none is given: another for another model, temperature or picture of several."""
    sampling = [row.title, *(config.get(name) for name in ("temperature", "top_p", "top_k"))]
    sampling += [variation] if variation else []
    return int.from_bytes(hashlib.sha256(repr(sampling).encode()).digest()[:3], "big")


def _shape(row: models.Model, ratio: str | None, base: Image | None, size: str) -> tuple[int, int]:
    """Return (width, height) in pixels."""
    if ratio:
        return models.compute_pixel_size(ratio, size)
    automatic = next((_AUTOMATIC[name] for name in row.names if name in _AUTOMATIC), _SQUARE)
    width, height = automatic
    if base is not None:
        wanted = base.width / base.height
        shapes = [automatic, *(models.compute_pixel_size(known) for known in row.aspect_ratios)]
        width, height = min(shapes, key=lambda shape: max(shape[0] / shape[1] / wanted, wanted / (shape[0] / shape[1])))
        ratio = next(
            (known for known in row.aspect_ratios if models.compute_pixel_size(known) == (width, height)), None
        )
    return (
        models.compute_pixel_size(ratio, size) if ratio else (round(width * _AT_1K[size]), round(height * _AT_1K[size]))
    )
