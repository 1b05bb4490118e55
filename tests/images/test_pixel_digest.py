"""Pictures encoded here are known by their pixels: the hash of a request is the same with another encoder."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from cometmagic.gemini.encode import hash_request
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.images.pixel_digest import compute_pixel_digest
from cometmagic.images.references import fit_references, load_reference
from cometmagic.options.declaration import Options
from tests.image_samples import encoded

NOISE = Image.effect_noise((90, 60), 90)
COLOURS = Image.merge("RGB", [Image.effect_noise((90, 60), 90) for _ in range(3)])


class Chart:
    """What a library that draws itself looks like, in two versions."""

    def __init__(self, level: int) -> None:
        self.level = level

    def _repr_png_(self) -> bytes:
        return encoded(COLOURS, "PNG", compress_level=self.level)


def hash_parts(*parts: ImagePart) -> str:
    return hash_request(ImageRequest((Turn((TextPart("a cat"), *parts)),), Options()))


def draw_figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    figure.add_subplot().plot([1, 2], label="a label")
    figure.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@pytest.fixture
def other_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Pillow encode as another version may: other bytes for the same picture."""
    save = Image.Image.save

    def save_otherwise(picture: Image.Image, target: Any, kind: str | None = None, **options: Any) -> None:
        save(picture, target, options.pop("format", kind), **{**options, "compress_level": 0, "quality": 50})

    monkeypatch.setattr(Image.Image, "save", save_otherwise)


VALUES: dict[str, Any] = {
    "array": lambda: np.asarray(COLOURS),
    "PIL": lambda: COLOURS,
    "PIL with opacity": lambda: COLOURS.convert("RGBA"),
    "PIL of 16 bits": lambda: Image.fromarray(np.arange(64, dtype="u2").reshape(8, 8) * 1000),
    "PIL with a palette": lambda: COLOURS.quantize(8),
    "GIF": lambda: encoded(NOISE, "GIF"),
    "BMP": lambda: encoded(COLOURS, "BMP"),
    "JPEG held sideways": lambda: encoded(COLOURS, "JPEG", exif=sideways()),
    "figure": draw_figure,
    "too large for PNG": lambda: Image.effect_noise((900, 900), 12),
}


def sideways() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize("name", VALUES)
def test_another_encoder_makes_no_other_request(name: str, request: pytest.FixtureRequest) -> None:
    value = VALUES[name]()
    part = load_reference(value, max_bytes=400_000).part

    request.getfixturevalue("other_encoder")
    other = load_reference(value, max_bytes=400_000).part

    assert part.data != other.data
    assert part.pixel_digest == other.pixel_digest != ""
    assert hash_parts(part) == hash_parts(other)


def test_a_library_that_encodes_otherwise_makes_no_other_request() -> None:
    one, other = (load_reference(Chart(level)).part for level in (1, 9))

    assert one.data != other.data
    assert hash_parts(one) == hash_parts(other)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_files_that_are_sent_as_they_are_are_known_by_their_bytes(kind: str) -> None:
    content = encoded(COLOURS, kind)
    parts = [load_reference(data).part for data in (content, content, content + b"\0")]

    assert [part.pixel_digest for part in parts] == [""] * 3
    assert hash_parts(parts[0]) == hash_parts(parts[1]) != hash_parts(parts[2])


def test_one_pixel_makes_another_request() -> None:
    changed = COLOURS.copy()
    changed.putpixel((4, 5), (1, 2, 3))

    assert hash_parts(load_reference(changed).part) != hash_parts(load_reference(COLOURS).part)


def test_a_picture_made_smaller_to_fit_keeps_its_identity() -> None:
    picture = Image.effect_noise((700, 700), 12)
    reference = load_reference(picture)

    (smaller,) = fit_references([reference], max_base64_bytes=350_000)

    assert smaller.part.mime_type == "image/jpeg"
    assert smaller.part.pixel_digest == reference.part.pixel_digest != ""
    assert hash_parts(smaller.part) == hash_parts(reference.part)


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_profile(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    copy.info["icc_profile"] = PROFILE
    return copy


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (NOISE, NOISE.convert("RGB"), True),
        (COLOURS, COLOURS.convert("RGBA"), True),
        (NOISE.convert("1"), NOISE.convert("1").convert("L"), True),
        (COLOURS.quantize(4), COLOURS.quantize(4).convert("RGB"), True),
        (COLOURS, COLOURS.rotate(180), False),
        (Image.new("L", (4, 6)), Image.new("L", (6, 4)), False),
        (Image.new("RGBA", (4, 4), (9, 9, 9, 0)), Image.new("RGBA", (4, 4), (9, 9, 9, 255)), False),
        (COLOURS, with_profile(COLOURS), False),
    ],
)
def test_what_is_seen_counts_and_not_the_mode(one: Image.Image, other: Image.Image, is_same: bool) -> None:
    assert (compute_pixel_digest(one) == compute_pixel_digest(other)) is is_same


def test_a_large_picture_has_the_digest_of_its_bands() -> None:
    tall, changed = Image.new("L", (1000, 2500), 9), Image.new("L", (1000, 2500), 9)
    changed.putpixel((999, 2499), 8)

    assert compute_pixel_digest(tall) == compute_pixel_digest(tall.convert("RGB"))
    assert compute_pixel_digest(tall) != compute_pixel_digest(changed)


def test_a_figure_is_sent_without_the_version_of_what_drew_it() -> None:
    part = load_reference(draw_figure()).part

    with Image.open(io.BytesIO(part.data)) as picture:
        assert not {"Software", "Creation Time", "dpi"} & set(picture.info)
    assert b"atplotlib" not in part.data
