"""Images in texts, as JSON writes them: with any of its escapes, wrapped, one after the other, and cut."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant import data_uris
from tests.faults.asking import Asker
from tests.gemini.answers import answer, answering, base64_of, body, image, picture, text

RED = picture()
LONG = RED + b"\xfb\xff\xfe" * 3000  # its base64 is full of slashes and plus signs
WHOLE = LONG + b"?" * (-len(LONG) % 3)  # its base64 has no padding
HEAD = "data:image/png;base64,"


def pieces(content: bytes) -> list[tuple[str, bool]]:
    return [
        (found.read_text(), is_image)
        for found, is_image in data_uris.split_data_uris(JSONString(memoryview(content)))
        if found.view
    ]


def written(words: str, *, ascii_: bool = True, escaped: str = "") -> bytes:
    """Return the inside of a JSON string in which more is escaped than must be, as some languages do."""
    inside = json.dumps(words, ensure_ascii=ascii_)[1:-1]
    for letter in escaped:
        inside = inside.replace(letter, "\\/" if letter == "/" else f"\\u{ord(letter):04X}")
    return inside.encode()


CRUMBS = [
    HEAD, HEAD, "(", "![a](", "[link](", "![", "]", ")", "\n", "\r\n", " ", "\t", '"a title"', '"', "\\", "ü", "😀",
    "'", "<", "=", "==", "ab/+", "Word", "WORDS", "x1", "data:image/", "A" * 40, "A" * 76 + "\n", "\n" + "/+" * 32,
    "Z" * 1100,
]  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(CRUMBS), max_size=12).map("".join), st.booleans(), st.sampled_from(["", "/", "/+=<>'"]))
def test_how_json_writes_a_text_changes_nothing(words: str, ascii_: bool, escaped: str) -> None:
    assert pieces(written(words, ascii_=ascii_, escaped=escaped)) == pieces(written(words))


@settings(max_examples=500)
@given(st.lists(st.sampled_from(CRUMBS), max_size=12).map("".join))
def test_what_is_found_stands_in_the_text_in_this_order(words: str) -> None:
    at = 0
    for piece, is_image in pieces(written(words)):
        at = words.index(piece, at) + len(piece)
        assert not is_image or re.fullmatch(r"[A-Za-z0-9+/=_\-\s]+", piece)


FORMS = {
    "alone": "{uri}",
    "markdown": "Here:\n![a bicycle]({uri})\nenjoy",
    "markdown-with-title": '![a]({uri} "a \\"title\\"")',
    "html": '<img src="{uri}" alt="x">',
    "wrapped": "{wrapped}\n",
    "wrapped-markdown": "![a]({wrapped})",
}


@pytest.mark.parametrize("escaped", ["", "/", "/+=<>"], ids=["plain", "slashes", "all"])
@pytest.mark.parametrize("content", [RED, LONG], ids=["short", "long"])
@pytest.mark.parametrize("form", FORMS)
def test_the_picture_comes_out_however_it_is_escaped(ask: Asker, form: str, content: bytes, escaped: str) -> None:
    encoded = base64_of(content)
    lines = "\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
    words = FORMS[form].format(uri=HEAD + encoded, wrapped=HEAD + lines)
    sent = body(answer(text("@"))).replace(b"@", written(words, escaped=escaped))

    assert ask(*answering(sent)).made.image.data == content


def test_the_words_of_a_link_stay(ask: Asker) -> None:
    made = ask(*answering(answer(text(f"Look at [this]({HEAD}{base64_of(RED)}) here")))).made

    assert made.image.data == RED
    assert made.text == "Look at [this] here"


def test_a_picture_in_a_title_is_no_second_one() -> None:
    assert pieces(f'({HEAD}AAAA \\"{HEAD}BBBB\\") end'.encode()) == [("AAAA ", True), (" end", False)]


def test_of_very_many_pictures_in_a_text_the_rest_stays_text() -> None:
    found = pieces(f"{HEAD}AAAA ".encode() * (data_uris.MAX_URIS + 2))

    assert [piece for piece, is_image in found if is_image] == ["AAAA"] * data_uris.MAX_URIS
    assert found[-1] == (f" {HEAD}AAAA {HEAD}AAAA ", False)


def cut_after(words: str, end: bytes) -> bytes:
    """Return an answer with a picture and a text that is cut after some words."""
    return body(answer(image(), text("@"))).partition(b"@")[0] + written(words, escaped="/") + end


LINES = "\n".join(["A" * 76] * 3)


@pytest.mark.parametrize("end", [b"", b"\\", b"\\u00", b"\\n", b"\\nAAAA", b"\\r", b"\\r\\nAA\\/\\u", b" "], ids=ascii)
@pytest.mark.parametrize("written_as", [HEAD + "A" * 5000, HEAD + LINES * 30, f"![a]({HEAD}{LINES * 30}"])
def test_a_picture_that_was_cut_is_not_saved_as_if_it_was_whole(ask: Asker, written_as: str, end: bytes) -> None:
    outcome = ask(*answering(cut_after(written_as, end)))

    assert [part.data for part in outcome.made.images] == [RED]
    assert "cut short" in outcome.notes
    assert outcome.folder.response_path.exists()


@pytest.mark.parametrize("after", ["=", ") and", '" alt', " and words", "\nand words"], ids=repr)
def test_a_picture_before_words_that_were_cut_is_whole(ask: Asker, after: str) -> None:
    encoded = base64_of(LONG + b"?" * (1 - len(LONG) % 3)).rstrip("=") if after == "=" else base64_of(WHOLE)
    outcome = ask(*answering(cut_after(f"![a]({HEAD}{encoded}{after}", b"")))

    assert outcome.made.image.data.startswith(RED)
    assert len(outcome.made.images) == 2
    assert "cut short" in outcome.notes
