"""Which pixels a ratio and a size stand for, and which pictures are not what was asked for."""

from __future__ import annotations

import pytest

from cometmagic.options.pixel_sizes import ASPECT_RATIOS, IMAGE_SIZES, compute_pixel_size, find_deviations

# As Google documents them for 2.5 Flash; 5:4 is nearly half way to 4:3.
PIXELS_OF_2_5 = {
    "1:1": (1024, 1024), "2:3": (832, 1248), "3:2": (1248, 832), "3:4": (864, 1184), "4:3": (1184, 864),
    "4:5": (896, 1152), "5:4": (1152, 896), "9:16": (768, 1344), "16:9": (1344, 768), "21:9": (1536, 672),
}  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "size", "measured"),
    [
        ("1:1", "1K", (1024, 1024)),
        ("16:9", "2K", (2752, 1536)),
        ("9:16", "1K", (768, 1376)),
        ("21:9", "512", (792, 336)),
        ("8:1", "4K", (12288, 1536)),
        ("5:4", "512", (576, 464)),
    ],
)
def test_pixels(ratio: str, size: str, measured: tuple[int, int]) -> None:
    assert compute_pixel_size(ratio, size) == measured


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_every_shape_is_nearly_what_it_is_called(ratio: str, size: str) -> None:
    width, height = compute_pixel_size(ratio, size)
    across, down = map(int, ratio.split(":"))
    assert width / height == pytest.approx(across / down, rel=0.03)


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_every_documented_size_is_as_requested(ratio: str) -> None:
    for size in IMAGE_SIZES:
        assert find_deviations(*compute_pixel_size(ratio, size), ratio, size) == ()
    if ratio in PIXELS_OF_2_5:
        assert find_deviations(*PIXELS_OF_2_5[ratio], ratio, "1K") == ()


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_no_documented_size_passes_for_another(ratio: str) -> None:
    for delivered in ASPECT_RATIOS:
        pixels = (compute_pixel_size(delivered), PIXELS_OF_2_5.get(delivered, compute_pixel_size(delivered)))
        expected = () if delivered == ratio else (f"{delivered} instead of {ratio}",)
        assert [find_deviations(*size, ratio) for size in pixels] == [expected] * 2
    for delivered in IMAGE_SIZES:
        for size in IMAGE_SIZES:
            expected = () if delivered == size else (f"{delivered} instead of {size}",)
            assert find_deviations(*compute_pixel_size(ratio, delivered), ratio, size) == expected


@pytest.mark.parametrize(
    ("pixels", "requested", "expected"),
    [
        # Seen in recordings and reports, and near enough.
        ((1408, 768), ("16:9", ""), ()),
        ((1408, 768), ("16:9", "1K"), ()),
        ((2816, 1536), ("16:9", "2K"), ()),
        ((5632, 3072), ("16:9", "4K"), ()),
        ((1920, 1080), ("16:9", "1K"), ()),  # more than requested, and not twice as much
        ((2000, 2000), ("1:1", "2K"), ()),
        ((1023, 1024), ("1:1", "1K"), ()),
        ((500, 500), ("1:1", "512"), ()),
        # Not requested, or nothing that can be compared.
        ((64, 36), ("", ""), ()),
        ((64, 36), ("auto", "large"), ()),
        ((64, 36), ("16x8", "1024x1024"), ()),
        ((64, 36), ("0:0", "0K"), ()),
        ((64, 36), ("1:0", "K"), ()),
        ((64, 36), ("ASPECT_RATIO_ONE_BY_ONE", "IMAGE_SIZE_ONE_K"), ()),
        # Not what was requested.
        ((1024, 1024), ("16:9", ""), ("1:1 instead of 16:9",)),
        ((1024, 1024), ("16:9", "4K"), ("1:1 instead of 16:9", "1K instead of 4K")),
        ((1376, 768), ("16:9", "4K"), ("1K instead of 4K",)),
        ((768, 1376), ("16:9", "1K"), ("9:16 instead of 16:9",)),
        ((1376, 768), ("9:16", ""), ("16:9 instead of 9:16",)),
        ((1408, 768), ("1:1", "1K"), ("16:9 instead of 1:1",)),
        ((1200, 896), ("5:4", ""), ("4:3 instead of 5:4",)),
        ((2752, 1536), ("16:9", "1K"), ("2K instead of 1K",)),
        ((512, 512), ("1:1", "1K"), ("512 instead of 1K",)),
        ((3840, 2160), ("16:9", "4K"), ("2K instead of 4K",)),
        ((3072, 3072), ("1:1", "4K"), ("3072 × 3072 pixels instead of 4K",)),
        ((64, 64), ("1:1", "1K"), ("64 × 64 pixels instead of 1K",)),
        ((2900, 1000), ("21:9", ""), ("2.9:1 instead of 21:9",)),
        ((1000, 2900), ("9:16", ""), ("1:2.9 instead of 9:16",)),
        ((10, 10000), ("1:8", ""), ("1:1000 instead of 1:8",)),
        # Values of `--extra` that no table has.
        ((672, 1584), ("9:21", ""), ()),
        ((2048, 1024), ("2:1", ""), ()),
        ((1376, 768), ("2:1", ""), ("16:9 instead of 2:1",)),
        ((1024, 1024), ("2:2", "1k"), ()),
        ((1024, 1024), ("1.91:1", "2k"), ("1:1 instead of 1.91:1", "1K instead of 2K")),
        ((512, 512), (" 1:1 ", "0.5K"), ()),
        ((4096, 4096), ("1:1", "8K"), ("4K instead of 8K",)),
    ],
)
def test_what_differs_from_the_request(
    pixels: tuple[int, int], requested: tuple[str, str], expected: tuple[str, ...]
) -> None:
    assert find_deviations(*pixels, *requested) == expected
