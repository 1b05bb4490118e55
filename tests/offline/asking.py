"""Requests for the offline service, as short as a test wants them, and its answers read back."""

from __future__ import annotations

import io
import json
from typing import Any

import pybase64
from PIL import Image

from cometmagic.gemini.decode import DecodedResponse, decode_response
from cometmagic.offline import service, validation

FLASH = "gemini-3.1-flash-image"
LITE = "gemini-3.1-flash-lite-image"
PRO = "gemini-3-pro-image"
SMALL = {"imageConfig": {"imageSize": "512", "aspectRatio": "1:1"}}  # the fastest to paint; FLASH only
THOUGHTS = {"thinkingConfig": {"includeThoughts": True}}


def text(words: str) -> dict[str, Any]:
    return {"text": words}


def shown(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": pybase64.b64encode(data).decode()}}


def png(size: tuple[int, int] = (64, 64), colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def request(*parts: dict[str, Any], **config: Any) -> dict[str, Any]:
    """Return a body of one user turn; `config` is its generationConfig."""
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": list(parts or (text("a cat"),))}]}
    return body | ({"generationConfig": config} if config else {})


def post(document: Any, model: str = FLASH) -> tuple[int, dict[str, Any]]:
    status, body = service.answer(model, json.dumps(document).encode())
    return status, json.loads(body)


def answered(document: Any, model: str = FLASH) -> DecodedResponse:
    """Return the answer as our own decoder reads it; the request must be taken."""
    status, body = service.answer(model, json.dumps(document).encode())
    assert status == 200, body
    return decode_response(body)


def events(document: Any, model: str = FLASH) -> list[dict[str, Any]]:
    """Return the events of a stream as JSON."""
    status, stream = service.stream(model, json.dumps(document).encode())
    assert status == 200
    return [json.loads(event.removeprefix(b"data: ")) for event in stream]


def parts_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = document["candidates"][0]["content"]["parts"]
    return parts


def data_of(part: dict[str, Any]) -> bytes:
    return pybase64.b64decode(part["inlineData"]["data"], validate=True)


def picture(data: bytes) -> Image.Image:
    made = Image.open(io.BytesIO(data))
    made.load()
    return made


def final(document: dict[str, Any]) -> dict[str, Any]:
    """Return the last part that is an image and no thought."""
    return [part for part in parts_of(document) if "inlineData" in part and not part.get("thought")][-1]


def asked(document: Any, model: str = FLASH) -> validation.ValidatedRequest:
    """Return what the service understood; the request must be taken."""
    return validation.validate(model, json.dumps(document).encode())


def message(document: dict[str, Any]) -> str:
    said: str = document["error"]["message"]
    return said
