"""A request as a Python program with Google's SDK, google-genai, pointed at CometAPI.

The SDK writes the JSON, so the program names its types; what they have no field for goes into `extra_body`. It sends
some names in snake case, base64 in the alphabet of URLs, and the key as `x-goog-api-key`: CometAPI takes all of them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from cometmagic.codegen.assets import Filing, Places, places, signature_text
from cometmagic.codegen.httpx_program import ADDRESS, SAVE
from cometmagic.codegen.literals import Block, Node, laid_out, python_atom, python_text, tree
from cometmagic.errors import OptionError
from cometmagic.gemini.encode import encode
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import GENERATION, Limits

# The SDK's type for what stands under a name in the body.
_TYPES = {
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
_HEAD = '''\
"""One picture from CometAPI. Needs google-genai, and COMETAPI_KEY in the environment."""

import os
import sys
from pathlib import Path

from google import genai
from google.genai import types

'''
_CHOOSE = """\
images = [part.inline_data.data for part in response.parts or [] if part.inline_data and not part.thought]
if not images:
    sys.exit(f"No image came: {response.model_dump_json(exclude_none=True)[:1000]}")
image = images[-1]
"""


def program(request: ImageRequest, filing: Filing) -> str:
    """Return a program that sends the request with google-genai. Raises `OptionError` for what it cannot send."""
    options = request.options
    body = encode(replace(request, options=replace(options, extra={})))
    _check_names(body, options.extra)
    _check_signatures(request)
    held = places(request, filing)
    contents = laid_out(_typed("contents", body.pop("contents"), held), indent="    ", before=9)
    settings = body.pop(GENERATION) | body
    config = laid_out(_call("GenerateContentConfig", settings, held), indent="    ", before=7)
    head = _HEAD.replace("import os", "import base64\nimport os", 1) if held.signatures else _HEAD
    return f"""{head}{ADDRESS}client = genai.Client(
    api_key=os.environ["COMETAPI_KEY"].strip(),
    http_options=types.HttpOptions(
        base_url=url,
        api_version="v1beta",
        timeout={int(Limits().idle_timeout * 1000):_},  # milliseconds
        client_args={{"follow_redirects": False}},{_extra(options.extra)}
    ),
)
response = client.models.generate_content(
    model={python_text(_model(options.model))},
    contents={contents},
    config={config},
)
{_CHOOSE}{SAVE}"""


def _typed(name: str, value: Any, held: Places) -> Node:
    """Return a value of the body, which stands under `name` there, as the SDK has it."""
    if path := held.image(value):
        return f"Path({python_text(path)}).read_bytes()"
    if path := held.signature(value):
        return f"base64.b64decode(Path({python_text(path)}).read_text())"
    if isinstance(value, list):
        return Block("[", tuple(("", _typed(name, member, held)) for member in value), "]")
    if isinstance(value, dict) and name in _TYPES:
        return _call(_TYPES[name], value, held)
    return tree(value, python_atom)


def _call(kind: str, members: Mapping[str, Any], held: Places) -> Node:
    written = ((f"{_snake(name)}=", _typed(name, value, held)) for name, value in members.items())
    return Block(f"types.{kind}(", tuple(written), ")")


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _extra(extra: dict[str, Any]) -> str:
    """Return the line for what is merged into the body."""
    if not extra:
        return ""
    return f"\n        extra_body={laid_out(tree(extra, python_atom), indent='        ', before=11)},"


def _model(model: str) -> str:
    """Return a model's name as the SDK puts the same one into the address."""
    name = quote(model.removeprefix("models/"))
    return f"models/{name}" if "/" in name else name


def _check_names(body: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    """Refuse names that the SDK takes for those of fields that are there, in other letters."""
    known = {_folded(name): name for name in body}
    for name, value in extra.items():
        meant = known.get(_folded(name), name)
        if meant != name:
            what = f"google-genai would send {name!r} of --extra as {meant!r}."
            raise OptionError(what, do="Use --show-code httpx, or the other name.")
        if isinstance(value, dict) and isinstance(body.get(name), dict):
            _check_names(body[name], value)


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _check_signatures(request: ImageRequest) -> None:
    """Refuse thought signatures that would not come back as they were: the SDK takes bytes, not text."""
    for signature in request.signatures:
        text = signature_text(signature)
        try:
            same = base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
        except ValueError:
            same = False
        if not same:
            what = "google-genai can send no thought signature that is not plain base64."
            raise OptionError(what, do="Use --show-code httpx.")
