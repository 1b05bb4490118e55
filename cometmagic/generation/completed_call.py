"""What a result has in common with an image that is still on its way, so that a cell need not know which it holds."""

from __future__ import annotations

from typing import Self


class CompletedCall:
    """The methods of a `concurrent.futures.Future`, for a result that is there."""

    @property
    def done(self) -> bool:
        """True: it is there."""
        return True

    def result(self, timeout: float | None = None) -> Self:  # noqa: ARG002  # nothing is waited for
        """Return it."""
        return self

    def cancel(self) -> str:
        """Do nothing, and say so."""
        return "There is nothing to cancel: it has come."
