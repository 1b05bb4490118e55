"""A request as a cell: `%%gemini_image`, its options, and the prompt byte for byte.

What a cell's text cannot hold is put into variables: images between words, text in which a `{{name}}` would be
filled once more, characters that cannot be seen, lines that IPython would take for prompts of its own. Such a cell
calls the magic from Python instead, and sends the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cometmagic.code.filing import Filing
from cometmagic.code.source import Block, laid_out, python_text
from cometmagic.errors import LibraryError, OptionError, TemplateError
from cometmagic.folders import CallFolder, Library
from cometmagic.foreign import clean
from cometmagic.line import written
from cometmagic.parts import ImagePart, Part, TextPart
from cometmagic.request import ImageRequest
from cometmagic.template import render

NAME = "gemini_image"
_PROMPTS = re.compile(r"^\s*(?:>>>|\.{3}|(?:\[(?:nav|ins)\] ?)?In \[\d+\]:)", re.MULTILINE)


@dataclass(frozen=True)
class Earlier:
    """The call that a request goes on from, and how: by `chat` or `edit`."""

    how: str
    folder: CallFolder


def found(library: Library, parent: Mapping[str, str] | None) -> Earlier | None:
    """Return the call that `parent` names, None when the library does not have it."""
    if parent is None:
        return None
    folder = next((folder for folder in library.folders() if folder.id == parent.get("id")), None)
    return None if folder is None else Earlier(str(parent.get("how")), folder)


def program(request: ImageRequest, filing: Filing, earlier: Earlier | None) -> str:
    """Return a cell that sends the request. Raises `OptionError` for what no cell sends."""
    options = request.options.changed()
    going_on = ""
    if len(request.turns) > 1:
        if earlier is None or earlier.how != "chat":
            do = "Use --show-code httpx, which holds the whole conversation."
            raise OptionError("A cell goes on with a conversation by the call's id, and there is none here.", do=do)
        going_on = "chat"
        options = {"model": request.options.model} | options  # or it is the earlier call's
    parts, references, edits = _divided(request.turns[-1].parts, _final(earlier))
    going_on = going_on or "edit" * edits
    words = [written(name, value) for name, value in options.items()]
    words += [written(going_on, earlier.folder.id)] if earlier and going_on else []
    words += [written("image", filing.image(part)) for part in references]
    line = " ".join(words)
    match parts:
        case [TextPart(text)] if is_plain(f"{line}\n{text}") and is_literal(text) and len(line.splitlines()) < 2:
            return f"%%{NAME} {line}".rstrip() + f"\n{text}\n"
    return _called(line, parts, filing)


def _divided(parts: tuple[Part, ...], edited: bytes | None) -> tuple[list[Part], list[ImagePart], bool]:
    """Return what the cell's text says, the images behind it, and whether one between them is the edited one."""
    end = 1 + max((at for at, part in enumerate(parts) if isinstance(part, TextPart)), default=-1)
    behind = [part for part in parts[end:] if isinstance(part, ImagePart)]
    for at, part in enumerate(behind):
        if part.data == edited:
            return list(parts[: end + at]), behind[at + 1 :], True
    return list(parts[:end]), behind, False


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
    return clean(text, len(text)) == text and not _PROMPTS.search(text)


def _called(line: str, parts: list[Part], filing: Filing) -> str:
    """Return a cell in Python that runs the magic."""
    variables: dict[str, str] = {}
    text = ""
    for at, part in enumerate(parts):
        if isinstance(part, TextPart) and at and isinstance(parts[at - 1], TextPart):
            do = "Use --show-code httpx, or put the texts together."
            raise OptionError("A cell sends texts that stand side by side as one.", do=do)
        if isinstance(part, TextPart) and part.text and is_literal(part.text):
            text += part.text
            continue
        kind, value = ("text", part.text) if isinstance(part, TextPart) else ("image", filing.image(part))
        name = f"{kind}_{at + 1}"
        literal = python_text(value)
        variables[name] = literal if kind == "text" else f"Path({literal})"
        text += f"{{{{{name}}}}}"
    imports = "from pathlib import Path\n\n" if any(name.startswith("image") for name in variables) else ""
    assigned = "".join(f"{name} = {value}\n" for name, value in variables.items())
    arguments = Block(
        "get_ipython().run_cell_magic(", tuple(("", python_text(each)) for each in (NAME, line, f"{text}\n")), ")"
    )
    return f"{imports}{assigned}{laid_out(arguments)}\n"
