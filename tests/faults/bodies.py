"""Answers whose pictures exist only once: each is made from a seed, so that its hash tells it from all others."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image

from tests.faults.leaks import KEY

FORMS = ("plain", "pretty", "snake", "stream")
ECHOES = 0.06  # the share of answers whose words repeat the key, as some services do


@dataclass(frozen=True)
class Body:
    """The JSON of one good answer and the pictures in it, in order of arrival; `final` is *the* picture."""

    content: bytes
    pictures: tuple[bytes, ...]
    final: bytes
    form: str


def picture(rng: Random) -> bytes:
    """Return a small PNG or JPEG of noise that no other seed makes."""
    width, height = rng.randint(6, 56), rng.randint(6, 40)
    buffer, kind = io.BytesIO(), rng.choice(("PNG", "JPEG"))
    Image.frombytes("RGB", (width, height), rng.randbytes(width * height * 3)).save(buffer, kind)
    return buffer.getvalue()


def body(rng: Random) -> Body:
    """Return an answer: drafts, words, further pictures, the final one with its signature, more words."""
    drafts, others = (tuple(picture(rng) for _ in range(rng.choice((0, 0, 1, 2)))) for _ in range(2))
    final = picture(rng)
    parts = [part for draft in drafts for part in (_text(rng, thought=True), _image(rng, draft, thought=True))]
    parts += [_text(rng), *(_image(rng, other) for other in others)]
    parts.append(_image(rng, final, thoughtSignature=_letters(rng, rng.choice((0, 40, 5000)))))
    if rng.random() < 0.4:
        parts.append(_text(rng, thoughtSignature=_letters(rng, 6000)))
    form = rng.choice(FORMS)
    return Body(_written(parts, form), (*drafts, *others, final), final, form)


def _text(rng: Random, **beside: Any) -> dict[str, Any]:
    said = f"Authorization: Bearer {KEY}" if rng.random() < ECHOES else f"words of {rng.randrange(10**9)} \u00fc\u2028"
    return {"text": said * rng.choice((1, 1, 200)), **beside}


def _image(rng: Random, content: bytes, **beside: Any) -> dict[str, Any]:
    declared = rng.choice(("image/png", "image/jpeg"))  # it lies as often as not
    return {"inlineData": {"mimeType": declared, "data": base64.b64encode(content).decode()}, **beside}


def _letters(rng: Random, count: int) -> str:
    return base64.b64encode(rng.randbytes(count)).decode()


def _written(parts: list[dict[str, Any]], form: str) -> bytes:
    """Return the answer in one of the forms that services are known to send."""
    if form == "stream":
        events = [_document([part]) for part in parts] + [_document([], finishReason="STOP")]
        return b"".join(b"data: %s\r\n\r\n" % json.dumps(event).encode() for event in events)
    whole = _document(parts, finishReason="STOP")
    text = json.dumps(whole, indent=2 if form == "pretty" else None, ensure_ascii=form == "snake")
    if form == "snake":
        text = text.replace('"inlineData"', '"inline_data"').replace('"mimeType"', '"mime_type"')
    return text.encode()


def _document(parts: list[dict[str, Any]], **beside: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **beside}
    return {"candidates": [candidate], "usageMetadata": {"totalTokenCount": 1300}, "modelVersion": "gemini-test"}


def quoted(content: bytes) -> bytes:
    """Return a picture as it stands whole in an answer."""
    return b'"%s"' % base64.b64encode(content)
