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
