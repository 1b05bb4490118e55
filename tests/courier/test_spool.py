"""What is on the disk while a response arrives: at no time the key, and in the end all the rest."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from cometmagic.courier.spool import ResponseSpool
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.redaction import StreamRedactor
from cometmagic.system.redactor import Redactor
from cometmagic.system.secret import Secret
from tests.gemini.answers import answer, base64_of, body, image, text
from tests.key_scan import KEYS, WRITINGS, leaks

KEY = KEYS["signs"]
FILLER = "words and more of them, " * 200
PIECES = [1500, 4096, 65_536]


def spooled(root: Path, content: bytes, size: int, redactor: Redactor) -> tuple[list[str], bytes]:
    """Return what leaked at any time, and what was on the disk in the end."""
    folder, found = CallFolder(root), []
    with ResponseSpool(folder, {}, redactor) as spool:
        for start in range(0, len(content), size):
            spool.write(content[start : start + size])
            found += leaks(folder.response_path.read_bytes(), KEY)
        spool.flush()
    return found + leaks(folder.response_path.read_bytes(), KEY), folder.response_path.read_bytes()


@pytest.mark.parametrize("size", PIECES)
@pytest.mark.parametrize("writing", ["plain", "base64-header", "json-in-json", "html-in-url", "spaced"])
def test_the_key_is_never_on_the_disk(tmp_path: Path, writing: str, size: int) -> None:
    quoted = WRITINGS[writing](KEY)
    content = json.dumps(answer(*(text(f"{FILLER[:-end]}{quoted}") for end in (1, 800)), text(FILLER))).encode()

    found, left = spooled(tmp_path, content, size, Redactor([Secret(KEY)]))

    assert found == []
    assert len(left) == len(content)
    assert json.loads(left)["candidates"][0]["content"]["parts"][2]["text"] == FILLER
    assert spooled(tmp_path, content, size, Redactor())[0]  # the control


@pytest.mark.parametrize("size", PIECES)
def test_images_come_whole_wherever_a_piece_ends(size: int) -> None:
    picture = random.Random(3).randbytes(40_000)  # noqa: S311  # the same each time
    data = base64_of(picture)
    for before in range(0, 1200, 300):  # a part of the key would be found in a text, and stands all over the image
        content = body(answer(text("w " * before), image(picture)))
        keys = [Secret(f"sk-{data[at : at + 10]}{data[at + 100 : at + 110]}") for at in (0, 500, 7000, 53_300)]
        stream = StreamRedactor(Redactor(keys))
        left = [stream.feed(content[start : start + size]) for start in range(0, len(content), size)]
        assert b"".join([*left, stream.finish()]) == content


def test_what_came_is_on_the_disk_at_once_except_for_what_looks_like_the_key(tmp_path: Path) -> None:
    folder = CallFolder(tmp_path)
    with ResponseSpool(folder, {}, Redactor([Secret(KEY)])) as spool:
        spool.write(b'{"a": "words')
        assert folder.response_path.read_bytes() == b'{"a": "words'

        for letter in KEY:
            spool.write(letter.encode())
            assert leaks(folder.response_path.read_bytes(), KEY) == []
        spool.write(b' end"}')
        assert folder.received_size < 20

        spool.flush()
        assert folder.received_size == len(f'{{"a": "words{KEY} end"}}')
