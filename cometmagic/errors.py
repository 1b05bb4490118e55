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

BALANCE_ADVICE = "Look at the balance before trying again."  # what to do when it may have cost money


class ChargeStatus(StrEnum):
    """What became of the request, as far as money is concerned."""

    UNSENT = "Nothing was sent, so nothing was charged."
    OFFLINE = "This was the offline source, so nothing was charged."
    REFUSED = "The service refused the request; that is not normally charged."
    UNKNOWN = "The request was sent and may have been charged."
    ANSWERED = "The service answered, so it may have been charged."
    PAST = ""  # it concerns an earlier call, and nothing is sent now


class CometError(Exception):
    """Base of all errors of this package.

    `message` is one sentence on what happened, `charge_status` says what it cost, `advice` what to do next.
    """

    __module__ = "cometmagic"  # where people import it from

    charge_status: ChargeStatus = ChargeStatus.UNSENT

    def __init__(
        self, message: str, *, advice: str = "", charge_status: ChargeStatus | None = None, **details: Any
    ) -> None:
        self.message = message if message.endswith((".", "?")) else f"{message}."
        super().__init__(self.message)
        self.advice = advice
        if charge_status is not None:
            self.charge_status = charge_status
        self.details = details

    def __str__(self) -> str:
        return " ".join(sentence for sentence in (self.message, str(self.charge_status), self.advice) if sentence)

    def __getattr__(self, name: str) -> Any:
        """Facts such as `.status` or `.response` read as attributes."""
        try:
            return self.__dict__["details"][name]
        except KeyError:
            raise AttributeError(name) from None

    def _render_traceback_(self) -> list[str]:
        """One line instead of a traceback: the hook IPython looks for on an exception."""
        return [f"{type(self).__name__}: {self}"]

    def to_dict(self) -> dict[str, Any]:
        """Return this error as JSON values, for call.json."""
        return {
            "type": type(self).__name__,
            "what": self.message,
            "fate": self.charge_status.name,
            "do": self.advice,
            **self.details,
        }


class OptionError(CometError):
    """An option, a prompt or a setting is wrong."""

    __module__ = "cometmagic"


class TemplateError(CometError):
    """A placeholder of the cell text cannot be filled."""

    __module__ = "cometmagic"


class MissingKeyError(CometError):
    """A live call was asked for and no API key was found."""

    __module__ = "cometmagic"


class BudgetError(CometError):
    """The estimated price is above a limit the user set."""

    __module__ = "cometmagic"


class LibraryError(CometError):
    """The library folder cannot be written or a call folder cannot be read."""

    __module__ = "cometmagic"


class TransportError(CometError):
    """The connection failed; `fate` says whether the request had left."""

    __module__ = "cometmagic"

    charge_status = ChargeStatus.UNKNOWN


class APIError(CometError):
    """The service answered with an error status or an error object."""

    __module__ = "cometmagic"

    charge_status = ChargeStatus.REFUSED


class NoImageError(CometError):
    """The service answered without an image."""

    __module__ = "cometmagic"

    charge_status = ChargeStatus.ANSWERED


class Interrupted(KeyboardInterrupt):
    """The waiting was interrupted, and what was waited for goes on. Shown as one line, like the errors."""

    __module__ = "cometmagic"

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


_ERROR_CLASSES = {
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


def restore_error(record: dict[str, Any], **details: Any) -> CometError:
    """Return the error that `record()` described, with further `facts` as attributes."""
    known = dict(record)
    kind = _ERROR_CLASSES.get(str(known.pop("type", "")), CometError)
    message, advice, status = (str(known.pop(name, "")) for name in ("what", "do", "fate"))
    return kind(message, advice=advice, charge_status=ChargeStatus.__members__.get(status), **known | details)
