"""G7 to G18: whatever the bytes are, they are saved as they came, named by content, opened with care."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from cometmagic.errors import NoImageError
from tests.faults.asking import Asker
from tests.gemini.answers import answer, answering, base64_of, image, picture, png_chunk, png_header

PNG, JPEG = picture("PNG"), picture("JPEG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


@pytest.mark.parametrize(
    ("kind", "mime", "suffix"),
    [
        ("PNG", "image/png", ".png"),
        ("JPEG", "image/jpeg", ".jpg"),
        ("WEBP", "image/webp", ".webp"),
        ("GIF", "image/gif", ".gif"),
        ("AVIF", "image/avif", ".avif"),
    ],
)
@pytest.mark.parametrize(
    "declared", ["image/png", "image/jpeg", "text/html", "image/../../x.py", "", None, 7], ids=repr
)
def test_g7_the_kind_follows_the_bytes(ask: Asker, kind: str, mime: str, suffix: str, declared: str) -> None:
    outcome = ask(*answering(answer(image(picture(kind), declared))))

    assert outcome.made.image.data == picture(kind)
    assert outcome.made.image.mime_type == mime
    assert outcome.made.image.path == outcome.folder.path / f"image{suffix}"


# What must not be opened, under the name it is declared with.
STRANGE = {
    "G8-svg": (SVG, "image/svg+xml"),
    "G8-html": (b"<html><script>alert(1)</script></html>", "text/html"),
    "G8-python": (b"import os", "image/../../x.py"),
    "G9-svg-as-png": (SVG, "image/png"),
    "G9-eps": (EPS, "image/png"),
    "G9-tiff": (picture("TIFF"), "image/tiff"),
    "G9-ico": (b"\0\0\1\0\1\0", "image/x-icon"),
    "G9-bmp": (picture("BMP"), "image/bmp"),
    "G9-pdf": (b"%PDF-1.7", "application/pdf"),
    "G9-one-byte": (b"\x89", "image/png"),
    "G9-almost-png": (PNG[1:], "image/png"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_g8_g9_what_is_no_known_picture_is_kept_and_not_opened(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    content, declared = STRANGE[name]
    opened: list[object] = []
    monkeypatch.setattr(Image, "open", lambda *given, **_: opened.append(given))

    outcome = ask(*answering(answer(image(content, declared))))

    assert isinstance(outcome.told, NoImageError)
    assert "holds no picture but image-1." in str(outcome.told)
    assert str(outcome.folder.path) in str(outcome.told)
    assert [path.read_bytes() for path in outcome.folder.path.glob("image-1.*")] == [content]
    assert opened == []
    assert not list(outcome.folder.path.glob("preview*"))


def test_g8_a_strange_file_beside_a_picture_is_told(ask: Asker) -> None:
    outcome = ask(*answering(answer(image(PNG), image(SVG, "image/svg+xml"))))

    assert outcome.made.image.data == PNG
    assert "image-1.svg, an SVG drawing of" in outcome.notes


def bomb(width: int, height: int, *extra: bytes) -> bytes:
    """Return a small PNG that unpacks to a large grey picture."""
    packer = zlib.compressobj(9)
    row, rows = bytes(width + 1), min(height, 2000)
    packed = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    return b"".join([png_header(width, height), *extra, png_chunk(b"IDAT", packed), png_chunk(b"IEND", b"")])


# What cannot be drawn, and what is said of it.
NOT_PREVIEWED: dict[str, tuple[Callable[[], bytes], str]] = {
    "G10-truncated-png": (lambda: PNG[: len(PNG) // 2], "is incomplete"),
    "G10-truncated-jpeg": (lambda: JPEG[: JPEG.index(b"\xff\xda") + 14], "is incomplete"),
    "G10-jpeg-without-size": (lambda: JPEG[: len(JPEG) // 2], "is incomplete or damaged"),
    "G10-header-only": (lambda: PNG[:20], "is incomplete or damaged"),
    "G12-bomb": (lambda: bomb(13_000, 13_000), "is too large for a preview"),
    "G13-bomb-of-pillow": (lambda: bomb(20_000, 20_000), "is too large for a preview"),
    "G13-vast-sides": (
        lambda: png_header(2**31 - 1, 2**31 - 1) + png_chunk(b"IDAT", b""),
        "is too large for a preview",
    ),
    "G13-no-sides": (lambda: png_header(0, 0) + png_chunk(b"IDAT", b""), "damaged"),
    "G14-profile-bomb": (
        lambda: bomb(10, 10, png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(80_000_000)))),
        "damaged",
    ),
    "G17-broken-chunk": (lambda: PNG[:16] + b"\xff" * 8 + PNG[24:], "damaged"),
}


def test_g14_a_text_bomb_is_not_unpacked(ask: Asker) -> None:
    content = bomb(10, 10, png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000))))

    outcome = ask(*answering(answer(image(content))))

    assert outcome.made.image.data == content
    assert outcome.made.preview()[0] == "image/jpeg"


@pytest.mark.parametrize("name", NOT_PREVIEWED)
def test_g10_to_g17_a_picture_that_cannot_be_drawn_is_saved(ask: Asker, name: str) -> None:
    build, words = NOT_PREVIEWED[name]
    content = build()

    outcome = ask(*answering(answer(image(content))))

    assert outcome.made.image.data == content
    assert outcome.made.preview()[1] == content
    assert outcome.notes.startswith("image.")
    assert words in outcome.notes
    assert "kept as it came" in outcome.notes
    assert repr(outcome.made)


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_a_kind_that_notebooks_do_not_show_is_told(ask: Asker, kind: str) -> None:
    outcome = ask(*answering(answer(image(b"\0\0\0\x1cftyp" + kind.encode() + bytes(40)))))

    assert f"image.{kind} is of a kind that notebooks do not show" in outcome.notes
    assert str(outcome.folder.path) in outcome.notes


def test_g11_a_png_without_its_last_bytes_is_drawn(ask: Asker) -> None:
    outcome = ask(*answering(answer(image(PNG[:-4]))))

    assert outcome.made.image.data == PNG[:-4]
    assert outcome.made.preview()[0] == "image/jpeg"


@pytest.mark.parametrize("tail", [b"<html><script>x</script>", b"PK\3\4" + bytes(40), bytes(1000)], ids=repr)
def test_g16_a_polyglot_stays_as_it_is(ask: Asker, tail: bytes) -> None:
    made = ask(*answering(answer(image(PNG + tail)))).made

    assert made.image.data == PNG + tail
    assert made.image.mime_type == "image/png"


def signed_jpeg() -> bytes:
    """Return a JPEG with EXIF, XMP and a C2PA manifest store in APP11, as Gemini's pictures have."""
    segments = [
        (0xE1, b"Exif\0\0" + bytes(20)),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
        (0xEB, b"JP\0\1\0\0\0\1" + struct.pack(">I", 40) + b"jumb" + b"c2pa" * 8),
    ]
    inserted = b"".join(bytes([0xFF, mark]) + struct.pack(">H", len(data) + 2) + data for mark, data in segments)
    return JPEG[:2] + inserted + JPEG[2:]


SIGNED_PNG = PNG[:33] + png_chunk(b"caBX", b"jumb" * 50) + png_chunk(b"tEXt", b"prompt\0<b>x</b>") + PNG[33:]


@pytest.mark.parametrize("content", [signed_jpeg(), SIGNED_PNG], ids=["jpeg-APP11", "png-caBX"])
def test_g18_credentials_stay_in_the_original(ask: Asker, content: bytes) -> None:
    outcome = ask(*answering(answer(image(content, "image/png"))))
    made = outcome.made

    assert made.image.path is not None
    assert made.image.path.read_bytes() == content
    (row,) = outcome.call["files"]
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert row["size"] == len(content)
    assert made.save(outcome.folder.path.parent / "copy").read_bytes() == content
    # What is shown is another, smaller file, and has none of it.
    assert Image.open(io.BytesIO(made.preview()[1])).format == "JPEG"
    assert b"jumb" not in made.preview()[1]


@pytest.mark.parametrize("megabytes", [1, 3])
@pytest.mark.parametrize("on", ["image", "text", "empty text"])
def test_signatures_stay_byte_for_byte_on_their_part(ask: Asker, on: str, megabytes: int) -> None:
    signature = base64_of(hashlib.shake_128(on.encode()).digest(megabytes * 750_000))
    parts = {"image": image(), "text": {"text": "so"}, "empty text": {"text": ""}}
    parts[on]["thoughtSignature"] = signature

    made = ask(*answering(answer(*parts.values()))).made

    saved = made.folder.joinpath("answer.json").read_bytes()
    assert saved.count(signature.encode()) == 1
    assert made.image.data == picture()
    assert made.text == "so"
    found = json.loads(saved)["candidates"][0]["content"]["parts"]
    assert [part.get("thoughtSignature") for part in found] == [part.get("thoughtSignature") for part in parts.values()]
    assert found[0]["inlineData"]["data"] == {"file": "image.png"}
