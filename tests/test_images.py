"""Pillow's part: previews small and upright, references of every kind, and never an odd exception."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cometmagic.errors import OptionError
from cometmagic.images import preview, reference, size
from cometmagic.parts import ImagePart
from tests.wire.answers import picture, png_chunk, png_header

RED, WHITE = (254, 0, 0), (255, 255, 255)


def encoded(made: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer, kind, **options)
    return buffer.getvalue()


def previewed(content: bytes, longest: int = 64) -> Image.Image:
    small = preview(io.BytesIO(content), longest)
    assert small is not None
    made = Image.open(io.BytesIO(small))
    assert (made.format, made.mode) == ("JPEG", "RGB")
    return made


def near(pixel: Any, wanted: tuple[int, int, int], within: int = 6) -> bool:
    return all(abs(have - want) <= within for have, want in zip(pixel, wanted, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    ("given_size", "expected"),
    [((640, 480), (64, 48)), ((300, 900), (21, 64)), ((64, 64), (64, 64)), ((20, 10), (20, 10)), ((1000, 4), (64, 1))],
)
def test_the_longest_side_and_the_aspect(kind: str, given_size: tuple[int, int], expected: tuple[int, int]) -> None:
    made = previewed(encoded(Image.new("RGB", given_size, "red"), kind))

    assert abs(made.width - expected[0]) <= 1
    assert abs(made.height - expected[1]) <= 1
    assert max(made.size) <= 64
    assert near(made.getpixel((made.width // 2, made.height // 2)), RED)


def test_a_preview_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(picture())

    assert size(path) == (40, 30)
    assert preview(path, 20)


@pytest.mark.parametrize("sides", [(100, 100), (600, 600)], ids=["as-it-is", "reduced"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str, sides: tuple[int, int]) -> None:
    clear = Image.new("RGBA", sides, (0, 0, 0, 0))
    clear.paste((254, 0, 0, 255), (0, 0, sides[0] // 2, sides[1]))
    kept = {"transparency": 0} if mode == "P" else {}
    content = encoded(clear.convert(mode) if mode != "P" else clear.quantize(4), "PNG", **({} if mode == "P" else kept))

    made = previewed(content)

    assert near(made.getpixel((made.width - 5, 20)), WHITE)
    assert not near(made.getpixel((5, 20)), WHITE, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("sides", [(80, 40), (800, 400)], ids=["as-it-is", "reduced"])
def test_exif_turns_the_preview_upright(kind: str, sides: tuple[int, int]) -> None:
    lying = Image.new("RGB", sides, "blue")
    lying.paste("red", (0, 0, sides[0] // 2, sides[1]))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to show: the left half becomes the top

    made = previewed(encoded(lying, kind, exif=exif))

    assert made.height > made.width
    assert near(made.getpixel((made.width // 2, 5)), RED, 12)


@pytest.mark.parametrize("sides", [(100, 100), (600, 600)], ids=["as-it-is", "reduced"])
@pytest.mark.parametrize(
    ("mode", "kind", "value", "shown"),
    [
        ("CMYK", "JPEG", (0, 255, 255, 0), RED),
        ("I;16", "PNG", 0x8000, (128, 128, 128)),
        ("L", "JPEG", 100, (100, 100, 100)),
        ("1", "PNG", 1, WHITE),
        ("P", "GIF", 0, (0, 0, 0)),
    ],
)
def test_modes(mode: str, kind: str, value: Any, shown: tuple[int, int, int], sides: tuple[int, int]) -> None:
    made = previewed(encoded(Image.new(mode, sides, value), kind))

    assert near(made.getpixel((20, 20)), shown)


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", picture()[:40], picture("JPEG")[:100], picture("TIFF"), b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>"],
    ids=["empty", "junk", "png-head", "jpeg-head", "tiff", "eps", "svg"],
)
def test_what_cannot_be_drawn_has_no_preview(content: bytes) -> None:
    assert preview(io.BytesIO(content), 64) is None


def test_a_bomb_has_a_size_and_no_preview() -> None:
    content = png_header(13_000, 13_000) + png_chunk(b"IDAT", b"")

    assert size(io.BytesIO(content)) == (13_000, 13_000)
    assert preview(io.BytesIO(content), 64) is None


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.data())
def test_g17_hostile_bytes_never_raise(kind: str, data: st.DataObject) -> None:
    content = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    size(io.BytesIO(bytes(content)))
    preview(io.BytesIO(bytes(content)), 32)


@dataclass
class HasImage:
    """What an `ImageResult` looks like to `reference`."""

    image: ImagePart


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
@pytest.mark.parametrize("way", ["path", "text path", "bytes", "bytearray", "memoryview", "part", "result"])
def test_what_can_be_sent_is_sent_as_it_is(tmp_path: Path, kind: str, mime: str, way: str) -> None:
    content = picture(kind)
    path = tmp_path / "with a name.dat"
    path.write_bytes(content)
    part = ImagePart(mime, content=content)
    given_as = {
        "path": path, "text path": str(path), "bytes": content, "bytearray": bytearray(content),
        "memoryview": memoryview(content), "part": part, "result": HasImage(part),
    }  # fmt: skip

    made = reference(given_as[way])

    assert (made.mime_type, made.data) == (mime, content)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("way", ["bytes", "part"])
def test_other_kinds_are_sent_as_png(kind: str, way: str) -> None:
    content = encoded(Image.new("RGB", (16, 12), "red"), kind)
    made = reference(content if way == "bytes" else ImagePart(f"image/{kind.lower()}", content=content))

    assert made.mime_type == "image/png"
    assert made.pil().size == (16, 12)
    assert near(made.pil().convert("RGB").getpixel((8, 6)), RED, 12)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16", "I", "F", "YCbCr", "HSV", "PA"])
def test_pil_images_of_every_mode_are_sent_as_png(mode: str) -> None:
    made = reference(Image.new(mode, (8, 6)))

    assert (made.mime_type, made.width, made.height) == ("image/png", 8, 6)
    assert made.pil().size == (8, 6)


def test_sixteen_bits_keep_their_grey() -> None:
    grey = reference(Image.new("I;16", (8, 6), 0x8000)).pil().convert("L").getpixel((4, 3))

    assert isinstance(grey, (int, float))
    assert abs(grey - 128) <= 1


def test_transparency_is_sent_too() -> None:
    assert reference(Image.new("RGBa", (8, 6), (0, 0, 0, 0))).pil().convert("RGBA").getpixel((1, 1)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "given_as",
    ["no/such/file.png", "~nobody-of-this-name/x.png", "x" * 5000, "a\0b", ".", b"", b"junk", b"%!PS-Adobe", b"<svg/>",
     b"GIF89a", picture("BMP")[:30], 7, None, ["x"], object()],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_no_picture_is_refused_before_sending(given_as: Any) -> None:
    with pytest.raises(OptionError) as caught:
        reference(given_as)

    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("given_as", "told"),
    [
        (7, "An int is not an image. "),
        (["x"], "A list is not an image. "),
        (None, "A NoneType is not an image. "),
        (b"Hello!", "These 6 bytes hold no picture that can be sent. "),
        (ImagePart("image/tiff", content=b"II"), "The image/tiff image holds no picture that can be sent. "),
    ],
)
def test_what_is_no_picture_is_told_in_good_english(given_as: Any, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        reference(given_as)

    assert str(caught.value).startswith(told)


def test_a_damaged_pil_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.png"
    path.write_bytes(encoded(Image.effect_noise((64, 64), 90))[:900])

    with Image.open(path) as lazy, pytest.raises(OptionError, match="cannot be read"):
        reference(lazy)
