"""UTF-16 answers, copied in pieces into a file that has no name: the same text, nothing left, honest limits."""

from __future__ import annotations

import codecs
import errno
import functools
import gc
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.courier.recovery import find_stale_files
from cometmagic.errors import TransportError
from cometmagic.gemini import utf8_file
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.generation.result import ImageResult
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from cometmagic.storage.settle import settle
from tests.gemini.answers import answer, body, image, picture, text

RED = picture()
ENCODINGS = {"bom": "utf-16", "little": "utf-16-le", "big": "utf-16-be"}
SENT = body(answer(text("Grüße 😀"), image(RED))).decode()


def received(root: Path, content: bytes) -> CallFolder:
    folder = Library(root).create_folder(ImageRequest((Turn((TextPart("x"),)),), Options()), source="live", preview=0)
    folder.response_path.write_bytes(content)
    folder.update(state=CallState.RECEIVED)
    return folder


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mapped") / "file"


@given(st.text(), st.sampled_from(sorted(ENCODINGS)), st.integers(1, 9))
def test_any_text_is_the_same_wherever_a_piece_ends(file: Path, words: str, name: str, size: int) -> None:
    words = "{}" + words.encode("utf-8", "replace").decode()  # as every answer begins
    file.write_bytes(words.encode(ENCODINGS[name]))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(utf8_file, "_CHUNK_BYTES", size)
        found = map_utf8_file(file)

    assert found[:] == words.encode()
    assert [path.name for path in file.parent.iterdir()] == ["file"]


@given(st.binary(max_size=20), st.sampled_from([codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"{\0}\0"]))
def test_halves_of_characters_are_replaced(file: Path, rubbish: bytes, start: bytes) -> None:
    file.write_bytes(start + rubbish)

    try:
        found = map_utf8_file(file)[:].decode()
    except MalformedError:
        found = ""

    assert found.removeprefix("{}") == rubbish.decode(
        "utf-16-be" if start == codecs.BOM_UTF16_BE else "utf-16-le", "replace"
    )


@pytest.mark.parametrize("content", ["{}", "Grüße", "\ufeff{}", "{"], ids=ascii)
def test_utf_8_is_mapped_as_it_is(file: Path, content: str) -> None:
    file.write_bytes(content.encode())

    assert map_utf8_file(file)[:] == content.encode()


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_nothing_is_malformed(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(MalformedError, match="empty"):
        map_utf8_file(file)


@pytest.mark.parametrize("name", ENCODINGS)
def test_an_answer_is_settled_and_its_copy_is_gone(library_folder: Path, name: str) -> None:
    folder = received(library_folder, SENT.encode(ENCODINGS[name]))

    assert settle(folder) is None

    assert ImageResult(folder.path).image.data == RED
    assert {path.name for path in folder.path.iterdir()} == {
        "call.json",
        "request.json",
        "answer.json",
        "image.png",
        "preview-small.jpg",
    }


def test_too_much_is_told_and_kept(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = SENT.encode("utf-16")
    folder = received(library_folder, content)
    with monkeypatch.context() as patched:
        patched.setattr(utf8_file, "MAX_COPY_BYTES", len(SENT.encode()) - 1)

        told = settle(folder)

    assert isinstance(told, TransportError)
    assert "in UTF-16 and has more than" in str(told)
    assert str(folder.response_path) in str(told)
    assert folder.response_path.read_bytes() == content
    assert {path.name for path in folder.path.iterdir()} == {"call.json", "request.json", "response.part"}
    assert settle(folder) is None  # the control: with the limit as it is, it is read


def test_a_full_disk_leaves_the_answer_and_no_copy(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = received(library_folder, SENT.encode("utf-16"))

    class Full(tempfile.SpooledTemporaryFile[bytes]):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", lambda **_: Full())
        with pytest.raises(OSError, match="No space"):
            settle(folder)

    assert folder.response_path.exists()
    assert folder.read()["state"] == CallState.RECEIVED
    assert settle(folder) is None
    assert ImageResult(folder.path).image.data == RED


def test_where_files_need_a_name_it_is_one_that_is_cleared_away(
    library_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = received(library_folder, SENT.encode("utf-16"))
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", functools.partial(tempfile.NamedTemporaryFile, delete=False))
        found = map_utf8_file(folder.response_path)

    (left,) = folder.path.glob(".*")
    assert left in find_stale_files(folder)
    del found
    gc.collect()


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes it when the last handle is closed")
def test_the_copy_has_no_name_while_it_is_used(file: Path) -> None:
    file.write_bytes(SENT.encode("utf-16"))

    found = map_utf8_file(file)

    assert [path.name for path in file.parent.iterdir()] == ["file"]
    assert found[:] == SENT.encode()
