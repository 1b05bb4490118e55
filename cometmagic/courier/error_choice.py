"""Which error a call ends with, when an attempt failed and an answer came, or earlier attempts may have been charged.

This module sends nothing and reads no files.
"""

from __future__ import annotations

from pathlib import Path

from cometmagic.courier.http.transport_errors import DAMAGED_REASON
from cometmagic.courier.retry import classify
from cometmagic.errors import BALANCE_ADVICE, APIError, ChargeStatus, CometError, NoImageError, TransportError
from cometmagic.storage.call_record import CallRecord, find_worst_charge_status


def describe_damage(error: CometError | None) -> str | None:
    """Return what to say beside a picture that came in spite of an error, None when there is nothing to say."""
    if isinstance(error, APIError):
        return f"The service answered {error.status}."
    return error.message if error is not None and error.details.get("reason") == DAMAGED_REASON else None


def says_more(response_error: CometError, error: CometError) -> bool:
    """Whether the error of what came, such as a refusal, says more than the error of the attempt."""
    if not isinstance(error, APIError):
        return isinstance(response_error, NoImageError)
    if isinstance(response_error, NoImageError):
        return bool(response_error.details.get("finish_reason") or response_error.details.get("addresses"))
    return response_error.charge_status is ChargeStatus.UNKNOWN and classify(error).outcome == "S"


def name_kept_files(error: CometError, call: CallRecord, body_path: Path) -> CometError:
    """Return the error of an attempt that broke off with where its answer is, and with the drafts that came whole."""
    if not isinstance(error, TransportError):  # an error of the service is an answer of its own
        return error
    drafts = [row["name"] for row in call.get("files", []) if row["role"] == "thought"]
    saved = f"; drafts that came whole are saved beside it: {', '.join(drafts)}" if drafts else ""
    message = f"{error.message} What came is kept in {body_path}{saved}."
    return TransportError(message, advice=error.advice, charge_status=error.charge_status, **error.details)


def apply_earlier_charge_status(error: CometError, call: CallRecord) -> CometError:
    """Mark an error that cost nothing as possibly charged when an earlier attempt may have been charged."""
    is_free = error.charge_status in (ChargeStatus.UNSENT, ChargeStatus.REFUSED)
    if is_free and find_worst_charge_status(call) is ChargeStatus.UNKNOWN:
        error.charge_status, error.advice = ChargeStatus.UNKNOWN, BALANCE_ADVICE
    return error
