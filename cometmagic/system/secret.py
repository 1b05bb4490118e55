"""A text that is used and never shown, such as an API key or the password of a proxy.

Debuggers, rich tracebacks and error reports show the values of variables, attributes and arguments. So a secret is
stored masked, and its text exists only within the expression that uses it: never keep what `reveal` returns in a
variable where an error may be raised. Code in the same process can always reveal it on purpose; that is no leak.
This module does not know what a secret is for.
"""

from __future__ import annotations

import operator
import secrets
from typing import Any, NoReturn


class Secret:
    """A text that is not shown by `repr`, attributes or variables, and neither pickled nor copied."""

    __slots__ = ("_mask", "_masked_bytes")

    def __init__(self, text: str) -> None:
        """Store `text`; lone surrogates are allowed."""
        self._mask = secrets.token_bytes(len(text.encode("utf-8", "surrogatepass")))
        self._masked_bytes = bytes(map(operator.xor, text.encode("utf-8", "surrogatepass"), self._mask))

    def reveal(self) -> str:
        """Return the text itself. Do not store it."""
        return bytes(map(operator.xor, self._masked_bytes, self._mask)).decode("utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __len__(self) -> int:
        """Return the length in bytes."""
        return len(self._mask)

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError("a secret is neither pickled nor copied")
