"""What each known image model can do and what it costs: dated rows, no behaviour.

Relays and model names change faster than this table, so it only ever warns: a model that is not
listed passes, and so does a value a listed model is not known to take. Preview and released names of
a family share one row. Prices are Google's list prices in US dollars; a relay may charge otherwise.

Sources: Google's image-generation guide, pricing and deprecation pages and CometAPI's documentation,
as of `CHECKED`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CHECKED = "2026-11-22"

COMMON_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
LONG_RATIOS = ("1:4", "4:1", "1:8", "8:1")
RATIOS = COMMON_RATIOS + LONG_RATIOS
SIZES = ("512", "1K", "2K", "4K")

# Width and height at 1K of the ratios that stand upright; the others are their transposes.
_UPRIGHT_1K = {
    "1:1": (1024, 1024),
    "1:4": (512, 2048),
    "1:8": (384, 3072),
    "2:3": (848, 1264),
    "3:4": (896, 1200),
    "4:5": (928, 1152),
    "9:16": (768, 1376),
}
_WIDE_1K = (1584, 672)  # 21:9 has no upright twin
_AT_512 = {
    "1:8": (192, 1536),
    "2:3": (424, 632),
    "4:5": (464, 576),
    "9:16": (384, 688),
    "21:9": (792, 336),
}
_SCALE = {"1K": 1, "2K": 2, "4K": 4}


def pixels(ratio: str, size: str = "1K") -> tuple[int, int]:
    """Return (width, height) in pixels for an aspect ratio and an image size of the 3.1 family.

    Real pictures deviate: read the true size from the picture. Source: Google's image-generation guide.
    """
    if ratio == "21:9":
        upright, turned = "21:9", False
        base = _WIDE_1K
    else:
        turned = ratio not in _UPRIGHT_1K
        upright = ":".join(reversed(ratio.split(":"))) if turned else ratio
        base = _UPRIGHT_1K[upright]
    if size == "512":
        width, height = _AT_512.get(upright, (base[0] // 2, base[1] // 2))
    else:
        width, height = base[0] * _SCALE[size], base[1] * _SCALE[size]
    return (height, width) if turned else (width, height)


@dataclass(frozen=True, kw_only=True)
class Model:
    """One family of models. `prices` is dollars for each image by size; tokens are dollars per million."""

    names: tuple[str, ...]
    title: str
    ratios: tuple[str, ...] = COMMON_RATIOS
    sizes: tuple[str, ...] = ("1K", "2K", "4K")
    thinking: tuple[str, ...] = ("minimal", "high")
    search: tuple[str, ...] = ()
    references: int = 14
    system: bool = True
    signs: bool = True  # whether its images come with thought signatures, without which they cannot be sent back
    prices: dict[str, float] = field(default_factory=dict)
    image_tokens: dict[str, int] = field(default_factory=dict)
    text_in: float = 0.0
    text_out: float = 0.0
    image_out: float = 0.0
    retired: str = ""
    replacement: str = ""


DEFAULT_MODEL = "gemini-3.1-flash-image-preview"

MODELS = (
    Model(
        names=("gemini-3.1-flash-image-preview", "gemini-3.1-flash-image"),
        title="Nano Banana 2",
        ratios=RATIOS,
        sizes=SIZES,
        search=("web", "image"),
        prices={"512": 0.045, "1K": 0.067, "2K": 0.101, "4K": 0.151},
        image_tokens={"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
        text_in=0.50,
        text_out=3.0,
        image_out=60.0,
    ),
    Model(
        names=("gemini-3.1-flash-lite-image",),
        title="Nano Banana 2 Lite",
        sizes=("1K",),
        prices={"1K": 0.0336},
        image_tokens={"1K": 1120},
        image_out=30.0,
    ),
    Model(
        names=("gemini-3-pro-image-preview", "gemini-3-pro-image"),
        title="Nano Banana Pro",
        thinking=(),
        search=("web",),
        prices={"1K": 0.134, "2K": 0.134, "4K": 0.24},
        image_tokens={"1K": 1120, "2K": 1120, "4K": 2000},
        text_in=2.0,
        text_out=12.0,
        image_out=120.0,
    ),
    Model(
        names=("gemini-nano-banana-2.1",),
        title="Nano Banana 2.1",
        ratios=RATIOS,
        thinking=("minimal", "medium", "high"),
        search=("web", "image"),
        prices={"1K": 0.0336, "2K": 0.0505, "4K": 0.0755},
        image_tokens={"1K": 1120, "2K": 1680, "4K": 2520},
        text_in=1.50,
        text_out=7.50,
        image_out=30.0,
    ),
    Model(
        names=("gemini-2.5-flash-image", "gemini-2.5-flash-image-preview"),
        title="Nano Banana",
        sizes=("1K",),
        thinking=(),
        references=3,
        system=False,
        signs=False,
        prices={"1K": 0.039},
        image_tokens={"1K": 1290},
        text_in=0.30,
        text_out=2.50,
        image_out=30.0,
        retired="2026-10-02",
        replacement=DEFAULT_MODEL,
    ),
)

_BY_NAME = {name: model for model in MODELS for name in model.names}
KNOWN = tuple(_BY_NAME)


def lookup(name: str) -> Model | None:
    """Return the row of a model name, or None when it is not listed."""
    return _BY_NAME.get(name.removeprefix("models/"))
