"""Which program writes a request: one module for each kind. It only chooses; how a program reads is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cometmagic.codegen import curl, google_genai, httpx_program, magic_cell
from cometmagic.codegen.assets import AssetStore
from cometmagic.errors import OptionError
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import CODE_KINDS
from cometmagic.options.option_types import Choice
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.library import Library

_RENDERERS = {
    "curl": curl.render_program,
    "httpx": httpx_program.render_program,
    "google-genai": google_genai.render_program,
}


def render_code(
    request: ImageRequest, kind: str, *, parent: Mapping[str, str] | None = None, files: Iterable[Path] = ()
) -> str:
    """Return a request as a program of a kind: curl, httpx, google-genai or magic.

    `parent` tells what the request goes on from, as call.json does; only a cell can say that. `files` are the
    user's own, which a program reads where they hold what is sent; every other image, and every thought signature,
    is written to `references` in the library once. Raises `OptionError` for what the kind cannot say, and
    `LibraryError` when a file cannot be read or written.
    """
    try:
        chosen = Choice(CODE_KINDS, "KIND").parse(kind)
    except ValueError as error:
        raise OptionError(f"--show-code: {error}") from None
    library = Library(find_library_folder())
    filing = AssetStore(library.root, files)
    if chosen == "magic":
        return magic_cell.render_program(request, filing, magic_cell.find_parent_call(library, parent))
    return _RENDERERS[chosen](request, filing)
