"""What the user saw is what is sent and shown: colours, orientation, whole files, transparent areas."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image, ImageCms, ImageOps

from cometmagic.errors import OptionError
from cometmagic.images.contact_sheet import Tile, render_contact_sheet
from cometmagic.images.references import NamedContent, load_reference, load_references
from cometmagic.images.resize import render_png, render_preview, render_transparent_preview
from cometmagic.images.still_image import build_still_image
from tests.gemini.answers import picture
from tests.image_samples import BLUE, RED, encoded, exif, lying, near, opened

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS = ["PNG", "JPEG", "WEBP"]


def swapped_profile() -> bytes:
    """Return a profile in which the first channel is green and the second red: what ignores it cannot be missed."""
    profile = bytearray(SRGB)
    tags = {profile[offset : offset + 4].decode(): offset for offset in range(132, 132 + 12 * profile[131], 12)}
    red, green = (profile[tags[name] + 4 : tags[name] + 12] for name in ("rXYZ", "gXYZ"))
    profile[tags["rXYZ"] + 4 : tags["rXYZ"] + 12], profile[tags["gXYZ"] + 4 : tags["gXYZ"] + 12] = green, red
    return bytes(profile)


def ink_profile() -> bytes:
    """Return a CMYK profile with a table of two steps a channel, in which up to three inks are Lab (50, 0, 0)."""
    grid, inputs, outputs = 2, 4, 3
    lightness = [255, *[128] * (grid**inputs - 2), 0]  # paper, one to three inks, all inks
    table = bytes(value for light in lightness for value in (light, 128, 128))
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1\0\0\0\0" + bytes([inputs, outputs, grid, 0]) + matrix + ramp * inputs + table + ramp * outputs
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    lut += bytes(-len(lut) % 4)
    tags = b"".join(
        struct.pack(">4sII", name, offset, length)
        for name, offset, length in (
            (b"A2B0", 168, len(lut)),
            (b"wtpt", 168 + len(lut), len(white)),
            (b"A2B1", 168, len(lut)),
        )
    )
    length = 168 + len(lut) + len(white)
    head = struct.pack(">I4sI4s4s4s12s4s", length, b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ", bytes(12), b"acsp")
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", 3) + tags + lut + white


def drawn(content: bytes | None) -> Any:
    assert content is not None
    return opened(content).convert("RGB").getpixel((5, 5))


def sheet_pixel(content: bytes, folder: Path) -> Any:
    (folder / "a.png").write_bytes(content)
    sheet = opened(render_contact_sheet([Tile("a", folder / "a.png")])).convert("RGB")
    return sheet.getpixel((sheet.width // 2, sheet.height // 2))


@pytest.mark.parametrize("sides", [(40, 40), (900, 600), (2200, 2000)], ids=["as-it-is", "reduced", "streamed"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("profile", "shown"), [(b"", RED), (SRGB, RED), (b"junk", RED), (swapped_profile(), (0, 254, 0))]
)
def test_previews_show_the_colours_of_the_profile(
    kind: str, profile: bytes, shown: tuple[int, int, int], sides: tuple[int, int], tmp_path: Path
) -> None:
    content = encoded(Image.new("RGB", sides, RED), kind, icc_profile=profile)

    preview = render_preview(io.BytesIO(content), 64)
    assert near(drawn(preview), shown)
    assert preview is not None
    assert "icc_profile" not in opened(preview).info
    assert near(drawn(render_png(content, 64)), shown)
    assert near(sheet_pixel(content, tmp_path), shown)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
@pytest.mark.parametrize(("profile", "shown"), [(SRGB, RED), (swapped_profile(), (0, 254, 0))])
def test_transparent_previews_show_them_too(mode: str, profile: bytes, shown: tuple[int, int, int]) -> None:
    clear = Image.new("RGBA", (600, 600), (*RED, 255))
    clear.paste((0, 0, 0, 0), (300, 0, 600, 600))
    content = encoded(clear if mode == "RGBA" else clear.quantize(4), icc_profile=profile)

    preview = render_transparent_preview(io.BytesIO(content), 64)
    assert preview is not None
    assert near(drawn(preview), shown)
    assert "icc_profile" not in opened(preview).info
    still = build_still_image(content, 64)
    assert still is not None
    assert near(drawn(still.preview or still.content), shown if still.preview else RED)


def test_a_slim_notebook_shows_them_too() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((900, 600), 9), *[Image.new("L", (900, 600))] * 2])
    still = build_still_image(encoded(noise, icc_profile=swapped_profile()), 64)

    assert still is not None
    assert still.preview is not None
    red, green, _ = drawn(still.preview)
    assert red < 30
    assert green > 90


@pytest.mark.parametrize("way", ["file", "opened"])
def test_inks_are_converted_by_their_profile(way: str) -> None:
    content = encoded(Image.new("CMYK", (40, 30), (255, 255, 0, 0)), "JPEG", icc_profile=ink_profile())
    bare = encoded(Image.new("CMYK", (40, 30), (255, 255, 0, 0)), "JPEG")

    made = load_reference(content if way == "file" else opened(content))
    plain = load_reference(bare if way == "file" else opened(bare))

    assert near(drawn(made.part.data), (119, 119, 119))
    assert near(drawn(render_preview(io.BytesIO(content), 20)), (119, 119, 119))
    assert "converted from CMYK to RGB" in made.note
    assert not near(drawn(plain.part.data), (119, 119, 119), 60)  # the control


def turn_in_place(seen: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(seen, in_place=True)
    return seen


@pytest.mark.parametrize("kind", [*KINDS, "TIFF"])
@pytest.mark.parametrize(
    ("change", "is_turned"),
    [
        (lambda seen: seen, True),
        (lambda seen: seen.load() and seen, True),
        (lambda seen: seen.rotate(90, expand=True), False),
        (lambda seen: seen.transpose(Image.Transpose.ROTATE_90), False),
        (lambda seen: seen.crop((0, 0, 60, 40)), False),
        (lambda seen: seen.convert("L"), False),
        (lambda seen: seen.resize((60, 20)), False),
        (ImageOps.exif_transpose, False),
        (ImageOps.mirror, False),
        (turn_in_place, False),
    ],
    ids=["opened", "loaded", "rotated", "transposed", "cropped", "grey", "resized", "upright", "mirrored", "in-place"],
)
def test_a_picture_is_turned_exactly_once(kind: str, change: Any, is_turned: bool) -> None:
    content = encoded(lying(), kind, exif=exif(6))
    seen = change(Image.open(io.BytesIO(content)))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    expected = (upright if is_turned else seen.copy()).convert("RGB")

    made = opened(load_reference(seen).part.data).convert("RGB")

    assert made.size == expected.size
    for x, y in ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)):
        place = int(made.width * x), int(made.height * y)
        assert near(made.getpixel(place), cast("tuple[int, int, int]", expected.getpixel(place)), 20)


def test_a_sheet_has_a_turned_picture_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(lying((800, 400)), "JPEG", exif=exif(6)))

    sheet = opened(render_contact_sheet([Tile("a", tmp_path / "a.jpg")])).convert("RGB")

    colours = [sheet.getpixel((sheet.width // 2, y)) for y in range(sheet.height)]
    assert sum(near(colour, RED, 20) for colour in colours) > sheet.width // 2
    assert sum(near(colour, BLUE, 20) for colour in colours) > sheet.width // 2


def whole(kind: str) -> bytes:
    return encoded(Image.effect_noise((90, 60), 90).convert("RGB"), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_progressive", [False, True])
def test_a_cut_file_is_refused_by_name_at_any_length(kind: str, is_progressive: bool, tmp_path: Path) -> None:
    noise = Image.effect_noise((90, 60), 90).convert("RGB")
    content = encoded(noise, kind, progressive=True) if is_progressive and kind == "JPEG" else encoded(noise, kind)
    path = tmp_path / "cut.img"
    lengths = [*range(16, len(content) - 20, len(content) // 25), *range(len(content) - 20, len(content))]
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(OptionError, match=r"cut\.img cannot be read as a picture: it is damaged"):
            load_reference(path)
    for ending in (b"", b"\0" * 9, b"....ftypmp42"):
        path.write_bytes(content + ending)
        assert load_reference(path).part.data == content + ending


@pytest.mark.parametrize("chunk", [b"IHDR", b"tEXt", b"IDAT", b"IEND"])
def test_wrong_checksums_are_refused(chunk: bytes) -> None:
    from PIL import PngImagePlugin

    facts = PngImagePlugin.PngInfo()
    facts.add_text("Title", "a cat")
    content = bytearray(encoded(lying(), pnginfo=facts))
    assert load_reference(bytes(content)).part.data == content
    offset = content.index(chunk)
    length = int.from_bytes(content[offset - 4 : offset], "big")
    content[offset + 4 + length] ^= 1

    with pytest.raises(OptionError, match="The image cannot be read as a picture"):
        load_reference(bytes(content))


def test_what_an_address_cut_short_is_refused_by_its_host() -> None:
    content = whole("JPEG")

    assert load_reference(NamedContent("The image from example.org", content)).part.data == content
    with pytest.raises(OptionError, match=r"^The image from example\.org cannot be read"):
        load_reference(NamedContent("The image from example.org", content[:-300]))


def test_an_avif_that_begins_as_a_heif_goes_as_avif() -> None:
    content = picture("AVIF").replace(b"ftypavif", b"ftypmif1", 1)
    heif = struct.pack(">I", 24) + b"ftypmif1\0\0\0\0mif1heic"

    made = load_reference(content)

    assert made.part.mime_type == "image/png"
    assert made.note == "The image was converted from AVIF to PNG."
    assert load_reference(heif).part.mime_type == "image/heif"


def clear(mode: str) -> Image.Image:
    made = Image.new("RGBA", (40, 30), (*RED, 255))
    made.paste((0, 0, 0, 0), (20, 0, 40, 30))
    return made.quantize(4) if mode == "P" else made.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "opaque"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "picture"])
@pytest.mark.parametrize(
    ("on", "colour"), [(None, None), ("white", (255, 255, 255)), ("#fed", (255, 238, 221)), ("hsl(240,100%,50%)", BLUE)]
)
def test_transparent_areas(mode: str, kind: str, on: str | None, colour: Any) -> None:
    value: Any = Image.new("RGBA", (40, 30), (*RED, 255)) if mode == "opaque" else clear(mode)
    value = value if kind == "picture" else encoded(value, kind, lossless=True)

    (made,) = load_references([value], on=on)

    pixel = opened(made.part.data).convert("RGBA").getpixel((35, 15))
    assert isinstance(pixel, tuple)
    assert ("--on white" in made.note) == (mode != "opaque" and on is None)
    assert ("put on the colour" in made.note) == (mode != "opaque" and on is not None)
    assert (pixel[3] == 0) == (mode != "opaque" and on is None)
    if mode != "opaque" and on is not None:
        assert near(pixel[:3], colour)
    if mode == "opaque" and kind != "picture":
        assert made.part.data == value


@pytest.mark.parametrize("on", ["whyte", "#12", "#ffffff00", "url(x)"])
def test_what_is_no_colour_is_refused(on: str) -> None:
    with pytest.raises(OptionError, match="this is no opaque colour"):
        load_references([clear("RGBA")], on=on)
