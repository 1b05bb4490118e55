"""The API key of a panel: whether there is one, and a check that no text of the panel contains it or another key.

The texts of a panel are saved with the notebook from the first letter typed, so a key is refused there long before
anything is sent. Some places of a key are slow or ask the user: these are only read when a run starts.
"""

from __future__ import annotations

from collections.abc import Callable

from cometmagic.errors import CometError
from cometmagic.generation.text_checks import TextChecker
from cometmagic.options.settings import Key, find_key, find_key_quickly


class KeyGuard:
    """Finds the key, and never shows it."""

    def __init__(self) -> None:
        """Look for the key everywhere."""
        self.reload()

    def reload(self) -> None:
        """Look for the key everywhere again."""
        self._stored_key, self._has_invalid_key = _call_finder(find_key)

    @property
    def has_key(self) -> bool:
        """Whether a live call would find a key, even an invalid one: the run will report that."""
        return self._has_invalid_key or self._find_current_key() is not None

    def _find_current_key(self) -> Key | None:
        return _call_finder(find_key_quickly)[0] or self._stored_key

    def check(self, name: str, text: str, *, allow_secret: bool) -> None:
        """Raise `OptionError` for a text that contains the key, or that cannot be sent to the page.

        So it does for a text that looks like it holds another key, unless `allow_secret`.
        """
        TextChecker(self._find_current_key(), allow_secret).check(name, text)


def _call_finder(finder: Callable[[], Key | None]) -> tuple[Key | None, bool]:
    """Return the key, if there is one, and whether an invalid key is set."""
    try:
        return finder(), False
    except CometError:
        return None, True
