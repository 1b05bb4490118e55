"""No black pictures: numbers that are no brightnesses are refused, and what the error advises makes a picture."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import Image

from cometmagic.errors import OptionError
from cometmagic.images.references import load_reference

BRIGHT = 200  # of 255, at least, is the brightest pixel of what is advised
RANDOM = np.random.default_rng(7)
MASK = RANDOM.integers(0, 2, (12, 16))
CODE = re.compile(r"(?<=: )(?:array|numpy\.|image\.|\(array).*(?=\.$)|(?<=give )image\..*(?=\.$)")


def take(values: Any, high: float, low: float = 0, dtype: str = "f8") -> Any:
    """Return random values of exactly these extremes."""
    pixels = RANDOM.random(values) * (high - low) + low
    pixels.flat[0], pixels.flat[1] = high, low
    return pixels.astype(dtype)


def grey(mode: str, high: float, low: float = 0) -> Image.Image:
    """Return a picture of one band with these extremes."""
    pixels = take((12, 16), high, low, {"L": "u1", "I": "i4", "F": "f4", "I;16": "u2"}[mode])
    return Image.fromarray(pixels)


def spoil(pixels: Any, *values: float) -> Any:
    pixels = pixels.copy()
    for index, value in enumerate(values):
        pixels.flat[index + 3] = value
    return pixels


def encode(picture: Image.Image, kind: str) -> bytes:
    picture.save(buffer := io.BytesIO(), kind)
    return buffer.getvalue()


def load_brightest(value: Any) -> float:
    return float(np.asarray(load_reference(value).part.pil().convert("RGB")).max())


def find_error(value: Any) -> OptionError | None:
    try:
        load_reference(value)
    except OptionError as error:
        return error
    return None


ARRAYS: dict[str, Any] = {
    **{f"mask of {kind}": MASK.astype(kind) for kind in ("u1", "i1", "u2", "i2", ">u2", "u4", "i4", "u8", "i8")},
    "mask of colours": np.repeat(MASK[:, :, None], 3, 2).astype("u1"),
    "mask with opacity": np.repeat(MASK[:, :, None], 4, 2).astype("u1"),
    "mask in one channel": MASK[:, :, None].astype("u1"),
    "mask that covers all": np.ones((4, 4), "u1"),
    "three classes": RANDOM.integers(0, 3, (12, 16)).astype("u1"),
    "four classes of 64 bits": RANDOM.integers(0, 4, (12, 16)),
    "8 bits in 16": take((12, 16), 255, dtype="u2"),
    "8 bits in 16, colours": take((12, 16, 3), 255, dtype="u2"),
    "10 bits in 16": take((12, 16), 1023, dtype="u2"),
    "12 bits in 16": take((12, 16), 4095, dtype="u2"),
    "12 bits in 16, opaque": np.dstack([take((4, 4, 3), 4095, dtype="u2"), np.full((4, 4), 65535, "u2")]),
    "12 bits in 16, signed": take((12, 16), 4095, dtype="i2"),
    "10 bits in 32": take((12, 16), 1000, dtype="i4"),
    "16 bits in 32": take((12, 16), 65535, dtype="i4"),
    "20 bits in 32": take((12, 16), 2**20, dtype="u4"),
    "signed, around 0": take((12, 16), 32767, -32768, "i2"),
    "signs": RANDOM.integers(-1, 2, (12, 16)).astype("i1"),
    "noise above 1": take((12, 16), 1.02),
    "noise around 0 and 1": take((12, 16), 1.05, -0.04, "f4"),
    "half as bright again": take((12, 16), 1.5),
    "digits of 0 to 16": take((8, 8), 16),
    "0 to 255": take((12, 16), 255),
    "-1 to 1": take((12, 16), 1, -1),
    "float16 up to 1.01": take((12, 16), 1.01, dtype="f2"),
    "all that float16 holds": np.array([[-65504, 65504]], "f2"),
    "a constant of 7": np.full((4, 4), 7.0),
    "NaN": spoil(take((12, 16), 1), np.nan),
    "infinity": spoil(take((12, 16), 1), np.inf, -np.inf, np.nan),
    "NaN in 0 to 255": spoil(take((12, 16), 255), np.nan),
    "infinity in 0 to 255": spoil(take((12, 16), 255), np.inf),
}  # fmt: skip
PICTURES: dict[str, Image.Image] = {
    "mask, L": Image.fromarray(MASK.astype("u1")),
    "mask, I": Image.fromarray(MASK.astype("i4")),
    "mask, I;16": Image.fromarray(MASK.astype("u2")),
    "mask, LA": Image.merge("LA", [Image.fromarray(MASK.astype("u1")), Image.new("L", (16, 12), 255)]),
    "mask, RGB": Image.merge("RGB", [Image.fromarray(MASK.astype("u1"))] * 3),
    "mask that covers all": Image.new("L", (4, 4), 1),
    "three classes, L": Image.fromarray(RANDOM.integers(0, 3, (12, 16)).astype("u1")),
    "three classes, I": Image.fromarray(RANDOM.integers(0, 3, (12, 16)).astype("i4")),
    "three classes, I;16": Image.fromarray(RANDOM.integers(0, 3, (12, 16)).astype("u2")),
    "8 bits in I;16": grey("I;16", 255),
    "10 bits in I;16": grey("I;16", 1023),
    "12 bits in I;16": grey("I;16", 4095),
    "12 bits, I": grey("I", 4095),
    "16 bits, I": grey("I", 65535),
    "signed, I": grey("I", 500, -500),
    "noise above 1, F": grey("F", 1.02),
    "noise around 0 and 1, F": grey("F", 1.01, -0.02),
    "up to 2, F": grey("F", 2),
    "-1 to 1, F": grey("F", 1, -1),
    "up to 1000, F": grey("F", 1000),
    "NaN, F": Image.fromarray(spoil(take((12, 16), 1, dtype="f4"), np.nan)),
    "NaN at first, F": Image.fromarray(np.roll(spoil(take((12, 16), 1, dtype="f4"), np.nan), -3)),
    "infinity, F": Image.fromarray(spoil(take((12, 16), 1, dtype="f4"), np.inf, -np.inf)),
    "NaN in 0 to 255, F": Image.fromarray(spoil(take((12, 16), 255, dtype="f4"), np.nan)),
    "NaN in 0 to 1000, F": Image.fromarray(spoil(take((12, 16), 1000, dtype="f4"), np.nan, np.inf)),
}  # fmt: skip
FILES = {
    **{f"mask in {kind}": (PICTURES["mask, L"], kind) for kind in ("PNG", "TIFF", "BMP")},
    **{f"12 bits in {kind}": (PICTURES["12 bits in I;16"], kind) for kind in ("PNG", "TIFF")},
    "noise above 1 in TIFF": (PICTURES["noise above 1, F"], "TIFF"),
}
REFUSED = [
    *(pytest.param(array, id=f"array: {name}") for name, array in ARRAYS.items()),
    *(pytest.param(picture, id=f"PIL: {name}") for name, picture in PICTURES.items()),
]


@pytest.mark.parametrize("value", REFUSED)
def test_numbers_that_would_be_black_are_refused_with_advice_that_makes_a_picture(value: Any) -> None:
    code = None
    for _ in range(2):  # what replaces NaN may leave values of 0 to 255, of which the next error speaks
        if (error := find_error(value)) is None:
            break
        assert str(error).isprintable()
        code = CODE.search(error.advice)
        assert code, error.advice
        value = eval(code[0], {"array": value, "image": value, "numpy": np})  # noqa: S307  # what a user would type

    assert code
    assert load_brightest(value) >= BRIGHT


@pytest.mark.parametrize(("picture", "kind"), FILES.values(), ids=FILES)
def test_a_file_of_such_numbers_is_refused(picture: Image.Image, kind: str) -> None:
    with pytest.raises(OptionError, match="The image's values run from") as caught:
        load_reference(encode(picture, kind))

    code = CODE.search(caught.value.advice)
    assert code
    with PIL.Image.open(io.BytesIO(encode(picture, kind))) as image:
        assert load_brightest(eval(code[0], {"image": image})) >= BRIGHT  # noqa: S307


@pytest.mark.parametrize("mode", ["L", "F"])
def test_an_open_file_of_a_mask_is_refused(mode: str) -> None:
    content = encode(PICTURES["mask, L"] if mode == "L" else PICTURES["noise above 1, F"], "TIFF")

    with PIL.Image.open(io.BytesIO(content)) as lazy, pytest.raises(OptionError, match="values run from"):
        load_reference(lazy)


@pytest.mark.parametrize("value", [np.full((4, 4), np.nan), Image.fromarray(np.full((4, 4), np.nan, "f4"))])
def test_nothing_but_nan_is_no_picture(value: Any) -> None:
    with pytest.raises(OptionError, match="no numbers, only NaN") as caught:
        load_reference(value)

    assert "Give another" in caught.value.advice


NIGHT = RANDOM.gamma(1.2, 6, (40, 60, 3)).clip(0, 60)
SENT: dict[str, Any] = {
    "night photo": NIGHT.astype("u1"),
    "night photo, grey": NIGHT[:, :, 0].astype("u1"),
    "night photo, PIL": Image.fromarray(NIGHT.astype("u1")),
    "night photo, floats": NIGHT / 255,
    "night photo, 16 bits": (NIGHT * 257).astype("u2"),
    "night photo, I": Image.fromarray(NIGHT[:, :, 0].astype("i4")),
    "night photo, F": Image.fromarray(NIGHT[:, :, 0].astype("f4")),
    "night photo, PNG": encode(Image.fromarray(NIGHT[:, :, 0].astype("u1")), "PNG"),
    "mask of truths": MASK.astype(bool),
    "mask of 255": (MASK * 255).astype("u1"),
    "mask of floats": MASK.astype("f4"),
    "mask, PIL 1": Image.fromarray(MASK.astype(bool)),
    "mask, PIL F": Image.fromarray(MASK.astype("f4")),
    "palette": Image.fromarray(MASK.astype("u1")).convert("P"),
    **{f"black, {kind}": np.zeros((5, 6), kind) for kind in ("u1", "i1", "u2", "i4", "u8", "f4", "f8", "?")},
    "black colours": np.zeros((5, 6, 3), "u1"),
    "black and opaque": np.dstack([np.zeros((4, 4, 3), "u1"), np.full((4, 4), 255, "u1")]),
    "black and opaque, 16 bits": np.dstack([np.zeros((4, 4, 3), "u2"), np.full((4, 4), 65535, "u2")]),
    "transparent": np.zeros((4, 4, 4), "u1"),
    **{f"black, PIL {mode}": Image.new(mode, (5, 6)) for mode in ("1", "L", "LA", "RGB", "RGBA", "I", "F", "I;16")},
    "black PNG": encode(Image.new("L", (5, 6)), "PNG"),
    "nearly black canvas": np.full((5, 6, 3), 3, "u1"),
    "rounded above 1": np.array([[0, 1 + 1e-7]]),
    "rounded above 1, F": Image.fromarray(np.array([[0, np.nextafter(np.float32(1), np.float32(2))]], "f4")),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_night_photos_black_canvases_and_clear_masks_are_sent(name: str) -> None:
    brightest = load_brightest(SENT[name])

    low, high = (50, 65) if "night" in name else (0, 3) if "black" in name or "transparent" in name else (255, 255)
    if name != "palette":
        assert low <= brightest <= high
