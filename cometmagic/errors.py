"""The errors that users see, each shown in one line.

Each error says what happened, whether it may have cost money, and, where that is not obvious, what to do next.
This module knows nothing of HTTP, notebooks or files, so that every layer can raise these errors. A call folder
saves them with `to_dict`, and `restore_error` reads them back, with texts that are safe to show.

    CometError
    ├── OptionError        an option, prompt or setting is wrong; nothing was sent
    ├── TemplateError      a {{name}} in the cell text cannot be filled; nothing was sent
    ├── MissingKeyError    a live call needs a key; nothing was sent
    ├── BudgetError        the estimate is above a limit; nothing was sent
    ├── LibraryError       the library folder cannot be used
    ├── TransportError     the connection failed, before or after the request left
    ├── APIError           the service answered with an error (`.status`, `.code`, `.request_id`)
    └── NoImageError       the service answered, but without an image (`.response`)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from cometmagic.system.sanitize import clean, clean_line
from cometmagic.system.secret_patterns import mask_secrets
from cometmagic.system.session_secret import mask_session_secret

MAX_ADDRESSES = 4  # that an error shows
MAX_ADDRESS_LENGTH = 8000  # characters; many servers read no more
BALANCE_ADVICE = "Look at the balance before trying again."  # the advice when a call may have cost money


class ChargeStatus(StrEnum):
    """Whether a request may have cost money, as a sentence."""

    UNSENT = "Nothing was sent, so nothing was charged."
    OFFLINE = "This was the offline source, so nothing was charged."
    REFUSED = "The service refused the request; that is not normally charged."
    UNKNOWN = "The request was sent and may have been charged."
    ANSWERED = "The service answered, so it may have been charged."
    PAST = ""  # the error is about an earlier call, and nothing is sent now


_SENTENCE_ENDS = (".", "?", "。", "！", "？")  # noqa: RUF001  # Chinese punctuation
_UNCERTAIN_STATUSES = (ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED)


# Our sentence where the service itself said something about charging, by the detail `claim` of the error.
CLAIM_SENTENCES = {
    "free": "The service says that this is free; the ledger still counts what it may have cost.",
    "charged": "The service says that this was charged.",
    "partly": "Its own words say what of it is charged; the ledger counts what it may have cost.",
}


class CometError(Exception):
    """Base of all errors of this package.

    `message` is a sentence on what happened, `charge_status` says whether it may have cost money, and `advice` what to
    do next. Further `details`, such as `.status` or `.response`, are attributes of the error.
    """

    __module__ = "cometmagic"  # where people import it from

    charge_status: ChargeStatus = ChargeStatus.UNSENT

    def __init__(
        self, message: str, *, advice: str = "", charge_status: ChargeStatus | None = None, **details: Any
    ) -> None:
        message = _clean_sentence(message)
        self.message = message if message.endswith(_SENTENCE_ENDS) else f"{message}."
        super().__init__(self.message)
        self.advice = _clean_sentence(advice)
        if charge_status is not None:
            self.charge_status = charge_status
        self.details = details

    def __str__(self) -> str:
        sentences = (self.message, *self._iter_addresses(), self.charge_sentence, self.advice)
        return " ".join(sentence for sentence in sentences if sentence)

    def _iter_addresses(self) -> Iterator[str]:
        """Yield the addresses among the details, whole: their signatures are no secrets of the user."""
        addresses = self.details.get("addresses")
        for address in addresses[:MAX_ADDRESSES] if isinstance(addresses, list) else ():
            yield f"Address: {mask_session_secret(clean_line(address, MAX_ADDRESS_LENGTH))}"

    @property
    def charge_sentence(self) -> str:
        """Whether this may have cost money, in agreement with what the service says of it."""
        claim = self.details.get("claim")
        if isinstance(claim, str) and self.charge_status in _UNCERTAIN_STATUSES:
            return CLAIM_SENTENCES.get(claim, self.charge_status)
        return self.charge_status

    def __getattr__(self, name: str) -> Any:
        """Return one of the details."""
        try:
            return self.__dict__["details"][name]
        except KeyError:
            raise AttributeError(name) from None

    def _render_traceback_(self) -> list[str]:
        """Return one line instead of a traceback. IPython calls this method of an exception."""
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


def _clean_sentence(text: str) -> str:
    """Return a sentence that can be shown: a wrong value that it quotes may hold anything, even a key."""
    return mask_session_secret(mask_secrets(clean(text))).replace("\n", " ")


class OptionError(CometError):
    """An option, a prompt or a setting is wrong."""

    __module__ = "cometmagic"


class TemplateError(CometError):
    """A placeholder of the cell text cannot be filled."""

    __module__ = "cometmagic"


class MissingKeyError(CometError):
    """A live call needs an API key, and there is none."""

    __module__ = "cometmagic"


class BudgetError(CometError):
    """The estimated price is above a limit that the user set."""

    __module__ = "cometmagic"


class LibraryError(CometError):
    """The library folder cannot be written or a call folder cannot be read."""

    __module__ = "cometmagic"


class TransportError(CometError):
    """The connection failed. `charge_status` says whether the request was sent."""

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
    """The user stopped waiting, and the request goes on. Shown in one line, like the errors."""

    __module__ = "cometmagic"

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


_ERROR_CLASSES = {
    error_class.__name__: error_class
    for error_class in (
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


def restore_error(record: Mapping[str, Any], **details: Any) -> CometError:
    """Return the error that `to_dict` returned as a `record`, with further `details` as attributes."""
    values = dict(record)
    error_class = _ERROR_CLASSES.get(str(values.pop("type", "")), CometError)
    message, advice, status = (clean(values.pop(name, "")) for name in ("what", "do", "fate"))
    error = error_class(message, advice=advice, charge_status=ChargeStatus.__members__.get(status))
    # Set here, as a recorded name may be that of a parameter; and Python and IPython look up names with underscores.
    error.details = {name: value for name, value in values.items() if not name.startswith("_")} | details
    return error
