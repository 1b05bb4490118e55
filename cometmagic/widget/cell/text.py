"""Turns the settings of a panel into the text of a cell, and a cell or a result into settings.

The prompt is in the cell byte for byte. If a cell cannot express something, such as an instruction of several lines
or images between words, its text calls the magic from Python, which sends the same request. This module knows no
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
from cometmagic.generation.result_list import AnyResult
from cometmagic.notebook.namespace import is_result_name
from cometmagic.options.command_line import parse_first_line, parse_line
from cometmagic.options.declaration import Options
from cometmagic.options.settings import find_library_folder
from cometmagic.options.template import find_used_names
from cometmagic.storage.call_record import CallRecord
from cometmagic.storage.index import shorten_id
from cometmagic.storage.library import Library
from cometmagic.storage.request_diff import read_call_options
from cometmagic.widget.cell.parser import parse_cell
from cometmagic.widget.cell.reference_names import name_image
from cometmagic.widget.controls import normalize_options


@dataclass(frozen=True)
class PanelSettings:
    """The settings of a panel.

    `references` are the reference images, as `--image` names them; `variables` are the panel's own, each a text or
    the path of an image.
    """

    prompt: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    variables: Mapping[str, str | Path] = field(default_factory=dict)

    def merge_namespace(self, namespace: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables of `namespace`, overridden by the panel's own."""
        return {**namespace, **self.variables}


def format_cell(settings: PanelSettings) -> str:
    """Return the cell that sends the same request. Variables that are no longer used are left out."""
    used_names = {*find_used_names(settings.prompt, settings.variables), *settings.references}
    used_names |= {value for name in ("edit", "chat") if isinstance(value := settings.options.get(name), str)}
    variables = {name: value for name, value in settings.variables.items() if name in used_names}
    return render_magic_cell(settings.options, settings.prompt, settings.references, variables)


def parse_settings(text: str, namespace: Mapping[str, Any] = MappingProxyType({})) -> PanelSettings:
    """Return the settings that running a cell would use; `namespace` holds the notebook's variables.

    Raises `OptionError` if it is not a cell of the magic, has a wrong option, or does more than a panel can.
    """
    program = parse_cell(text)
    if program.body is None:
        variables = {**namespace, **program.variables}
        line = parse_line(program.line, lambda word: is_result_name(word, variables, find_library_folder()))
        options, prompt = line.options, line.prompt
    else:
        options, prompt = parse_first_line(program.line), program.body.removesuffix("\n")
    images = options.pop("image", [])
    return PanelSettings(prompt, normalize_options(options), tuple(images), program.variables)


def restore_settings(result: AnyResult, namespace: Mapping[str, Any] = MappingProxyType({})) -> PanelSettings:
    """Return the settings that produced a result. Raises `OptionError` for a request that no cell can send.

    Images between words, and literal double braces, become variables. None of them has the name of another variable
    in `namespace`, the notebook's variables.
    """
    if not isinstance(result, ImageResult):
        raise OptionError(f"{type(result).__name__} is no single result.", advice="Take one of several: results[0].")
    call = result.call
    parent_call = find_parent_call(Library(find_library_folder()), call.get("parent"))
    try:
        content = build_cell_content(result.request, name_image, parent_call, namespace)
    except OptionError as error:
        error.charge_status = ChargeStatus.PAST  # nothing was sent now
        raise
    options = _read_changed_options(call)
    if parent_call is not None and content.mode:
        options |= {content.mode: shorten_id(parent_call.folder)}
    if content.mode == "chat":  # otherwise the model would be the parent call's
        options = {"model": call["model"]} | options
    return PanelSettings(content.prompt, normalize_options(options), content.references, content.variables)


def _read_changed_options(call: CallRecord) -> dict[str, Any]:
    """Return the options of a call that differ from their defaults, and its alternative text."""
    defaults = {name: option.default for name, option in Options.list_options().items()}
    values = {name: value for name, value in read_call_options(call).items() if name in defaults}
    options = {name: value for name, value in values.items() if value != defaults[name]}
    return options | ({"alt": alt} if (alt := call.get("alt")) else {})
