"""The aspect ratio and the image size that a request asks for, wherever its JSON has them.

They are read from the body as it was sent, because `--extra` may have set or removed them. Values are as they were
written. This module does not know what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from cometmagic.gemini.coerce import coerce_object, coerce_string

_CAPITAL = re.compile("[A-Z]")


class ImageConfig(NamedTuple):
    """What a request asks for; what it leaves to the model is empty."""

    aspect_ratio: str = ""
    image_size: str = ""


def read_image_config(body: dict[str, Any]) -> ImageConfig:
    """Return the image configuration in a request's JSON. Google reads both spellings of a name, and both places."""
    generation = coerce_object(get_either(body, "generationConfig"))
    image_format = coerce_object(get_either(coerce_object(get_either(generation, "responseFormat")), "image"))
    configs = coerce_object(get_either(generation, "imageConfig")), image_format
    return ImageConfig(*(_find_string(configs, name) for name in ("aspectRatio", "imageSize")))


def get_either(node: dict[str, Any], name: str) -> Any:
    """Return a field that may be spelled in camelCase or snake_case."""
    value = node.get(name)
    return node.get(_CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", name)) if value is None else value


def _find_string(nodes: Iterable[dict[str, Any]], name: str) -> str:
    """Return the first text with this name."""
    return next(filter(None, (coerce_string(get_either(node, name)) for node in nodes)), "")
