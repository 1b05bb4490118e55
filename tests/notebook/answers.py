"""Answers of the service for tests: real images in the shape of the API."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.faults.server import FaultServer, Step, recv_request, response, send, sleep

CANARY = "sk-canary-4f9c2b7e1d8a6035"  # a key that is found wherever it leaks
USAGE = {
    "promptTokenCount": 12,
    "candidatesTokenCount": 1120,
    "thoughtsTokenCount": 300,
    "totalTokenCount": 1432,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}


def painted(kind: str = "JPEG", width: int = 64, height: int = 36, color: str = "teal") -> bytes:
    """Return the bytes of a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, kind)
    return file.getvalue()


def gravel(width: int, height: int, seed: int = 1) -> bytes:
    """Return the bytes of a JPEG that packs badly, as photographs of gravel and leaves do."""
    across, down = width // 4, height // 4
    noise = random.Random(seed).randbytes(across * down * 3)  # noqa: S311  # the same grains each time
    grains = Image.frombytes("RGB", (across, down), noise)
    file = io.BytesIO()
    grains.resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


DRAFT, FINAL = painted("PNG", color="orange"), painted("JPEG")


def image(content: bytes, mime_type: str = "image/png", **more: Any) -> dict[str, Any]:
    """Return an image part; the declared type is PNG unless told otherwise, as the service's often is."""
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(content).decode()}} | more


def body(*parts: dict[str, Any], searched: dict[str, Any] | None = None, **more: Any) -> bytes:
    """Return an answer's JSON; `searched` is its grounding metadata."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0}
    candidate |= {"groundingMetadata": searched} if searched else {}
    return json.dumps(
        {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-test"} | more
    ).encode()


def full(final: bytes = FINAL) -> bytes:
    """Return an answer with everything: thoughts in words and pictures, text, the image with its signature."""
    return body(
        {"text": "Thinking of wheels.", "thought": True},
        image(DRAFT, thought=True),
        {"text": "Here it is."},
        image(final, thoughtSignature="c2lnbmF0dXJl"),
    )


def answering(content: bytes | None = None, *, after: float = 0.0, status: str = "200 OK") -> list[Step]:
    """Return the scenario of one good answer, some seconds after the request."""
    return [recv_request(), sleep(after), send(response(full() if content is None else content, status))]


@contextlib.contextmanager
def serving(patch: pytest.MonkeyPatch, *scenarios: list[Step]) -> Iterator[FaultServer]:
    """Start a loopback service and give this process a key for it."""
    with FaultServer(*scenarios) as server, patch.context() as settings:
        settings.setenv("COMETAPI_KEY", CANARY)
        settings.setenv("COMETAPI_BASE_URL", server.url)
        yield server
