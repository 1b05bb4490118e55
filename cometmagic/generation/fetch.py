"""The image of an earlier answer that held only its address: fetched when you ask for it, without a new request."""

from __future__ import annotations

from pathlib import Path

from cometmagic.errors import LibraryError, MissingKeyError
from cometmagic.generation.call import read_result
from cometmagic.generation.result import ImageResult
from cometmagic.options.settings import Key, find_key_quickly
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_call
from cometmagic.storage.library import library
from cometmagic.system.file_lock import LockBusyError


def fetch_image(call: str | Path) -> ImageResult:
    """Fetch the image of an answer that holds only its address. Nothing is requested from the service again.

    The address must be https and public, and your key is not sent there. The image is saved in the call's folder.

    Args:
        call: The folder of the call, as in an error's `.folder`, or its id, or a part of that.

    Returns:
        The result, as `generate` would have returned it.

    Raises:
        NoImageError: The image cannot be fetched; the error names its address.
        LibraryError: There is no such call, its answer holds no address, or its library is not trusted.
    """
    from cometmagic.courier.address_fetch import fetch_later  # HTTP, which few calls need

    folder = CallFolder(call) if isinstance(call, Path) else find_call(library(), call)
    try:
        fetch_later(folder, _find_key())
    except LockBusyError:
        raise LibraryError(f"A process works on {folder.id} now.", advice="Try again when it has ended.") from None
    return read_result(folder)


def _find_key() -> Key | None:
    """Return the key that the answer may echo; none is needed."""
    try:
        return find_key_quickly()
    except MissingKeyError:
        return None
