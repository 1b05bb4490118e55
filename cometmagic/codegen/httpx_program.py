"""A request as a Python program with httpx, and what all programs in Python do with the answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cometmagic.codegen.assets import AssetStore, resolve_assets
from cometmagic.codegen.literals import build_tree, format_python_atom, format_python_string, format_tree
from cometmagic.gemini.encode import encode_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import DEFAULT_BASE_URL

BASE_URL_SNIPPET = f"""\
url = os.environ.get("COMETAPI_BASE_URL") or "{DEFAULT_BASE_URL}"
url = url.rstrip("/").removesuffix("/v1beta").removesuffix("/v1")
"""

# From the answer's JSON, `answer`, to the bytes of the last image that is not a thought.
DECODE_SNIPPET = """\
candidate = (answer.get("candidates") or [{}])[0]
parts = (candidate.get("content") or {}).get("parts") or []
images = [part["inlineData"]["data"] for part in parts if "inlineData" in part and not part.get("thought")]
if not images:
    sys.exit(f"No image came: {json.dumps(answer)[:1000]}")
image = base64.b64decode(images[-1])
"""

# The bytes decide what a file is called; what an answer says of them is often wrong.
SAVE_SNIPPET = r"""
kinds = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}
suffix = next((suffix for magic, suffix in kinds.items() if image.startswith(magic)), ".bin")
number = 1
while (path := Path(f"image-{number}{suffix}")).exists():
    number += 1
path.write_bytes(image)
print(path)
"""

_HEADER = '''\
"""One picture from CometAPI. Needs httpx, and COMETAPI_KEY in the environment."""

import base64
import json
import os
import sys
from pathlib import Path

import httpx

'''
_STATUS_SNIPPET = """\
if not response.is_success:
    sys.exit(f"HTTP {response.status_code}: {response.text[:1000]}")
answer = response.json()
"""


def render_program(request: ImageRequest, asset_store: AssetStore) -> str:
    """Return a program that sends the request with httpx."""
    held = resolve_assets(request, asset_store)

    def atom(value: Any) -> str | None:
        if path := held.find_image(value):
            return f"base64.b64encode(Path({format_python_string(path)}).read_bytes()).decode()"
        if path := held.find_signature(value):
            return f"Path({format_python_string(path)}).read_text()"
        return format_python_atom(value)

    limits = Limits()
    times = f"connect={limits.connect_timeout:g}, read={limits.idle_timeout:g}"
    return f"""{_HEADER}{BASE_URL_SNIPPET}
body = {format_tree(build_tree(encode_request(request), atom))}
response = httpx.post(
    f"{{url}}{format_endpoint_path(request.options.model)}",
    headers={{"Authorization": f"Bearer {{os.environ['COMETAPI_KEY'].strip()}}"}},
    json=body,
    timeout=httpx.Timeout({times}, write={limits.write_timeout:g}, pool={limits.connect_timeout:g}),
    follow_redirects=False,
)
{_STATUS_SNIPPET}{DECODE_SNIPPET}{SAVE_SNIPPET}"""


def format_endpoint_path(model: str) -> str:
    """Return the path of the address that a model is asked at."""
    return f"/v1beta/models/{quote(model.removeprefix('models/'))}:generateContent"
