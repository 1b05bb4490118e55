"""A request as a Python program with Google's SDK, google-genai, pointed at CometAPI.

The SDK writes the JSON, so the program uses its types; fields that they lack go into `extra_body`. The SDK sends some
names in snake_case, URL-safe base64, and the key as `x-goog-api-key`; CometAPI accepts all of these.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cometmagic.codegen.assets import AssetPaths, AssetStore, read_signature_text, resolve_assets
from cometmagic.codegen.literals import Block, Node, build_tree, format_python_atom, format_python_string, format_tree
from cometmagic.codegen.snippets import BASE_URL_SNIPPET, SAVE_SNIPPET
from cometmagic.errors import OptionError
from cometmagic.gemini.encode import encode_declared_options, encode_request
from cometmagic.gemini.extra_fields import subtract_body
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import GENERATION_CONFIG, Limits

# The SDK's type for the value of a field in the body.
_SDK_TYPES = {
    "contents": "Content",
    "parts": "Part",
    "inlineData": "Blob",
    "systemInstruction": "Content",
    "imageConfig": "ImageConfig",
    "thinkingConfig": "ThinkingConfig",
    "safetySettings": "SafetySetting",
    "tools": "Tool",
    "googleSearch": "GoogleSearch",
    "searchTypes": "SearchTypes",
    "webSearch": "WebSearch",
    "imageSearch": "ImageSearch",
}
_HEADER = '''\
"""One picture from CometAPI. Needs google-genai, and COMETAPI_KEY in the environment."""

import os
import sys
from pathlib import Path

from google import genai
from google.genai import types

'''
_SELECT_SNIPPET = """\
images = [part.inline_data.data for part in response.parts or [] if part.inline_data and not part.thought]
if not images:
    sys.exit(f"No image came: {response.model_dump_json(exclude_none=True)[:1000]}")
image = images[-1]
"""


def render_program(request: ImageRequest, asset_store: AssetStore) -> str:
    """Return a program that sends the request with google-genai. Raises `OptionError` for what it cannot send."""
    options = request.options
    body = encode_declared_options(request)
    extra_body = subtract_body(encode_request(request), body)
    _check_signatures(request)
    asset_paths = resolve_assets(request, asset_store)
    contents = format_tree(_build_node("contents", body.pop("contents"), asset_paths), indent="    ", prefix_length=9)
    config_fields = body.pop(GENERATION_CONFIG) | body
    config = format_tree(
        _build_call("GenerateContentConfig", config_fields, asset_paths), indent="    ", prefix_length=7
    )
    header = _HEADER.replace("import os", "import base64\nimport os", 1) if asset_paths.signature_paths else _HEADER
    return f"""{header}{BASE_URL_SNIPPET}client = genai.Client(
    api_key=os.environ["COMETAPI_KEY"].strip(),
    http_options=types.HttpOptions(
        base_url=url,
        api_version="v1beta",
        timeout={int(Limits().idle_timeout * 1000):_},  # milliseconds
        client_args={{"follow_redirects": False}},{_format_extra_body(extra_body)}
    ),
)
response = client.models.generate_content(
    model={format_python_string(_format_model(options.model))},
    contents={contents},
    config={config},
)
{_SELECT_SNIPPET}{SAVE_SNIPPET}"""


def _build_node(name: str, value: Any, asset_paths: AssetPaths) -> Node:
    """Return the value of the body's field `name` as an expression with the SDK's types."""
    if path := asset_paths.find_image(value):
        return f"Path({format_python_string(path)}).read_bytes()"
    if path := asset_paths.find_signature(value):
        return f"base64.b64decode(Path({format_python_string(path)}).read_text())"
    if isinstance(value, list):
        return Block("[", tuple(("", _build_node(name, member, asset_paths)) for member in value), "]")
    if isinstance(value, dict) and name in _SDK_TYPES:
        return _build_call(_SDK_TYPES[name], value, asset_paths)
    return build_tree(value, format_python_atom)


def _build_call(type_name: str, members: Mapping[str, Any], asset_paths: AssetPaths) -> Node:
    arguments = (
        (f"{_convert_to_snake_case(name)}=", _build_node(name, value, asset_paths)) for name, value in members.items()
    )
    return Block(f"types.{type_name}(", tuple(arguments), ")")


def _convert_to_snake_case(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _format_extra_body(extra: dict[str, Any]) -> str:
    """Return the `extra_body` argument on a line of its own, or an empty string."""
    if not extra:
        return ""
    literal = format_tree(build_tree(extra, format_python_atom), indent="        ", prefix_length=11)
    return f"\n        extra_body={literal},"


def _format_model(model: str) -> str:
    """Return the model name from which the SDK builds the URL that the other programs use."""
    name = quote(model.removeprefix("models/"))
    return f"models/{name}" if "/" in name else name


def _check_signatures(request: ImageRequest) -> None:
    """Refuse thought signatures that the SDK would change: it takes bytes, not text."""
    for signature in request.signatures:
        text = read_signature_text(signature)
        try:
            is_unchanged = base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
        except ValueError:
            is_unchanged = False
        if not is_unchanged:
            message = "google-genai can send no thought signature that is not plain base64."
            raise OptionError(message, advice="Use --show-code httpx.")
