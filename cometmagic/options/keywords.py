"""The options as keyword arguments of Python functions: for type checkers, editors and the Tab key.

`generate(prompt, **options)` takes the options of the declaration. Type checkers and editors read them from the
typed dictionaries below, which cog generates and the gate checks. IPython, `help` and Sphinx read them from the
function itself, which is what `expose_keywords` is for. This module knows the names and value types of options, not
what they do.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypedDict, TypeVar

from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs, ValueLists
from cometmagic.options.declaration import list_options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Choice, Flag, NotebookValues, Number, PreviousResult, Text, VariableName

BATCH_OPTIONS = ("count", "sweep")  # more than one image
PANEL_OPTIONS = ("into",)
# Python has `images`, `plan`, threads and `display(r, exclude=["text/html"])`.
CELL_OPTIONS = ("image", "dry_run", "show_code", "background", "html")
_ANNOTATIONS: dict[type[Any], str] = {
    Choice: "str",
    ChoiceList: "str | Iterable[str]",
    Flag: "bool",
    JsonObject: "Mapping[str, Any] | str",
    NotebookValues: "Any",
    Pairs: "Mapping[str, str]",
    PreviousResult: "Any",
    Text: "str",
    ValueLists: "Mapping[str, Iterable[Any]]",
    VariableName: "str",
}
INDENT = "    "
F = TypeVar("F", bound=Callable[..., Any])

# [[[cog
# from cometmagic.options.keywords import format_typed_dictionaries
# print(format_typed_dictionaries())
# ]]]


class ImageOptions(TypedDict, total=False):
    """What a function that makes one image takes; None means the default."""

    model: str | None
    """The model; any name is passed on."""

    aspect_ratio: str | None
    """Shape of the picture; left out, the model decides."""

    image_size: str | None
    """Resolution; left out, 1K."""

    thoughts: bool | None
    """Ask for the drafts and thoughts, and show them."""

    thinking: str | None
    """How long the model may think."""

    search: str | Iterable[str] | None
    """Let the model look things up; one or both, separated by a comma."""

    system: str | None
    """Instruction that stands above the prompt."""

    temperature: float | None
    """Randomness, 0 to 2; Google advises to leave it at 1."""

    top_p: float | None
    """Nucleus sampling, 0 to 1."""

    top_k: int | None
    """Sample from the K likeliest tokens."""

    seed: int | None
    """A fixed seed; the same one need not give the same picture."""

    max_output_tokens: int | None
    """Limit on the answer, thoughts included."""

    safety: Mapping[str, str] | None
    """Block threshold, repeatable; categories harassment, hate, sexual, dangerous; thresholds none, high, medium, low,
    off."""

    image_only: bool | None
    """Ask for no text; a refusal then arrives without its words."""

    extra: Mapping[str, Any] | str | None
    """Merged last into the request body: any field the API may gain."""

    on: str | None
    """Colour behind the transparent areas of reference images, such as white or #ffeedd."""

    edit: Any
    """Edit the last result, or the one of this name or id: its image is sent."""

    chat: Any
    """Go on with the last or named result as a conversation, its earlier turns included."""

    save: str | None
    """Also save the original there: a file or a folder; never overwrites."""

    preview: int | None
    """Longest side in pixels of what the notebook embeds; 0 embeds the original."""

    alt: str | None
    """Alternative text of the picture; left out, the prompt."""

    source: str | None
    """Where the picture comes from; auto is live with a key, else a recording, else a sketch."""

    preset: str | None
    """Options and prompt frame from pyproject.toml."""

    fetch: bool | None
    """If only the address of the picture comes, get it from there: https only, without your key."""

    strip_exif: bool | None
    """Send reference images without their metadata: EXIF, GPS position, XMP, comments."""

    private_urls: bool | None
    """Let addresses of images lead into your own network."""

    allow_secret: bool | None
    """Send texts that look like they hold a key or token; your own API key is never sent."""

    max_cost: float | None
    """Refuse before sending when the call may cost more than this."""

    session_cap: float | None
    """Refuse what would bring this session's spending above this."""

    day_cap: float | None
    """Refuse what would bring today's spending in this library above this, all notebooks together."""

    price_ratio: float | None
    """What you really pay for one dollar of the list price, such as 0.8."""

    retry_unknown: int | None
    """Send again up to N times when it is not known what became of a request; each may cost a whole picture."""

    at_once: int | None
    """Calls under way together."""

    largest_answer: int | None
    """Megabytes an answer may have, packed or unpacked."""

    connect_timeout: float | None
    """Seconds to connect in."""

    write_timeout: float | None
    """Seconds the service may take no byte of the request."""

    idle_timeout: float | None
    """Seconds the service may send nothing."""

    total_timeout: float | None
    """Seconds for all of it, waits and further tries included."""


class BatchOptions(ImageOptions, total=False):
    """The same for several images: also how many, or which variants."""

    count: int | None
    """So many pictures at once."""

    sweep: Mapping[str, Iterable[Any]] | None
    """A picture for each value, repeatable: all combinations at once; values with commas in a JSON list."""


class PanelOptions(BatchOptions, total=False):
    """The same for a panel: also a variable for the result."""

    into: str | None
    """Put the result in this variable."""


# [[[end]]]


def format_typed_dictionaries() -> str:
    """Return the source text of the typed dictionaries above."""
    image_options = [name for name in list_options() if name not in (*BATCH_OPTIONS, *PANEL_OPTIONS, *CELL_OPTIONS)]
    classes = [
        (
            "ImageOptions",
            "TypedDict",
            "What a function that makes one image takes; None means the default.",
            image_options,
        ),
        (
            "BatchOptions",
            "ImageOptions",
            "The same for several images: also how many, or which variants.",
            BATCH_OPTIONS,
        ),
        ("PanelOptions", "BatchOptions", "The same for a panel: also a variable for the result.", PANEL_OPTIONS),
    ]
    return "".join(_format_class(*parts) for parts in classes) + "\n"


def _format_class(name: str, base: str, docstring: str, option_names: Iterable[str]) -> str:
    options = list_options()
    keywords = "\n\n".join(_format_keyword(options[option_name]) for option_name in option_names)
    return f'\n\nclass {name}({base}, total=False):\n    """{docstring}"""\n\n{keywords}\n'


def _format_keyword(option: Option) -> str:
    docstring = f'"""{option.help[0].upper()}{option.help[1:]}."""'
    lines = textwrap.wrap(docstring, 120, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
    return "\n".join([f"{INDENT}{option.name}: {get_annotation(option)}", *lines])


def get_annotation(option: Option) -> str:
    """Return the Python type of the values that people write for an option, as source text."""
    if isinstance(option.type, Number):
        return f"{'int' if option.type.is_whole else 'float'} | None"
    annotation = _ANNOTATIONS[type(option.type)]
    return annotation if annotation == "Any" else f"{annotation} | None"


def expose_keywords(typed_dictionary: type[Any]) -> Callable[[F], F]:
    """Return a decorator that replaces `**options` in a function's signature by the keywords of a typed dictionary.

    Only the result of `inspect.signature` changes, not what the function accepts.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        parameters = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters += _build_parameters(typed_dictionary)
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return function

    return decorate


def _build_parameters(typed_dictionary: type[Any]) -> Iterator[inspect.Parameter]:
    for option in map(list_options().__getitem__, typed_dictionary.__annotations__):
        values = {"default": option.default, "annotation": get_annotation(option)}
        yield inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, **values)
