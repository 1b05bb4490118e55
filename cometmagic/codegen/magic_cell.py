"""A request as a cell: `%%gemini_image`, its options, and the prompt byte for byte.

Images between texts, and texts in which the template would replace a `{{name}}`, become variables. If there are
variables, invisible characters or lines that IPython would change, the cell calls the magic from Python and sends
the same request. This module knows neither IPython nor the panel.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cometmagic.codegen.assets import AssetStore
from cometmagic.codegen.literals import Block, format_python_string, format_tree
from cometmagic.errors import LibraryError, OptionError, TemplateError
from cometmagic.gemini.parts import ImagePart, Part, PromptPart, RawPart, TextPart
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.command_line import format_option
from cometmagic.options.template import find_used_names, render_template
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.system.sanitize import clean

MAGIC_NAME = "gemini_image"
_BLANK_LINE = re.compile(r"^[^\S\n]+$", re.MULTILINE)  # IPython 9 empties such lines
_CONSOLE_PROMPT = re.compile(r"^\s*(?:>>>|\.{3}|(?:\[(?:nav|ins)\] ?)?In \[\d+\]:)", re.MULTILINE)


@dataclass(frozen=True)
class ParentCall:
    """The call that a request continues, and by which option: `mode` is `chat` or `edit`."""

    mode: str
    folder: CallFolder


@dataclass(frozen=True)
class CellContent:
    """What a cell contains besides its options: prompt, variables, and `references` as paths for `--image`.

    `mode` is `chat` or `edit` when the request continues a call, else empty. `edit` sends that call's image after the
    prompt and before the references.
    """

    prompt: str
    variables: Mapping[str, str | Path]
    references: tuple[str, ...]
    mode: str


def find_parent_call(library: Library, parent: Mapping[str, object] | None) -> ParentCall | None:
    """Return the call that `parent` names, or None when the library does not have it."""
    if parent is None:
        return None
    folder = next((folder for folder in library.iter_folders() if folder.id == parent.get("id")), None)
    return None if folder is None else ParentCall(str(parent.get("how")), folder)


def render_program(request: ImageRequest, asset_store: AssetStore, parent_call: ParentCall | None) -> str:
    """Return a cell that sends the request. Raises `OptionError` when no cell can."""
    content = build_cell_content(request, asset_store.resolve_image, parent_call)
    options = request.options.list_changes()
    if content.mode == "chat":
        options = {"model": request.options.model} | options  # the default would be the earlier call's model
    if parent_call is not None and content.mode:
        options |= {content.mode: parent_call.folder.id}
    text = render_magic_cell(options, content.prompt, content.references, content.variables)
    return text if text.endswith("\n") else f"{text}\n"


def build_cell_content(
    request: ImageRequest,
    locate_image: Callable[[ImagePart], str],
    parent_call: ParentCall | None,
    namespace: Mapping[str, Any] = MappingProxyType({}),
) -> CellContent:
    """Return what a cell for a request contains besides its options. Raises `OptionError` when no cell can send it.

    `locate_image` returns the path of a file with an image; variables in `namespace` are not overwritten.
    """
    parts, images, has_edited_image = _split_parts(request.turns[-1].parts, _read_edited_image(parent_call))
    mode = "edit" if has_edited_image else ""
    if len(request.turns) > 1:
        if parent_call is None or parent_call.mode != "chat":
            advice = "A program with httpx holds the whole conversation."
            raise OptionError(
                "A cell goes on with a conversation by the call's id, and there is none here.", advice=advice
            )
        mode = "chat"
    prompt, variables = _build_prompt(parts, locate_image, namespace)
    references = tuple(format_image_argument(locate_image(image)) for image in images)
    return CellContent(prompt, variables, references, mode)


def format_image_argument(path: str) -> str:
    """Return a path as an argument of `--image`; a bare name would be read as a variable, so it gets a `./`."""
    return f"./{path}" if path.isidentifier() else path


def _split_parts(
    all_parts: tuple[Part, ...], edited_image: bytes | None
) -> tuple[list[PromptPart], list[ImagePart], bool]:
    """Return the parts of the prompt, the images after it, and whether the edited image is between them."""
    parts = [part for part in all_parts if not isinstance(part, RawPart)]
    end = 1 + max((index for index, part in enumerate(parts) if isinstance(part, TextPart)), default=-1)
    images = [part for part in parts[end:] if isinstance(part, ImagePart)]
    for index, image in enumerate(images):
        if edited_image is not None and _has_content(image, edited_image):
            return parts[: end + index], images[index + 1 :], True
    return parts[:end], images, False


def _has_content(part: ImagePart, content: bytes) -> bool:
    try:
        return part.size == len(content) and part.data == content
    except LibraryError:  # the file is gone
        return False


def _read_edited_image(parent_call: ParentCall | None) -> bytes | None:
    """Return the image that `--edit` would send, or None."""
    if parent_call is None or parent_call.mode != "edit":
        return None
    try:
        row = parent_call.folder.find_final_row()
        return parent_call.folder.build_image(row).data if row is not None else None
    except LibraryError:
        return None


def is_literal(text: str) -> bool:
    """Whether the template leaves a text unchanged."""
    try:
        return "".join(piece.value for piece in render_template(text, {})) == text
    except TemplateError:
        return False


def is_plain(text: str) -> bool:
    """Whether a text is still the same after a cell with it is displayed, copied and run."""
    return clean(text, len(text)) == text and not _CONSOLE_PROMPT.search(text) and not _BLANK_LINE.search(text)


def _build_prompt(
    parts: list[PromptPart], locate_image: Callable[[ImagePart], str], namespace: Mapping[str, Any]
) -> tuple[str, dict[str, str | Path]]:
    """Return a prompt, and the variables in it that stand for images and special texts."""
    variables: dict[str, str | Path] = {}
    prompt, texts = "", [part.text for part in parts if isinstance(part, TextPart)]
    for index, part in enumerate(parts):
        if isinstance(part, TextPart) and index and isinstance(parts[index - 1], TextPart):
            advice = "Put the texts together; a program with httpx sends them apart."
            raise OptionError("A cell sends texts that stand side by side as one.", advice=advice)
        if isinstance(part, TextPart) and part.text and is_literal(part.text):
            prompt += part.text
            continue
        kind, value = ("text", part.text) if isinstance(part, TextPart) else ("image", Path(locate_image(part)))
        name = next(
            name
            for name in _iter_names(f"{kind}_{index + 1}")
            if not any(find_used_names(text, (name,)) for text in texts) and _is_free(name, value, namespace)
        )
        variables[name] = value
        prompt += f"{{{{{name}}}}}"
    return prompt, variables


def _iter_names(base_name: str) -> Iterator[str]:
    yield base_name
    for number in itertools.count(2):
        yield f"{base_name}_{number}"


def _is_free(name: str, value: str | Path, namespace: Mapping[str, Any]) -> bool:
    """Whether a variable can be set to `value` without overwriting another value."""
    return name not in namespace or (type(namespace[name]) is type(value) and namespace[name] == value)


def render_magic_cell(
    options: Mapping[str, Any], prompt: str, references: Iterable[str], variables: Mapping[str, str | Path]
) -> str:
    """Return a cell: with the magic on its first line if possible, else in Python that runs the magic.

    `prompt` is a template with the `variables`; `references` are arguments of `--image`.
    """
    flags = [format_option(name, value) for name, value in options.items()]
    line = " ".join([*flags, *(format_option("image", reference) for reference in references)])
    prompt += "\n" * prompt.endswith("\n")  # the last line break of a cell is not part of the prompt
    text = f"%%{MAGIC_NAME} {line}".rstrip() + f"\n{prompt}"
    if not variables and len(line.splitlines()) < 2 and is_plain(text):
        return text
    literals = {
        name: format_python_string(value) if isinstance(value, str) else f"Path({format_python_string(str(value))})"
        for name, value in variables.items()
    }
    imports = "from pathlib import Path\n\n" if any(isinstance(value, Path) for value in variables.values()) else ""
    assignments = "".join(f"{name} = {literal}\n" for name, literal in literals.items())
    arguments = tuple(("", format_python_string(argument)) for argument in (MAGIC_NAME, line, prompt))
    return f"{imports}{assignments}{format_tree(Block('get_ipython().run_cell_magic(', arguments, ')'))}"
