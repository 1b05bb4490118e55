"""Pictures whose base64 is split over events, deltas, parts or list items, and texts that are no pieces of one."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import Any

import pytest
from PIL import Image

from cometmagic.gemini.decode import decode_response
from tests.faults.asking import Asker
from tests.gemini.answers import answer, answering, base64_of, body, image, text

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
SIZES = (7, 333, 1000)  # of pieces, in letters


def noise(kind: str) -> bytes:
    """Return a picture that cannot be packed well, so that its base64 is long."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (40, 40), os.urandom(4800)).save(buffer, kind)
    return buffer.getvalue()


PICTURES = {kind: (noise(kind), noise(kind)) for kind in FORMATS}
PNG, OTHER = PICTURES["PNG"]


def cut(whole: str, size: int) -> list[str]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def stream(*documents: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def part(node: Any, finish: str | None = None) -> Any:
    return answer(node, finish=finish)


def responses_delta(piece: str) -> Any:
    return {"type": "response.output_text.delta", "delta": piece}


def chat_delta(**delta: Any) -> Any:
    return {"choices": [{"index": 0, "delta": delta}]}


def arguments(piece: str) -> Any:
    return chat_delta(tool_calls=[{"index": 0, "function": {"arguments": piece}}])


def input_json(piece: str) -> Any:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}


def read_images(content: bytes) -> list[bytes]:
    images = []
    for encoded in decode_response(content).encoded_images:
        buffer = io.BytesIO()
        encoded.write(buffer)
        images.append(buffer.getvalue())
    return images


def build_shapes(picture: bytes, size: int) -> dict[str, bytes]:
    """Return bodies with a picture in pieces of about `size` letters."""
    letters = base64_of(picture)
    pieces = cut(letters, size)
    uri, document = cut("data:image/png;base64," + letters, size), cut(json.dumps({"image": letters}), size)
    urlsafe = cut(base64.urlsafe_b64encode(picture).decode(), size)
    return {
        "parts": stream(*(part(image(piece)) for piece in pieces), answer()),
        "parts-without-a-type": stream(
            part(image(pieces[0])), *(part({"inlineData": {"data": piece}}) for piece in pieces[1:])
        ),
        "parts-of-one-document": body(answer(*map(image, pieces))),
        "snake-case": stream(*(part({"inline_data": {"data": piece}}) for piece in pieces)),
        "texts": stream(*(part(text(piece)) for piece in pieces)),
        "texts-between-words": stream(
            part(text("Here it is: ")), *(part(text(piece)) for piece in pieces), part(text("Done"), "STOP")
        ),
        "padded-pieces": stream(
            *(part(image(base64_of(picture[at : at + size]))) for at in range(0, len(picture), size)), answer()
        ),
        "urlsafe": stream(*(part(image(piece)) for piece in urlsafe)),
        "responses": stream(*map(responses_delta, uri)),
        "responses-with-all-of-it-again": stream(*map(responses_delta, uri), {"text": "".join(uri)}),
        "responses-arguments": stream(*map(responses_delta, document)),
        "chat": stream(*(chat_delta(content=piece) for piece in pieces)),
        "chat-arguments": stream(*map(arguments, document)),
        "anthropic": stream(*map(input_json, document), {"type": "message_stop"}),
        "a-list": body({"chunks": pieces}),
        "a-list-of-objects": body({"chunks": [{"data": piece} for piece in pieces]}),
        "a-list-after-a-prefix": body({"image": ["data:image/png;base64,", *pieces]}),
        "lines": b"\n".join(body({"b64": piece}) for piece in pieces),
    }


SHAPES = build_shapes(PNG, 1000)


@pytest.mark.parametrize("name", SHAPES)
def test_a_picture_in_pieces_is_shown_whole(ask: Asker, name: str) -> None:
    outcome = ask(*answering(SHAPES[name]))

    assert [part.data for part in outcome.made.images] == [PNG]
    assert "damaged" not in outcome.notes


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", FORMATS)
def test_pieces_of_any_format_and_length(kind: str, size: int) -> None:
    picture, _ = PICTURES[kind]
    shapes = build_shapes(picture, size)
    if size < 100:  # padding after seven bytes hides the beginning of a picture
        del shapes["padded-pieces"]
    for name, content in shapes.items():
        assert read_images(content) == [picture], name


PADLESS = "data:image/png;base64," + base64_of(PNG).rstrip("=")
SEPARATE: dict[str, tuple[bytes, list[bytes]]] = {
    "two-whole-ones": (stream(part(image(PNG)), part(image(OTHER), "STOP")), [PNG, OTHER]),
    "two-in-a-list": (body({"images": [base64_of(PNG), base64_of(OTHER)]}), [PNG, OTHER]),
    "two-in-pieces": (
        stream(*(part(image(piece)) for whole in (PNG, OTHER) for piece in cut(base64_of(whole), 999))),
        [PNG, OTHER],
    ),
    "a-draft-and-a-result": (
        stream(
            *(part(image(piece, thought=True)) for piece in cut(base64_of(OTHER), 999)),
            *(part(image(piece)) for piece in cut(base64_of(PNG), 999)),
        ),
        [OTHER, PNG],
    ),
    "two-in-turn": (
        stream(
            *(
                {"type": "x.delta", "output_index": lane, "delta": piece}
                for pair in zip(cut(base64_of(PNG), 4000), cut(base64_of(OTHER), 4000), strict=True)
                for lane, piece in enumerate(pair)
            )
        ),
        [PNG, OTHER],
    ),
    "a-word-behind": (stream(part(text(base64_of(PNG))), part(text("Done"), "STOP")), [PNG]),
    "a-word-behind-a-uri-without-padding": (stream(part(text(PADLESS)), part(text("Done"), "STOP")), [PNG]),
    "two-uris-without-padding": (
        stream(part(text(PADLESS)), part(text("data:image/png;base64," + base64_of(OTHER)))),
        [PNG, OTHER],
    ),
    "what-was-sent": (
        body({"request": {"chunks": cut(base64_of(OTHER), 999)}, "chunks": cut(base64_of(PNG), 999)}),
        [PNG],
    ),
}


@pytest.mark.parametrize("name", SEPARATE)
def test_what_is_no_piece_stays_apart(name: str) -> None:
    content, pictures = SEPARATE[name]

    assert read_images(content) == pictures


def test_a_sound_behind_a_cut_picture_is_no_piece_of_it() -> None:
    letters = base64_of(PNG)[:2000]
    sound = image("QUJD" * 600, mime="audio/wav")

    assert [len(data) for data in read_images(body(answer(image(letters), sound)))] == [1500, 1800]
    assert [len(data) for data in read_images(body(answer(image(letters), image("QUJD" * 600))))] == [3300]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["i", "/9j/", "iVBORw0KGgoAAAANSUhEUgAAACgAAAAo", "data:image/png;base64,iVBO", "AAAA"]
)
def test_many_beginnings_take_no_time(piece: str) -> None:
    contents = [
        body({"x": [piece] * 10_000}),
        body({f"x{number}": [piece] * 100 for number in range(100)}),
        stream(*[responses_delta(piece)] * 5_000),
    ]
    for content in contents:
        assert len(decode_response(content).encoded_images) <= 1
