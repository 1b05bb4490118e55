"""The turns of a request: whether the service would accept them, and their texts and images.

Checks roles, parts, image types and the thought signatures of earlier turns. Images are opened here because
the service rejects those it cannot read; painting is the painter's work.
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
_HEIF_TYPES = ("image/heic", "image/heif")  # accepted by the service, but Pillow alone cannot read them
_DATA_FIELDS = (
    *("text", "inline_data", "file_data", "function_call", "function_response"),
    *("executable_code", "code_execution_result", "tool_call", "tool_response"),
)
_ROLES = ("user", "model")
UNREADABLE_IMAGE = "Unable to process input image. Please retry or report."


@dataclass(frozen=True)
class ContentsSummary:
    """The text of the last turn and of the system instruction, and the size of the whole conversation."""

    prompt: str
    system: str
    character_count: int
    image_count: int


def find_violations(request: dict[str, Any]) -> Iterator[str]:
    """Yield the violations that Google's validator reports for the contents."""
    turns = request.get("contents", [])
    empty_turns = [index for index, turn in enumerate(turns) if not turn.get("parts")]
    yield from (f"contents[{index}].parts: contents.parts must not be empty." for index in empty_turns)
    for turn_index, part_index, part in _iterate_parts(request):
        if not any(name in part for name in _DATA_FIELDS) and "thought_signature" not in part:
            path = f"contents[{turn_index}].parts[{part_index}].data"
            yield f"{path}: required oneof field 'data' must have one initialized field"
    if not empty_turns and not _has_data(turns):
        yield "contents: contents is not specified"


def _has_data(turns: list[dict[str, Any]]) -> bool:
    last_parts = turns[-1]["parts"] if turns else []
    return any(part.get("text", "").strip() or {"inline_data", "file_data"} & part.keys() for part in last_parts)


def find_errors(request: dict[str, Any], max_images: int) -> Iterator[str]:
    """Yield the errors in the turns and parts; the model accepts `max_images` images."""
    turns = request["contents"]
    if any((turn.get("role") or "user") not in _ROLES for turn in turns):
        yield "Please use a valid role: user, model."
    for turn_index, part_index, part in _iterate_parts(request):
        data_fields = [name for name in _DATA_FIELDS if name in part]
        if len(data_fields) > 1:
            path = f"contents[{turn_index}].parts[{part_index}]"
            yield f"{path}: oneof field 'data' is already set. Cannot set '{data_fields[1]}'"
        if "file_data" in part:
            yield "Cannot fetch content from the provided URL."
        if "inline_data" in part:
            yield from _find_image_errors(part["inline_data"])
        if turns[turn_index].get("role") == "model":
            yield from _find_signature_errors(part, turn_index, part_index)
    user_parts = [part for turn, _, part in _iterate_parts(request) if turns[turn].get("role") != "model"]
    image_count = sum("inline_data" in part for part in user_parts)
    if image_count > max_images:
        yield f"Too many input images: this model takes at most {max_images}, and {image_count} were sent."
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
    """Yield the errors in the signature of a part from a model turn; thoughts need no signature."""
    part_signature = part.get("thought_signature", b"")
    image_data = part.get("inline_data", {}).get("data", b"")
    if image_data and not part_signature and not part.get("thought"):
        # The service counts from one.
        position = f"content position {turn_index + 1}, part position {part_index + 1}"
        yield f"Image part is missing a thought_signature in {position}."
    elif part_signature and not signature.is_valid(part_signature, image_data):
        yield "Thought signature is not valid"


def _iterate_parts(request: dict[str, Any]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield (turn index, part index, part) for every part, in order."""
    for turn_index, turn in enumerate(request.get("contents", [])):
        for part_index, part in enumerate(turn.get("parts", [])):
            yield turn_index, part_index, part


def summarize(request: dict[str, Any]) -> ContentsSummary:
    """Return the texts and the size of the conversation."""
    system = "\n".join(part.get("text", "") for part in request.get("system_instruction", {}).get("parts", []))
    texts = [part.get("text", "") for part in request["contents"][-1]["parts"]]
    counted_parts = [part for _, _, part in _iterate_parts(request) if not part.get("thought")]
    return ContentsSummary(
        prompt="\n".join(filter(None, texts)),
        system=system,
        character_count=len(system) + sum(len(part.get("text", "")) for part in counted_parts),
        image_count=sum("inline_data" in part for part in counted_parts),
    )


def read_base_image(request: dict[str, Any]) -> Image | None:
    """Return the image an edit starts from: the last in the conversation, from either role.

    Raises `ValueError` when it looks like an image but cannot be read.
    """
    images = [
        part["inline_data"]
        for _, _, part in _iterate_parts(request)
        if "inline_data" in part and not part.get("thought")
    ]
    return image_io.decode_image(images[-1]["data"]) if images and not _is_heif(images[-1]) else None
