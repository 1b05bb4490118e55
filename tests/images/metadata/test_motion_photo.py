"""The video behind a photo: left out and mentioned, for every way in which phones append it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from cometmagic.images.metadata.motion_photo import find_jpeg_end, split_video
from cometmagic.images.references import load_reference
from tests.gemini.answers import picture
from tests.image_samples import GPS, encoded, exif, opened

NOISE = Image.effect_noise((160, 120), 90).convert("RGB")
JPEG = encoded(NOISE, "JPEG")
HEIC = struct.pack(">I", 24) + b"ftypheic\0\0\0\0heicmif1" + struct.pack(">I", 12) + b"meta\0\0\0\0"
HEIC += struct.pack(">I", 20) + b"mdat" + b"p" * 12


def video(brand: bytes = b"isom", length: int = 3000) -> bytes:
    head = b"ftyp" + brand + b"\0\0\2\0isomiso2mp41"
    return (
        struct.pack(">I", len(head) + 4) + head + struct.pack(">I", length) + b"mdat" + b"\xff\xd8\xff" * (length // 3)
    )


def box(box_type: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + box_type + content


SAMSUNG_MARK = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data"
MOTION_PHOTOS = {
    "Pixel": (JPEG, video()),
    "an old Pixel": (JPEG, video(b"mp42")),
    "iPhone, exported": (JPEG, video(b"qt  ")),
    "Samsung": (JPEG, SAMSUNG_MARK + video(b"mp42") + b"SEFH" + b"\0" * 40 + b"SEFT"),
    "with padding": (JPEG, b"\0" * 100 + video()),
    "progressive": (encoded(NOISE, "JPEG", progressive=True), video()),
    "with a preview in its EXIF data": (encoded(NOISE, "JPEG", exif=exif(gps=None), comment=JPEG[:9000]), video()),
    "with restart markers": (encoded(NOISE, "JPEG", restart_marker_blocks=4), video()),
    "with a map of brightness": (JPEG + picture("JPEG"), video()),
    "HEIC": (HEIC, box(b"mpvd", video())),
    "HEIC from Samsung": (HEIC, box(b"mpvd", video()) + box(b"sefd", b"x" * 30)),
}


@pytest.mark.parametrize("name", MOTION_PHOTOS)
def test_the_video_is_mentioned_and_not_sent(name: str, tmp_path: Path) -> None:
    photo, trailer = MOTION_PHOTOS[name]
    path = tmp_path / "MVIMG_1.jpg"
    path.write_bytes(photo + trailer)

    reference = load_reference(path)

    assert reference.part.data == photo
    assert reference.note.startswith(f"{path} is a motion photo: its video (0.0 MB) is not sent.")
    assert split_video(photo + trailer) == (photo, len(trailer))


OTHERS = {
    "a photo": JPEG,
    "a small photo": picture("JPEG"),
    "a photo that speaks of a video": encoded(NOISE, "JPEG", comment=video()),
    "a photo with a second one": JPEG + JPEG,
    "a photo with something else behind it": JPEG + b"\0" * 500 + b"ftyp",
    "a PNG": picture(),
    "a WebP": picture("WEBP"),
    "an AVIF": picture("AVIF"),
    "a HEIC": HEIC,
    "a HEIC with its picture behind the box": HEIC + box(b"mpvd", video()) + box(b"mdat", b"p"),
    "a HEIC that speaks of the box": HEIC + box(b"free", b"mpvd"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_no_video_behind_it_stays_whole(name: str) -> None:
    assert split_video(OTHERS[name]) == (OTHERS[name], 0)


@pytest.mark.parametrize("kind", ["JPEG", "HEIC"])
def test_cut_and_damaged_files_are_left_to_others(kind: str) -> None:
    photo, trailer = MOTION_PHOTOS["Pixel" if kind == "JPEG" else "HEIC"]
    content = photo + trailer

    for length in range(0, len(content), 97):
        shorter, video_length = split_video(content[:length])
        assert shorter == content[: length - video_length]
        assert shorter.startswith(photo) or not video_length


def test_a_photo_with_a_position_tells_both() -> None:
    content = encoded(NOISE, "JPEG", exif=exif(gps=GPS)) + video()

    note = load_reference(io.BytesIO(content)).note

    assert note.startswith("The image is a motion photo: its video (0.0 MB) is not sent. The image holds the GPS")


def test_a_photo_on_its_side_is_turned_without_its_video() -> None:
    reference = load_reference(encoded(NOISE, "JPEG", exif=exif(6)) + video())

    assert opened(reference.part.data).size == (120, 160)
    assert "is a motion photo" in reference.note
    assert find_jpeg_end(reference.part.data) == len(reference.part.data)
