"""The errors a user can meet, each told in one line.

Every one says what happened, whether it may have cost money, and what to do next where that is not plain.
They stand at the bottom of the package and know nothing of HTTP, notebooks or files, so that each
layer can raise them and a call folder can keep them (`record`) and give them back (`revive`).

    CometError
    ├── OptionError        an option, prompt or setting is wrong; nothing was sent
    ├── TemplateError      a {{name}} in the cell text cannot be filled; nothing was sent
    ├── MissingKeyError    a live call needs a key; nothing was sent
    ├── BudgetError        the estimate is above a limit; nothing was sent
    ├── LibraryError       the folder for pictures cannot be used
    ├── TransportError     the connection failed, before or after the request left
    ├── APIError           the service answered with an error (`.status`, `.code`, `.request_id`)
    └── NoImageError       the service answered, but without an image (`.response`)
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

LOOK_FIRST = "Look at the balance before trying again."  # what to do when it may have cost money


class Fate(StrEnum):
    """What became of the request, as far as money is concerned."""

    UNSENT = "Nothing was sent, so nothing was charged."
    OFFLINE = "This was the offline source, so nothing was charged."
    REFUSED = "The service refused the request; that is not normally charged."
    UNKNOWN = "The request was sent and may have been charged."
    ANSWERED = "The service answered, so it may have been charged."
    PAST = ""  # it concerns an earlier call, and nothing is sent now


class CometError(Exception):
    """Base of all errors of this package.

    `what` is one sentence on what happened, `fate` what became of the request, `do` what to do next.
    """

    fate: Fate = Fate.UNSENT

    def __init__(self, what: str, *, do: str = "", fate: Fate | None = None, **facts: Any) -> None:
        self.what = what if what.endswith((".", "?")) else f"{what}."
        super().__init__(self.what)
        self.do = do
        if fate is not None:
            self.fate = fate
        self.facts = facts

    def __str__(self) -> str:
        return " ".join(sentence for sentence in (self.what, str(self.fate), self.do) if sentence)

    def __getattr__(self, name: str) -> Any:
        """Facts such as `.status` or `.response` read as attributes."""
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def _render_traceback_(self) -> list[str]:
        """One line instead of a traceback: the hook IPython looks for on an exception."""
        return [f"{type(self).__name__}: {self}"]

    def record(self) -> dict[str, Any]:
        """Return this error as JSON values, for call.json."""
        return {"type": type(self).__name__, "what": self.what, "fate": self.fate.name, "do": self.do, **self.facts}


class OptionError(CometError):
    """An option, a prompt or a setting is wrong."""


class TemplateError(CometError):
    """A placeholder of the cell text cannot be filled."""


class MissingKeyError(CometError):
    """A live call was asked for and no API key was found."""


class BudgetError(CometError):
    """The estimated price is above a limit the user set."""


class LibraryError(CometError):
    """The library folder cannot be written or a call folder cannot be read."""


class TransportError(CometError):
    """The connection failed; `fate` says whether the request had left."""

    fate = Fate.UNKNOWN


class APIError(CometError):
    """The service answered with an error status or an error object."""

    fate = Fate.REFUSED


class NoImageError(CometError):
    """The service answered without an image."""

    fate = Fate.ANSWERED


class Interrupted(KeyboardInterrupt):
    """The waiting was interrupted, and what was waited for goes on. Shown as one line, like the errors."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


_BY_NAME = {
    kind.__name__: kind
    for kind in (
        CometError,
        OptionError,
        TemplateError,
        MissingKeyError,
        BudgetError,
        LibraryError,
        TransportError,
        APIError,
        NoImageError,
    )
}


def revive(record: dict[str, Any], **facts: Any) -> CometError:
    """Return the error that `record()` described, with further `facts` as attributes."""
    known = dict(record)
    kind = _BY_NAME.get(str(known.pop("type", "")), CometError)
    what, do, fate = (str(known.pop(name, "")) for name in ("what", "do", "fate"))
    return kind(what, do=do, fate=Fate.__members__.get(fate), **known | facts)
