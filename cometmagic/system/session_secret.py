"""The session's own secret, so that no message shows it: it may have any shape, and a wrong value may quote it.

Messages are written in layers that must not know where the secret comes from. So whoever knows that registers a
function that finds it, and the secret is looked for again for each message: it can be set at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cometmagic.system.redactor import Redactor
from cometmagic.system.secret import Secret

SecretFinder = Callable[[], Secret | None]
_finders: list[SecretFinder] = []


def register_finder(find: SecretFinder) -> None:
    """Let `find` return the secret of the session, or None. It is called within errors, so it raises nothing."""
    _finders.append(find)


def mask_session_secret(text: str) -> str:
    """Return a text with "[key]" in place of each part of the session's secret."""
    for secret in filter(None, (find() for find in _finders)):
        text = _build_redactor(secret).redact(text)
    return text


@lru_cache(maxsize=1)
def _build_redactor(secret: Secret) -> Redactor:
    """Return the redactor of a secret. It takes a while to build, so the last one is kept."""
    return Redactor([secret])
