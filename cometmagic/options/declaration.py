"""THE declaration: every option once, with its type, choices, help and place in the JSON.

The magic's parser, the help text, `%config`, Python's keyword arguments, the README's table and the wire
encoder all read these three classes. A new option is one new field here. This module knows
where a value goes in a request (`path`), not how a request is written: that is gemini.encode's.
"""

from __future__ import annotations

import functools
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, Self

from cometmagic.errors import OptionError
from cometmagic.options.models import DEFAULT_MODEL, RATIOS, SIZES
from cometmagic.options.option_types import (
    Anything,
    Choice,
    Earlier,
    Flag,
    JsonObject,
    Kind,
    Lists,
    Name,
    Number,
    Pairs,
    Several,
    Text,
    suggest,
)

GENERATION = "generationConfig"
IMAGE = f"{GENERATION}.imageConfig"
THINKING = f"{GENERATION}.thinkingConfig"

CATEGORIES = {
    "harassment": "HARM_CATEGORY_HARASSMENT",
    "hate": "HARM_CATEGORY_HATE_SPEECH",
    "sexual": "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "dangerous": "HARM_CATEGORY_DANGEROUS_CONTENT",
}
THRESHOLDS = {
    "none": "BLOCK_NONE",
    "high": "BLOCK_ONLY_HIGH",
    "medium": "BLOCK_MEDIUM_AND_ABOVE",
    "low": "BLOCK_LOW_AND_ABOVE",
    "off": "OFF",
}
SOURCES = ("auto", "live", "replay", "offline")
CODE = ("curl", "httpx", "google-genai", "magic")
MOST_AT_ONCE = 100  # pictures of one cell: a typing error must not cost a fortune
_SECONDS = Number(0.01, 86_400, unit="S")


@dataclass(frozen=True)
class Option:
    """One option as every reader sees it."""

    name: str
    kind: Kind
    help: str
    default: Any
    short: str = ""
    path: str = ""
    repeat: bool = False

    @property
    def flag(self) -> str:
        """The long flag, `--aspect-ratio`."""
        return "--" + self.name.replace("_", "-")

    @property
    def flags(self) -> tuple[str, ...]:
        """Short flag first, if there is one."""
        return (self.short, self.flag) if self.short else (self.flag,)


def option(kind: Kind, text: str, *, default: Any = None, short: str = "", path: str = "", repeat: bool = False) -> Any:
    """Declare one field of an options class; its name becomes the flag."""
    about = {"kind": kind, "help": text, "short": short, "path": path, "repeat": repeat}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class _Options:
    """What both classes of options share."""

    TITLE: ClassVar[str] = ""

    @classmethod
    @functools.cache
    def declared(cls) -> dict[str, Option]:
        """Return the options by name, in the order they are declared."""
        return {made.name: made for made in map(_read, fields(cls))}

    @classmethod
    def build(cls, given: dict[str, Any]) -> Self:
        """Return options from values as people write them; None and absent mean the default.

        Raises `OptionError` that names the flag and the choices.
        """
        known, values = cls.declared(), {}
        for name, value in given.items():
            check_known(name, known)
            if value is None:
                continue
            try:
                values[name] = known[name].kind.parse(value)
            except ValueError as error:
                raise OptionError(f"{known[name].flag}: {error}") from None
        return cls(**values)

    def changed(self) -> dict[str, Any]:
        """Return the values that differ from the declaration's defaults."""
        known = self.declared()
        return {name: value for name in known if (value := getattr(self, name)) != known[name].default}


@dataclass(frozen=True, kw_only=True)
class Options(_Options):
    """What goes to the service."""

    TITLE: ClassVar[str] = "API options"

    model: str = option(Text("ID"), "the model; any name is passed on", default=DEFAULT_MODEL, short="-m")
    aspect_ratio: str | None = option(
        Choice(RATIOS, "R"),
        "shape of the picture; left out, the model decides",
        short="-a",
        path=f"{IMAGE}.aspectRatio",
    )
    image_size: str | None = option(
        Choice(SIZES, "S"), "resolution; left out, 1K", short="-s", path=f"{IMAGE}.imageSize"
    )
    thoughts: bool = option(
        Flag(),
        "ask for the drafts and thoughts, and show them",
        default=False,
        short="-t",
        path=f"{THINKING}.includeThoughts",
    )
    thinking: str | None = option(
        Choice(("minimal", "low", "medium", "high"), "LEVEL"),
        "how long the model may think",
        path=f"{THINKING}.thinkingLevel",
    )
    search: tuple[str, ...] | None = option(
        Several(Choice(("web", "image"))),
        "let the model look things up; one or both, separated by a comma",
        path="tools",
    )
    system: str | None = option(Text(), "instruction that stands above the prompt", path="systemInstruction")
    temperature: float | None = option(
        Number(0, 2), "randomness, 0 to 2; Google advises to leave it at 1", path=f"{GENERATION}.temperature"
    )
    top_p: float | None = option(Number(0, 1), "nucleus sampling, 0 to 1", path=f"{GENERATION}.topP")
    top_k: int | None = option(
        Number(1, 1000, whole=True), "sample from the K likeliest tokens", path=f"{GENERATION}.topK"
    )
    seed: int | None = option(
        Number(-(2**31), 2**31 - 1, whole=True),
        "a fixed seed; the same one need not give the same picture",
        path=f"{GENERATION}.seed",
    )
    max_output_tokens: int | None = option(
        Number(1, 1_000_000, whole=True), "limit on the answer, thoughts included", path=f"{GENERATION}.maxOutputTokens"
    )
    safety: dict[str, str] = option(
        Pairs(CATEGORIES, THRESHOLDS, "CATEGORY=THRESHOLD"),
        f"block threshold, repeatable; categories {', '.join(CATEGORIES)}; thresholds {', '.join(THRESHOLDS)}",
        default={},
        path="safetySettings",
        repeat=True,
    )
    image_only: bool = option(
        Flag(),
        "ask for no text; a refusal then arrives without its words",
        default=False,
        path=f"{GENERATION}.responseModalities",
    )
    extra: dict[str, Any] = option(
        JsonObject(), "merged last into the request body: any field the API may gain", default={}
    )


@dataclass(frozen=True, kw_only=True)
class CellOptions(_Options):
    """What concerns the notebook and the disk, and never reaches the service."""

    TITLE: ClassVar[str] = "Cell options"

    image: tuple[Any, ...] = option(
        Anything(),
        "reference image, repeatable: a variable (PIL image, numpy array, matplotlib figure, bytes, path, result), "
        "Out[n], a file or an http(s) address",
        default=(),
        short="-i",
        repeat=True,
    )
    edit: Any = option(Earlier(), "edit the last result, or the one of this name or id: its image is sent", short="-e")
    chat: Any = option(Earlier(), "go on with the last or named result as a conversation, its earlier turns included")
    count: int = option(Number(1, MOST_AT_ONCE, whole=True), "so many pictures at once", default=1, short="-n")
    sweep: dict[str, tuple[Any, ...]] = option(
        Lists(),
        "a picture for each value, repeatable: all combinations at once; values with commas in a JSON list",
        default={},
        repeat=True,
    )
    into: str | None = option(Name(), "put the result in this variable", short="-o")
    save: str | None = option(Text("PATH"), "also save the original there: a file or a folder; never overwrites")
    preview: int = option(
        Number(0, 16384, whole=True),
        "longest side in pixels of what the notebook embeds; 0 embeds the original",
        default=1024,
    )
    alt: str | None = option(Text(), "alternative text of the picture; left out, the prompt")
    source: str = option(
        Choice(SOURCES, "S"),
        "where the picture comes from; auto is live with a key, else a recording, else a sketch",
        default="auto",
    )
    preset: str | None = option(Text("NAME"), "options and prompt frame from pyproject.toml")
    dry_run: bool = option(Flag(), "show what would be sent and what it may cost; send nothing", default=False)
    show_code: str | None = option(
        Choice(CODE, "KIND"), "show the request as a program; the key only as $COMETAPI_KEY; send nothing"
    )
    background: bool = option(Flag(), "give the prompt back at once; the picture appears when it comes", default=False)
    private_urls: bool = option(Flag(), "let addresses of images lead into your own network", default=False)


@dataclass(frozen=True, kw_only=True)
class Limits(_Options):
    """What a call and a session may take: dollars, seconds, calls at once. COMETMAGIC_DAY_CAP=5 sets one as well."""

    TITLE: ClassVar[str] = "Limits"

    max_cost: float | None = option(
        Number(0, 10_000, unit="USD"), "refuse before sending when the call may cost more than this"
    )
    session_cap: float | None = option(
        Number(0, 1_000_000, unit="USD"), "refuse what would bring this session's spending above this"
    )
    day_cap: float | None = option(
        Number(0, 1_000_000, unit="USD"),
        "refuse what would bring today's spending in this library above this, all notebooks together",
    )
    retry_unknown: int = option(
        Number(0, 3, whole=True),
        "send again up to N times when it is not known what became of a request; each may cost a whole picture",
        default=0,
    )
    at_once: int = option(Number(1, 64, whole=True), "calls under way together", default=8)
    largest_answer: int = option(
        Number(1, 100_000, whole=True, unit="MB"), "megabytes an answer may have, packed or unpacked", default=256
    )
    connect_timeout: float = option(_SECONDS, "seconds to connect in", default=10.0)
    write_timeout: float = option(_SECONDS, "seconds the service may take no byte of the request", default=60.0)
    idle_timeout: float = option(_SECONDS, "seconds the service may send nothing", default=300.0)
    total_timeout: float = option(_SECONDS, "seconds for all of it, waits and further tries included", default=600.0)


GROUPS = (Options, CellOptions, Limits)


def _read(made: Field[Any]) -> Option:
    default = made.default_factory() if made.default_factory is not MISSING else made.default
    return Option(name=made.name, default=default, **made.metadata)


def check_known(name: str, known: dict[str, Option]) -> None:
    """Raise `OptionError` for a name that is not among the known ones, with a suggestion."""
    if name not in known:
        raise OptionError(f"There is no option {name!r}{suggest(name, known)}")


def declared() -> dict[str, Option]:
    """Return every option of all classes by name."""
    return {name: option for group in GROUPS for name, option in group.declared().items()}


def build(given: dict[str, Any]) -> tuple[Options, CellOptions, Limits]:
    """Split values as people write them into what is sent, what concerns the notebook, and limits.

    Raises `OptionError` for an unknown name (with a suggestion) or a bad value (with the choices).
    """
    known = declared()
    for name in given:
        check_known(name, known)

    def of(group: type[_Options]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name in group.declared()}

    return Options.build(of(Options)), CellOptions.build(of(CellOptions)), Limits.build(of(Limits))
