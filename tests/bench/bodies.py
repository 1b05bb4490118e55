"""Answers as the service sends them, made here: nobody's pictures, and as heavy as real ones.

Noise gives the pictures their weight, because smooth ones compress to nothing; amplitude and quality
are set so that a 4K PNG has about 20 MB and a 4K JPEG about 6 MB.
"""

from __future__ import annotations

import base64
import io
import json
import os
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops

SIGNATURE = 1_400_000  # characters; what a 4K answer carries for the next turn


@dataclass(frozen=True)
class Body:
    """One answer: its JSON, and the size of its final image in bytes."""

    name: str
    content: bytes
    image: int


def png_4k() -> Body:
    """Return an answer with a 4096×4096 PNG of about 20 MB."""
    return _body("png-4k", _encoded(4096, 0.85, "PNG", compress_level=1), draft=1024, signature=SIGNATURE)


def jpeg_4k() -> Body:
    """Return an answer with a 4096×4096 JPEG of about 6 MB."""
    return _body("jpeg-4k", _encoded(4096, 12, "JPEG", quality=91), draft=1024, signature=SIGNATURE)


def png_1k() -> Body:
    """Return an answer with a 1024×1024 PNG of about 2 MB, for what needs weight but not much of it."""
    return _body("png-1k", _encoded(1024, 8, "PNG", compress_level=1), draft=256, signature=SIGNATURE // 20)


def tiny() -> Body:
    """Return an answer to warm up with: everything is imported and started before anything is measured."""
    return _body("tiny", _encoded(64, 8, "JPEG"), draft=32, signature=6000)


MAKERS = {"png-4k": png_4k, "jpeg-4k": jpeg_4k, "png-1k": png_1k}


def _encoded(side: int, noise: float, kind: str, **how: Any) -> bytes:
    across, out = Image.linear_gradient("L"), io.BytesIO()
    bands = []
    for ramp in (Image.radial_gradient("L"), across, across.rotate(90)):
        smooth = ramp.resize((side, side), Image.Resampling.BICUBIC)
        bands.append(ImageChops.add(smooth, Image.effect_noise((side, side), noise), 1, -128))
    Image.merge("RGB", bands).save(out, kind, **how)
    return out.getvalue()


def _body(name: str, final: bytes, *, draft: int, signature: int) -> Body:
    thought = _encoded(draft, 8, "JPEG", quality=90)
    signed = base64.b64encode(os.urandom(signature * 3 // 4)).decode()
    mime_type = "image/jpeg" if final.startswith(b"\xff\xd8") else "image/png"
    parts = [
        {"inlineData": _inline(thought, "image/jpeg"), "thought": True},
        {"text": "A noisy gradient, as you asked."},
        {"inlineData": _inline(final, mime_type), "thoughtSignature": signed},
    ]
    answer = {
        "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 2520, "totalTokenCount": 2528},
        "modelVersion": "gemini-3.1-flash-image-preview",
        "responseId": "benchmark",
    }
    return Body(name, json.dumps(answer, indent=2).encode(), len(final))


def _inline(content: bytes, mime_type: str) -> dict[str, str]:
    return {"mimeType": mime_type, "data": base64.b64encode(content).decode()}
