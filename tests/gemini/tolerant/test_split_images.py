"""An image whose base64 comes in pieces is shown whole; two images, or an image and a file, stay two."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from PIL import Image

from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer, base64_of, image, picture
from tests.image_samples import encoded

pytestmark = pytest.mark.usefixtures("carried_here")

# Noise packs badly, so that its base64 is long; it is the same each time.
DIGESTS = b"".join(sha256(number.to_bytes(4, "big")).digest() for number in range(2813))
NOISE = Image.frombytes("RGB", (200, 150), DIGESTS[: 200 * 150 * 3])
PICTURES = {kind: encoded(NOISE, kind) for kind in ("PNG", "JPEG", "WEBP")}


def events(*documents: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def pieces(content: bytes, count: int = 3) -> list[str]:
    letters = base64_of(content)
    length = len(letters) // count + 1  # not always a multiple of four
    return [letters[start : start + length] for start in range(0, len(letters), length)]


def inline(data: str) -> dict[str, Any]:
    return answer({"inlineData": {"mimeType": "image/png", "data": data}})


FORMS: dict[str, Any] = {
    "parts of several events": lambda texts: events(*map(inline, texts)),
    "parts of one answer": lambda texts: json.dumps(
        answer(*[{"inlineData": {"mimeType": "image/png", "data": text}} for text in texts])
    ).encode(),
    "texts of several events": lambda texts: events(*[answer({"text": text}) for text in texts]),
    "deltas": lambda texts: events(*[{"type": "response.output_text.delta", "delta": text} for text in texts]),
    "chat": lambda texts: events(*[{"choices": [{"delta": {"content": text}}]} for text in texts]),
    "chunks": lambda texts: json.dumps({"id": "x", "chunks": texts}).encode(),
    "objects": lambda texts: events(*[{"image": {"index": index, "b64": text}} for index, text in enumerate(texts)]),
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("form", FORMS)
def test_a_split_image_is_whole(ask: Asker, form: str, kind: str) -> None:
    made = ask(recv_request(), send(response(FORMS[form](pieces(PICTURES[kind]))))).made

    assert made.image.data == PICTURES[kind]
    assert len(made.images) == 1


TWO: dict[str, tuple[bytes, int]] = {
    "two images": (events(answer(image(PICTURES["PNG"])), answer(image(PICTURES["JPEG"]))), 2),
    "an image and a PDF": (
        events(answer(image(PICTURES["PNG"])), inline(base64_of(b"%PDF-1.7\n" + bytes(3000)))),
        2,
    ),
    "a cut image and a PDF": (
        events(inline(base64_of(PICTURES["PNG"][:30_000])), inline(base64_of(b"%PDF-1.7 " * 300))),
        2,
    ),
    "a whole image and noise": (events(answer(image(picture("JPEG"))), inline(base64_of(bytes(range(256)) * 9))), 2),
}


@pytest.mark.parametrize("name", TWO)
def test_what_is_no_piece_of_an_image_stays_apart(ask: Asker, name: str) -> None:
    body, count = TWO[name]

    folder = ask(recv_request(), send(response(body))).folder

    assert len(folder.read()["files"]) == count
