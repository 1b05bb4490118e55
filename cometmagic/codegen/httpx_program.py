"""A request as a Python program with httpx, and what all programs in Python do with the answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cometmagic.codegen.assets import Filing, places
from cometmagic.codegen.literals import laid_out, python_atom, python_text, tree
from cometmagic.gemini.encode import encode
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import DEFAULT_BASE_URL

ADDRESS = f"""\
url = os.environ.get("COMETAPI_BASE_URL") or "{DEFAULT_BASE_URL}"
url = url.rstrip("/").removesuffix("/v1beta").removesuffix("/v1")
"""

# From the answer's JSON, `answer`, to the bytes of the last image that is not a thought.
CHOOSE = """\
candidate = (answer.get("candidates") or [{}])[0]
parts = (candidate.get("content") or {}).get("parts") or []
images = [part["inlineData"]["data"] for part in parts if "inlineData" in part and not part.get("thought")]
if not images:
    sys.exit(f"No image came: {json.dumps(answer)[:1000]}")
image = base64.b64decode(images[-1])
"""

# The bytes decide what a file is called; what an answer says of them is often wrong.
SAVE = r"""
kinds = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}
suffix = next((suffix for magic, suffix in kinds.items() if image.startswith(magic)), ".bin")
number = 1
while (path := Path(f"image-{number}{suffix}")).exists():
    number += 1
path.write_bytes(image)
print(path)
"""

_HEAD = '''\
"""One picture from CometAPI. Needs httpx, and COMETAPI_KEY in the environment."""

import base64
import json
import os
import sys
from pathlib import Path

import httpx

'''
_CHECK = """\
if not response.is_success:
    sys.exit(f"HTTP {response.status_code}: {response.text[:1000]}")
answer = response.json()
"""


def program(request: ImageRequest, filing: Filing) -> str:
    """Return a program that sends the request with httpx."""
    held = places(request, filing)

    def atom(value: Any) -> str | None:
        if path := held.image(value):
            return f"base64.b64encode(Path({python_text(path)}).read_bytes()).decode()"
        if path := held.signature(value):
            return f"Path({python_text(path)}).read_text()"
        return python_atom(value)

    limits = Limits()
    times = f"connect={limits.connect_timeout:g}, read={limits.idle_timeout:g}"
    return f"""{_HEAD}{ADDRESS}
body = {laid_out(tree(encode(request), atom))}
response = httpx.post(
    f"{{url}}{target(request.options.model)}",
    headers={{"Authorization": f"Bearer {{os.environ['COMETAPI_KEY'].strip()}}"}},
    json=body,
    timeout=httpx.Timeout({times}, write={limits.write_timeout:g}, pool={limits.connect_timeout:g}),
    follow_redirects=False,
)
{_CHECK}{CHOOSE}{SAVE}"""


def target(model: str) -> str:
    """Return the path of the address that a model is asked at."""
    return f"/v1beta/models/{quote(model.removeprefix('models/'))}:generateContent"
