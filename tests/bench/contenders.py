"""The contenders: each asks an address for an answer and makes the message a kernel would send to show it.

All end with the same JSON encoder, the kernel's. google-genai shows the final image only and keeps
nothing on disk; cometmagic also shows the draft and the text, and everything is saved, flushed and hashed.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

KEY = "sk-test-0000000000000000"
MODEL = "gemini-3.1-flash-image-preview"
PROMPT = "a noisy gradient"
Contender = Callable[[str], bytes]


def cometmagic(address: str) -> bytes:
    """Live call to settled folder to picture and caption."""
    import cometmagic as cm
    from cometmagic.display import caption, result_output

    os.environ |= {"COMETAPI_KEY": KEY, "COMETAPI_BASE_URL": address}
    result = cm.generate(PROMPT, thoughts=True, image_size="4K", source="live")
    bundles = result_output.build_image(result), caption.build_caption(result)
    return b"".join(_message(*bundle) for bundle in bundles)


def genai_pil(address: str) -> bytes:
    """google-genai, then `display(part.as_image())` as a PIL image: what most notebooks do."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(_genai_image(address))) as picture:
        return _message(*_formatted(picture))


def genai_original(address: str) -> bytes:
    """google-genai, then `display(Image(data=...))`: the original goes into the notebook, undecoded."""
    from IPython.display import Image

    return _message(*_formatted(Image(data=_genai_image(address))))


def limit(address: str) -> bytes:
    """Do what cannot be avoided: receive to disk, decode to disk. Nothing is shown, checked or flushed."""
    import pybase64

    parts = urlsplit(address)
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "body").open("w+b") as body:
        _receive(parts.hostname or "", parts.port or 80, parts.path, body.fileno())
        with (
            mmap.mmap(body.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            (Path(folder) / "image").open("wb") as image,
        ):
            start = mapped.rfind(b'"data": "') + len(b'"data": "')
            end = mapped.find(b'"', start)
            for begin in range(start, end, 1 << 20):
                image.write(pybase64.b64decode(mapped[begin : min(begin + (1 << 20), end)], validate=True))
    return b""


CONTENDERS: dict[str, Contender] = {
    "cometmagic": cometmagic,
    "google-genai + PIL display": genai_pil,
    "google-genai + original": genai_original,
    "limit: socket, base64, disk": limit,
}


def _genai_image(address: str) -> bytes:
    from google import genai
    from google.genai import types

    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=address))
    answer = client.models.generate_content(
        model=MODEL, contents=PROMPT, config=types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"])
    )
    found = [part.inline_data.data for part in answer.parts or [] if part.inline_data and not part.thought]
    assert found[-1] is not None
    return found[-1]


def _formatted(shown: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `display(shown)` publishes in a notebook."""
    from IPython.core.formatters import DisplayFormatter

    data, metadata = DisplayFormatter().format(shown)
    return data, metadata


def _message(data: dict[str, Any], metadata: dict[str, Any]) -> bytes:
    from jupyter_client.jsonutil import json_default

    content = {"data": data, "metadata": metadata, "transient": {}}
    return json.dumps(content, default=json_default, ensure_ascii=False, allow_nan=False).encode()


def _receive(host: str, port: int, path: str, file: int) -> None:
    """Post a request and write the answer's body to `file`."""
    buffer = bytearray(1 << 20)
    with socket.create_connection((host, port)) as server:
        server.sendall(f"POST {path}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        count = server.recv_into(buffer)
        body = buffer.find(b"\r\n\r\n", 0, count) + 4
        os.write(file, memoryview(buffer)[body:count])
        while count := server.recv_into(buffer):
            os.write(file, memoryview(buffer)[:count])
