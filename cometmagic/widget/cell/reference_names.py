"""Names that a cell can use for the images and results of a panel.

Dropped files, and values that no variable holds, are saved in the library, where `--show-code` saves the images of a
program. The file name depends on the content, so the same image is saved once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cometmagic.codegen.assets import AssetStore
from cometmagic.codegen.magic_cell import format_image_argument
from cometmagic.errors import OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.images.inputs.image_text import is_image_text
from cometmagic.images.inputs.objects import find_url
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.system.formatting import format_path


def name_image(image: ImagePart) -> str:
    """Return the path of an image's file, as a cell writes it: its own file, or a copy in the library.

    Raises `LibraryError`, also when the disk is nearly full.
    """
    if image.path is not None:
        return format_path(image.path)
    library = Library(find_library_folder())
    try:
        library.prepare()
    except OSError as error:
        raise build_write_error(library.root, error, advice=LIBRARY_ADVICE) from None
    return AssetStore(library.root).resolve_image(image)


def name_reference(source: Any, namespace: Mapping[str, Any]) -> str:
    """Return how a cell names a reference image: a text as it is, otherwise a variable that holds it, or a file.

    An image that no variable holds is saved in the library as it would be sent. Raises a `CometError`.
    """
    if isinstance(source, str) and not is_image_text(source):
        return source
    if (url := find_url(source)) is not None:
        return url
    names = (name for name, value in namespace.items() if value is source and not name.startswith("_"))
    if name := next(names, ""):
        return name
    if isinstance(source, Path):
        return format_image_argument(str(source))
    from cometmagic.images.references import load_reference  # Pillow, which names do not need

    return name_image(load_reference(source).part)


def name_result(flag: str, result: Any, namespace: Mapping[str, Any]) -> Any:
    """Return how a cell names an earlier result; any other value is returned as it is. Raises `OptionError`."""
    folder = getattr(result, "folder", None)
    if not isinstance(folder, Path):
        return result
    if folder.parent == Library(find_library_folder()).root:
        return shorten_id(CallFolder(folder))
    if name := next((name for name, value in namespace.items() if value is result and name.isidentifier()), ""):
        return name
    raise OptionError(f"--{flag}: {folder} lies in another library.", advice="Put the result in a variable.")
