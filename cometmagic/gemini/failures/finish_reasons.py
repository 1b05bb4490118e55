"""Why a response has no image: one error, with the service's own explanation.

Reasons are data: one that is not listed here is shown by its name. This module reads no files and does
not know how the response was received.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from cometmagic.errors import BALANCE_ADVICE, APIError, ChargeStatus, CometError, NoImageError, TransportError
from cometmagic.gemini.coerce import coerce_objects
from cometmagic.gemini.failures.charge_claims import ChargeClaim, find_charge_claim, quote_texts, remove_quotations
from cometmagic.gemini.failures.error_document import parse_xml_error
from cometmagic.gemini.failures.error_rules import MODERATION_ADVICE, NETWORK_ADVICE, SIGNATURE_ADVICE
from cometmagic.gemini.failures.error_texts import MAX_MESSAGE_LENGTH, format_message, read_texts
from cometmagic.gemini.failures.other_formats import JOB, REFUSED_SUFFIX, describe_page, describe_value
from cometmagic.gemini.response import ImageResponse
from cometmagic.options.declaration import SAFETY_CATEGORIES, SAFETY_THRESHOLDS
from cometmagic.system.sanitize import clean_line

MAX_TEXT_LENGTH = 500  # characters of each text of an answer in a message
_USUAL_REASONS = ("", "STOP", "FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED")
_OFF_THRESHOLDS = (SAFETY_THRESHOLDS["none"], SAFETY_THRESHOLDS["off"])
_AGAIN_ADVICE = "Rephrase the prompt or run the cell again."
_REPHRASE_ADVICE = "Rephrase the prompt: the same one will not pass again, and this block cannot be switched off."
_SIMILAR_ADVICE = "Rephrase the prompt: the picture would be too close to an existing one."
_TOOL_ADVICE = "Run the cell again; if it ends the same way, leave out --search and the tools in --extra."
# What to do, by finish reason or block reason.
FINISH_REASON_ADVICE = {
    "SAFETY": "Rephrase the prompt; --safety can lower the adjustable thresholds.",
    "IMAGE_SAFETY": "Rephrase the prompt, or change the reference image if there is one.",
    "PROHIBITED_CONTENT": _REPHRASE_ADVICE,
    "IMAGE_PROHIBITED_CONTENT": _REPHRASE_ADVICE,
    "MODEL_ARMOR": _REPHRASE_ADVICE,
    "JAILBREAK": _REPHRASE_ADVICE,
    "ESCALATION": _REPHRASE_ADVICE,
    "BLOCKLIST": "Rephrase the prompt: it holds a blocked word.",
    "RECITATION": _SIMILAR_ADVICE,
    "IMAGE_RECITATION": _SIMILAR_ADVICE,
    "SPII": "Take personal information out of the prompt.",
    "LANGUAGE": "Write the prompt in another language.",
    "MAX_TOKENS": "The token limit was reached: lower --thinking, or change --max-output-tokens if it is set.",
    "CONTINUATION": "The token limit was reached: ask for less, or change --max-output-tokens if it is set.",
    "NO_IMAGE": "Ask for a picture in plainer words, or run the cell again.",
    "IMAGE_OTHER": _AGAIN_ADVICE,
    "OTHER": _AGAIN_ADVICE,
    "MALFORMED_RESPONSE": "Run the cell again: the model's answer was malformed.",
    "MALFORMED_FUNCTION_CALL": _TOOL_ADVICE,
    "UNEXPECTED_TOOL_CALL": _TOOL_ADVICE,
    "TOO_MANY_TOOL_CALLS": _TOOL_ADVICE,
    "MISSING_THOUGHT_SIGNATURE": SIGNATURE_ADVICE,
    "PUP_LIMITED_DISABLED": "The provider has limited the account for its use policy: ask CometAPI's support.",
}


def build_malformed_error(
    problem: str, head: bytes, body_path: Path, address: str, description: str = ""
) -> CometError:
    """Return the error for a body without a JSON object: `head` is its beginning, `body_path` its file.

    `address` is where it came from; `description` says what a body is that is no text.
    """
    text = head.decode("utf-8", "replace")
    if not text.strip():
        message = f"The service answered with an empty body, from {address}."
        return TransportError(message, advice=f"Check COMETAPI_BASE_URL. {BALANCE_ADVICE}")
    if fields := parse_xml_error(text):
        return build_other_format_error("an error in XML", format_message(read_texts(fields)), body_path, address)
    if page := describe_page(text):
        message = f"The service answered with {page} instead of JSON, from {address}."
        return APIError(message, charge_status=ChargeStatus.UNKNOWN, advice=NETWORK_ADVICE)
    if value := describe_value(text):
        return build_other_format_error(value, "", body_path, address)
    start = f"It is {description}." if description else f"It begins: {clean_line(text, MAX_MESSAGE_LENGTH)}"
    return TransportError(
        f"The answer from {address} cannot be read: {problem}; what came is kept in {body_path}. {start}",
        advice=f"Check COMETAPI_BASE_URL. {BALANCE_ADVICE}",
    )


def build_other_format_error(description: str, text: str, body_path: Path, address: str) -> CometError:
    """Return the error for JSON that is no Gemini response.

    `text` is what it says, `address` is where it came from.
    """
    words = f" It says: {quote_texts([text], MAX_MESSAGE_LENGTH)}" if text.strip() else ""
    message = f"The answer is no Gemini response but {description}, from {address}; it is kept in {body_path}."
    return NoImageError(f"{message}{words}", advice=_advise_on_format(description), **_find_claim("", text))


_FORMAT_ADVICE = "Check COMETAPI_BASE_URL."


def _advise_on_format(description: str) -> str:
    if description.startswith(JOB):
        return f"{_FORMAT_ADVICE} Or ask the service for the result by this id: another request is a second image."
    return MODERATION_ADVICE if REFUSED_SUFFIX in description else _FORMAT_ADVICE


def build_no_image_error(
    response: ImageResponse,
    body_path: Path,
    *,
    is_truncated: bool,
    damaged_count: int,
    unknown_files: Sequence[str],
    unblocked_categories: Collection[str] = (),
    has_data: bool = False,
) -> CometError:
    """Return the error for a response without a final image.

    `damaged_count` images could not be decoded; `unknown_files` are saved, and no pictures to show; the request
    switched the thresholds of `unblocked_categories` off. If the response `has_data` that was not understood, it may
    be the image.
    """
    reason = response.block_reason or response.finish_reason
    has_address_only = bool(response.addresses) and reason in ("", "STOP")
    if not has_address_only and (damaged_count or (is_truncated and reason in ("", "STOP"))):
        problem = "holds an image that cannot be decoded" if damaged_count and not is_truncated else "was cut short"
        drafts = " Drafts that came whole are saved beside it." if response.thoughts else ""
        return TransportError(f"The answer {problem}; what came is kept in {body_path}.{drafts}", advice=BALANCE_ADVICE)
    service_text = response.block_message or response.finish_message
    advice = _find_advice(reason, response.blocked_categories, unblocked_categories)
    addresses = response.addresses or (response.addresses_in_words if _is_repetition(advice) else ())
    details: dict[str, Any] = {"finish_reason": reason, **_find_claim(service_text, response.text)}
    details |= {"addresses": list(addresses)} if addresses else {}
    if has_address_only:
        message = f"The answer holds no image, only the address of one, which may expire; it is kept in {body_path}."
        return NoImageError(message, advice=_advise_on_addresses(addresses, body_path), **details)
    if unknown_files:
        advice = f"Open the file; the whole answer is kept in {body_path}."
    elif addresses or has_data:
        advice = _advise_on_data(advice, body_path, has_address=bool(addresses))
    explanation = quote_texts([service_text, response.text], MAX_TEXT_LENGTH)
    problem = _describe_missing_image(response, body_path, unknown_files) + _describe_categories(response, reason)
    message = f"{problem}: {explanation}" if explanation else f"{problem}."
    return NoImageError(message, advice=advice, **details)


def describe_end(response: ImageResponse) -> Iterator[str]:
    """Yield how an answer with an image ended, unless it ended as usual, and what the service says of it."""
    reason = response.block_reason or response.finish_reason
    if reason.upper() not in _USUAL_REASONS:
        yield f"A picture came, though the answer ended with {reason}."
    messages = [text for text in (response.block_message, response.finish_message) if text not in response.text]
    if explanation := quote_texts(messages, MAX_TEXT_LENGTH):
        yield f"The service says: {explanation}"


def mark_as_begun(error: CometError, body_path: Path) -> CometError:
    """Return an error that came after some of the answer: the model had worked, so it may have been charged.

    Why the service stopped does not make another try safe.
    """
    details = {name: value for name, value in error.details.items() if name != "reason"}
    message = f"{error.message} It came after the beginning of an answer, which is kept in {body_path}."
    return APIError(message, charge_status=ChargeStatus.UNKNOWN, advice=BALANCE_ADVICE, **details)


def _find_claim(service_text: str, model_text: str) -> dict[str, Any]:
    """Return the detail of an error on what the service says about charging.

    What the model writes counts only where it says that nothing is charged: it may tell of any charge.
    """
    claim = find_charge_claim(service_text)
    if not claim and find_charge_claim(remove_quotations(model_text)) is ChargeClaim.FREE:
        claim = ChargeClaim.FREE
    return {"claim": claim} if claim else {}


def _advise_on_addresses(addresses: Sequence[str], body_path: Path) -> str:
    """Return how to get what an answer points to; it is paid for, so nothing is asked for again."""
    schemes = {address.partition(":")[0].lower() for address in addresses}
    if schemes <= {"gs", "s3"}:
        return "It is in the service's own storage: ask the service for the image by this address."
    if "http" in schemes and "https" not in schemes:
        return "It is not https, so it is not fetched here: open it only if you know the host."
    if "https" not in schemes:
        return "It leads to no place on the web: do not open it."
    call_id = body_path.parent.name.rpartition("-")[2]
    return f"Run %gemini_library fetch {call_id} soon: it costs nothing. --fetch does it at once."


def _is_repetition(advice: str) -> bool:
    """Whether an advice is to pay again for the same."""
    return "run the cell again" in advice.casefold()


def _advise_on_data(advice: str, body_path: Path, *, has_address: bool) -> str:
    """Return what to do about data or an address that may be the picture, before the `advice` on the reason."""
    first = "Open the address soon: it may be the picture" if has_address else "Look for the picture in the answer"
    start = f"{first}; the whole answer is kept in {body_path}."
    return start if _is_repetition(advice) else f"{start} {advice}" if has_address else advice


def list_unblocked_categories(request_body: dict[str, Any]) -> list[str]:
    """Return the safety categories that a request switches off, as `--safety` writes them."""
    settings = coerce_objects(request_body.get("safetySettings"))
    categories = [setting.get("category") for setting in settings if setting.get("threshold") in _OFF_THRESHOLDS]
    return [name for name, category in SAFETY_CATEGORIES.items() if category in categories]


def _find_advice(reason: str, blocked_categories: Sequence[str], unblocked_categories: Collection[str]) -> str:
    """Return what to do about a finish reason; categories are named as `--safety` writes them."""
    candidates = blocked_categories or tuple(SAFETY_CATEGORIES)
    adjustable = [name for name in candidates if name in SAFETY_CATEGORIES and name not in unblocked_categories]
    is_safety = reason.upper() == "SAFETY" or (bool(blocked_categories) and reason.upper() in _USUAL_REASONS)
    if is_safety and not adjustable:
        return "Rephrase the prompt: --safety cannot lower a threshold further here."
    if is_safety and blocked_categories:
        options = " ".join(f"--safety {name}=none" for name in adjustable)
        return f"Rephrase the prompt, or lower what blocked it: {options}."
    return FINISH_REASON_ADVICE.get(reason.upper(), _AGAIN_ADVICE)


def _describe_missing_image(response: ImageResponse, body_path: Path, unknown_files: Sequence[str]) -> str:
    if response.block_reason:
        return f"The prompt was blocked ({response.block_reason})"
    if response.finish_reason not in ("", "STOP"):
        return f"The model made no image ({response.finish_reason})"
    if unknown_files:
        return f"The answer holds no picture but {'; '.join(unknown_files)}, saved in {body_path.parent}"
    if response.thoughts:
        return f"Only drafts came, no final image; they are in {body_path.parent}"
    if response.text.strip():
        return "The model answered in words only"
    return "The answer holds no image"


def _describe_categories(response: ImageResponse, reason: str) -> str:
    if not response.blocked_categories:
        return ""
    link = "; it was blocked for" if reason.upper() in _USUAL_REASONS else ","
    noun = "categories" if len(response.blocked_categories) > 1 else "category"
    return f"{link} {noun} {', '.join(response.blocked_categories)}"
