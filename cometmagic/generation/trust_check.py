"""The check that nothing of a library from somebody else goes to the live service: neither its calls, nor into it."""

from __future__ import annotations

from cometmagic.errors import LibraryError
from cometmagic.options.declaration import CellOptions
from cometmagic.storage.library import Library
from cometmagic.storage.lineage import ParentContext
from cometmagic.storage.trust import check_trusted


def check_live_call(library: Library, parent: ParentContext | None, cell_options: CellOptions) -> tuple[str, ...]:
    """Raise `LibraryError` when a live call's library, or that of its parent, is not trusted.

    A call that only shows what would be sent is not refused; the error is returned as a warning.
    """
    parent_roots = [] if parent is None else [parent.folder.path.parent]
    try:
        for root in (library.root, *parent_roots):
            check_trusted(root)
    except LibraryError as error:
        if not cell_options.dry_run and not cell_options.show_code:
            raise
        return (f"It would be refused: {error.message} {error.advice}",)
    return ()
