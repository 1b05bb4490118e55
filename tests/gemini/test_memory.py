"""Large bodies, out and in, cost little memory: they are made and read in pieces."""

from __future__ import annotations

import base64
import functools
import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cometmagic.gemini.encode import iter_body, measure_body
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.generation.result import ImageResult
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.settle import settle
from tests.gemini.answers import answer, base64_of, body, image, picture, text

MEGA = 2**20


@functools.cache
def large() -> bytes:
    """Return a file that begins as a PNG and cannot be packed."""
    return picture("PNG") + hashlib.shake_128(b"noise").digest(20 * MEGA)


@contextmanager
def peak() -> Iterator[Callable[[], int]]:
    """Give a function that tells how many bytes Python held at most, beyond those at the beginning."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def planned(root: Path, *parts: TextPart | ImagePart) -> CallFolder:
    return Library(root).create_folder(ImageRequest((Turn(parts),), Options()), source="live", preview=0)


def test_the_measure_sees_a_large_string() -> None:
    with peak() as most:
        bytes(30 * MEGA)

        assert most() > 29 * MEGA


@pytest.mark.parametrize("images", [1, 6])
def test_a_body_with_large_references_is_made_in_pieces(tmp_path: Path, images: int) -> None:
    folder = planned(tmp_path, TextPart("x"), *[ImagePart("image/png", content=large())] * images)

    with peak() as most:
        length = sum(map(len, iter_body(folder.read_body(), folder.path)))

        assert most() < 4 * MEGA

    assert length == measure_body(folder.read_body(), folder.path) > images * len(large()) * 4 // 3


def in_text(words: str) -> bytes:
    return body(answer({"text": words}))


WRITTEN: dict[str, tuple[Callable[[], bytes], int]] = {
    # Whole pieces of base64, never more than one at a time.
    "plain": (lambda: body(answer(image(large()))), 6),
    "with-drafts": (lambda: body(answer(image(large(), thought=True), image(large()))), 6),
    "urlsafe": (lambda: body(answer(image(base64.urlsafe_b64encode(large()).decode()))), 8),
    "wrapped": (lambda: body(answer(image(base64.encodebytes(large()).decode()))), 8),
    "wrapped-raw": (lambda: body(answer(image(base64.encodebytes(large()).decode()))).replace(b"\\n", b"\r\n"), 8),
    "escaped": (lambda: body(answer(image(large()))).replace(b"/", b"\\/").replace(b"+", b"\\u002b"), 8),
    "data-uri": (lambda: body(answer(image(f"data:image/png;base64,{base64_of(large())}"))), 8),
    "in-a-text": (lambda: in_text(f"![a](data:image/png;base64,{base64_of(large())}) words"), 8),
    "in-a-text-with-escapes": (lambda: in_text(f"data:image/png;base64,{base64_of(large())}").replace(b"/", b"\\/"), 8),
    "in-lines-of-a-text": (lambda: in_text(f"data:image/png;base64,\n{base64.encodebytes(large()).decode()}"), 8),
    "in-an-address": (
        lambda: body(answer({"fileData": {"fileUri": f"data:image/png;base64,{base64_of(large())}"}})),
        8,
    ),
    "utf-16": (lambda: body(answer(image(large()))).decode().encode("utf-16"), 8),
    "beside-texts": (lambda: body(answer(*[{"text": "words " * 800}] * 3000, image(large()))), 16),
    # A signature of 3 MB stands in answer.json, and is copied into it.
    "signed": (lambda: body(answer(image(large(), thoughtSignature="s" * 3 * MEGA))), 30),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_large_answer_is_never_held_whole(tmp_path: Path, name: str) -> None:
    make, megabytes = WRITTEN[name]
    folder = planned(tmp_path, TextPart("x"))
    folder.response_path.write_bytes(make())

    with peak() as most:
        assert settle(folder) is None

        assert most() < megabytes * MEGA

    with (folder.path / "image.png").open("rb") as saved:
        assert hashlib.file_digest(saved, "sha256").digest() == hashlib.sha256(large()).digest()


MANY_TEXTS = body(answer(image(), *[text("words " * 800)] * 4000))
IN_UTF_16 = body(answer(image(), text("x" * 8 * MEGA))).decode().encode("utf-16")


@pytest.mark.parametrize("content", [MANY_TEXTS, IN_UTF_16], ids=["many texts", "UTF-16"])
def test_of_large_texts_little_more_than_the_body_is_held(tmp_path: Path, content: bytes) -> None:
    folder = planned(tmp_path, TextPart("x"))
    folder.response_path.write_bytes(content)

    with peak() as most:
        assert settle(folder) is None

        assert most() < len(content)
    assert (folder.path / "image.png").read_bytes() == picture()


def test_of_many_texts_all_are_kept_and_the_first_are_read(tmp_path: Path) -> None:
    folder = planned(tmp_path, TextPart("x"))
    folder.response_path.write_bytes(MANY_TEXTS)
    settle(folder)

    told = ImageResult(folder.path).text

    assert MEGA // 2 < len(told) < 2 * MEGA
    assert (folder.path / "answer.json").read_bytes().count(b"words ") == 4000 * 800
