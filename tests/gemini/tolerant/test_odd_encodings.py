"""Pictures whose base64 is percent-encoded, spoilt, wrapped or encoded twice, and bodies in several parts."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from cometmagic.errors import CometError
from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer, base64_of, image, picture

pytestmark = pytest.mark.usefixtures("carried_here")

PICTURE = picture("JPEG") + bytes(range(256)) * 12  # its base64 has plus signs and slashes
LETTERS = base64_of(PICTURE)
assert "+" in LETTERS
assert "/" in LETTERS
ANSWER = answer(image(PICTURE, "image/jpeg"))
JSON = json.dumps(ANSWER)
URI = f"data:image/jpeg;base64,{LETTERS}"
PARTS = (
    b'--b1\r\nContent-Type: application/json\r\n\r\n{"ok": true}\r\n'
    b"--b1\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n--b1--"
)


def inline(data: str) -> bytes:
    return json.dumps(answer({"inlineData": {"mimeType": "image/jpeg", "data": data}})).encode()


def encode(content: bytes | str) -> str:
    return base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()


def dump(document: Any) -> bytes:
    return json.dumps(document).encode()


BODIES: dict[str, bytes] = {
    "percent-encoded data": inline(quote(LETTERS, safe="")),
    "percent-encoded in small letters": inline(quote(LETTERS, safe="").replace("%2B", "%2b").replace("%2F", "%2f")),
    "percent-encoded padding": inline(LETTERS.replace("=", "%3D")),
    "percent-encoded in an address": json.dumps(answer({"text": f"data:image/jpeg;base64,{quote(LETTERS)}"})).encode(),
    "percent-encoded in Markdown": dump(answer({"text": f"Here: ![x]({quote(URI, safe='')}) it is"})),
    "a percent-encoded address": dump({"redirect": f"app://open?image={quote(URI, safe='')}"}),
    "a percent-encoded body": quote(JSON).encode(),
    "a form": f"status=ok&image={quote_plus(LETTERS)}".encode(),
    "spaces for plus signs": inline(LETTERS.replace("+", " ")),
    "line ends escaped twice": inline("\\n".join(LETTERS[at : at + 76] for at in range(0, len(LETTERS), 76))),
    "bytes of Python": inline(f"b'{LETTERS}'"),
    "in quotes": inline(f'"{LETTERS}"'),
    "an address of its own": dump({"image": f"base64://{LETTERS}"}),
    "base64 twice": inline(encode(LETTERS)),
    "base64 of a data URI": inline(encode(URI)),
    "base64 of a body": dump({"isBase64Encoded": True, "body": encode(JSON)}),
    "base64 of a packed body": dump({"data": encode(gzip.compress(JSON.encode(), 0)), "encoding": "gzip"}),
    "base64 of a packed picture": dump({"data": encode(gzip.compress(PICTURE, 0))}),
    "in several parts": PARTS % PICTURE,
    "in several parts, as JSON": PARTS.replace(b"image/jpeg", b"application/json") % JSON.encode(),
    "a file behind a line end": b"\r\n" + PICTURE,
}


@pytest.mark.parametrize("name", BODIES)
def test_the_picture_is_found_whole(ask: Asker, name: str) -> None:
    outcome = ask(recv_request(), send(response(BODIES[name])))

    assert outcome.made.image.data.rstrip(b"\r\n") == PICTURE.rstrip(b"\r\n")
    assert len(outcome.log) == 1


OTHERS: dict[str, bytes] = {
    "base64 of words": dump({"data": encode("words " * 500)}),
    "base64 of base64 of words": dump({"data": encode(encode("words " * 500))}),
    "parts without an answer": PARTS % b"words",
    "percent signs": dump(answer({"text": "100%2B of it"})),
    "a percent-encoded nothing": b"%7Bno%7D",
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_it_is_no_picture(ask: Asker, name: str) -> None:
    assert isinstance(ask(recv_request(), send(response(OTHERS[name]))).error, CometError)
