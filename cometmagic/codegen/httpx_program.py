"""A request as a Python program with httpx.

It builds the body as a literal, so that the program shows every field that is sent.
"""

from __future__ import annotations

from typing import Any

from cometmagic.codegen.assets import AssetStore, resolve_assets
from cometmagic.codegen.literals import build_tree, format_python_atom, format_python_string, format_tree
from cometmagic.codegen.snippets import BASE_URL_SNIPPET, DECODE_SNIPPET, SAVE_SNIPPET, format_endpoint_path
from cometmagic.gemini.encode import encode_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Limits

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
    asset_paths = resolve_assets(request, asset_store)

    def format_atom(value: Any) -> str | None:
        if path := asset_paths.find_image(value):
            return f"base64.b64encode(Path({format_python_string(path)}).read_bytes()).decode()"
        if path := asset_paths.find_signature(value):
            return f"Path({format_python_string(path)}).read_text()"
        return format_python_atom(value)

    limits = Limits()
    timeouts = f"connect={limits.connect_timeout:g}, read={limits.idle_timeout:g}"
    return f"""{_HEADER}{BASE_URL_SNIPPET}
body = {format_tree(build_tree(encode_request(request), format_atom))}
response = httpx.post(
    f"{{url}}{format_endpoint_path(request.options.model)}",
    headers={{"Authorization": f"Bearer {{os.environ['COMETAPI_KEY'].strip()}}"}},
    json=body,
    timeout=httpx.Timeout({timeouts}, write={limits.write_timeout:g}, pool={limits.connect_timeout:g}),
    follow_redirects=False,
)
{_STATUS_SNIPPET}{DECODE_SNIPPET}{SAVE_SNIPPET}"""
