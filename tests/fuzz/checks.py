"""What holds for every error of the package."""

from __future__ import annotations

from cometmagic.errors import CometError
from cometmagic.storage.call_folder import encode_call
from cometmagic.system.sanitize import clean


def check_error(error: CometError) -> None:
    """Check that an error is one line that can be shown anywhere, and can be saved."""
    assert error.message == clean(error.message)
    assert len(str(error).splitlines()) == 1
    encode_call({"error": {name: value for name, value in error.to_dict().items() if name != "response"}})
