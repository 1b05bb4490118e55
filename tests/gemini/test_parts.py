"""Parts of prompts and answers: an image's type is read from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, ImagePart, TextPart, sniff
from tests.notebook.answers import painted

HEADS = [
    (painted("PNG"), "image/png", ".png"),
    (painted("JPEG"), "image/jpeg", ".jpg"),
    (painted("WEBP"), "image/webp", ".webp"),
    (painted("GIF"), "image/gif", ".gif"),
    (painted("AVIF"), "image/avif", ".avif"),
    (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic", ".heic"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0", "image/heif", ".heif"),
    (b"RIFF\0\0\0\0WAVEfmt ", *UNKNOWN_TYPE),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", *UNKNOWN_TYPE),
    (b"%PDF-1.7", *UNKNOWN_TYPE),
    (b"\x89PNG", *UNKNOWN_TYPE),
    (b"", *UNKNOWN_TYPE),
]


@pytest.mark.parametrize(("content", "mime_type", "suffix"), HEADS)
def test_the_type_is_read_from_the_bytes(content: bytes, mime_type: str, suffix: str) -> None:
    assert sniff(content[:MAGIC_BYTES]) == (mime_type, suffix)
    assert ImagePart(mime_type).suffix == suffix


def test_an_image_is_in_memory_or_in_a_file(tmp_path: Path) -> None:
    content = painted("PNG", 5, 4, "red")
    (tmp_path / "a.png").write_bytes(content)

    for part in (ImagePart("image/png", content=content), ImagePart("image/png", path=tmp_path / "a.png")):
        assert part.data == content
        assert part.pil().size == (5, 4)
        assert part.pil().getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(ValueError, match="neither bytes nor a file"):
        _ = ImagePart("image/png").data


def test_a_repr_is_short() -> None:
    assert len(repr(ImagePart("image/png", content=painted("PNG", 500, 500)))) < 200
    assert TextPart("a") == TextPart("a")
