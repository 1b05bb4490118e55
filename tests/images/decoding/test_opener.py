"""Image files are opened in one place: the allowed formats only, within a limit of pixels, with one kind of error."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import cometmagic
from cometmagic.errors import CometError, OptionError
from cometmagic.images.decoding import opener
from cometmagic.images.decoding.decoder_errors import DamagedImageError, ImageFileError, PixelLimitError
from cometmagic.images.decoding.opener import load_image, open_image
from tests.gemini.answers import picture, png_chunk
from tests.image_samples import RED, encoded, exif, lying, near
from tests.images.decoding.image_bombs import gif, jpeg, png, tiff, webp
from tests.images.decoding.peak_memory import WAYS
from tests.subprocesses import CHECKOUT

PACKAGE = Path(cometmagic.__file__).parent
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n%%EndComments\nshowpage\n%%EOF\n"
OTHER_FORMATS = ("EPS", "ICO", "PPM", "PCX", "TGA", "SGI", "PDF", "JPEG2000", "ICNS", "DDS", "SPIDER", "XBM")
CAREFUL = [way for way in WAYS if way not in ("decode_carelessly", "serve_4k")]
DAMAGED = ("RAISED", "cannot be read", "no picture", "not drawn", "400", "damaged", "has no", "moving")


def find_openings(source: str) -> Iterator[int]:
    """Yield the lines of a program that open an image by themselves."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr == "open" and ast.unparse(node.value).endswith("Image"):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PIL"):
            yield from (node.lineno for name in node.names if name.name == "open" or "Plugin" in name.name)


def test_images_are_opened_in_one_place() -> None:
    openings = {path.relative_to(PACKAGE): list(find_openings(path.read_text())) for path in PACKAGE.rglob("*.py")}

    assert [str(path) for path, lines in openings.items() if lines] == ["images/decoding/opener.py"]


@pytest.mark.parametrize(
    "source", ["Image.open(x)", "PIL.Image.open(x)", "from PIL.Image import open", "from PIL import EpsImagePlugin"]
)
def test_other_places_are_found(source: str) -> None:
    assert list(find_openings(source)) == [1]


def saved(kind: str) -> bytes:
    """Return a file of one of the formats that are not allowed."""
    modes = {"XBM": "1", "SPIDER": "F"}
    return EPS if kind == "EPS" else encoded(Image.new(modes.get(kind, "RGB"), (64, 64)), kind)


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Plant a Ghostscript, and return the file that it writes when it is started."""
    marker, program = tmp_path / "started", tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return marker


CARELESS = "import sys, PIL.Image; PIL.Image.open(sys.argv[1]).load()"


@pytest.mark.skipif(os.name == "nt", reason="the planted program is a shell script")
def test_no_program_is_started_for_an_image(tmp_path: Path, ghostscript: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(EPS)

    outcomes = {way: outcome(WAYS[way], path) for way in CAREFUL}

    assert not ghostscript.exists()
    assert {way: said for way, said in outcomes.items() if "RAISED" in said} == {}
    subprocess.run([sys.executable, "-c", CARELESS, path], check=False, stderr=subprocess.DEVNULL, cwd=CHECKOUT)
    assert ghostscript.exists(), "the control: Pillow starts it for whoever opens all formats"


def outcome(way: Callable[[Path], str], path: Path) -> str:
    try:
        return way(path)
    except CometError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # what is looked for
        return f"RAISED {type(error).__name__}: {error}"


@pytest.mark.parametrize("kind", OTHER_FORMATS)
def test_other_formats_are_refused_everywhere(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(saved(kind))
    expected = dict.fromkeys(("preview", "thumbnail", "list_thumbnail"), "not drawn")
    expected |= {"serve": "400", "draw_sheet": "", "slim": "damaged"}

    outcomes = {way: outcome(WAYS[way], path) for way in CAREFUL}

    assert {way: said for way, said in outcomes.items() if expected.get(way, "pictur") not in said} == {}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.6, 0.9, 0.99])
def test_what_is_cut_short_is_one_clear_error(kind: str, share: float, tmp_path: Path) -> None:
    content = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), kind)
    path = tmp_path / "cut.png"
    path.write_bytes(content[: int(len(content) * share)])

    assert {way: said for way in CAREFUL if "RAISED" in (said := outcome(WAYS[way], path))} == {}


def test_a_cut_image_is_refused_by_the_offline_service_as_by_the_real_one(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    content = encoded(Image.effect_noise((64, 64), 90))
    path.write_bytes(content[: len(content) // 2])

    assert WAYS["serve"](path) == "400"
    path.write_bytes(content)
    assert WAYS["serve"](path) == "200"


TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "png": lambda: png((8001, 8000)),
    "narrow": lambda: png((1, 70_000)),
    "gif": lambda: gif((8001, 8000), pixel_count=1),
    "vast-gif": lambda: gif((65_535, 65_535), 1, 2, 1),
    "webp": lambda: webp((4001, 4001)),
    "progressive": lambda: jpeg((8000, 8000), (0x11, 0x11, 0x11), progressive=True),
    "vast-jpeg": lambda: jpeg((65_000, 65_000))[:9_000],
    "tile": lambda: tiff((100, 100), {322: (4, 1, 9_000), 323: (4, 1, 9_000)}, b""),
}


@pytest.mark.parametrize("name", TOO_LARGE)
@pytest.mark.parametrize("limit", [Image.MAX_IMAGE_PIXELS, None], ids=["limit", "no-limit"])
def test_too_many_pixels_are_refused_by_the_header(
    name: str, limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)  # as many notebooks do

    with pytest.raises(PixelLimitError), open_image(TOO_LARGE[name](), opener.REFERENCE_FORMATS):
        pass


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    content = png((2000, 1000))
    with open_image(content) as opened:
        assert opened.size == (2000, 1000)

    monkeypatch.setenv("COMETMAGIC_MAX_MEGAPIXELS", "1.9")
    with pytest.raises(PixelLimitError), open_image(content):
        pass
    monkeypatch.setenv("COMETMAGIC_MAX_MEGAPIXELS", "many")
    with pytest.raises(OptionError, match="COMETMAGIC_MAX_MEGAPIXELS"), open_image(content):
        pass


@pytest.mark.parametrize(
    ("size", "max_side", "decoded_size"),
    [((800, 600), None, (800, 600)), ((800, 600), 100, (100, 75)), ((12_000, 9_000), None, (6_000, 4_500)),
     ((16_320, 12_240), 4096, (8_160, 6_120)), ((6_000, 60), 1_000, (1_500, 15))],
)  # fmt: skip
def test_a_large_jpeg_is_decoded_at_a_fraction(
    size: tuple[int, int], max_side: int | None, decoded_size: tuple[int, int]
) -> None:
    with open_image(jpeg(size), max_side=max_side) as opened:
        assert (opened.size, opened.picture.size) == (size, decoded_size)


def test_a_damaged_image_is_an_error_of_its_own_kind() -> None:
    with pytest.raises(ImageFileError), open_image(b"junk"):
        pass
    with pytest.raises(DamagedImageError), open_image(picture("JPEG")[:-5]) as opened:
        opened.picture.load()


def test_the_source_stays_open() -> None:
    source = io.BytesIO(picture("GIF"))

    with open_image(source):
        pass

    assert not source.closed


ANIMATED: dict[str, Any] = {"save_all": True, "append_images": [Image.new("RGB", (9, 9), "blue")] * 3}


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_first_frame_is_what_counts(kind: str) -> None:
    with open_image(encoded(Image.new("RGB", (9, 9), RED), kind, **ANIMATED), opener.REFERENCE_FORMATS) as opened:
        assert opened.is_animated
        assert near(opened.picture.convert("RGB").getpixel((4, 4)), RED, 9)


def test_a_jpeg_of_several_pictures_is_its_first() -> None:
    with open_image(encoded(lying(), "MPO", **ANIMATED)) as opened:
        assert (opened.file_format, opened.is_animated, opened.size) == ("JPEG", False, (80, 40))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_orientation_is_read_without_decoding(kind: str) -> None:
    with open_image(encoded(lying(), kind, exif=exif(6)), opener.REFERENCE_FORMATS) as opened:
        assert opened.orientation == 6


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt"])
def test_an_old_exif_block_of_a_png_is_read(name: bytes) -> None:
    import zlib

    block = exif(6).tobytes()
    text = b"\nexif\n%d\n" % len(block) + block.hex().encode()
    data = b"Raw profile type exif\0" + (b"\0" + zlib.compress(text) if name == b"zTXt" else text)

    with open_image(png((8, 4), before=png_chunk(name, data))) as opened:
        assert opened.orientation == 6


def test_a_whole_image_keeps_its_metadata() -> None:
    made = load_image(encoded(lying(), "JPEG", exif=exif(6), comment=b"by hand"))

    assert (made.size, made.info["comment"], made.getexif()[0x0112]) == ((80, 40), b"by hand", 6)


def test_a_whole_image_is_never_smaller_than_it_says() -> None:
    with pytest.raises(PixelLimitError):
        load_image(jpeg((12_000, 9_000)))
