"""The declaration of every option: its type, choices, help, default and place in the request.

The magic's parser, the help text, `%config`, Python's keyword arguments, the README's table and the request
encoder all read these three classes. A new option is one new field here. This module knows where a value goes
in a request (`json_path`), not how a request is written: that is the job of gemini.encode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs, ValueLists
from cometmagic.options.models import DEFAULT_MODEL
from cometmagic.options.option_group import Option, OptionGroup, check_option_name, declare
from cometmagic.options.option_types import Choice, Flag, NotebookValues, Number, PreviousResult, Text, VariableName
from cometmagic.options.pixel_sizes import ASPECT_RATIOS, IMAGE_SIZES

GENERATION_CONFIG = "generationConfig"
IMAGE_CONFIG = f"{GENERATION_CONFIG}.imageConfig"
THINKING_CONFIG = f"{GENERATION_CONFIG}.thinkingConfig"

SAFETY_CATEGORIES = {
    "harassment": "HARM_CATEGORY_HARASSMENT",
    "hate": "HARM_CATEGORY_HATE_SPEECH",
    "sexual": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "dangerous": "HARM_CATEGORY_DANGEROUS_CONTENT",
}
SAFETY_THRESHOLDS = {
    "none": "BLOCK_NONE",
    "high": "BLOCK_ONLY_HIGH",
    "medium": "BLOCK_MEDIUM_AND_ABOVE",
    "low": "BLOCK_LOW_AND_ABOVE",
    "off": "OFF",
}
SOURCES = ("auto", "live", "replay", "offline")
CODE_KINDS = ("curl", "httpx", "google-genai", "magic")
MAX_IMAGES_PER_CELL = 100  # a typing error must not cost a fortune
MAX_PRICE_RATIO = 100
_TIMEOUT_TYPE = Number(0.01, 86_400, unit="S")


@dataclass(frozen=True, kw_only=True)
class Options(OptionGroup):
    """What is sent to the service."""

    TITLE: ClassVar[str] = "API options"

    model: str = declare(Text("ID"), "the model; any name is passed on", default=DEFAULT_MODEL, short_flag="-m")
    aspect_ratio: str | None = declare(
        Choice(ASPECT_RATIOS, "R"),
        "shape of the picture; left out, the model decides",
        short_flag="-a",
        json_path=f"{IMAGE_CONFIG}.aspectRatio",
    )
    image_size: str | None = declare(
        Choice(IMAGE_SIZES, "S"), "resolution; left out, 1K", short_flag="-s", json_path=f"{IMAGE_CONFIG}.imageSize"
    )
    thoughts: bool = declare(
        Flag(),
        "ask for the drafts and thoughts, and show them",
        default=False,
        short_flag="-t",
        json_path=f"{THINKING_CONFIG}.includeThoughts",
    )
    thinking: str | None = declare(
        Choice(("minimal", "low", "medium", "high"), "LEVEL"),
        "how long the model may think",
        json_path=f"{THINKING_CONFIG}.thinkingLevel",
    )
    search: tuple[str, ...] | None = declare(
        ChoiceList(Choice(("web", "image"))),
        "let the model look things up; one or both, separated by a comma",
        json_path="tools",
    )
    system: str | None = declare(Text(), "instruction that stands above the prompt", json_path="systemInstruction")
    temperature: float | None = declare(
        Number(0, 2),
        "randomness, 0 to 2; Google advises to leave it at 1",
        json_path=f"{GENERATION_CONFIG}.temperature",
    )
    top_p: float | None = declare(Number(0, 1), "nucleus sampling, 0 to 1", json_path=f"{GENERATION_CONFIG}.topP")
    top_k: int | None = declare(
        Number(1, 1000, is_whole=True), "sample from the K likeliest tokens", json_path=f"{GENERATION_CONFIG}.topK"
    )
    seed: int | None = declare(
        Number(-(2**31), 2**31 - 1, is_whole=True),
        "a fixed seed; the same one need not give the same picture",
        json_path=f"{GENERATION_CONFIG}.seed",
    )
    max_output_tokens: int | None = declare(
        Number(1, 1_000_000, is_whole=True),
        "limit on the answer, thoughts included",
        json_path=f"{GENERATION_CONFIG}.maxOutputTokens",
    )
    safety: dict[str, str] = declare(
        Pairs(SAFETY_CATEGORIES, SAFETY_THRESHOLDS, "CATEGORY=THRESHOLD"),
        f"block threshold, repeatable; categories {', '.join(SAFETY_CATEGORIES)}; "
        f"thresholds {', '.join(SAFETY_THRESHOLDS)}",
        default={},
        json_path="safetySettings",
        is_repeatable=True,
    )
    image_only: bool = declare(
        Flag(),
        "ask for no text; a refusal then arrives without its words",
        default=False,
        json_path=f"{GENERATION_CONFIG}.responseModalities",
    )
    extra: dict[str, Any] = declare(
        JsonObject(), "merged last into the request body: any field the API may gain", default={}
    )


@dataclass(frozen=True, kw_only=True)
class CellOptions(OptionGroup):
    """What concerns the notebook and the disk, and is never sent to the service."""

    TITLE: ClassVar[str] = "Cell options"

    image: tuple[Any, ...] = declare(
        NotebookValues(),
        "reference image, repeatable: a variable (PIL image, array, figure, bytes, path, result, upload, response, "
        "open file), Out[n], a file, an http(s) address or a data: URI",
        default=(),
        short_flag="-i",
        is_repeatable=True,
    )
    on: str | None = declare(
        Text("COLOUR"), "colour behind the transparent areas of reference images, such as white or #ffeedd"
    )
    edit: Any = declare(
        PreviousResult(), "edit the last result, or the one of this name or id: its image is sent", short_flag="-e"
    )
    chat: Any = declare(
        PreviousResult(), "go on with the last or named result as a conversation, its earlier turns included"
    )
    count: int = declare(
        Number(1, MAX_IMAGES_PER_CELL, is_whole=True), "so many pictures at once", default=1, short_flag="-n"
    )
    sweep: dict[str, tuple[Any, ...]] = declare(
        ValueLists(),
        "a picture for each value, repeatable: all combinations at once; values with commas in a JSON list",
        default={},
        is_repeatable=True,
    )
    into: str | None = declare(VariableName(), "put the result in this variable", short_flag="-o")
    save: str | None = declare(Text("PATH"), "also save the original there: a file or a folder; never overwrites")
    preview: int = declare(
        Number(0, 16384, is_whole=True),
        "longest side in pixels of what the notebook embeds; 0 embeds the original",
        default=1024,
    )
    html: bool = declare(
        Flag(),
        "show images and captions as HTML; without it Markdown exports write the images as files",
        default=True,
    )
    alt: str | None = declare(Text(), "alternative text of the picture; left out, the prompt")
    source: str = declare(
        Choice(SOURCES, "S"),
        "where the picture comes from; auto is live with a key, else a recording, else a sketch",
        default="auto",
    )
    preset: str | None = declare(Text("NAME"), "options and prompt frame from pyproject.toml")
    dry_run: bool = declare(Flag(), "show what would be sent and what it may cost; send nothing", default=False)
    show_code: str | None = declare(
        Choice(CODE_KINDS, "KIND"), "show the request as a program; the key only as $COMETAPI_KEY; send nothing"
    )
    background: bool = declare(Flag(), "give the prompt back at once; the picture appears when it comes", default=False)
    fetch: bool = declare(
        Flag(),
        "if only the address of the picture comes, get it from there: https only, without your key",
        default=False,
    )
    strip_exif: bool = declare(
        Flag(), "send reference images without their metadata: EXIF, GPS position, XMP, comments", default=False
    )
    private_urls: bool = declare(Flag(), "let addresses of images lead into your own network", default=False)
    allow_secret: bool = declare(
        Flag(), "send texts that look like they hold a key or token; your own API key is never sent", default=False
    )


@dataclass(frozen=True, kw_only=True)
class Limits(OptionGroup):
    """Limits on the cost, time and number of calls. A variable sets one as well: COMETMAGIC_DAY_CAP=5."""

    TITLE: ClassVar[str] = "Limits"

    max_cost: float | None = declare(
        Number(0, 10_000, unit="USD"), "refuse before sending when the call may cost more than this"
    )
    session_cap: float | None = declare(
        Number(0, 1_000_000, unit="USD"), "refuse what would bring this session's spending above this"
    )
    day_cap: float | None = declare(
        Number(0, 1_000_000, unit="USD"),
        "refuse what would bring today's spending in this library above this, all notebooks together",
    )
    price_ratio: float = declare(
        Number(0.01, MAX_PRICE_RATIO), "what you really pay for one dollar of the list price, such as 0.8", default=1.0
    )
    retry_unknown: int = declare(
        Number(0, 3, is_whole=True),
        "send again up to N times when it is not known what became of a request; each may cost a whole picture",
        default=0,
    )
    at_once: int = declare(Number(1, 64, is_whole=True), "calls under way together", default=8)
    largest_answer: int = declare(
        Number(1, 100_000, is_whole=True, unit="MB"), "megabytes an answer may have, packed or unpacked", default=256
    )
    connect_timeout: float = declare(_TIMEOUT_TYPE, "seconds to connect in", default=10.0)
    write_timeout: float = declare(_TIMEOUT_TYPE, "seconds the service may take no byte of the request", default=60.0)
    idle_timeout: float = declare(_TIMEOUT_TYPE, "seconds the service may send nothing", default=300.0)
    total_timeout: float = declare(
        _TIMEOUT_TYPE, "seconds for all of it, waits and further tries included", default=600.0
    )


GROUPS = (Options, CellOptions, Limits)

# What visitors of a page without cells may set in a panel: nothing that reaches files, variables, networks or limits.
VISITOR_OPTIONS = (
    *("model", "aspect_ratio", "image_size", "thoughts", "thinking", "search", "system", "temperature", "top_p"),
    *("top_k", "seed", "image_only", "edit", "chat", "count", "alt"),
)
MAX_VISITOR_COUNT = 4  # images of one request of a visitor


def list_options() -> dict[str, Option]:
    """Return the options of all groups by name."""
    return {name: option for group in GROUPS for name, option in group.list_options().items()}


def build_options(raw_values: dict[str, Any]) -> tuple[Options, CellOptions, Limits]:
    """Parse values by option name, and return the three groups of options.

    Raises `OptionError` for an unknown name (with a suggestion) or a bad value (with the choices).
    """
    options = list_options()
    for name in raw_values:
        check_option_name(name, options)

    def select(group: type[OptionGroup]) -> dict[str, Any]:
        return {name: value for name, value in raw_values.items() if name in group.list_options()}

    return Options.build(select(Options)), CellOptions.build(select(CellOptions)), Limits.build(select(Limits))
