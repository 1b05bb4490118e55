"""What call.json may hold: each field with its type and its limits, checked when the file is parsed.

A library can come from anybody. What fits this declaration can be used without further checks, and what does not
makes the call unreadable, and nothing else. Texts are as they were written; whoever shows them cleans them. This
module reads no file.
"""

# No `from __future__ import annotations`: the declarations are read when the program runs.

from enum import StrEnum
from typing import Annotated, Any, Required, TypedDict, cast

from cometmagic.errors import CLAIM_SENTENCES, ChargeStatus, LibraryError
from cometmagic.gemini.response import Usage
from cometmagic.options.declaration import MAX_PRICE_RATIO
from cometmagic.storage.record_checks import (
    find_misfit,
    has_length,
    has_pattern,
    is_flag,
    is_line,
    is_list,
    is_number,
    is_object,
    is_one_of,
    is_optional,
    is_record,
    is_time,
    is_whole,
)
from cometmagic.system.bounded_json import parse_object
from cometmagic.system.regular_files import is_plain_name
from cometmagic.system.sanitize import clean_line

MAX_CALL_BYTES = 4 * 2**20  # bytes of call.json
MAX_TEXT_LENGTH = 200_000  # characters of a prompt and of every other text; the largest model window is 131,000 tokens
MAX_FILES = 1000  # answers have a few
MAX_NOTES = 4 * MAX_FILES
_MAX_FILE_BYTES = 2**40
_MAX_PIXELS = 10**6  # of one side
_MAX_TOKENS = 10**12
_is_text = has_length(MAX_TEXT_LENGTH)
_is_ledger_id = has_pattern("[ -~]{0,64}")


class CallState(StrEnum):
    """The state of a call; each one is on disk before the next step begins."""

    PLANNED = "planned"
    SENT = "sent"
    RECEIVED = "received"
    SETTLED = "settled"
    FAILED = "failed"
    UNKNOWN = "unknown"


class FileRow(TypedDict, total=False):
    """One image of the answer."""

    name: Annotated[Required[str], is_plain_name]
    role: Annotated[Required[str], is_one_of(("image", "thought", "other"))]
    mime_type: Annotated[Required[str], has_pattern(r"[\w.+-]{1,60}/[\w.+-]{1,60}")]
    size: Annotated[int, is_whole(0, _MAX_FILE_BYTES)]
    sha256: Annotated[str, has_pattern("[0-9a-f]{64}")]
    width: Annotated[int | None, is_optional(is_whole(1, _MAX_PIXELS))]
    height: Annotated[int | None, is_optional(is_whole(1, _MAX_PIXELS))]


class UsageRecord(TypedDict, total=False):
    """Token counts, as in `Usage`."""

    prompt: Annotated[int | None, is_optional(is_whole(0, _MAX_TOKENS))]
    answer: Annotated[int | None, is_optional(is_whole(0, _MAX_TOKENS))]
    thoughts: Annotated[int | None, is_optional(is_whole(0, _MAX_TOKENS))]
    total: Annotated[int | None, is_optional(is_whole(0, _MAX_TOKENS))]
    image: Annotated[int | None, is_optional(is_whole(0, _MAX_TOKENS))]
    is_readable: Annotated[bool, is_flag]


class EstimateRecord(TypedDict, total=False):
    """The price that was estimated before sending, in dollars."""

    usd: Annotated[Required[float | None], is_optional(is_number(10**9))]
    basis: Annotated[Required[str], is_line(200)]


class LimitsRecord(TypedDict, total=False):
    """The limits that differ from their defaults, and that are read again."""

    retry_unknown: Annotated[int, is_whole(0, 100)]
    total_timeout: Annotated[float, is_number(10**6)]  # seconds
    price_ratio: Annotated[float, is_number(MAX_PRICE_RATIO)]


class ParentRecord(TypedDict, total=False):
    """The call that was edited or continued."""

    id: Annotated[Required[str], has_length(300)]
    how: Annotated[Required[str], has_length(40)]


class ErrorRecord(TypedDict, total=False):
    """An error as `CometError.to_dict` returns it; its details are further fields."""

    type: Annotated[Required[str], is_line(100)]
    what: Annotated[Required[str], _is_text]
    fate: Annotated[Required[str], is_one_of(ChargeStatus.__members__)]
    do: Annotated[str, _is_text]
    claim: Annotated[str, is_one_of(CLAIM_SENTENCES)]


class TryRecord(TypedDict, total=False):
    """A failed try, after which the request was sent again."""

    ended: Annotated[str, is_time]
    error: Annotated[Required[ErrorRecord], is_record(ErrorRecord)]


class CallRecord(TypedDict, total=False):
    """The content of call.json. Null stands for no value; a newer version may write further fields."""

    version: Annotated[int, is_whole(0, 10**6)]
    state: Annotated[Required[str], is_one_of(CallState)]
    model: Annotated[Required[str], has_length(1000)]
    prompt: Annotated[Required[str], _is_text]
    options: Annotated[Required[dict[str, Any]], is_object(100)]
    request_hash: Annotated[Required[str], has_pattern("[0-9a-f]{64}")]
    planned: Annotated[Required[str], is_time]
    references: Annotated[int, is_whole(0, 10**6)]  # images that were sent, those of earlier turns included
    source: Annotated[Required[str], is_one_of(("live", "offline"))]
    warnings: Annotated[list[str], is_list(_is_text, MAX_NOTES)]
    estimate: Annotated[EstimateRecord, is_record(EstimateRecord)]
    preview: Annotated[int, is_whole(0, 16384)]  # pixels
    alt: Annotated[str, is_optional(_is_text)]
    number: Annotated[int, is_whole(0, 10**6)]  # how many calls of a batch before it have the same request
    fetch: Annotated[bool, is_flag]  # whether a picture may be fetched that came as an address
    parent: Annotated[ParentRecord, is_optional(is_record(ParentRecord))]
    host: Annotated[str, is_line(300)]  # when it is not CometAPI's
    id: Annotated[str, _is_ledger_id]
    session: Annotated[str, _is_ledger_id]
    limits: Annotated[LimitsRecord, is_record(LimitsRecord)]
    sent: Annotated[str, is_time]
    received: Annotated[str, is_time]
    settled: Annotated[str, is_time]
    abandoned: Annotated[str, is_time]
    status: Annotated[int, is_whole(100, 999)]
    request_id: Annotated[str, is_line(200)]
    damage: Annotated[str, is_optional(_is_text)]
    home: Annotated[str, is_optional(has_pattern(r"[^\0]{1,4096}"))]  # its own folder, while the call is in another
    tries: Annotated[list[TryRecord], is_list(is_record(TryRecord), 1000)]
    error: Annotated[ErrorRecord, is_optional(is_record(ErrorRecord))]
    files: Annotated[list[FileRow], is_list(is_record(FileRow), MAX_FILES)]
    model_version: Annotated[str, is_line(200)]
    response_id: Annotated[str, is_line(200)]
    finish_reason: Annotated[str, is_line(200)]
    usage: Annotated[UsageRecord, is_record(UsageRecord)]
    spoilt: Annotated[int, is_whole(0, 10**6)]
    notes: Annotated[list[str], is_list(_is_text, MAX_NOTES)]


def parse_call(content: bytes, name: str = "call.json") -> CallRecord:
    """Return the record in call.json, which a message calls `name`. Raises `LibraryError`."""
    try:
        call = parse_object(content, MAX_CALL_BYTES)
    except ValueError as error:
        raise _build_error(name, str(error)) from None
    if misfit := find_misfit(call, CallRecord):
        raise _build_error(name, f"its field {misfit!r} is missing or wrong")
    return cast("CallRecord", call)


def _build_error(name: str, reason: str) -> LibraryError:
    message = f"{clean_line(name)} is unreadable: {reason}."
    return LibraryError(message, charge_status=ChargeStatus.PAST, reason=reason)


def read_usage(call: CallRecord) -> Usage:
    """Return the token counts of a call."""
    usage = call.get("usage", {})
    prompt, answer, thoughts = usage.get("prompt"), usage.get("answer"), usage.get("thoughts")
    return Usage(
        prompt, answer, thoughts, usage.get("total"), usage.get("image"), is_readable=usage.get("is_readable", True)
    )


def find_worst_charge_status(call: CallRecord) -> ChargeStatus | None:
    """Return the worst charge status of a call's earlier, failed tries, None when there are none."""
    status_names = {attempt["error"]["fate"] for attempt in call.get("tries", ())}
    statuses = (ChargeStatus.UNKNOWN, ChargeStatus.REFUSED, ChargeStatus.UNSENT)  # the worst one first
    return next((status for status in statuses if status.name in status_names), None)
