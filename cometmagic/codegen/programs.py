"""Chooses the module that renders a request as a program: there is one module for each kind."""

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
    request: ImageRequest, kind: str, *, parent: Mapping[str, object] | None = None, files: Iterable[Path] = ()
) -> str:
    """Return a request as a program of a kind: curl, httpx, google-genai or magic.

    `parent` names the call that the request continues, as in call.json; only the magic uses it. `files` are the
    user's own files, which a program reads if they hold its images; every other image, and every thought signature,
    is written once to `references` in the library. Raises `OptionError` for a request that the kind cannot express,
    and `LibraryError` when a file cannot be read or written.
    """
    try:
        kind = Choice(CODE_KINDS, "KIND").parse(kind)
    except ValueError as error:
        raise OptionError(f"--show-code: {error}") from None
    library = Library(find_library_folder())
    asset_store = AssetStore(library.root, files)
    if kind == "magic":
        return magic_cell.render_program(request, asset_store, magic_cell.find_parent_call(library, parent))
    return _RENDERERS[kind](request, asset_store)
