"""The pixels that an aspect ratio and an image size stand for, and how a delivered image differs from them.

Services sometimes ignore what was requested, and their images are only near the published table (1408 × 768 for 16:9).
So the aspect ratio of the table that is nearest to an image decides, and the number of its pixels. This module knows
no model, no request and no result.
"""

from __future__ import annotations

import re

COMMON_ASPECT_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
LONG_ASPECT_RATIOS = ("1:4", "4:1", "1:8", "8:1")
ASPECT_RATIOS = COMMON_ASPECT_RATIOS + LONG_ASPECT_RATIOS
IMAGE_SIZES = ("512", "1K", "2K", "4K")

# Width and height at 1K of the portrait ratios; the landscape ratios are their transposes.
_PORTRAIT_PIXELS_1K = {
    "1:1": (1024, 1024),
    "1:4": (512, 2048),
    "1:8": (384, 3072),
    "2:3": (848, 1264),
    "3:4": (896, 1200),
    "4:5": (928, 1152),
    "9:16": (768, 1376),
}
_ULTRAWIDE_PIXELS_1K = (1584, 672)  # 21:9 has no portrait counterpart
_PIXELS_512 = {
    "1:8": (192, 1536),
    "2:3": (424, 632),
    "4:5": (464, 576),
    "9:16": (384, 688),
    "21:9": (792, 336),
}
_SCALE = {"1K": 1, "2K": 2, "4K": 4}

# 4:3 and 5:4 are nearest to each other, with a factor of 1.067; the images of every published table are within 1.03.
MAX_RATIO_FACTOR = 1.08
# Of the pixels of a square of the image size; the table has 0.98 to 1.13.
MIN_PIXEL_SHARE, MAX_PIXEL_SHARE = 0.75, 2.0
_RATIO_PATTERN = re.compile(r"(\d{1,5}(?:\.\d{1,5})?):(\d{1,5}(?:\.\d{1,5})?)", re.ASCII)
_SIZE_PATTERN = re.compile(r"(\d{1,5}(?:\.\d{1,5})?)(K?)", re.ASCII | re.IGNORECASE)


def compute_pixel_size(aspect_ratio: str, image_size: str = "1K") -> tuple[int, int]:
    """Return (width, height) in pixels for an aspect ratio and an image size of the 3.1 family.

    Actual images differ: read the true size from the image. Source: Google's image-generation guide.
    """
    if aspect_ratio == "21:9":
        table_ratio, is_transposed = "21:9", False
        base = _ULTRAWIDE_PIXELS_1K
    else:
        is_transposed = aspect_ratio not in _PORTRAIT_PIXELS_1K
        table_ratio = ":".join(reversed(aspect_ratio.split(":"))) if is_transposed else aspect_ratio
        base = _PORTRAIT_PIXELS_1K[table_ratio]
    if image_size == "512":
        width, height = _PIXELS_512.get(table_ratio, (base[0] // 2, base[1] // 2))
    else:
        width, height = base[0] * _SCALE[image_size], base[1] * _SCALE[image_size]
    return (height, width) if is_transposed else (width, height)


def fills_size(pixel_count: int, image_size: str) -> bool:
    """Whether an image has as many pixels as an image size stands for, or more."""
    return pixel_count >= MIN_PIXEL_SHARE * _parse_side(image_size) ** 2


def find_deviations(width: int, height: int, aspect_ratio: str = "", image_size: str = "") -> tuple[str, ...]:
    """Return how an image of this many pixels differs from what was requested, such as "1:1 instead of 16:9".

    What is empty was not requested, and what cannot be read as an aspect ratio or an image size is not compared.
    """
    ratio, side = _parse_ratio(aspect_ratio), _parse_side(image_size)
    deviations = []
    if ratio and not _has_ratio(width / height, ratio):
        deviations.append(f"{_describe_ratio(width, height)} instead of {aspect_ratio.strip()}")
    if side and not _has_side(width * height, side):
        deviations.append(f"{_describe_size(width, height)} instead of {image_size.strip().upper()}")
    return tuple(deviations)


def _parse_ratio(aspect_ratio: str) -> float:
    """Return width by height; 0 when it cannot be read."""
    match = _RATIO_PATTERN.fullmatch(aspect_ratio.strip())
    width, height = map(float, match.groups()) if match else (0.0, 0.0)
    return width / height if height else 0.0


def _parse_side(image_size: str) -> float:
    """Return the side in pixels of a square of an image size; 0 when it cannot be read."""
    match = _SIZE_PATTERN.fullmatch(image_size.strip())
    return float(match[1]) * (1024 if match[2] else 1) if match else 0.0


_RATIOS = {name: _parse_ratio(name) for name in ASPECT_RATIOS}


def _has_ratio(ratio: float, requested_ratio: float) -> bool:
    """Whether the requested ratio is the nearest one to `ratio`, and not far from it."""
    factor = _compare_ratios(ratio, requested_ratio)
    return factor <= min(MAX_RATIO_FACTOR, *(_compare_ratios(ratio, other) for other in _RATIOS.values()))


def _compare_ratios(first: float, second: float) -> float:
    """Return how many times the larger of two aspect ratios is the smaller."""
    return max(first / second, second / first)


def _has_side(pixel_count: int, side: float) -> bool:
    return MIN_PIXEL_SHARE <= pixel_count / side**2 < MAX_PIXEL_SHARE


def _describe_ratio(width: int, height: int) -> str:
    """Return the name of the nearest aspect ratio, or the ratio itself when none is near."""
    ratio = width / height
    factor, name = min((_compare_ratios(ratio, value), name) for name, value in _RATIOS.items())
    if factor <= MAX_RATIO_FACTOR:
        return name
    return f"{round(ratio, 2):g}:1" if ratio > 1 else f"1:{round(1 / ratio, 2):g}"


def _describe_size(width: int, height: int) -> str:
    """Return the name of the image size, or the pixels when it is none."""
    names = (name for name in IMAGE_SIZES if _has_side(width * height, _parse_side(name)))
    return next(names, f"{width} × {height} pixels")
