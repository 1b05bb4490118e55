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

from cometmagic.codegen.assets import Filing
from cometmagic.codegen.literals import Block, laid_out, python_text
from cometmagic.errors import LibraryError, OptionError, TemplateError
from cometmagic.gemini.parts import ImagePart, Part, TextPart
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.command_line import written
from cometmagic.options.template import render, used
from cometmagic.storage.store import CallFolder, Library
from cometmagic.system.sanitize import clean

NAME = "gemini_image"
_BLANK = re.compile(r"^[^\S\n]+$", re.MULTILINE)  # IPython 9 empties such lines
_PROMPTS = re.compile(r"^\s*(?:>>>|\.{3}|(?:\[(?:nav|ins)\] ?)?In \[\d+\]:)", re.MULTILINE)


@dataclass(frozen=True)
class Earlier:
    """The call that a request goes on from, and how: by `chat` or `edit`."""

    how: str
    folder: CallFolder


@dataclass(frozen=True)
class Said:
    """What a cell says: its prompt, the variables in it, paths of the images behind it, and how it goes on, if it does.

    `how` is `chat` or `edit`, which sends its image between the prompt and the others.
    """

    prompt: str
    variables: Mapping[str, str | Path]
    references: tuple[str, ...]
    how: str


def found(library: Library, parent: Mapping[str, str] | None) -> Earlier | None:
    """Return the call that `parent` names, None when the library does not have it."""
    if not isinstance(parent, dict):
        return None
    folder = next((folder for folder in library.folders() if folder.id == parent.get("id")), None)
    return None if folder is None else Earlier(str(parent.get("how")), folder)


def program(request: ImageRequest, filing: Filing, earlier: Earlier | None) -> str:
    """Return a cell that sends the request. Raises `OptionError` for what no cell sends."""
    said, options = as_said(request, filing.image, earlier), request.options.changed()
    if said.how == "chat":
        options = {"model": request.options.model} | options  # or it is the earlier call's
    if earlier is not None and said.how:
        options |= {said.how: earlier.folder.id}
    text = as_text(options, said.prompt, said.references, said.variables)
    return text if text.endswith("\n") else f"{text}\n"


def as_said(
    request: ImageRequest,
    place: Callable[[ImagePart], str],
    earlier: Earlier | None,
    names: Mapping[str, Any] = MappingProxyType({}),
) -> Said:
    """Return what a cell says for a request beside its options. Raises `OptionError` for what no cell says.

    `place` gives the path of a file that holds an image, `names` are variables that must not be lost.
    """
    parts, behind, edits = _divided(request.turns[-1].parts, _final(earlier))
    how = "edit" * edits
    if len(request.turns) > 1:
        if earlier is None or earlier.how != "chat":
            do = "A program with httpx holds the whole conversation."
            raise OptionError("A cell goes on with a conversation by the call's id, and there is none here.", do=do)
        how = "chat"
    prompt, variables = _filled(parts, place, names)
    return Said(prompt, variables, tuple(as_word(place(image)) for image in behind), how)


def as_word(path: str) -> str:
    """Return a path as `--image` takes it: a file without a suffix is not to be read as a variable of its name."""
    return f"./{path}" if path.isidentifier() else path


def _divided(parts: tuple[Part, ...], edited: bytes | None) -> tuple[list[Part], list[ImagePart], bool]:
    """Return what the cell's text says, the images behind it, and whether one between them is the edited one."""
    end = 1 + max((at for at, part in enumerate(parts) if isinstance(part, TextPart)), default=-1)
    behind = [part for part in parts[end:] if isinstance(part, ImagePart)]
    for at, part in enumerate(behind):
        if edited is not None and _holds(part, edited):
            return list(parts[: end + at]), behind[at + 1 :], True
    return list(parts[:end]), behind, False


def _holds(part: ImagePart, content: bytes) -> bool:
    try:
        return part.size == len(content) and part.data == content
    except OSError:  # its file is gone
        return False


def _final(earlier: Earlier | None) -> bytes | None:
    """Return the image that `--edit` would send, None when there is none."""
    if earlier is None or earlier.how != "edit":
        return None
    try:
        images = [row for row in earlier.folder.read().get("files", []) if row["role"] == "image"]
        return earlier.folder.image(images[0]).data
    except (LibraryError, LookupError, OSError):
        return None


def is_literal(text: str) -> bool:
    """Whether the template leaves a text as it is."""
    try:
        return "".join(piece.value for piece in render(text, {})) == text
    except TemplateError:
        return False


def is_plain(text: str) -> bool:
    """Whether a text arrives as it is when a cell with it is shown, copied and run."""
    return clean(text, len(text)) == text and not _PROMPTS.search(text) and not _BLANK.search(text)


def _filled(
    parts: list[Part], place: Callable[[ImagePart], str], names: Mapping[str, Any]
) -> tuple[str, dict[str, str | Path]]:
    """Return a prompt and the variables that stand in it for what its text cannot hold."""
    variables: dict[str, str | Path] = {}
    prompt, texts = "", [part.text for part in parts if isinstance(part, TextPart)]
    for at, part in enumerate(parts):
        if isinstance(part, TextPart) and at and isinstance(parts[at - 1], TextPart):
            do = "Put the texts together; a program with httpx sends them apart."
            raise OptionError("A cell sends texts that stand side by side as one.", do=do)
        if isinstance(part, TextPart) and part.text and is_literal(part.text):
            prompt += part.text
            continue
        kind, value = ("text", part.text) if isinstance(part, TextPart) else ("image", Path(place(part)))
        name = next(
            name
            for name in _names(f"{kind}_{at + 1}")
            if not any(used(text, (name,)) for text in texts) and _is_free(name, value, names)
        )
        variables[name] = value
        prompt += f"{{{{{name}}}}}"
    return prompt, variables


def _names(wanted: str) -> Iterator[str]:
    yield wanted
    for number in itertools.count(2):
        yield f"{wanted}_{number}"


def _is_free(name: str, value: str | Path, names: Mapping[str, Any]) -> bool:
    """Whether nothing else is lost when a variable gets the value."""
    return name not in names or (type(names[name]) is type(value) and names[name] == value)


def as_text(
    options: Mapping[str, Any], prompt: str, references: Iterable[str], variables: Mapping[str, str | Path]
) -> str:
    """Return a cell: as a person writes it where that can be, else in Python that runs the magic.

    The prompt is a template, in which the variables stand; `references` are words, as `--image` takes them.
    """
    words = [written(name, value) for name, value in options.items()]
    line = " ".join([*words, *(written("image", word) for word in references)])
    prompt += "\n" * prompt.endswith("\n")  # a cell's last line end is not the prompt's
    text = f"%%{NAME} {line}".rstrip() + f"\n{prompt}"
    if not variables and len(line.splitlines()) < 2 and is_plain(text):
        return text
    literals = {
        name: python_text(value) if isinstance(value, str) else f"Path({python_text(str(value))})"
        for name, value in variables.items()
    }
    imports = "from pathlib import Path\n\n" if any(isinstance(value, Path) for value in variables.values()) else ""
    assigned = "".join(f"{name} = {literal}\n" for name, literal in literals.items())
    arguments = tuple(("", python_text(each)) for each in (NAME, line, prompt))
    return f"{imports}{assigned}{laid_out(Block('get_ipython().run_cell_magic(', arguments, ')'))}"
