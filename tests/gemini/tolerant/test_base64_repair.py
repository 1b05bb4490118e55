"""G1 to G5: base64 as relays write it, in small and in large images."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.errors import TransportError
from cometmagic.gemini.decode import EncodedImage
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant import base64_repair
from tests.faults.asking import Asker
from tests.gemini.answers import answer, answering, base64_of, body, image, picture

SMALL = picture("PNG", "blue")
# Its last bytes are no multiple of three, and its base64 has every letter and `=`.
LARGE = (
    picture("JPEG")
    + hashlib.shake_128(b"noise").digest(100_000)
    + bytes(range(256))
    + b"?" * (2 - len(picture("JPEG")) % 3)
)


def _lines(text: str, size: int, ending: str) -> str:
    return ending.join(text[start : start + size] for start in range(0, len(text), size))


WRITTEN: dict[str, Callable[[bytes], str]] = {
    "standard": base64_of,
    "G1-newlines": lambda raw: _lines(base64_of(raw), 76, "\n"),
    "G1-crlf": lambda raw: _lines(base64_of(raw), 64, "\r\n") + "\r\n",
    "G1-spaces": lambda raw: f"  {_lines(base64_of(raw), 10, ' ')}\t",
    "G2-urlsafe": lambda raw: base64.urlsafe_b64encode(raw).decode(),
    "G2-urlsafe-unpadded": lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
    "G3-unpadded": lambda raw: base64_of(raw).rstrip("="),
    "G3-doubled-padding": lambda raw: base64_of(raw).rstrip("=") + "====",
    "G3-padding-in-the-middle": lambda raw: base64_of(raw[:100]) + base64_of(raw[100:]),
    "G3-padding-in-the-middle-unpadded": lambda raw: base64_of(raw[:100]) + base64_of(raw[100:]).rstrip("="),
    "data-uri": lambda raw: f"data:image/png;base64,{base64_of(raw)}",
    "data-uri-wrapped": lambda raw: f"data:image/png;base64,\n{_lines(base64_of(raw), 76, chr(10))}",
}


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", WRITTEN)
def test_the_bytes_come_out(ask: Asker, name: str, content: bytes) -> None:
    assert ask(*answering(answer(image(WRITTEN[name](content))))).made.image.data == content


@pytest.mark.parametrize("raw", ["\n", "\r\n"], ids=repr)
def test_g1_line_ends_that_json_forbids(ask: Asker, raw: str) -> None:
    wrapped = body(answer(image(_lines(base64_of(LARGE), 76, raw)))).replace(b"\\r", b"\r").replace(b"\\n", b"\n")

    assert ask(*answering(wrapped)).made.image.data == LARGE


def test_base64_with_json_escapes(ask: Asker) -> None:
    escaped = body(answer(image(LARGE))).replace(b"/", b"\\/").replace(b"=", b"\\u003d").replace(b"+", b"\\u002B")

    assert ask(*answering(escaped)).made.image.data == LARGE


JUNK = {
    "G4-junk-inside": "{start}@{end}",
    "G4-percent": "{start}%2B{end}",
    "G4-letters-of-others": "{start}ä{end}",
    "G4-nul": "{start}\0{end}",
    "G5-one-letter-over": "{start}{end}A",
    "G5-words": "the image was removed!",
}


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", JUNK)
def test_what_is_no_base64_is_never_guessed(ask: Asker, name: str, content: bytes) -> None:
    encoded = base64_of(content[: len(content) // 3 * 3])
    sent = answer(image(JUNK[name].format(start=encoded[:50], end=encoded[50:])))

    outcome = ask(*answering(sent))

    assert isinstance(outcome.told, TransportError)
    assert "cannot be decoded" in str(outcome.told)
    assert outcome.folder.response_path.read_bytes() == body(sent)
    assert [path.name for path in outcome.folder.path.iterdir() if path.suffix in (".png", ".jpg", ".bin")] == []


@given(st.binary(min_size=1, max_size=200), st.sampled_from(sorted(WRITTEN)), st.booleans())
def test_any_bytes_survive_any_writing(content: bytes, name: str, as_blob: bool) -> None:
    if "middle" in name and len(content) <= 100:
        return
    written, file = WRITTEN[name](content), io.BytesIO()
    data = JSONString(memoryview(written.replace("\n", "\\n").replace("\r", "\\r").encode())) if as_blob else written

    EncodedImage(data).write(file)

    assert file.getvalue() == content


@given(st.binary(min_size=1, max_size=100), st.integers(1, 20), st.data())
def test_an_escape_may_stand_across_any_two_pieces(content: bytes, size: int, data: st.DataObject) -> None:
    escapes = {"/": ["\\/", "\\u002f", "\\u002F", "_"], "+": ["\\u002b", "-"], "=": ["\\u003d", ""]}
    space = st.sampled_from(["", "", "\\n", "\\r\\n", "\\t", "\\u000a", "\n", " "])
    written = "".join(
        data.draw(st.sampled_from([letter, *escapes.get(letter, [])])) + data.draw(space)
        for letter in base64_of(content)
    )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(base64_repair, "_CHUNK_CHARACTERS", size)
        found = b"".join(base64_repair.repair_base64(memoryview(written.encode()), is_escaped=True))

    assert found == content


@pytest.mark.parametrize("size", [1, 3, 4, 7, 1000])
def test_line_ends_that_are_escaped_twice_are_dropped(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(base64_repair, "_CHUNK_CHARACTERS", size)

    found = b"".join(base64_repair.repair_base64(memoryview(rb"AAAA\\nBBBB\\r\\nCCCC\n"), is_escaped=True))

    assert found == base64.b64decode("AAAABBBBCCCC")


@pytest.mark.parametrize("junk", ["\\\\", "\\u005c", "\\x", "\\u00", "\\", "\\\\\\n/", "\\u0000", "ä"])
@pytest.mark.parametrize("size", [1, 3, 4, 7, 1000])
def test_other_escapes_are_refused(monkeypatch: pytest.MonkeyPatch, junk: str, size: int) -> None:
    monkeypatch.setattr(base64_repair, "_CHUNK_CHARACTERS", size)

    with pytest.raises(ValueError):  # noqa: PT011  # binascii's, json's and Unicode's
        list(base64_repair.repair_base64(memoryview(f"AAAA{junk}BBBB".encode()), is_escaped=True))


@given(st.text(max_size=60))
def test_any_text_is_bytes_or_refused(text: str) -> None:
    file = io.BytesIO()
    try:
        EncodedImage(text).write(file)
    except ValueError:
        return
    assert file.getvalue()
