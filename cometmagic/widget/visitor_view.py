"""What visitors of a page without cells see of a panel: no option of the author's, and no folder of the machine.

Messages, notes and names of reference images may hold paths of files; visitors see the name of the file alone. This
module knows no widget.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cometmagic.errors import CometError
from cometmagic.images.file_reader import is_url
from cometmagic.options.declaration import VISITOR_OPTIONS
from cometmagic.options.settings import find_library_folder
from cometmagic.system.formatting import format_path
from cometmagic.widget.cell.text import PanelSettings

# An address; the folders of an absolute path; the folders of a relative path to a file with a suffix.
_FOLDERS = re.compile(
    r"""(https?://\S+)
    |(?<![\w/\\:.])(?:[A-Za-z]:|~)?[/\\](?:[^\s'"/\\]+[/\\])*(?=[^\s'"/\\])
    |(?<![\w/\\:.~+-])(?:[\w.~+-]+[/\\])+(?=[\w+-][\w.+-]*\.\w)""",
    re.VERBOSE,
)


def hide_folders(content: Any) -> Any:
    """Return JSON content whose texts name files without their folders; addresses stay."""
    match content:
        case str():
            return _hide_in_text(content)
        case list() | tuple():
            return [hide_folders(item) for item in content]
        case dict():
            return {name: hide_folders(value) for name, value in content.items()}
    return content


def _hide_in_text(text: str) -> str:
    for folder in _list_known_folders():
        text = text.replace(f"{folder}{os.sep}", "")
    return _FOLDERS.sub(lambda match: match[1] or "", text)


def _list_known_folders() -> list[str]:
    """Return folders as texts name them; a space in their names would end a path for the pattern."""
    folders: list[Path] = []
    for find_folder in (find_library_folder, Path.cwd, Path.home):
        with contextlib.suppress(CometError, OSError, RuntimeError):  # there is none
            folders.append(find_folder())
    return [*map(str, folders), *map(format_path, folders[:1])]


def name_reference_file(word: str) -> str:
    """Return how visitors see a reference image: an address, or the name of a variable or a file."""
    return word if is_url(word) else re.split(r"[/\\]", word.strip("'\""))[-1]


def select_visitor_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that visitors may set."""
    return {name: value for name, value in options.items() if name in VISITOR_OPTIONS}


def select_visible(settings: PanelSettings) -> PanelSettings:
    """Return settings as visitors see them in a cell."""
    references = tuple(map(name_reference_file, settings.references))
    options = select_visitor_options(settings.options)
    return replace(settings, options=options, references=references, variables={})
