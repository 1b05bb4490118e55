"""Fetches the image of an answer that holds only its address, and settles the call with it.

The address comes from the service, so it leads to public https hosts only, and nothing of the user goes there. The
answer is paid for already; no request is sent to the service.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from cometmagic.costs.charges import record_cost
from cometmagic.courier.http.image_fetch import fetch
from cometmagic.courier.recovery import lock_call
from cometmagic.errors import ChargeStatus, CometError, LibraryError, NoImageError, OptionError, restore_error
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.options.settings import Key
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.settle import add_image, settle
from cometmagic.storage.trust import check_trusted
from cometmagic.system.formatting import format_bytes
from cometmagic.system.redactor import Redactor
from cometmagic.system.sanitize import clean_line

MAX_ATTEMPTS = 4  # addresses of one answer that are tried


def fetch_image(folder: CallFolder, error: CometError, redactor: Redactor) -> CometError | None:
    """Fetch the image whose address `error` names and settle the call; return the error if there is still no image.

    An error without an address is returned unchanged. `redactor` removes the key from what is decoded.
    """
    addresses = error.details.get("addresses") or []
    if not isinstance(error, NoImageError) or not addresses:
        return error
    problems, is_unsafe = [], True
    for address in addresses[:MAX_ATTEMPTS]:
        try:
            return _save_image(folder, address, redactor)
        except OptionError as problem:
            problems.append(problem.message)
            is_unsafe = is_unsafe and bool(problem.details.get("is_unsafe"))
        except (OSError, MalformedError) as problem:
            problems.append(f"It cannot be saved ({type(problem).__name__}).")
            is_unsafe = False
    reasons = " ".join(dict.fromkeys(problems))
    details = {name: value for name, value in error.details.items() if name != "reason"}
    # An address that leads into a network, or to a file, may be a trap.
    advice = "Do not open the address unless you know it." if is_unsafe else "Open the address yourself soon."
    return folder.fail(NoImageError(f"{error.message} Fetching it failed: {reasons}", advice=advice, **details))


def _save_image(folder: CallFolder, address: str, redactor: Redactor) -> CometError | None:
    """Fetch an image and settle the call with it. Raises `OptionError` when it cannot be fetched, and `OSError`."""
    host = _parse_host(address)
    content = fetch(address)
    add_image(folder, content)
    note = f"The answer held only an address; the picture was fetched from {host} ({format_bytes(len(content))})."
    return settle(folder, note, redactor)


def _parse_host(address: str) -> str:
    """Return the host of an https address. Raises `OptionError` for any other."""
    url = urlsplit(address)
    if url.scheme.lower() != "https":
        raise OptionError(f"{clean_line(address, 60)} is not https.", is_unsafe=url.scheme.lower() not in ("gs", "s3"))
    return clean_line(url.hostname, 100)


def fetch_later(folder: CallFolder, key: Key | None) -> CometError | None:
    """Fetch the image of a call that has ended without one; return the error if there is still none.

    `key` is removed from what the answer echoes.
    Raises `LibraryError` when the call has ended in another way or its library is not trusted, and `LockBusyError`
    when a process works on it.
    """
    check_trusted(folder.path.parent)
    with lock_call(folder):
        call = folder.read()
        record = call.get("error")
        error = restore_error(record) if record else None
        if call["state"] != CallState.FAILED or error is None or not error.details.get("addresses"):
            message = f"{folder.id} is no call whose answer holds only the address of an image."
            raise LibraryError(message, charge_status=ChargeStatus.PAST)
        if not folder.has_raw_response:
            raise folder.build_error(folder.response_path.name, "is gone")
        error = fetch_image(folder, error, Redactor([key]))
        record_cost(folder)
        return error
