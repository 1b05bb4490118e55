"""The API key as a panel knows it: whether there is one, and that no text of the panel holds it.

What a panel says is saved with the notebook, from the first letter that was typed; so a key is refused there before
anything is sent. Some places of a key are slow to ask, or ask the user: these are looked at when a run begins only.
"""

from __future__ import annotations

from collections.abc import Callable

from cometmagic.errors import CometError
from cometmagic.generation.plan import check_text
from cometmagic.options.settings import Key, find_key, find_key_quickly


class KeyGuard:
    """Knows the key, and shows it to nobody."""

    def __init__(self) -> None:
        """Look for the key everywhere."""
        self.reload()

    def reload(self) -> None:
        """Look for the key everywhere once more."""
        self._stored_key, self._has_invalid_key = _call_finder(find_key)

    @property
    def has_key(self) -> bool:
        """Whether a live call would find a key, or one that cannot be a key: the run will say so."""
        return self._has_invalid_key or self._find_current_key() is not None

    def _find_current_key(self) -> Key | None:
        return _call_finder(find_key_quickly)[0] or self._stored_key

    def check(self, name: str, text: str) -> None:
        """Raise `OptionError` for a text that holds the key, or that no message to the page can carry."""
        key = self._find_current_key()
        check_text(name, text, key.reveal() if key else "")


def _call_finder(finder: Callable[[], Key | None]) -> tuple[Key | None, bool]:
    """Return the key that is found, and whether one is set that cannot be a key."""
    try:
        return finder(), False
    except CometError:
        return None, True
