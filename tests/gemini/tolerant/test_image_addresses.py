"""Addresses of images in answers: found whole, shown whole, and not taken for what they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cometmagic.errors import MAX_ADDRESS_LENGTH, NoImageError
from cometmagic.gemini.tolerant.image_addresses import find_addresses
from cometmagic.storage.settle import settle
from tests.gemini.answers import Json, answer, image, text
from tests.storage.test_settle import received

SIGNED = "https://b.s3.example.com/o/a.png?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F1&X-Amz-Signature=" + "0f" * 400
TOKEN = "https://x.example.co/object/sign/a.webp?token=eyJhbGciOiJIUzI1NiJ9.eyJ1cmwiOiJhIn0.c2lnbmF0dXJlLW9mLWl0"

IN_TEXTS: dict[str, list[str]] = {
    "![x](https://a.example/1)": ["https://a.example/1"],
    "![](https://a.example/1.png)": ["https://a.example/1.png"],
    "![a](<https://a.example/1>) and ![b](https://b.example/2 'title')": ["https://a.example/1", "https://b.example/2"],
    "![x](https://a.example/x_(1).png)": ["https://a.example/x_(1).png"],
    "[![x](https://a.example/1.png)](https://a.example/page)": ["https://a.example/1.png"],
    "[Download the image](https://a.example/get?id=1)": ["https://a.example/get?id=1"],
    '<img alt="x" src="https://a.example/1?w=2&h=3">': ["https://a.example/1?w=2&h=3"],
    "https://a.example/anything": ["https://a.example/anything"],
    " <https://a.example/anything>\n": ["https://a.example/anything"],
    "It is at https://a.example/1.jpg.": ["https://a.example/1.jpg"],
    "It is here (https://a.example/1.jpeg?x=1), enjoy": ["https://a.example/1.jpeg?x=1"],
    "`https://a.example/1.WEBP`": ["https://a.example/1.WEBP"],
    "图片 https://a.example/1.png。谢谢": ["https://a.example/1.png"],
    "https://a.example/1.png https://a.example/1.png": ["https://a.example/1.png"],
    '<img src="https://a.example/1.png?a=1&amp;b=2">': ["https://a.example/1.png?a=1&b=2"],
    "<a href='https://a.example/1.png?a=1&#38;b=2'>x</a>": ["https://a.example/1.png?a=1&b=2"],
    "https://a.example/1.png!large and gs://bucket/2.png": ["https://a.example/1.png!large", "gs://bucket/2.png"],
    SIGNED: [SIGNED],
    f"Look: {TOKEN}": [TOKEN],
    # none
    "See https://a.example/policy for more.": [],
    "[our policy](https://a.example/policy)": [],
    "a.png and //a.example/1.png and ftp://a.example/1.png": [],
    "https://a.example/x.pngfoo is a page": [],
    "no address": [],
    "": [],
}


@pytest.mark.parametrize("words", IN_TEXTS)
def test_addresses_in_texts(words: str) -> None:
    assert find_addresses(words) == IN_TEXTS[words]


LONG = "https://a.example/1.png?x=" + "y" * 5000
ANSWERS: dict[str, tuple[Any, str]] = {
    "file-data": (answer({"fileData": {"fileUri": SIGNED}}), SIGNED),
    "snake-case": (answer({"file_data": {"file_uri": SIGNED, "mime_type": "image/png"}}), SIGNED),
    "inline-data": (answer(image("https://a.example/1")), "https://a.example/1"),
    "markdown": (answer(text(f"![x]({SIGNED})")), SIGNED),
    "text-alone": (answer(text("https://a.example/1")), "https://a.example/1"),
    "token": (answer(text(TOKEN)), TOKEN),
    "long": (answer({"fileData": {"fileUri": LONG}}), LONG),
    "long-in-text": (answer(text(f"Here: {LONG}")), LONG),
    "in-pieces": ([answer(text("Here: https://a.exam"), finish=None), answer(text("ple/1.png"))], "https://a.example/1.png"),
    "images-api": ({"data": [{"url": "https://a.example/1"}]}, "https://a.example/1"),
    "list": ({"id": "p", "output": ["https://a.example/1"]}, "https://a.example/1"),
    "suffix-anywhere": ({"x": {"y": "https://a.example/1.png"}}, "https://a.example/1.png"),
    "chat": ({"choices": [{"message": {"content": "![x](https://a.example/1)", "images": [
        {"image_url": {"url": "https://a.example/1"}}]}}]}, "https://a.example/1"),
    "chat-in-markdown": ({"choices": [{"message": {"content": "![x](https://a.example/1)"}}]}, "https://a.example/1"),
    "chat-in-words": ({"choices": [{"message": {"content": "See https://a.example/1.png."}}]},
                      "https://a.example/1.png"),
    "chat-in-a-list": ({"choices": [{"message": {"content": [{"type": "text", "text": "![x](https://a.example/1)"}]}}]},
                       "https://a.example/1"),
    "chat-in-pieces": ([
        {"choices": [{"delta": {"content": piece}}]} for piece in ("![x](htt", "ps://a.ex", "ample/1)")
    ], "https://a.example/1"),
    "responses": ({"output": [{"type": "message", "content": [
        {"type": "output_text", "text": "![x](https://a.example/1)"}]}]}, "https://a.example/1"),
    "responses-in-pieces": ([
        *({"type": "response.output_text.delta", "delta": piece} for piece in ("See https://a.ex", "ample/1.png")),
        {"type": "response.output_text.done", "text": "See https://a.example/1.png"},
    ], "https://a.example/1.png"),
    "output-text": ({"output_text": "![x](https://a.example/1)"}, "https://a.example/1"),
    "unknown-field": ({"reply": {"html": "<p><img src='https://a.example/1'></p>"}}, "https://a.example/1"),
    "of-a-tool": (answer({"functionResponse": {"name": "f", "response": {"url": "https://a.example/1"}}}),
                  "https://a.example/1"),
    "of-code": (answer({"codeExecutionResult": {"output": "saved to https://a.example/1.png\n"}}),
                "https://a.example/1.png"),
    "json-text": (answer(text('```json\n{"image": "https://a.example/1"}\n```')), "https://a.example/1"),
    "storage": (answer({"fileData": {"fileUri": "gs://bucket/1.png"}}), "gs://bucket/1.png"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_address_is_shown_whole_and_kept(library_folder: Path, name: str) -> None:
    document, address = ANSWERS[name]
    folder = received(library_folder, document)

    error = settle(folder)

    assert isinstance(error, NoImageError)
    assert error.addresses == [address]
    assert f" Address: {address} " in str(error)
    assert "may expire" in str(error)
    assert str(folder.response_path) in str(error)
    assert ("%gemini_library fetch" in error.advice) is address.startswith("https:")
    assert "run the cell again" not in str(error).lower()
    assert str(error).isprintable()


NOT_SHOWN: dict[str, Json] = {
    "a task": {"id": "t", "status": "queued", "urls": {"get": "https://a.example/t", "cancel": "https://a.example/c"}},
    "docs in an error": {"error": {"message": "bad", "docs_url": "https://a.example/docs"}},
    "docs beside a failure": {"success": False, "message": "bad", "data": {"url": "https://a.example/docs"}},
    "docs beside a code": {"code": 400, "message": "bad", "data": {"url": "https://a.example/docs"}},
    "a page of a search": answer(text("no")) | {"groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://a.example/"}}]}},
    "too long": answer({"fileData": {"fileUri": "https://a.example/" + "x" * (2 * MAX_ADDRESS_LENGTH)}}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(NOT_SHOWN)[:-1])
def test_other_addresses_are_none_of_a_picture(library_folder: Path, name: str) -> None:
    assert "Address:" not in str(settle(received(library_folder, NOT_SHOWN[name])))


def test_an_address_beyond_all_limits_is_shortened(library_folder: Path) -> None:
    assert len(str(settle(received(library_folder, NOT_SHOWN["too long"])))) < 2 * MAX_ADDRESS_LENGTH


def test_a_refusal_with_an_address_keeps_its_reason(library_folder: Path) -> None:
    told = str(settle(received(library_folder, answer(text("![x](https://a.example/1)"), finish="IMAGE_SAFETY"))))

    assert "(IMAGE_SAFETY)" in told
    assert "Address: https://a.example/1 " in told


FAR = "word " * 300
IN_WORDS: dict[str, Json] = {
    "no-suffix": answer(text("Done: https://a.example/f/1")),
    "far": answer(text(f"{FAR}https://a.example/f/1 {FAR}")),
    "finish-message": {"candidates": [{"finishReason": "STOP", "finishMessage": "stored at https://a.example/f/1"}]},
    "no-image": answer(text("see https://a.example/f/1"), finish="NO_IMAGE"),
    "no-image-with-a-message": {
        "candidates": [{"finishReason": "NO_IMAGE", "finishMessage": "(https://a.example/f/1)"}]
    },
    "other": answer(text("It is at <https://a.example/f/1>."), finish="IMAGE_OTHER"),
    "chat": {"choices": [{"message": {"content": "Done: https://a.example/f/1"}}]},
    "a-reason-of-next-year": answer(text("https://a.example/f/1"), finish="MOVED"),
}


@pytest.mark.parametrize("name", IN_WORDS)
def test_an_address_in_words_is_to_be_opened_before_anything_else(library_folder: Path, name: str) -> None:
    folder = received(library_folder, IN_WORDS[name])

    error = settle(folder)

    assert isinstance(error, NoImageError)
    assert error.addresses == ["https://a.example/f/1"]
    assert error.advice.startswith("Open the address soon")
    assert str(folder.response_path) in error.advice
    assert "again" not in str(error)


def test_the_address_of_a_policy_is_not_to_be_opened(library_folder: Path) -> None:
    """The reason says what to do, and what is an image's by its suffix is opened all the same."""
    policy = answer(text("See https://a.example/policy"), finish="PROHIBITED_CONTENT")
    picture = answer(text("See https://a.example/1.png"), finish="PROHIBITED_CONTENT")

    errors = [settle(received(library_folder, document)) for document in (policy, picture)]

    assert [error.advice.startswith("Open the address") for error in errors if error] == [False, True]
    assert all("will not pass again" in error.advice for error in errors if error)
