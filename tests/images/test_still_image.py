"""A picture is read in every spelling of its address, and its preview is drawn as large as it."""

from __future__ import annotations

import base64
import html
from urllib.parse import quote

import pytest
from PIL import Image

from cometmagic.images.still_image import decode_data_uri
from tests.image_samples import RED, encoded

CONTENT = encoded(Image.new("RGB", (40, 30), RED))
ENCODED = base64.b64encode(CONTENT).decode()
LINES = base64.encodebytes(CONTENT).decode()


@pytest.mark.parametrize(
    "address",
    [
        f"data:image/png;base64,{ENCODED}",
        f" DATA:image/PNG;Base64,{ENCODED}\n",
        f"data:image/png;base64,{LINES}",
        f"data:image/png;base64, {LINES}".replace("\n", "\r\n\t "),
        f"data:image/png;base64,{LINES}".replace("\n", "\\\n"),
        f"data:image/png;base64,{quote(LINES)}",
        f"data:image/png;base64,{quote(ENCODED, safe='')}",
        f"data:image/png;base64,{ENCODED}".rstrip("="),
        f"data:image/png;charset=utf-8;base64,{ENCODED}",
        f"data:image/png;base64,{ENCODED}".replace("+", "&#43;").replace("/", "&#x2F;"),
        html.escape(f"data:image/png;name=a&b;base64,{ENCODED}"),
        f"data:image/png,{quote(CONTENT)}",
    ],
)
def test_every_spelling_of_a_picture_is_read(address: str) -> None:
    assert decode_data_uri(address) == CONTENT


@pytest.mark.parametrize(
    ("address", "content"),
    [
        ("https://example.org/a.png", None),
        ("data:text/plain;base64,aaaa", None),
        ("data:image/svg+xml,<svg/>", None),
        ("data:image/png;base64,???", b""),
        ("data:image/png;base64,ä", b""),
        ("data:image/png;base64", None),
    ],
)
def test_what_is_none_is_not(address: str, content: bytes | None) -> None:
    assert decode_data_uri(address) == content
