"""Pictures made sendable: upright, of a kind that is read, not too large; each change told, the rest untouched."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from cometmagic.errors import OptionError
from cometmagic.images.normalize import Reference, is_image
from cometmagic.images.references import MAX_INLINE_BYTES, load_reference
from cometmagic.images.resize import SIDE_LENGTHS
from cometmagic.options.settings import read_max_pixels
from tests.gemini.answers import picture, png_chunk, png_header
from tests.image_samples import BLUE, GPS, RED, encoded, exif, lying, near, opened

PLACE = "holds the GPS position where it was taken, which is sent with it."
# Of the picture that is red on the left and blue on the right: where the red is when it is turned as EXIF says.
RED_IS = {2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}
SPOTS = {"left": (0.1, 0.5), "right": (0.9, 0.5), "top": (0.5, 0.1), "bottom": (0.5, 0.9)}


def at(made: Image.Image, side: str) -> Any:
    across, down = SPOTS[side]
    return made.convert("RGB").getpixel((int(made.width * across), int(made.height * down)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", RED_IS)
def test_what_the_camera_turned_is_turned_upright(kind: str, orientation: int) -> None:
    made = load_reference(encoded(lying(), kind, exif=exif(orientation)))

    upright = opened(made.part.data)
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[RED_IS[orientation]]
    assert near(at(upright, RED_IS[orientation]), RED, 20)
    assert near(at(upright, opposite), BLUE, 20)
    assert upright.size == ((80, 40) if orientation < 5 else (40, 80)) == (made.part.width, made.part.height)
    assert not upright.getexif()
    assert "was turned upright" in made.note


def test_a_turned_jpeg_stays_a_fine_jpeg_without_its_facts() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(lying(), "JPEG", exif=exif(6, GPS), icc_profile=profile, comment=b"secret")

    made = load_reference(content)

    upright = opened(made.part.data)
    assert made.part.mime_type == "image/jpeg"
    assert upright.info["icc_profile"] == profile
    assert not {"exif", "comment", "xmp"} & set(upright.info)
    assert b"secret" in content
    assert made.note == "The image was turned upright and saved anew without its EXIF data."


def test_a_transparent_one_stays_transparent_when_turned() -> None:
    made = load_reference(encoded(Image.new("RGBA", (8, 4), (0, 0, 0, 0)), "WEBP", exif=exif(6), lossless=True))

    assert made.part.mime_type == "image/png"
    assert opened(made.part.data).convert("RGBA").getpixel((1, 1)) == (0, 0, 0, 0)
    assert made.note == "The image was turned upright and converted from WEBP to PNG."


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [0, 1, 9, 300])
def test_what_is_upright_goes_byte_for_byte(kind: str, orientation: int) -> None:
    content = encoded(lying(), kind, exif=exif(orientation))

    made = load_reference(content)

    assert made.part.data == content
    assert (made.part.width, made.part.height) == (80, 40)
    assert made.note == ""


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*junk" * 9, b"x" * 99]
)
def test_damaged_exif_is_none(block: bytes) -> None:
    content = encoded(lying(), "JPEG", exif=block)

    assert load_reference(content) == Reference(load_reference(content).part)
    assert load_reference(content).part.data == content


def test_a_png_without_pixels_is_not_sent() -> None:
    content = png_header(40, 30) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")

    with pytest.raises(OptionError, match="damaged or incomplete"):
        load_reference(content)


def test_a_png_that_says_behind_its_pixels_how_it_was_held_is_turned() -> None:
    block = exif(6).tobytes()[6:]
    content = (
        encoded(lying()).removesuffix(png_chunk(b"IEND", b"")) + png_chunk(b"eXIf", block) + png_chunk(b"IEND", b"")
    )

    made = load_reference(content)

    assert (made.part.width, made.part.height) == (40, 80)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_k14_a_position_that_leaves_is_told(kind: str) -> None:
    content = encoded(lying(), kind, exif=exif(1, GPS))

    made = load_reference(content)

    assert made.part.data == content
    assert made.note == f"The image {PLACE}"


def test_k14_a_position_in_xmp_is_told() -> None:
    xmp = b'<x:xmpmeta><rdf:Description exif:GPSLatitude="52,31N"/></x:xmpmeta>'

    assert load_reference(encoded(lying(), "JPEG", xmp=xmp)).note == f"The image {PLACE}"


def heic(*boxes: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + b"".join(boxes)


def test_k14_a_position_in_a_phones_heic_is_told(tmp_path: Any) -> None:
    path = tmp_path / "IMG_0001.heic"
    path.write_bytes(heic(b"\0" * 500, exif(6, GPS).tobytes()))

    made = load_reference(path)

    assert (made.part.mime_type, made.part.data) == ("image/heic", path.read_bytes())
    assert made.note == f"{path} {PLACE}"


@pytest.mark.parametrize("block", [b"", b"Exif\0\0II*\0\xff\xff\xff\xff", exif(6).tobytes()])
def test_a_heic_without_one_has_no_note(block: bytes) -> None:
    assert load_reference(heic(block)).note == ""


def test_a_heic_that_is_too_large_says_what_to_do() -> None:
    with pytest.raises(OptionError, match=r"too large to be sent \(7\.0 MB\).*Save it as JPEG"):
        load_reference(heic(bytes(MAX_INLINE_BYTES)))


@pytest.mark.parametrize("gps", [{0: b"\2\3\0\0"}, None])
def test_a_block_without_a_position_has_no_note(gps: dict[int, Any] | None) -> None:
    assert load_reference(encoded(lying(), "JPEG", exif=exif(1, gps))).note == ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_k14_what_is_saved_anew_has_lost_its_position(kind: str) -> None:
    made = load_reference(encoded(lying(), kind, exif=exif(6, GPS)))

    assert PLACE not in made.note
    assert not opened(made.part.data).getexif()


def test_the_first_frame_is_taken_and_told() -> None:
    frames = [Image.new("RGB", (16, 12), color) for color in ("red", "blue", "green")]
    made = load_reference(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))

    assert near(opened(made.part.data).convert("RGB").getpixel((5, 5)), RED, 12)
    assert made.note == "The image was converted from GIF (its first frame) to PNG."


def test_what_is_transparent_in_a_gif_stays_so() -> None:
    clear = Image.new("P", (8, 8), 1)
    made = load_reference(encoded(clear, "GIF", transparency=1))

    pixel = opened(made.part.data).convert("RGBA").getpixel((2, 2))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


@pytest.mark.parametrize(
    ("sides", "made_sides"),
    [
        ((4096, 10), (4096, 10)),
        ((4097, 10), (4096, 10)),
        ((5000, 2500), (4096, 2048)),
        ((20, 9000), (9, 4096)),
        ((12288, 16), (4096, 5)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_long_side_is_made_shorter(kind: str, sides: tuple[int, int], made_sides: tuple[int, int]) -> None:
    made = load_reference(encoded(Image.new("RGB", sides, "red"), kind))

    assert opened(made.part.data).size == made_sides == (made.part.width, made.part.height)
    if sides == made_sides:
        assert made.note == ""
    else:
        assert f"scaled from {sides[0]} × {sides[1]} to {made_sides[0]} × {made_sides[1]} pixels" in made.note
        assert made.part.mime_type == "image/jpeg"


def test_a_large_turned_photo_tells_both() -> None:
    made = load_reference(encoded(lying((9000, 3000)), "JPEG", exif=exif(6)))

    upright = opened(made.part.data)
    assert upright.size == (1365, SIDE_LENGTHS[0])
    assert near(at(upright, "top"), RED, 12)
    assert made.note == (
        "The image was turned upright, scaled from 3000 × 9000 to 1365 × 4096 pixels "
        "and saved anew without its EXIF data."
    )


def test_too_many_bytes_are_made_fewer() -> None:
    noise = Image.effect_noise((1600, 1200), 90).convert("RGB")
    content = encoded(noise, "JPEG", quality=100)

    made = load_reference(content, max_bytes=900_000)

    assert len(made.part.data) <= 900_000 < len(content)
    assert made.part.mime_type == "image/jpeg"
    assert "scaled from 1600 × 1200" in made.note


def test_a_heavy_transparent_one_stays_transparent() -> None:
    noise = Image.effect_noise((1000, 800), 90).convert("RGBA")
    noise.putalpha(0)

    made = load_reference(noise, max_bytes=400_000)

    assert made.part.mime_type == "image/webp"
    pixel = opened(made.part.data).convert("RGBA").getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0
    assert made.note.endswith("saved as WEBP.")


def bomb(kind: str, width: int, height: int) -> bytes:
    """Return the header of a picture of any size."""
    if kind == "PNG":
        return png_header(width, height) + png_chunk(b"IDAT", b"")
    if kind == "GIF":
        return (
            b"GIF89a"
            + struct.pack("<HHBBB", width, height, 0, 0, 0)
            + b",\0\0\0\0"
            + struct.pack("<HHB", width, height, 0)
            + b"\x08"
        )
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
@pytest.mark.parametrize("sides", [(8_001, 8_000), (65_000, 65_000)])
@pytest.mark.parametrize("is_lenient", [False, True])
def test_k12_a_bomb_is_refused_by_its_header(
    kind: str, sides: tuple[int, int], is_lenient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_lenient:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    content = bomb(kind, *sides)
    assert sides[0] * sides[1] > read_max_pixels()

    with pytest.raises(OptionError, match="more pixels than can safely be unpacked"):
        load_reference(content)


def test_a_lazily_opened_bomb_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)

    with (
        Image.open(io.BytesIO(bomb("PNG", 60_000, 60_000))) as lazy,
        pytest.raises(OptionError, match="more pixels than can safely be unpacked"),
    ):
        load_reference(lazy)


def test_credentials_and_texts_of_what_is_sent_as_it_is_are_kept() -> None:
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Prompt", "a cat")
    facts.add(b"caBX", b"c2pa" * 20)
    content = encoded(lying(), pnginfo=facts)

    assert load_reference(content).part.data == content


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_the_kinds_that_can_be_sent_are_known_by_their_beginning(kind: str) -> None:
    assert is_image(picture(kind)[:16])


@pytest.mark.parametrize(
    "head",
    [b"", b"<svg", b"%PDF-1.7", b"<!DOCTYPE html>", b"%!PS-Adobe-3.0 EP", b"GIF88a", b"\0\0\1\0", b"RIFF\0\0\0\0WAVE"],
)
def test_other_kinds_are_not(head: bytes) -> None:
    assert not is_image(head)
