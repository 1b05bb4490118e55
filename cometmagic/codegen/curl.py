"""A request as a shell script with curl, for any POSIX shell with GNU or macOS tools.

The body consists of here-documents without expansion and, between them, the output of `base64` for each image. All
of it is JSON, so line breaks can be removed. curl reads the key from a file descriptor, because command lines are
visible to every user of the machine.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from cometmagic.codegen.assets import AssetStore, resolve_assets
from cometmagic.codegen.literals import build_tree, format_json_atom, format_tree
from cometmagic.codegen.snippets import DECODE_SNIPPET, SAVE_SNIPPET, format_endpoint_path
from cometmagic.gemini.encode import encode_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.base_url import DEFAULT_BASE_URL
from cometmagic.options.declaration import Limits

_HEADER = f"""\
#!/bin/sh
# One picture from CometAPI. Needs curl 7.76 or newer, python3, and COMETAPI_KEY in the environment.
set -eu
: "${{COMETAPI_KEY:?}}"
url=${{COMETAPI_BASE_URL:-{DEFAULT_BASE_URL}}}
url=${{url%/}}; url=${{url%/v1beta}}; url=${{url%/v1}}
"""
_FOOTER = f"""\
python3 - <<'PYTHON'
import base64
import json
import sys
from pathlib import Path

answer = json.loads(Path("answer.json").read_bytes())
{DECODE_SNIPPET}{SAVE_SNIPPET}PYTHON
"""
_COMMAND = re.compile(r"\0(.*?)\0", re.DOTALL)  # a command among literals, which never contain a null character


def render_program(request: ImageRequest, asset_store: AssetStore) -> str:
    """Return a program that sends the request with curl."""
    asset_paths = resolve_assets(request, asset_store, is_escaped=True)

    def format_atom(value: Any) -> str | None:
        if path := asset_paths.find_image(value):
            return f'"\0base64 < {shlex.quote(path)}\0"'
        if path := asset_paths.find_signature(value):
            return f'"\0cat < {shlex.quote(path)}\0"'
        return format_json_atom(value)

    pieces = _COMMAND.split(format_tree(build_tree(encode_request(request), format_atom), trailing_comma=""))
    checks = "".join(f": <{command.partition('<')[2]}  # must be there\n" for command in dict.fromkeys(pieces[1::2]))
    limits = Limits()
    return f"""{_HEADER}{checks}
{{
{"".join(_format_commands(pieces))}}} | tr -d '\\n' | curl --silent --show-error --fail-with-body \\
    --connect-timeout {limits.connect_timeout:g} --max-time {limits.total_timeout:g} \\
    --header @/dev/fd/3 --header 'Content-Type: application/json' --data-binary @- \\
    --output answer.json "$url{format_endpoint_path(request.options.model)}" 3<<KEY
Authorization: Bearer $COMETAPI_KEY
KEY

{_FOOTER}"""


def _format_commands(pieces: list[str]) -> Iterator[str]:
    """Yield the commands that write the body: its text, and the content of files."""
    for index, piece in enumerate(pieces):
        yield f"{piece}\n" if index % 2 else f"cat <<'JSON'\n{piece}\nJSON\n"
