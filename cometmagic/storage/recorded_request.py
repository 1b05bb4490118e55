"""The request of a recorded call, with the images that were sent, read from its folder."""

from __future__ import annotations

from cometmagic.errors import OptionError
from cometmagic.gemini.decode_turns import decode_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder


def read_request(folder: CallFolder) -> ImageRequest:
    """Return the request of a call. Raises `LibraryError` when its files cannot be read."""
    turns = decode_request(folder.read_body(), folder.build_path)
    if not turns:
        raise folder.build_error("request.json", "is unreadable: it has no prompt")
    try:
        return ImageRequest(turns, Options.build(folder.read()["options"]))
    except OptionError as error:
        raise folder.build_error("call.json", f"is unreadable: {error.message.rstrip('.')}") from None
