"""`strip_exif`: nothing that a file carries beside its picture is sent, and each pixel stays."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from cometmagic.errors import OptionError
from cometmagic.images.metadata.strip import strip_metadata
from cometmagic.images.references import fit_references, load_reference
from tests.gemini.answers import picture
from tests.image_samples import GPS, encoded, exif, opened

SECRET = b"Where-I-live"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b" GPSLatitude</x:xmpmeta>"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NOISE = Image.effect_noise((90, 60), 90).convert("RGB")


def png_text() -> PngInfo:
    text = PngInfo()
    text.add_text("Author", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    text.add(b"tIME", b"\0" * 7)
    text.add(b"prVt", SECRET)
    return text


def insert_segments(content: bytes) -> bytes:
    """Return a JPEG with segments of Photoshop and of content credentials."""
    segments = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(SECRET) + 2) + SECRET for marker in (0xED, 0xEB, 0xFE)
    )
    return content[:2] + segments + content[2:]


def write_facts(kind: str, **options: Any) -> bytes:
    """Return a file of a kind that says a lot."""
    block = exif(gps=GPS)
    block[0x013B] = SECRET.decode()  # the artist
    if kind == "PNG":
        return encoded(NOISE, kind, exif=block, pnginfo=png_text(), icc_profile=PROFILE, **options)
    content = encoded(NOISE, kind, exif=block, xmp=XMP, icc_profile=PROFILE, **options)
    return insert_segments(content) if kind == "JPEG" else content


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"comment": SECRET}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "PNG": ("PNG", {}),
    "WebP": ("WEBP", {}),
    "lossless WebP": ("WEBP", {"lossless": True}),
}


@pytest.mark.parametrize("name", KINDS)
def test_metadata_is_left_out_and_pixels_and_colours_stay(name: str) -> None:
    kind, options = KINDS[name]
    content = write_facts(kind, **options)
    with_facts, without_facts = load_reference(content), load_reference(content, strip_exif=True)

    assert with_facts.part.data == content, "the control"
    assert SECRET in content
    assert "GPS position" in with_facts.note
    sent = without_facts.part.data
    assert SECRET not in sent
    assert b"Exif" not in sent
    assert b"EXIF" not in sent
    assert b"GPS" not in sent
    assert without_facts.note == "The image is sent without its metadata."
    assert opened(sent).getexif() == {}
    assert opened(sent).info["icc_profile"] == PROFILE
    assert opened(sent).tobytes() == opened(content).tobytes()
    assert (without_facts.part.width, without_facts.part.height) == (90, 60)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_says_nothing_is_sent_as_it_is(kind: str) -> None:
    reference = load_reference(picture(kind), strip_exif=True)

    assert (reference.part.data, reference.note) == (picture(kind), "")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_on_its_side_is_upright_and_says_nothing(kind: str) -> None:
    content = encoded(NOISE, kind, exif=exif(6, gps=GPS))

    reference = load_reference(content, strip_exif=True)

    assert opened(reference.part.data).size == (60, 90)
    assert opened(reference.part.data).getexif() == {}


@pytest.mark.parametrize("kind", ["TIFF", "AVIF", "GIF"])
def test_what_is_converted_says_nothing_either(kind: str) -> None:
    options = {"comment": SECRET} if kind == "GIF" else {"exif": exif(gps=GPS)}
    content = encoded(NOISE, kind, **options)

    sent = load_reference(content, strip_exif=True).part.data

    assert opened(sent).getexif() == {}
    assert SECRET not in sent


def test_an_open_picture_says_nothing(tmp_path: Any) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(write_facts("PNG"))

    with Image.open(path) as lazy:
        sent = load_reference(lazy, strip_exif=True).part.data

    assert SECRET not in sent
    assert opened(sent).getexif() == {}


def test_heic_is_refused_because_it_cannot_be_stripped() -> None:
    content = struct.pack(">I", 24) + b"ftypheic\0\0\0\0heicmif1"

    with pytest.raises(OptionError, match=r"HEIC, from which metadata cannot be removed here\. .*Save it as JPEG"):
        load_reference(content, strip_exif=True)
    assert load_reference(content).part.data == content


def test_what_is_made_smaller_stays_without_metadata() -> None:
    big = Image.effect_noise((900, 600), 90).convert("RGB")
    reference = load_reference(encoded(big, exif=exif(gps=GPS)), strip_exif=True)

    [smaller] = fit_references([reference], max_base64_bytes=400_000)

    assert opened(smaller.part.data).getexif() == {}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_cut_and_damaged_files_raise_nothing(kind: str) -> None:
    content = write_facts(kind)

    for length in range(0, len(content), 41):
        strip_metadata(content[:length])
    for position in range(0, min(len(content), 4000), 17):
        strip_metadata(content[:position] + b"\xff\xff" + content[position + 2 :])


def test_a_png_stays_valid() -> None:
    content = strip_metadata(write_facts("PNG"))

    offset, types = 8, []
    while offset < len(content):
        length, chunk_type = struct.unpack_from(">I4s", content, offset)
        chunk_end = offset + 8 + length
        assert zlib.crc32(content[offset + 4 : chunk_end]) == struct.unpack_from(">I", content, chunk_end)[0]
        types.append(chunk_type)
        offset = chunk_end + 4
    assert types == [b"IHDR", b"iCCP", *[b"IDAT"] * types.count(b"IDAT"), b"IEND"]
