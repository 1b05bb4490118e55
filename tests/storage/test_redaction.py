"""The key overwritten in the raw response, wherever it stands in a large file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from cometmagic.storage import redaction
from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.redactor import Redactor
from cometmagic.system.secret import Secret
from tests.key_scan import KEYS, WRITINGS, leaks

KEY = KEYS["signs"]
WINDOW = 4096


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "WINDOW_BYTES", WINDOW)


def redacted(root: Path, content: bytes, key: str = KEY) -> bytes:
    folder = CallFolder(root)
    folder.response_path.write_bytes(content)
    redaction.redact_response(folder, Redactor([Secret(key)]))
    return folder.response_path.read_bytes()


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("around", [" ", "x"])
def test_a_key_across_two_windows_is_overwritten_and_nothing_else(tmp_path: Path, writing: str, around: str) -> None:
    quoted = f"<{json.dumps(WRITINGS[writing](KEY))[1:-1]}>".encode()
    for before in range(WINDOW - len(quoted) - 1, WINDOW + 2, 17):
        content = b" " * before + quoted + around.encode() * WINDOW

        left = redacted(tmp_path, content)

        assert leaks(content, KEY)
        assert leaks(left, KEY) == []
        assert len(left) == len(content)
        assert left.startswith(b" " * before + b"<")
        assert left.endswith(b">" + around.encode() * WINDOW)


@pytest.mark.parametrize("size", [WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW])
@pytest.mark.parametrize("length", [5, 6, len(KEY) - 1])
def test_the_beginning_of_a_key_at_the_end_of_a_cut_response_is_overwritten(
    tmp_path: Path, size: int, length: int
) -> None:
    head = KEY[:length].encode()

    left = redacted(tmp_path, b" " * (size - length) + head)

    assert left == b" " * (size - length) + (head if length < 6 else b"*" * length)


def test_many_keys_one_after_the_other_are_all_overwritten(tmp_path: Path) -> None:
    assert set(redacted(tmp_path, f"{KEY} ".encode() * 2000)) == set(b"* ")


@pytest.mark.parametrize("content", [b"", b"nothing of the kind"])
def test_other_responses_are_left_alone(tmp_path: Path, content: bytes) -> None:
    assert redacted(tmp_path, content) == content


def test_a_call_without_a_response_is_left_alone(tmp_path: Path) -> None:
    redaction.redact_response(CallFolder(tmp_path), Redactor([Secret(KEY)]))

    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_the_whole_body_keeps_every_byte_but_a_whole_key(tmp_path: Path) -> None:
    """A table of each JPEG holds the alphabet."""
    key = "sk-1aCdEfGhJ0123456789zz"
    buffer = io.BytesIO()
    Image.effect_noise((300, 300), 50).save(buffer, "JPEG")
    image = buffer.getvalue()
    assert b"CDEFGHIJ" in image
    stream = redaction.StreamRedactor(Redactor([Secret(key)]))

    for place in (5000, len(image)):
        body = image[:place] + key.encode() + image[place:]
        assert redacted(tmp_path, image, key) == image
        assert redacted(tmp_path, body, key) == body.replace(key.encode(), b"*" * len(key))
        assert redacted(tmp_path, b"a" + body, key) != b"a" + body.replace(key.encode(), b"*" * len(key)), "the control"
    assert b"".join([*(stream.feed(image[at : at + 7]) for at in range(0, len(image), 7)), stream.finish()]) == image
