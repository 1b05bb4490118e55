"""A request as a cell: `%%gemini_image`, its options, and the prompt byte for byte.

What a prompt cannot hold is put into variables: images between words, text in which a `{{name}}` would be
filled once more. Characters that cannot be seen, and lines that IPython would change, become literals. Such a cell
calls the magic from Python instead, and sends the same.
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
from cometmagic.gemini.parts import ImagePart, Part, TextPart
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
    """The call that a request goes on from, and how: by `chat` or `edit`."""

    mode: str
    folder: CallFolder


@dataclass(frozen=True)
class CellContent:
    """What a cell says: its prompt, the variables in it, paths of the images behind it, and how it goes on, if it does.

    `how` is `chat` or `edit`, which sends its image between the prompt and the others.
    """

    prompt: str
    variables: Mapping[str, str | Path]
    references: tuple[str, ...]
    mode: str


def find_parent_call(library: Library, parent: Mapping[str, str] | None) -> ParentCall | None:
    """Return the call that `parent` names, None when the library does not have it."""
    if not isinstance(parent, dict):
        return None
    folder = next((folder for folder in library.iter_folders() if folder.id == parent.get("id")), None)
    return None if folder is None else ParentCall(str(parent.get("how")), folder)


def render_program(request: ImageRequest, asset_store: AssetStore, parent_call: ParentCall | None) -> str:
    """Return a cell that sends the request. Raises `OptionError` for what no cell sends."""
    said, options = build_cell_content(request, asset_store.resolve_image, parent_call), request.options.list_changes()
    if said.mode == "chat":
        options = {"model": request.options.model} | options  # or it is the earlier call's
    if parent_call is not None and said.mode:
        options |= {said.mode: parent_call.folder.id}
    text = render_magic_cell(options, said.prompt, said.references, said.variables)
    return text if text.endswith("\n") else f"{text}\n"


def build_cell_content(
    request: ImageRequest,
    locate_image: Callable[[ImagePart], str],
    parent_call: ParentCall | None,
    namespace: Mapping[str, Any] = MappingProxyType({}),
) -> CellContent:
    """Return what a cell says for a request beside its options. Raises `OptionError` for what no cell says.

    `place` gives the path of a file that holds an image, `names` are variables that must not be lost.
    """
    parts, behind, edits = _split_parts(request.turns[-1].parts, _read_edited_image(parent_call))
    how = "edit" * edits
    if len(request.turns) > 1:
        if parent_call is None or parent_call.mode != "chat":
            do = "A program with httpx holds the whole conversation."
            raise OptionError("A cell goes on with a conversation by the call's id, and there is none here.", advice=do)
        how = "chat"
    prompt, variables = _build_prompt(parts, locate_image, namespace)
    return CellContent(prompt, variables, tuple(format_image_argument(locate_image(image)) for image in behind), how)


def format_image_argument(path: str) -> str:
    """Return a path as `--image` takes it: a file without a suffix is not to be read as a variable of its name."""
    return f"./{path}" if path.isidentifier() else path


def _split_parts(parts: tuple[Part, ...], edited_image: bytes | None) -> tuple[list[Part], list[ImagePart], bool]:
    """Return what the cell's text says, the images behind it, and whether one between them is the edited one."""
    end = 1 + max((at for at, part in enumerate(parts) if isinstance(part, TextPart)), default=-1)
    behind = [part for part in parts[end:] if isinstance(part, ImagePart)]
    for at, part in enumerate(behind):
        if edited_image is not None and _has_content(part, edited_image):
            return list(parts[: end + at]), behind[at + 1 :], True
    return list(parts[:end]), behind, False


def _has_content(part: ImagePart, content: bytes) -> bool:
    try:
        return part.size == len(content) and part.data == content
    except OSError:  # its file is gone
        return False


def _read_edited_image(parent_call: ParentCall | None) -> bytes | None:
    """Return the image that `--edit` would send, None when there is none."""
    if parent_call is None or parent_call.mode != "edit":
        return None
    try:
        images = [row for row in parent_call.folder.read().get("files", []) if row["role"] == "image"]
        return parent_call.folder.build_image(images[0]).data
    except (LibraryError, LookupError, OSError):
        return None


def is_literal(text: str) -> bool:
    """Whether the template leaves a text as it is."""
    try:
        return "".join(piece.value for piece in render_template(text, {})) == text
    except TemplateError:
        return False


def is_plain(text: str) -> bool:
    """Whether a text arrives as it is when a cell with it is shown, copied and run."""
    return clean(text, len(text)) == text and not _CONSOLE_PROMPT.search(text) and not _BLANK_LINE.search(text)


def _build_prompt(
    parts: list[Part], locate_image: Callable[[ImagePart], str], namespace: Mapping[str, Any]
) -> tuple[str, dict[str, str | Path]]:
    """Return a prompt and the variables that stand in it for what its text cannot hold."""
    variables: dict[str, str | Path] = {}
    prompt, texts = "", [part.text for part in parts if isinstance(part, TextPart)]
    for at, part in enumerate(parts):
        if isinstance(part, TextPart) and at and isinstance(parts[at - 1], TextPart):
            do = "Put the texts together; a program with httpx sends them apart."
            raise OptionError("A cell sends texts that stand side by side as one.", advice=do)
        if isinstance(part, TextPart) and part.text and is_literal(part.text):
            prompt += part.text
            continue
        kind, value = ("text", part.text) if isinstance(part, TextPart) else ("image", Path(locate_image(part)))
        name = next(
            name
            for name in _iter_names(f"{kind}_{at + 1}")
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
    """Whether nothing else is lost when a variable gets the value."""
    return name not in namespace or (type(namespace[name]) is type(value) and namespace[name] == value)


def render_magic_cell(
    options: Mapping[str, Any], prompt: str, references: Iterable[str], variables: Mapping[str, str | Path]
) -> str:
    """Return a cell: as a person writes it where that can be, else in Python that runs the magic.

    The prompt is a template, in which the variables stand; `references` are words, as `--image` takes them.
    """
    words = [format_option(name, value) for name, value in options.items()]
    line = " ".join([*words, *(format_option("image", word) for word in references)])
    prompt += "\n" * prompt.endswith("\n")  # a cell's last line end is not the prompt's
    text = f"%%{MAGIC_NAME} {line}".rstrip() + f"\n{prompt}"
    if not variables and len(line.splitlines()) < 2 and is_plain(text):
        return text
    literals = {
        name: format_python_string(value) if isinstance(value, str) else f"Path({format_python_string(str(value))})"
        for name, value in variables.items()
    }
    imports = "from pathlib import Path\n\n" if any(isinstance(value, Path) for value in variables.values()) else ""
    assigned = "".join(f"{name} = {literal}\n" for name, literal in literals.items())
    arguments = tuple(("", format_python_string(each)) for each in (MAGIC_NAME, line, prompt))
    return f"{imports}{assigned}{format_tree(Block('get_ipython().run_cell_magic(', arguments, ')'))}"
