"""What each known image model supports and costs.

Services and model names change faster than this table, so it is only used for warnings and estimates: any model
name and any value is sent. The names of a family share one row; what became of each name is in model_lifecycle.py.
Prices are Google's list prices in US dollars; a relay may charge something else.

Sources: Google's image-generation guide, pricing and deprecation pages and CometAPI's documentation,
as of `CHECK_DATE`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cometmagic.options.pixel_sizes import ASPECT_RATIOS, COMMON_ASPECT_RATIOS, IMAGE_SIZES, fills_size

CHECK_DATE = "2026-11-22"


@dataclass(frozen=True, kw_only=True)
class Model:
    """One family of models. `image_prices` are dollars per image, the other prices dollars per million tokens.

    `image_tokens` are those of an image that the model makes, by size from small to large; `reference_tokens` are those
    of one that is sent.
    """

    names: tuple[str, ...]
    title: str
    aspect_ratios: tuple[str, ...] = COMMON_ASPECT_RATIOS
    image_sizes: tuple[str, ...] = ("1K", "2K", "4K")
    thinking_levels: tuple[str, ...] = ("minimal", "high")
    search_kinds: tuple[str, ...] = ()
    max_references: int = 14
    has_system_instruction: bool = True
    has_signatures: bool = True  # on its images, which cannot be sent back without them
    image_prices: dict[str, float] = field(default_factory=dict)
    image_tokens: dict[str, int] = field(default_factory=dict)
    reference_tokens: int = 1120
    text_input_price: float = 0.0
    text_output_price: float = 0.0
    image_output_price: float = 0.0

    def classify_size(self, width: int | None, height: int | None) -> str:
        """Return the largest size of this model that a picture fills, the smallest one if its pixels are unknown."""
        pixel_count, smallest, *larger = (width or 0) * (height or 0), *self.image_tokens
        filled = [size for size in larger if fills_size(pixel_count, size)]
        return filled[-1] if filled else smallest


CONTEXT_TOKENS = 131_072  # the largest window of an image model: no call has more tokens of one kind
OUTPUT_TOKENS = 32_768  # the most of words, and of thoughts, that an image model puts out
MIN_REFERENCE_TOKENS = 258  # of one image that is sent, for every model
MAX_REFERENCES = 50  # of one request; far more than a model takes, so with more nothing is read or sent
DEFAULT_MODEL = "gemini-3.1-flash-image-preview"

MODELS = (
    Model(
        names=("gemini-3.1-flash-image-preview", "gemini-3.1-flash-image"),
        title="Nano Banana 2",
        aspect_ratios=ASPECT_RATIOS,
        image_sizes=IMAGE_SIZES,
        search_kinds=("web", "image"),
        image_prices={"512": 0.045, "1K": 0.067, "2K": 0.101, "4K": 0.151},
        image_tokens={"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
        text_input_price=0.50,
        text_output_price=3.0,
        image_output_price=60.0,
    ),
    Model(
        names=("gemini-3.1-flash-lite-image",),
        title="Nano Banana 2 Lite",
        image_sizes=("1K",),
        image_prices={"1K": 0.0336},
        image_tokens={"1K": 1120},
        text_input_price=0.25,
        text_output_price=1.50,
        image_output_price=30.0,
    ),
    Model(
        names=("gemini-3-pro-image-preview", "gemini-3-pro-image", "nano-banana-pro-preview"),
        title="Nano Banana Pro",
        thinking_levels=(),
        search_kinds=("web",),
        image_prices={"1K": 0.134, "2K": 0.134, "4K": 0.24},
        image_tokens={"1K": 1120, "2K": 1120, "4K": 2000},
        reference_tokens=560,
        text_input_price=2.0,
        text_output_price=12.0,
        image_output_price=120.0,
    ),
    Model(
        names=("gemini-nano-banana-2.1",),
        title="Nano Banana 2.1",
        aspect_ratios=ASPECT_RATIOS,
        thinking_levels=("minimal", "medium", "high"),
        search_kinds=("web", "image"),
        image_prices={"1K": 0.0336, "2K": 0.0505, "4K": 0.0755},
        image_tokens={"1K": 1120, "2K": 1680, "4K": 2520},
        text_input_price=1.50,
        text_output_price=7.50,
        image_output_price=30.0,
    ),
    Model(
        names=("gemini-2.5-flash-image", "gemini-2.5-flash-image-preview"),
        title="Nano Banana",
        image_sizes=("1K",),
        thinking_levels=(),
        max_references=3,
        has_system_instruction=False,
        has_signatures=False,
        image_prices={"1K": 0.039},
        image_tokens={"1K": 1290},
        reference_tokens=258,
        text_input_price=0.30,
        text_output_price=2.50,
        image_output_price=30.0,
    ),
)

_MODELS_BY_NAME = {name: model for model in MODELS for name in model.names}
MODEL_NAMES = tuple(_MODELS_BY_NAME)


def find_model(name: str) -> Model | None:
    """Return the row of a model name, or None when it is not listed."""
    return _MODELS_BY_NAME.get(name.removeprefix("models/"))
