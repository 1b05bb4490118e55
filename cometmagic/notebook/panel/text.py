"""A panel as the text of its cell, and a cell as what a panel is set to.

The prompt stands in the cell byte for byte. What the first line of a cell cannot hold, such as an instruction of
several lines, makes it a call of the magic from Python, which sends the same. This module knows no widget.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cometmagic.catalog import short_id
from cometmagic.code.cell import NAME as MAGIC
from cometmagic.code.cell import is_literal, is_plain
from cometmagic.code.source import python_text
from cometmagic.differences import kept_options
from cometmagic.disk import near
from cometmagic.errors import Fate, OptionError
from cometmagic.folders import CallFolder, Library
from cometmagic.line import parse, written
from cometmagic.notebook.panel.controls import normal
from cometmagic.options import Options
from cometmagic.parts import ImagePart, Part, TextPart
from cometmagic.result import ImageResult
from cometmagic.settings import library_folder

_CELL = re.compile(rf"%%{MAGIC}(?:[ \t]+([^\n]*))?(?:\n|\Z)")
_LINE = re.compile(rf"%{MAGIC}(?:[ \t]+([^\n]*))?\n*\Z")


@dataclass(frozen=True)
class Settings:
    """What a panel is set to; `references` are words, as `--image` takes them."""

    prompt: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()


def as_cell(settings: Settings) -> str:
    """Return the cell that asks for the same."""
    words = [written(name, value) for name, value in settings.options.items()]
    line = " ".join([*words, *(written("image", word) for word in settings.references)])
    prompt = settings.prompt + "\n" * settings.prompt.endswith("\n")  # a cell's last line end is not the prompt's
    text = f"%%{MAGIC} {line}".rstrip() + f"\n{prompt}"
    if len(line.splitlines()) < 2 and is_plain(text):
        return text
    arguments = ", ".join(map(python_text, (MAGIC, line, prompt)))
    return f"get_ipython().run_cell_magic({arguments})"


def from_cell(text: str) -> Settings:
    """Return what a cell asks for. Raises `OptionError` for text that is no cell of ours, or has a wrong option."""
    line, prompt = _divided(text.lstrip("\n"))
    parsed = parse(line)
    if prompt is None:
        prompt = parsed.prompt
    elif parsed.prompt:
        raise OptionError(f"{parsed.prompt[:60]!r} is no option.", do="Write the prompt below the first line.")
    images = parsed.options.pop("image", [])
    return Settings(prompt, normal(parsed.options), tuple(images))


def _divided(text: str) -> tuple[str, str | None]:
    """Return the line of options and the prompt; None when the prompt stands in the line."""
    if found := _CELL.match(text):
        return found[1] or "", text[found.end() :].removesuffix("\n")
    if found := _LINE.match(text):
        return found[1] or "", None
    if (called := _called(text)) is not None:
        return called[0], called[1].removesuffix("\n")
    raise OptionError(
        "This is no cell of %%gemini_image.", do="Its first line is %%gemini_image, perhaps with options."
    )


def _called(text: str) -> tuple[str, str] | None:
    """Return line and cell of a call of the magic from Python, None when the text is none."""
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    match body:
        case [ast.Expr(ast.Call(args=[ast.Constant(value=name), ast.Constant(value=line), ast.Constant(value=cell)]))]:
            return (line, cell) if name == MAGIC and isinstance(line, str) and isinstance(cell, str) else None
    return None


def from_result(result: ImageResult) -> Settings:
    """Return what made a result. Raises `OptionError` for a request that no cell without variables makes."""
    if not isinstance(result, ImageResult):
        raise OptionError(f"{type(result).__name__} is no single result.", do="Take one of several: results[0].")
    call = result.call
    known = Options.declared()
    kept = {name: value for name, value in kept_options(call).items() if name in known}
    options = {name: value for name, value in kept.items() if value != known[name].default}
    options |= {name: call[name] for name in ("alt",) if call.get(name)}
    turn, parent = result.request.turns[-1], _parent(call)
    prompt, images = _parted(turn.parts)
    if not is_literal(prompt):
        do = "Put its text in a variable, and write {{name}} as the prompt."
        raise OptionError("The prompt of this result has double braces of its own.", do=do, fate=Fate.PAST)
    if len(result.request.turns) > 1 and (parent is None or call["parent"].get("how") != "chat"):
        do = "Start from its earlier result."
        raise OptionError("The conversation before this result is gone.", do=do, fate=Fate.PAST)
    if parent is not None:
        how = "chat" if len(result.request.turns) > 1 else "edit"
        if how == "edit" and images and _is_final_of(images[0], parent):
            options, images = options | {"edit": short_id(parent)}, images[1:]
        elif how == "chat":
            options = {"model": call.get("model")} | options | {"chat": short_id(parent)}
    return Settings(prompt, normal(options), tuple(near(image.path) for image in images if image.path is not None))


def _parent(call: Mapping[str, Any]) -> CallFolder | None:
    """Return the call that this one goes on from, None when the library does not have it."""
    told = call.get("parent")
    wanted = told.get("id") if isinstance(told, dict) else None
    return next((folder for folder in Library(library_folder()).folders() if folder.id == wanted), None)


def _is_final_of(image: ImagePart, parent: CallFolder) -> bool:
    finals = [row for row in parent.read().get("files", []) if row["role"] == "image"]
    return bool(finals) and parent.image(finals[0]).data == image.data


def _parted(parts: Sequence[Part]) -> tuple[str, list[ImagePart]]:
    """Return the words of a turn and the images behind them."""
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    images = [part for part in parts if isinstance(part, ImagePart)]
    if any(isinstance(part, TextPart) for part in parts[len(texts) :]):
        do = "Put the images in variables, and write {{name}} where they belong."
        raise OptionError("The images of this request stand between its words.", do=do, fate=Fate.PAST)
    return "".join(texts), images
