"""Values of a panel as words that a cell can name.

Files that were dropped, and values that no variable holds, are kept in the library for that. They lie where
`--show-code` puts what a program reads: named by what they hold, so the same picture is kept once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cometmagic.codegen.assets import AssetStore
from cometmagic.codegen.magic_cell import format_image_argument
from cometmagic.errors import OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.index import shorten_id
from cometmagic.storage.store import CallFolder, Library
from cometmagic.system.atomic_files import format_path


def kept(part: ImagePart) -> str:
    """Return the path of a file that holds an image, as a cell writes it: its own, else one in the library.

    Raises `LibraryError`.
    """
    if part.path is not None:
        return format_path(part.path)
    return AssetStore(find_library_folder()).resolve_image(part)


def word(given: Any, names: Mapping[str, Any]) -> str:
    """Return how a cell names a reference image: as it is written, by a variable that holds it, or as a file.

    A value that no variable holds is written to the library, as it would be sent. Raises a `CometError`.
    """
    if isinstance(given, str):
        return given
    held = (name for name, value in names.items() if value is given and not name.startswith("_"))
    if found := next(held, ""):
        return found
    if isinstance(given, Path):
        return format_image_argument(str(given))
    from cometmagic.images.references import load_reference  # Pillow, which words do not need

    return kept(load_reference(given).part)


def earlier(flag: str, given: Any, names: Mapping[str, Any]) -> Any:
    """Return how a cell names an earlier result; what is none is returned as it is. Raises `OptionError`."""
    folder = getattr(given, "folder", None)
    if not isinstance(folder, Path):
        return given
    if folder.parent == Library(find_library_folder()).root:
        return shorten_id(CallFolder(folder))
    if found := next((name for name, held in names.items() if held is given and name.isidentifier()), ""):
        return found
    raise OptionError(f"--{flag}: {folder} lies in another library.", advice="Put the result in a variable.")
