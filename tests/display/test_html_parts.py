"""The pieces of a page: everything in them is escaped, and a picture keeps its place free."""

from __future__ import annotations

import base64

import pytest

from cometmagic.display.html_parts import encode_base64, escape_text, fit_size, render_image


def test_foreign_words_are_text_also_as_an_attribute() -> None:
    assert escape_text("<b>\"a\" & 'b'</b>\x1b[2J\ud800") == "&lt;b&gt;&quot;a&quot; &amp; &#x27;b&#x27;&lt;/b&gt;?"


def test_a_picture_has_its_words_and_its_size() -> None:
    made = render_image("image/png", b"bytes", 'a "cat"', (64, 32))

    assert made.startswith('<img src="data:image/png;base64,Ynl0ZXM=" alt="a &quot;cat&quot;" width="64" height="32" ')
    assert base64.b64decode(encode_base64(b"bytes")) == b"bytes"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((1024, 512), (640, 320)),
        ((512, 1024), (320, 640)),
        ((64, 36), (64, 36)),
        ((10_000, 1), (640, 1)),
        ((None, None), (640, 640)),
    ],
)
def test_a_picture_is_shown_at_most_so_large(size: tuple[int | None, int | None], shown: tuple[int, int]) -> None:
    assert fit_size(*size, 640) == shown
