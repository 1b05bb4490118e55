"""The conversation in a request: whether the service would take it, what is told and shown in it.

Roles, parts, image types and the thought signatures of earlier turns. Pictures are looked at here
because the service refuses what it cannot read; what is painted from them is the painter's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cometmagic.gemini import parts
from cometmagic.offline import image_io, signature

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_HEIF_TYPES = ("image/heic", "image/heif")  # the service takes them; Pillow alone cannot read them
_DATA_FIELDS = (
    *("text", "inline_data", "file_data", "function_call", "function_response"),
    *("executable_code", "code_execution_result", "tool_call", "tool_response"),
)
_ROLES = ("user", "model")
UNREADABLE_IMAGE = "Unable to process input image. Please retry or report."


@dataclass(frozen=True)
class ContentsSummary:
    """The words of the last turn and of the system instruction, and how much was sent in all."""

    prompt: str
    system: str
    character_count: int
    image_count: int


def find_violations(request: dict[str, Any]) -> Iterator[str]:
    """Yield what Google's validator says of the contents."""
    turns = request.get("contents", [])
    empty = [index for index, turn in enumerate(turns) if not turn.get("parts")]
    yield from (f"contents[{index}].parts: contents.parts must not be empty." for index in empty)
    for turn, part, node in _iterate_parts(request):
        if not any(name in node for name in _DATA_FIELDS) and "thought_signature" not in node:
            place = f"contents[{turn}].parts[{part}].data"
            yield f"{place}: required oneof field 'data' must have one initialized field"
    if not empty and not _has_data(turns):
        yield "contents: contents is not specified"


def _has_data(turns: list[dict[str, Any]]) -> bool:
    last = turns[-1]["parts"] if turns else []
    return any(node.get("text", "").strip() or {"inline_data", "file_data"} & node.keys() for node in last)


def find_errors(request: dict[str, Any], max_images: int) -> Iterator[str]:
    """Yield what is wrong with the turns and parts; `most` is how many images may be sent."""
    turns = request["contents"]
    if any((turn.get("role") or "user") not in _ROLES for turn in turns):
        yield "Please use a valid role: user, model."
    for turn, part, node in _iterate_parts(request):
        held = [name for name in _DATA_FIELDS if name in node]
        if len(held) > 1:
            second = held[1]
            yield f"contents[{turn}].parts[{part}]: oneof field 'data' is already set. Cannot set '{second}'"
        if "file_data" in node:
            yield "Cannot fetch content from the provided URL."
        if "inline_data" in node:
            yield from _find_image_errors(node["inline_data"])
        if turns[turn].get("role") == "model":
            yield from _find_signature_errors(node, turn, part)
    sent = sum("inline_data" in node for turn, _, node in _iterate_parts(request) if turns[turn].get("role") != "model")
    if sent > max_images:
        yield f"Too many input images: this model takes at most {max_images}, and {sent} were sent."
    if turns[-1].get("role") == "model":
        yield "Please ensure that multiturn requests end with a user role or a function response."


def _find_image_errors(blob: dict[str, Any]) -> Iterator[str]:
    mime_type = blob.get("mime_type", "")
    if mime_type not in IMAGE_TYPES:
        yield f"Unsupported MIME type: {mime_type}"
        return
    if not _is_heif(blob) and not image_io.is_image(blob.get("data", b"")):
        yield UNREADABLE_IMAGE


def _is_heif(blob: dict[str, Any]) -> bool:
    return parts.sniff(blob.get("data", b"")[: parts.MAGIC_BYTES])[0] in _HEIF_TYPES


def _find_signature_errors(part: dict[str, Any], turn_index: int, part_index: int) -> Iterator[str]:
    """Yield what is wrong with a part the model is said to have made; thoughts carry no signature."""
    signed = part.get("thought_signature", b"")
    made = part.get("inline_data", {}).get("data", b"")
    if made and not signed and not part.get("thought"):
        # Counted from one, as the service does.
        place = f"content position {turn_index + 1}, part position {part_index + 1}"
        yield f"Image part is missing a thought_signature in {place}."
    elif signed and not signature.is_valid(signed, made):
        yield "Thought signature is not valid"


def _iterate_parts(request: dict[str, Any]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield (index of the turn, index of the part, part), from the first to the last."""
    for turn, content in enumerate(request.get("contents", [])):
        for part, node in enumerate(content.get("parts", [])):
            yield turn, part, node


def summarize(request: dict[str, Any]) -> ContentsSummary:
    """Return what was said and how much was sent."""
    system = "\n".join(node.get("text", "") for node in request.get("system_instruction", {}).get("parts", []))
    last = [node.get("text", "") for node in request["contents"][-1]["parts"]]
    every = [node for _, _, node in _iterate_parts(request) if not node.get("thought")]
    return ContentsSummary(
        prompt="\n".join(filter(None, last)),
        system=system,
        character_count=len(system) + sum(len(node.get("text", "")) for node in every),
        image_count=sum("inline_data" in node for node in every),
    )


def read_base_image(request: dict[str, Any]) -> Image | None:
    """Return the picture an edit starts from: the last that was shown, by whichever side.

    Raises `ValueError` when it looks like a picture and cannot be read.
    """
    shown = [
        node["inline_data"]
        for _, _, node in _iterate_parts(request)
        if "inline_data" in node and not node.get("thought")
    ]
    return image_io.decode_image(shown[-1]["data"]) if shown and not _is_heif(shown[-1]) else None
