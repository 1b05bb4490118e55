"""The check that nothing of a library from somebody else goes to the live service: neither its calls, nor into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError
from cometmagic.gemini.parts import ImagePart
from cometmagic.options.declaration import CellOptions
from cometmagic.options.template import PromptPiece
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.lineage import ParentContext
from cometmagic.storage.trust import check_trusted


def check_live_call(
    library: Library, parent: ParentContext | None, inputs: Iterable[Any], cell_options: CellOptions
) -> tuple[str, ...]:
    """Raise `LibraryError` when a live call's library is not trusted, or that of its parent or of a result in `inputs`.

    A call that only shows what would be sent is not refused; the error is returned as a warning.
    """
    parent_folders = [] if parent is None else [parent.folder.path]
    try:
        for root in (library.root, *(folder.parent for folder in (*parent_folders, *_iter_call_folders(inputs)))):
            check_trusted(root)
    except LibraryError as error:
        if not cell_options.dry_run and not cell_options.show_code:
            raise
        return (f"It would be refused: {error.message} {error.advice}",)
    return ()


def _iter_call_folders(inputs: Iterable[Any]) -> Iterator[Path]:
    """Yield the call folders of results, and of the images of results, among prompt pieces and references."""
    for value in (item.value if isinstance(item, PromptPiece) else item for item in inputs):
        folder = value.path.parent if isinstance(value, ImagePart) and value.path else getattr(value, "folder", None)
        if isinstance(folder, Path) and CallFolder(folder).has_file("call.json"):
            yield folder
