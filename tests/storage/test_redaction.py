"""The key overwritten in what is kept of an answer, wherever it stands in a large file and however it is written."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from cometmagic.storage import redaction
from cometmagic.storage.call_folder import CallFolder

KEY = "sk-Test/0123456789"
PART = mmap.ALLOCATIONGRANULARITY
WRITINGS = {
    "plain": KEY,
    "slashes": KEY.replace("/", "\\/"),
    "one-escape": KEY.replace("T", "\\u0054"),
    "all-escapes": "".join(f"\\u{ord(letter):04X}" for letter in KEY),
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "WINDOW_BYTES", PART)


def blotted(root: Path, content: bytes) -> bytes:
    folder = CallFolder(root)
    folder.response_path.write_bytes(content)
    redaction.redact_response(folder, KEY)
    return folder.response_path.read_bytes()


@pytest.mark.parametrize("name", WRITINGS)
def test_a_key_across_two_parts_is_overwritten_and_nothing_else(tmp_path: Path, name: str) -> None:
    written = WRITINGS[name].encode()
    for before in range(PART - len(written) - 1, PART + 2):
        content = b"x" * before + written + b"y" * PART

        assert blotted(tmp_path, content) == content.replace(written, b"*" * len(written))


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, PART + redaction.MIN_KEY_PREFIX, 2 * PART])
@pytest.mark.parametrize("length", [redaction.MIN_KEY_PREFIX - 1, redaction.MIN_KEY_PREFIX, len(KEY) - 1])
def test_the_beginning_of_a_key_at_the_end_is_overwritten_and_no_other(tmp_path: Path, size: int, length: int) -> None:
    begun = KEY[:length].encode()
    content = (begun + b" " * size)[: size - length] + begun

    kept = begun if length < redaction.MIN_KEY_PREFIX else b"*" * length
    assert blotted(tmp_path, content) == content[: size - length] + kept


def test_many_keys_one_after_the_other_are_all_overwritten(tmp_path: Path) -> None:
    content = "".join(WRITINGS.values()).encode() * 2000

    assert set(blotted(tmp_path, content)) == {ord("*")}


def test_an_empty_answer_stays_empty(tmp_path: Path) -> None:
    assert blotted(tmp_path, b"") == b""
