"""The API key as a panel knows it: whether there is one, and that no text of the panel holds it.

What a panel says is saved with the notebook, from the first letter that was typed; so a key is refused there before
anything is sent. Some places of a key are slow to ask, or ask the user: these are looked at when a run begins only.
"""

from __future__ import annotations

from collections.abc import Callable

from cometmagic.errors import CometError
from cometmagic.generation.plan import check_text
from cometmagic.options.settings import Key, find_key, find_key_quickly


class Secret:
    """Knows the key, and shows it to nobody."""

    def __init__(self) -> None:
        """Look for the key everywhere."""
        self.look()

    def look(self) -> None:
        """Look for the key everywhere once more."""
        self._stored, self._is_broken = _looked(find_key)

    @property
    def exists(self) -> bool:
        """Whether a live call would find a key, or one that cannot be a key: the run will say so."""
        return self._is_broken or self._key() is not None

    def _key(self) -> Key | None:
        return _looked(find_key_quickly)[0] or self._stored

    def check(self, name: str, text: str) -> None:
        """Raise `OptionError` for a text that holds the key, or that no message to the page can carry."""
        key = self._key()
        check_text(name, text, key.reveal() if key else "")


def _looked(look: Callable[[], Key | None]) -> tuple[Key | None, bool]:
    """Return the key that is found, and whether one is set that cannot be a key."""
    try:
        return look(), False
    except CometError:
        return None, True
