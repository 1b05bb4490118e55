"""Images written as text: data: URIs and base64 in all spellings, and paths that look like neither."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from cometmagic.errors import OptionError
from cometmagic.images.inputs.image_text import decode_image_text, is_encoded_image, is_image_text
from cometmagic.images.references import load_reference
from tests.gemini.answers import picture

CONTENT = picture("JPEG")
BASE64 = base64.b64encode(CONTENT).decode()
URLSAFE = base64.urlsafe_b64encode(CONTENT).decode()
WRAPPED = base64.encodebytes(CONTENT).decode()

TEXTS = [
    BASE64, BASE64.rstrip("="), URLSAFE, WRAPPED, WRAPPED.replace("\n", "\r\n"), f"  {BASE64}\n",
    f"data:image/jpeg;base64,{BASE64}", f"data:image/png;base64,{BASE64}", f"DATA:image/jpeg;BASE64,{BASE64}",
    f"data:;base64,{BASE64}", f"data:image/jpeg;charset=utf-8;base64,{BASE64}", f"data:image/jpeg;base64,{WRAPPED}",
    f" data:image/jpeg;base64, {BASE64} ", f"data:image/jpeg;base64,{quote(BASE64, safe='')}",
    f"data:image/jpeg,{quote(CONTENT)}", f"data:application/octet-stream;base64,{BASE64}",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_with_an_image_is_that_image(text: str) -> None:
    assert is_image_text(text)
    assert decode_image_text(text) == CONTENT
    assert load_reference(text).part.data == CONTENT
    assert load_reference(text.encode()).part.data == CONTENT


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_base64_of_every_kind_is_recognized(kind: str) -> None:
    assert is_image_text(base64.b64encode(picture(kind)).decode())


@pytest.mark.parametrize(
    "text", ["", "cat.png", "/9j/cat.jpg", "/9j/4AAQ", "data.png", "data/x", "https://x/y", "x" * 5000, "SGVsbG8=" * 90]
)
def test_paths_and_other_texts_are_no_images(text: str) -> None:
    assert not is_image_text(text)
    assert not is_encoded_image(text.encode())


def test_a_file_with_such_a_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = URLSAFE[:80]
    assert is_image_text(name)

    Path(name).write_bytes(picture())

    assert not is_image_text(name)
    assert load_reference(name).part.data == picture()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data:image/png;base64", "The data: URI has no comma before its data. "),
        ("data:" + "A" * 10_000, "The data: URI has no comma before its data. "),
        ("data:image/png;base64,", "The data: URI is empty. "),
        ("data:,", "The data: URI is empty. "),
        ("data:image/png;base64,AAAA", "The data: URI holds no picture that can be sent. "),
        ("data:text/plain,hello", "The data: URI holds no picture that can be sent. "),
        ("data:image/svg+xml,%3Csvg xmlns=''/%3E", "The data: URI holds no picture that can be sent, but an SVG"),
        (f"data:image/png;base64,{BASE64[:400]}…", "The data: URI is damaged or cut: it is no base64. "),
        (f"{BASE64[:400]}" + "A" * 700 + "...", "The base64 text is damaged or cut: it is no base64. "),
        (BASE64[:400], "The base64 text "),
    ],
    ids=range(10),
)
def test_a_damaged_text_is_told_and_not_quoted(text: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(text)

    assert message in str(caught.value)
    assert len(str(caught.value)) < 250
