"""Small pictures are those that lie in the folder, and are made only where there are none."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cometmagic.display import thumbnails
from cometmagic.gemini.parts import ImagePart
from cometmagic.storage.call_folder import (
    MAX_PREVIEW_BYTES,
    SMALL_PREVIEW_BYTES,
    SMALL_PREVIEW_PIXELS,
    build_preview_path,
    build_small_preview_path,
    find_preview,
)
from tests.notebook.answers import gravel, painted


@pytest.fixture
def picture(tmp_path: Path) -> ImagePart:
    path = tmp_path / "image.jpg"
    path.write_bytes(gravel(1600, 1200))
    return ImagePart("image/jpeg", path=path, width=1600, height=1200)


def longest(content: bytes | None) -> int:
    assert content is not None
    assert len(content) <= SMALL_PREVIEW_BYTES
    return max(Image.open(io.BytesIO(content)).size)


def test_what_the_courier_has_left_is_taken_as_it_is(picture: ImagePart) -> None:
    assert picture.path is not None
    build_preview_path(picture.path).write_bytes(b"the preview")
    assert (thumbnails.load_final_thumbnail(picture), thumbnails.load_thumbnail(picture)) == (
        b"the preview",
        b"the preview",
    )

    build_small_preview_path(picture.path).write_bytes(b"the small one")
    assert (thumbnails.load_final_thumbnail(picture), thumbnails.load_thumbnail(picture)) == (
        b"the small one",
        b"the preview",
    )


def test_a_heavy_preview_of_an_older_version_is_made_small(picture: ImagePart) -> None:
    assert picture.path is not None
    build_preview_path(picture.path).write_bytes(gravel(1024, 768))

    assert longest(thumbnails.load_final_thumbnail(picture)) <= SMALL_PREVIEW_PIXELS


def test_without_any_the_original_is_made_small(picture: ImagePart) -> None:
    assert longest(thumbnails.load_final_thumbnail(picture)) <= SMALL_PREVIEW_PIXELS
    assert longest(thumbnails.load_thumbnail(ImagePart("image/jpeg", content=picture.data))) <= SMALL_PREVIEW_PIXELS


def test_what_cannot_be_drawn_is_none(tmp_path: Path) -> None:
    gone = ImagePart("image/jpeg", path=tmp_path / "gone.jpg")

    for image in (gone, ImagePart("image/jpeg", content=b"no picture")):
        assert thumbnails.load_final_thumbnail(image) is None
        assert thumbnails.create_thumbnail(image, 96, 4000) is None
        assert thumbnails.read_size(image) is None
    assert thumbnails.render_png(b"no picture", 96) is None


def test_a_preview_that_cannot_be_ours_is_not_taken(picture: ImagePart) -> None:
    assert picture.path is not None
    preview = build_preview_path(picture.path)
    preview.write_bytes(painted(width=64, height=64))
    assert find_preview(picture).path == preview
    os.truncate(preview, MAX_PREVIEW_BYTES + 1)

    assert find_preview(picture) is picture
    assert longest(thumbnails.load_final_thumbnail(picture)) > 64


@pytest.mark.parametrize(("kind", "number"), [("PNG", 2), ("JPEG", 8)])
def test_only_so_many_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch, kind: str, number: int) -> None:
    monkeypatch.setattr(thumbnails, "MAX_DECODED_PIXELS", 20_000)
    image, budget = ImagePart("image/png", content=painted(kind, 100, 100)), thumbnails.PixelBudget()

    made = [thumbnails.create_thumbnail(image, 64, 4000, budget) for _ in range(10)]

    assert [content is not None for content in made] == [True] * number + [False] * (10 - number)
    assert thumbnails.create_thumbnail(image, 64, 4000) is not None


def test_pillow_is_loaded_only_to_make_one(picture: ImagePart) -> None:
    assert picture.path is not None
    build_small_preview_path(picture.path).write_bytes(painted())
    code = (
        "import sys; from pathlib import Path; from cometmagic.display import thumbnails;"
        "from cometmagic.gemini.parts import ImagePart; image = ImagePart('image/jpeg', path=Path(sys.argv[1]));"
        "thumbnails.load_final_thumbnail(image); print('PIL' in sys.modules);"
        "thumbnails.load_thumbnail(image); print('PIL' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(picture.path)], check=True, capture_output=True, text=True, timeout=60
    )

    assert done.stdout.split() == ["False", "True"]
