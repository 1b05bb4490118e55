"""A panel as the text of its cell, and a cell as what a panel is set to.

The prompt stands in the cell byte for byte. What the text of a cell cannot hold, such as an instruction of several
lines or images between words, makes it a call of the magic from Python, which sends the same. This module knows no
widget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cometmagic.codegen.magic_cell import build_cell_content, find_parent_call, render_magic_cell
from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.generation.result import ImageResult
from cometmagic.notebook.namespace import is_result_name
from cometmagic.options.command_line import parse_first_line, parse_line
from cometmagic.options.declaration import Options
from cometmagic.options.settings import find_library_folder
from cometmagic.options.template import find_used_names
from cometmagic.storage.index import shorten_id
from cometmagic.storage.library import Library
from cometmagic.storage.request_diff import read_call_options
from cometmagic.widget.cell.parser import parse_cell
from cometmagic.widget.cell.reference_names import name_image
from cometmagic.widget.controls import normalize_options


@dataclass(frozen=True)
class PanelSettings:
    """What a panel is set to.

    `references` are words, as `--image` takes them; `variables` those that only this panel has, which stand for a
    text or, as a path, for an image.
    """

    prompt: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    variables: Mapping[str, str | Path] = field(default_factory=dict)

    def merge_namespace(self, namespace: Mapping[str, Any]) -> dict[str, Any]:
        """Return what names stand for here: the panel's own variables, and where it has none, those of `names`."""
        return {**namespace, **self.variables}


def format_cell(settings: PanelSettings) -> str:
    """Return the cell that asks for the same. Variables that nothing names any more are left out."""
    named = {*find_used_names(settings.prompt, settings.variables), *settings.references}
    named |= {word for name in ("edit", "chat") if isinstance(word := settings.options.get(name), str)}
    variables = {name: value for name, value in settings.variables.items() if name in named}
    return render_magic_cell(settings.options, settings.prompt, settings.references, variables)


def parse_settings(text: str, namespace: Mapping[str, Any] = MappingProxyType({})) -> PanelSettings:
    """Return what a cell asks for, as running it would; `names` are the notebook's variables.

    Raises `OptionError` for what is no cell of ours, has a wrong option, or does more than a panel can.
    """
    program = parse_cell(text)
    if program.body is None:
        known = {**namespace, **program.variables}
        parsed = parse_line(program.line, lambda word: is_result_name(word, known, find_library_folder()))
        options, prompt = parsed.options, parsed.prompt
    else:
        options, prompt = parse_first_line(program.line), program.body.removesuffix("\n")
    images = options.pop("image", [])
    return PanelSettings(prompt, normalize_options(options), tuple(images), program.variables)


def restore_settings(result: ImageResult, namespace: Mapping[str, Any] = MappingProxyType({})) -> PanelSettings:
    """Return what made a result. Raises `OptionError` for what no cell sends.

    What a prompt cannot hold, images between words or double braces of its own, becomes variables; none has a name
    that holds something else in `names`, the notebook's variables.
    """
    if not isinstance(result, ImageResult):
        raise OptionError(f"{type(result).__name__} is no single result.", advice="Take one of several: results[0].")
    call = result.call
    earlier = find_parent_call(Library(find_library_folder()), call.get("parent"))
    try:
        said = build_cell_content(result.request, name_image, earlier, namespace)
    except OptionError as error:
        error.charge_status = ChargeStatus.PAST  # nothing is sent now
        raise
    known = Options.list_options()
    options = {name: value for name, value in read_call_options(call).items() if name in known}
    options = {name: value for name, value in options.items() if value != known[name].default}
    options |= {name: call[name] for name in ("alt",) if call.get(name)}
    if earlier is not None and said.mode:
        options |= {said.mode: shorten_id(earlier.folder)}
    if said.mode == "chat":  # or the model is the earlier call's
        options = {"model": call.get("model")} | options
    return PanelSettings(said.prompt, normalize_options(options), said.references, said.variables)
