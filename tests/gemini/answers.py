"""Answers as the service sends them, made from pictures of our own."""

from __future__ import annotations

import base64
import functools
import io
import json
import struct
import zlib
from typing import Any

from PIL import Image

from tests.faults.server import Step, recv_request, response, send

SIZES = {"PNG": (40, 30), "JPEG": (48, 32), "WEBP": (24, 24), "GIF": (20, 10)}
Json = dict[str, Any]


@functools.cache
def picture(kind: str = "PNG", color: str = "red") -> bytes:
    """Return a small picture in one of Pillow's formats."""
    buffer = io.BytesIO()
    Image.new("RGB", SIZES.get(kind, (16, 16)), color).save(buffer, kind)
    return buffer.getvalue()


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_header(width: int, height: int) -> bytes:
    """Return the beginning of a PNG of any size."""
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def base64_of(content: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(content).decode()


def image(content: bytes | str = b"", mime: str = "image/png", **beside: Any) -> Json:
    """Return an image part; bytes are encoded, text stands as it is."""
    data = content if isinstance(content, str) else base64_of(content or picture())
    return {"inlineData": {"mimeType": mime, "data": data}, **beside}


def text(words: str, **beside: Any) -> Json:
    """Return a text part."""
    return {"text": words, **beside}


def answer(*parts: Json, finish: str | None = "STOP", **beside: Any) -> Json:
    """Return an answer with one candidate."""
    candidate: Json = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-3.1-flash-image", "responseId": "r-1", **beside}


def body(document: Any) -> bytes:
    """Return a document as it goes over the wire."""
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def answering(document: Any, **headers: str) -> list[Step]:
    """Return the steps of a server that answers 200 with a document or with bytes."""
    return [recv_request(), send(response(body(document), headers=headers))]
