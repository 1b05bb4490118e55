"""Arrays: what is clearly a picture is one, and everything else says how to make it one."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.errors import OptionError
from cometmagic.images.arrays import BIT_DEPTH_NOTE, create_picture, is_array
from cometmagic.images.bands import BAND_PIXELS
from tests.bench import memory


def convert_to_uint8(value: Any) -> tuple[Any, str]:
    """Return the pixels of an array as a picture, and how they were converted."""
    made, conversion = create_picture(value)
    return np.asarray(made), conversion


@pytest.mark.parametrize(
    ("shape", "made"),
    [((2, 3), (2, 3)), ((2, 3, 1), (2, 3)), ((2, 3, 3), (2, 3, 3)), ((2, 3, 4), (2, 3, 4)), ((1, 1), (1, 1)),
     ((3, 5, 4), (3, 5, 4)), ((4, 4, 4), (4, 4, 4)), ((1, 9, 3), (1, 9, 3))],
)  # fmt: skip
def test_shapes_that_are_pictures(shape: tuple[int, ...], made: tuple[int, ...]) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)

    values, done = convert_to_uint8(pixels)

    assert values.shape == made
    assert values.dtype == np.uint8
    assert np.array_equal(values, pixels.reshape(made))
    assert done == ""


VALUES: list[tuple[Any, list[int]]] = [
    (np.array([[0, 1, 254, 255]], np.uint8), [0, 1, 254, 255]),
    (np.array([[True, False]]), [255, 0]),
    (np.array([[0.0, 0.5, 1.0]]), [0, 128, 255]),
    (np.array([[0.0, 0.25, 1.0]], np.float16), [0, 64, 255]),
    (np.array([[0.0, 1 / 3, 1.0]], np.float32), [0, 85, 255]),
    (np.array([[-1e-9, 1.0000001]]), [0, 255]),
    (np.array([[0.0, 1.0]], np.longdouble), [0, 255]),
    (np.array([[0, 128, 255]]), [0, 128, 255]),
    (np.array([[0, 255]], np.int16), [0, 255]),
    (np.array([[0, 127]], np.int8), [0, 127]),
    (np.array([[0, 255]], np.uint64), [0, 255]),
    (np.array([[0, 257, 32896, 65535]], np.uint16), [0, 1, 128, 255]),
    (np.array([[0, 257, 32896, 65535]], ">u2"), [0, 1, 128, 255]),
    (np.array([[0.0, 1.0]], ">f8"), [0, 255]),
    (np.zeros((4, 4), np.uint8)[::-2, ::2], [0, 0]),
    (np.ma.masked_array([[1, 2]]), [1, 2]),
]


@pytest.mark.parametrize(("given_array", "expected"), VALUES, ids=range(len(VALUES)))
def test_values_become_eight_bits(given_array: Any, expected: list[int]) -> None:
    before = given_array.copy()

    values, done = convert_to_uint8(given_array)

    assert values[0].tolist() == expected
    assert done == (BIT_DEPTH_NOTE if given_array.dtype.itemsize == 2 and given_array.dtype.kind == "u" else "")
    assert np.array_equal(given_array, before)


REFUSED: list[tuple[Any, str, str]] = [
    (np.array(3.0), "has no dimensions", "height × width"),
    (np.zeros(5), "shape is 5, which is no picture", "height × width"),
    (np.zeros((2, 3, 2)), "shape is 2 × 3 × 2, which is no picture", "height × width"),
    (np.zeros((2, 3, 5)), "which is no picture", "height × width"),
    (np.zeros((3, 20, 30)), "the channels come first", "array.transpose(1, 2, 0)"),
    (np.zeros((1, 20, 30)), "the channels come first", "array.transpose(1, 2, 0)"),
    (np.zeros((7, 20, 30, 3)), "a batch of pictures", "array[0]"),
    (np.zeros((1, 3, 20, 30)), "a batch of pictures", "array[0]"),
    (np.zeros((1, 1, 3, 20, 30)), "which is no picture", "height × width"),
    (np.zeros((0, 5)), "it is empty", "pixels"),
    (np.zeros((5, 0, 3)), "it is empty", "pixels"),
    (np.zeros(0), "it is empty", "pixels"),
    (np.full((2, 2), np.nan), "NaN or infinite", "numpy.nan_to_num(array)"),
    (np.array([[0.5, np.inf]]), "NaN or infinite", "numpy.nan_to_num(array)"),
    (np.array([[0.0, 255.0]]), "run from 0 to 255; float64 must lie in 0 to 1", "Scale it: array / 255."),
    (np.array([[0.0, 1.5]]), "run from 0 to 1.5", "(array - array.min()) / numpy.ptp(array)"),
    (np.array([[-1.0, 1.0]], np.float32), "run from -1 to 1; float32", "(array - array.min()) / numpy.ptp(array)"),
    (np.array([[0.0, 4000.0]]), "run from 0 to 4000", "numpy.ptp"),
    (np.array([[-1, 255]]), "run from -1 to 255; int64 must lie in 0 to 255", "array.clip(0, 255).astype('uint8')"),
    (np.array([[0, 256]], np.int16), "run from 0 to 256; int16", "clip"),
    (np.array([[1j]]), "holds complex128", "astype"),
    (np.array([[None]]), "holds object", "astype"),
    (np.array([["a"]]), "holds <U1", "astype"),
    (np.array([["2026"]], "datetime64[D]"), "holds datetime64[D]", "astype"),
    (np.zeros((2, 2), [("r", "u1")]), "holds [('r', 'u1')]", "astype"),
    (np.ma.masked_array([[1, 2]], [[True, False]]), "masked values", "array.filled(0)"),
]


@pytest.mark.parametrize(("given_array", "told", "remedy"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_clear_picture_says_how_to_make_it_one(given_array: Any, told: str, remedy: str) -> None:
    with pytest.raises(OptionError) as caught:
        convert_to_uint8(given_array)

    assert told in caught.value.message
    assert remedy in caught.value.advice
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "remedy", ["array / 255", "(array - array.min()) / numpy.ptp(array)", "array.transpose(1, 2, 0)"]
)
def test_what_an_error_advises_works(remedy: str) -> None:
    array = next(array for array, _, do in REFUSED if remedy in do)

    assert convert_to_uint8(eval(remedy, {"array": array, "numpy": np}))  # noqa: S307  # what a user would type


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_floats_keep_their_order_and_their_place(brightness: list[float]) -> None:
    values, _ = convert_to_uint8(np.array([brightness]))

    assert np.abs(values[0] / 255 - np.array(brightness)).max() <= 0.5 / 255 + 1e-9


class Tensor:
    def __init__(self, made: Any) -> None:
        self.made = made

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


class Table(Tensor):
    """What a pandas DataFrame looks like."""

    iloc = None


def test_what_is_an_array() -> None:
    assert is_array(np.zeros(3))
    assert is_array(Tensor(np.zeros((2, 2))))
    assert not is_array(Table(np.zeros((2, 2))))
    assert not any(
        is_array(given_as) for given_as in (np.float32(1), np.ndarray, Tensor, [1], None, "x", b"x", object())
    )


REPEATED = [((7700, 7700, 3), "f8"), ((7700, 7700, 3), "i8"), ((7700, 7700, 3), "u1"), ((7700, 7700), "f2")]


@pytest.mark.full
@pytest.mark.skipif(memory.reset_peak() is None, reason="only Linux tells a process's peak")
@pytest.mark.parametrize(("shape", "dtype"), REPEATED)
def test_an_array_that_repeats_one_pixel_takes_no_more_than_its_picture(shape: tuple[int, ...], dtype: str) -> None:
    before = memory.reset_peak()

    create_picture(np.broadcast_to(np.zeros((1,) * len(shape), dtype), shape))

    assert (memory.status("VmHWM") or 0) - (before or 0) < 320_000_000


@pytest.mark.parametrize("dtype", ["f8", "i8", "u1", "u2", "?"])
def test_an_array_is_converted_in_bands(dtype: str) -> None:
    shape = (1500, 1600, 3)
    tracemalloc.start()
    try:
        create_picture(np.broadcast_to(np.zeros((1, 1, 1), dtype), shape))
        _, peak = tracemalloc.get_traced_memory()  # of numpy, not of Pillow
    finally:
        tracemalloc.stop()

    assert peak < 2.5 * BAND_PIXELS * 3 * 8


@pytest.mark.parametrize("shape", [(1, 60_000_000, 3), (60_000_000, 1), (1 << 30, 1 << 30, 3)])
def test_an_array_of_an_impossible_shape_is_refused_before_it_is_copied(shape: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="too many pixels"):
        create_picture(np.broadcast_to(np.zeros((1,) * len(shape), "u1"), shape))


@pytest.mark.parametrize("rows", [624, 625, 626, 1251])
def test_bands_meet(rows: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (rows, 1600, 3), np.uint8)

    assert np.array_equal(convert_to_uint8(pixels)[0], pixels)


def test_a_tensor_that_cannot_be_read_is_told() -> None:
    with pytest.raises(OptionError, match=r"The Tensor cannot be read as an array \(TypeError\)"):
        convert_to_uint8(Tensor(TypeError("can't convert cuda:0 device type tensor to numpy")))
