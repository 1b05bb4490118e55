"""The aspect ratio and the image size that a request asks for, wherever its JSON has them.

They are read from the body as it was sent, because `--extra` may have set or removed them. Values are as they were
written. This module does not know what they mean.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cometmagic.gemini.coerce import coerce_object, coerce_string


class ImageConfig(NamedTuple):
    """What a request asks for; what it leaves to the model is empty."""

    aspect_ratio: str = ""
    image_size: str = ""


def read_image_config(body: dict[str, Any]) -> ImageConfig:
    """Return the image configuration in a request's JSON. Google reads both spellings of a name, and both places."""
    generation = _get_object(body, "generationConfig", "generation_config")
    response_format = _get_object(generation, "responseFormat", "response_format")
    config = _get_object(response_format, "image") | _get_object(generation, "imageConfig", "image_config")
    return ImageConfig(
        _get_string(config, "aspectRatio", "aspect_ratio"), _get_string(config, "imageSize", "image_size")
    )


def _get_object(node: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the members of the objects with these names."""
    return {name: value for object_name in names for name, value in coerce_object(node.get(object_name)).items()}


def _get_string(node: dict[str, Any], *names: str) -> str:
    """Return the first text with one of these names."""
    return next(filter(None, (coerce_string(node.get(name)) for name in names)), "")
