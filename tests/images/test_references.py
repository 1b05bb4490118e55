"""References: every value that can be one, sent as it is where that can be, and told where it cannot."""

from __future__ import annotations

import io
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.display import Image as Shown
from PIL import Image

from cometmagic.errors import ChargeStatus, NoImageError, OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.images import references
from cometmagic.images.normalize import Reference
from cometmagic.images.references import fit_references, load_reference, load_references
from tests.gemini.answers import picture
from tests.image_samples import RED, encoded, near, opened

if TYPE_CHECKING:  # matplotlib takes long, and every worker collects this file
    from matplotlib.figure import Figure

NOISE = Image.effect_noise((900, 600), 90).convert("RGB")


@dataclass
class HasImage:
    """What an `ImageResult` looks like to `reference`."""

    image: ImagePart


class Without:
    """What a result without an image looks like."""

    @property
    def image(self) -> ImagePart:
        raise NoImageError("There is none.", charge_status=ChargeStatus.PAST)


class Odd:
    """A value of somebody's class."""

    @property
    def image(self) -> ImagePart:
        raise RuntimeError("not now")


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
@pytest.mark.parametrize(
    "way", ["path", "text path", "home", "bytes", "bytearray", "memoryview", "stream", "part", "result"]
)
def test_what_can_be_sent_is_sent_as_it_is(
    tmp_path: Path, kind: str, mime: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    content = picture(kind)
    path = tmp_path / "with a name.dat"
    path.write_bytes(content)
    part = ImagePart(mime, content=content)
    given_as = {
        "path": path, "text path": str(path), "home": "~/with a name.dat", "bytes": content,
        "bytearray": bytearray(content), "memoryview": memoryview(content), "stream": io.BytesIO(content), "part": part,
        "result": HasImage(part),
    }  # fmt: skip

    made = load_reference(given_as[way])

    assert (made.part.mime_type, made.part.data) == (mime, content)
    assert made.note == ""


def test_a_part_that_can_be_sent_is_that_part(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    part = ImagePart("image/png", path=path)

    assert load_reference(HasImage(part)).part is part


def test_a_part_is_what_its_bytes_are() -> None:
    made = load_reference(ImagePart("image/png", content=picture("JPEG")))

    assert (made.part.mime_type, made.part.data) == ("image/jpeg", picture("JPEG"))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("way", ["bytes", "part"])
def test_other_kinds_are_sent_as_png(kind: str, way: str) -> None:
    content = encoded(Image.new("RGB", (16, 12), "red"), kind)
    made = load_reference(content if way == "bytes" else ImagePart(f"image/{kind.lower()}", content=content))

    assert made.part.mime_type == "image/png"
    assert made.part.pil().size == (16, 12)
    assert near(made.part.pil().convert("RGB").getpixel((8, 6)), RED, 12)
    assert made.note.endswith(f"was converted from {kind} to PNG.")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16", "I", "F", "YCbCr", "HSV", "PA"])
def test_pil_images_of_every_mode_are_sent_as_png(mode: str) -> None:
    made = load_reference(Image.new(mode, (8, 6))).part

    assert (made.mime_type, made.width, made.height) == ("image/png", 8, 6)
    assert made.pil().size == (8, 6)


@pytest.mark.parametrize(
    ("mode", "note"),
    [
        ("RGB", ""),
        ("L", ""),
        ("RGBa", ""),
        ("CMYK", "The image was converted from CMYK to RGB."),
        ("I;16", "The image was scaled from 16 to 8 bits."),
    ],
)
def test_what_a_mode_loses_is_told(mode: str, note: str) -> None:
    assert (
        load_reference(
            Image.new("RGB", (8, 6)).convert("RGBA").convert(mode) if mode == "RGBa" else Image.new(mode, (8, 6))
        ).note
        == note
    )


def test_sixteen_bits_keep_their_grey() -> None:
    grey = load_reference(Image.new("I;16", (8, 6), 0x8000)).part.pil().convert("L").getpixel((4, 3))

    assert isinstance(grey, (int, float))
    assert abs(grey - 128) <= 1


@pytest.mark.parametrize(("mode", "value", "grey"), [("F", 0.5, 127), ("F", 128.0, 128), ("I", 128, 128)])
def test_floats_and_whole_numbers_keep_their_grey(mode: str, value: float, grey: int) -> None:
    assert load_reference(Image.new(mode, (8, 6), value)).part.pil().getpixel((4, 3)) == grey


@pytest.mark.parametrize(("mode", "value"), [("F", -0.5), ("F", 1000.0), ("I", 65535), ("I", -1)])
def test_values_that_mean_no_grey_are_refused(mode: str, value: float) -> None:
    with pytest.raises(OptionError, match=r"The image's values run from .* 0 to 255"):
        load_reference(Image.new(mode, (8, 6), value))


def test_transparency_is_sent_too() -> None:
    made = load_reference(Image.new("RGBa", (8, 6), (0, 0, 0, 0))).part

    assert made.pil().convert("RGBA").getpixel((1, 1)) == (0, 0, 0, 0)


def test_a_pil_image_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.new("RGB", (9000, 30), "red").save(path)

    with Image.open(path) as lazy:
        made = load_reference(lazy)
        assert lazy.size == (9000, 30), "a lazily opened file is not decoded at half its size behind its owner's back"

    assert made.part.width == 4096


NO_PICTURES: list[Any] = [
    "no/such/file.png", "~nobody-of-this-name/x.png", "x" * 5000, "a\0b", ".", b"", b"junk", b"%!PS-Adobe", b"<svg/>",
    b"GIF89a", picture("BMP")[:30], picture()[:12], b"\xff\xd8\xff", 7, None, ["x"], object(), object, {}, Odd(),
    types, "\ud800.png", io.StringIO("x"), np.float32(1), ImagePart("image/png"), Image.new("RGB", (0, 5)),
    ImagePart("image/png", path=Path("/no/such.png")), picture("GIF")[:20],
]  # fmt: skip


@pytest.mark.parametrize("given_as", NO_PICTURES, ids=range(len(NO_PICTURES)))
def test_what_is_no_picture_is_refused_before_sending(given_as: Any) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(given_as)

    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.charge_status is ChargeStatus.UNSENT


@pytest.mark.parametrize(
    ("given_as", "told"),
    [
        (7, "An int is not an image. "),
        (["x"], "A list is not an image. "),
        (None, "A NoneType is not an image. "),
        (b"Hello!", "These 6 bytes hold no picture that can be sent. "),
        (ImagePart("image/tiff", content=b"II"), "The image/tiff image holds no picture that can be sent. "),
        (ImagePart("image/png", path=Path("/no/such.png")), "The file /no/such.png of the image is gone. "),
        (b"%PDF-1.7 ...", "These 12 bytes hold no picture that can be sent, but a PDF. "),
        (b"  <?xml version='1.0'?>\n<svg xmlns='x'/>", ", but an SVG drawing. "),
        (b"<!DOCTYPE HTML><html>", ", but a web page. "),
        (b"%!PS-Adobe-3.0 EPSF-3.0", ", but PostScript. "),
    ],
)
def test_what_is_no_picture_is_told_in_good_english(given_as: Any, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(given_as)

    assert told in str(caught.value)


def test_a_picture_that_speaks_of_drawings_is_a_picture() -> None:
    from PIL.PngImagePlugin import PngInfo

    facts = PngInfo()
    facts.add_text("Source", "made from <svg> and <html>")
    content = encoded(NOISE, pnginfo=facts)

    assert load_reference(content).part.data == content


def test_a_damaged_pil_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.png"
    path.write_bytes(encoded(Image.effect_noise((64, 64), 90))[:900])

    with Image.open(path) as lazy, pytest.raises(OptionError, match="cannot be read"):
        load_reference(lazy)


def test_a_result_without_an_image_says_so_itself() -> None:
    with pytest.raises(NoImageError):
        load_reference(Without())


@settings(max_examples=150)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]), st.data())
def test_hostile_bytes_are_an_image_or_one_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    told = ""
    try:
        made = load_reference(bytes(content))
    except OptionError as error:
        told = str(error)
    else:
        assert made.part.mime_type in {"image/png", "image/jpeg", "image/webp"}
    assert not told or told.isprintable()


def test_an_array_is_sent_as_png() -> None:
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:15] = (254, 0, 0)

    made = load_reference(pixels)

    assert (made.part.mime_type, made.part.width, made.part.height, made.note) == ("image/png", 40, 30, "")
    assert np.array_equal(np.asarray(made.part.pil()), pixels)


def test_what_an_array_loses_is_told() -> None:
    assert load_reference(np.full((3, 4), 65535, np.uint16)).note == "The array was scaled from 16 to 8 bits."


class Tensor:
    """What a tensor of another library looks like."""

    shape = (4, 5, 3)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.full(self.shape, 0.5)


def test_a_tensor_is_taken_as_an_array() -> None:
    assert load_reference(Tensor()).part.width == 5


@pytest.fixture
def figure() -> Iterator[Figure]:
    from matplotlib import pyplot as plt

    made = plt.figure(figsize=(4, 3), dpi=50)
    made.add_subplot().plot([1, 2, 3])
    yield made
    plt.close("all")


def test_a_figure_is_sent_as_large_as_it_is(figure: Figure) -> None:
    made = load_reference(figure)

    assert (made.part.mime_type, made.part.width, made.part.height) == ("image/png", 200, 150)
    assert made.note == ""


def test_a_vast_figure_is_drawn_smaller() -> None:
    from matplotlib.figure import Figure

    made = load_reference(Figure(figsize=(100, 50), dpi=300))

    assert (made.part.width, made.part.height) == (4096, 2048)
    assert made.note == "The figure was drawn at 41 dots per inch instead of 300."


@pytest.mark.parametrize("shape", [(70_000, 70_000), (8001, 8000, 3)])
def test_a_vast_array_is_refused_by_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match=r"it has too many pixels.*such as array"):
        load_reference(np.broadcast_to(np.uint8(0), shape))


@pytest.mark.parametrize("which", ["axes", "line", "figure within a figure", "axes within that"])
def test_what_is_drawn_in_a_figure_is_its_figure(figure: Figure, which: str) -> None:
    within: Any = figure.subfigures()
    axes = within.subplots()
    given_as: dict[str, Any] = {
        "axes": figure.axes[0],
        "line": figure.axes[0].lines[0],
        "figure within a figure": within,
        "axes within that": axes,
    }

    assert load_reference(given_as[which]).part.data == load_reference(figure).part.data


def test_a_figure_keeps_its_canvas_and_pyplot_its_state(figure: Figure) -> None:
    from matplotlib import pyplot as plt

    def state() -> tuple[Any, ...]:
        size = tuple(figure.get_size_inches())
        return figure.canvas, figure.dpi, size, plt.get_fignums(), plt.gcf(), plt.get_backend()

    other = plt.figure()
    before = state()

    load_reference(figure)

    assert state() == before
    assert plt.gcf() is other


def test_a_figure_without_pyplot_and_a_closed_one_are_drawn(figure: Figure) -> None:
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    plt.close(figure)

    assert load_reference(figure).part.width == 200
    assert load_reference(Figure(figsize=(1, 1), dpi=30)).part.width == 30


def test_a_figure_that_cannot_be_drawn_says_why(figure: Figure) -> None:
    figure.axes[0].set_title(r"$\nosuchcommand$")

    with pytest.raises(OptionError, match=r"The figure cannot be drawn \(ValueError: .*nosuchcommand") as caught:
        load_reference(figure)
    assert "\n" not in str(caught.value)


def test_what_left_its_figure_is_told(figure: Figure) -> None:
    line = figure.axes[0].lines[0]
    line.remove()

    with pytest.raises(OptionError, match="The Line2D is drawn in no figure"):
        load_reference(line)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_a_notebook_shows_as_a_picture_is_one(kind: str) -> None:
    shown = Shown(data=picture(kind), format=kind.lower())

    assert load_reference(shown).part.data == picture(kind)


def test_what_fails_to_show_itself_is_no_picture() -> None:
    class Broken:
        def _repr_png_(self) -> bytes:
            raise RuntimeError("no")

    with pytest.raises(OptionError, match="A Broken is not an image"):
        load_reference(Broken())
    with pytest.raises(OptionError, match="A type is not an image"):
        load_reference(Broken)


def large(side: int = 700) -> Reference:
    return load_reference(Image.effect_noise((side, side), 90).convert("RGB"))


def base64_length(references_made: list[Reference]) -> int:
    return sum(-(-len(each.part.data) // 3) * 4 for each in references_made)


def test_references_that_fit_are_left_alone() -> None:
    given_as = [large(), load_reference(picture())]

    assert fit_references(given_as) == given_as
    assert fit_references([]) == []


def test_the_largest_are_made_smaller_until_all_fit() -> None:
    given_as = [
        load_reference(picture()),
        large(),
        Reference(large(500).part, "A note."),
        load_reference(picture("JPEG")),
    ]
    assert base64_length(given_as) > 1_200_000

    made = fit_references(given_as, max_base64_bytes=1_200_000)

    assert base64_length(made) <= 1_200_000
    assert [made[0], made[3]] == [given_as[0], given_as[3]]
    assert made[1].note == "To fit in one request, reference image 2 was converted from PNG to JPEG."
    assert made[2].note.startswith("A note. To fit in one request, reference image 3 was ")
    assert (made[1].part.width, made[1].part.mime_type) == (700, "image/jpeg")


def test_only_the_largest_is_touched_when_that_is_enough() -> None:
    small, big = large(100), large(900)

    made = fit_references([small, big, small], max_base64_bytes=1_000_000)

    assert made[0] is small
    assert made[2] is small
    assert made[1].part.data != big.part.data


def test_what_can_never_fit_is_one_error() -> None:
    with pytest.raises(OptionError, match="too large together"):
        fit_references([large()] * 5, max_base64_bytes=20_000)


@given(st.lists(st.integers(1, 1000), max_size=20), st.integers(1, 5000))
def test_the_share_of_each_fills_the_room_and_no_more(sizes: list[int], room: int) -> None:
    share = references._compute_max_share(sizes, room)

    assert sum(min(size, share) for size in sizes) <= max(room, 0)
    if sum(sizes) <= room:
        assert all(size <= share for size in sizes)
    else:
        assert sum(min(size, share + 1) for size in sizes) > room - len(sizes)


def test_no_library_is_imported_for_a_value_that_is_not_its_own(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom PIL import Image\nfrom cometmagic.images.references import load_reference\n"
        "load_reference(Image.new('RGB', (4, 4)))\nload_reference(sys.argv[1])\n"
        "try:\n    load_reference(object())\nexcept Exception: pass\n"
        "print(sorted({'numpy', 'matplotlib', 'httpx', 'IPython', 'pandas'} & set(sys.modules)))"
    )
    path = tmp_path / "x.png"
    path.write_bytes(picture())

    done = subprocess.run(
        [sys.executable, "-c", program, path], check=True, capture_output=True, text=True, timeout=60, cwd=tmp_path
    )

    assert done.stdout.strip() == "[]"


def test_a_budget_is_kept() -> None:
    content = encoded(NOISE)

    made = load_reference(content, max_bytes=300_000)

    assert len(made.part.data) <= 300_000 < len(content)
    assert made.note == "The image was scaled from 900 × 600 to 768 × 512 pixels and converted from PNG to JPEG."
    assert opened(made.part.data).size == (768, 512)


def test_reading_stops_as_soon_as_the_images_are_too_large_together(monkeypatch: pytest.MonkeyPatch) -> None:
    content, numbers = picture(), iter(range(10))
    monkeypatch.setattr(references, "MAX_LOADED_BYTES", 3 * len(content))

    with pytest.raises(OptionError, match="too large together"):
        load_references(content for _ in numbers)

    assert next(numbers) == 4
    assert len(load_references([content] * 3)) == 3
