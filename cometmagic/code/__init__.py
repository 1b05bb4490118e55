"""A request as a program that sends it: for those who want to see what a cell does, or to go on without it.

Each kind is a whole program that runs as it is printed, with nothing but `COMETAPI_KEY` and, if it is set,
`COMETAPI_BASE_URL` in the environment. It sends the body that the magic sends and saves the final image under a
new name in the working folder. What a program reads lies in files; the key is never written into it. This package
sends nothing, and knows neither the notebook nor where a request comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cometmagic.code import cell, python, sdk, shell
from cometmagic.code.filing import Filing
from cometmagic.errors import OptionError
from cometmagic.folders import Library
from cometmagic.kinds import Choice
from cometmagic.options import CODE
from cometmagic.request import ImageRequest
from cometmagic.settings import library_folder

_PROGRAMS = {"curl": shell.program, "httpx": python.program, "google-genai": sdk.program}


def as_code(
    request: ImageRequest, kind: str, *, parent: Mapping[str, str] | None = None, files: Iterable[Path] = ()
) -> str:
    """Return a request as a program of a kind: curl, httpx, google-genai or magic.

    `parent` tells what the request goes on from, as call.json does; only a cell can say that. `files` are the
    user's own, which a program reads where they hold what is sent; every other image, and every thought signature,
    is written to `references` in the library once. Raises `OptionError` for what the kind cannot say, and
    `LibraryError` when a file cannot be read or written.
    """
    try:
        chosen = Choice(CODE, "KIND").parse(kind)
    except ValueError as error:
        raise OptionError(f"--show-code: {error}") from None
    library = Library(library_folder())
    filing = Filing(library.root, files)
    if chosen == "magic":
        return cell.program(request, filing, cell.found(library, parent))
    return _PROGRAMS[chosen](request, filing)
