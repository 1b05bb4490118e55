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
_UNSEEN_TYPES = ("image/heic", "image/heif")  # the service takes them; Pillow alone cannot read them
_DATA = (
    *("text", "inline_data", "file_data", "function_call", "function_response"),
    *("executable_code", "code_execution_result", "tool_call", "tool_response"),
)
_ROLES = ("user", "model")
UNREADABLE = "Unable to process input image. Please retry or report."


@dataclass(frozen=True)
class Told:
    """The words of the last turn and of the system instruction, and how much was sent in all."""

    prompt: str
    system: str
    letters: int
    images: int


def predicates(request: dict[str, Any]) -> Iterator[str]:
    """Yield what Google's validator says of the contents."""
    turns = request.get("contents", [])
    empty = [index for index, turn in enumerate(turns) if not turn.get("parts")]
    yield from (f"contents[{index}].parts: contents.parts must not be empty." for index in empty)
    for turn, part, node in _parts(request):
        if not any(name in node for name in _DATA) and "thought_signature" not in node:
            place = f"contents[{turn}].parts[{part}].data"
            yield f"{place}: required oneof field 'data' must have one initialized field"
    if not empty and not _says_anything(turns):
        yield "contents: contents is not specified"


def _says_anything(turns: list[dict[str, Any]]) -> bool:
    last = turns[-1]["parts"] if turns else []
    return any(node.get("text", "").strip() or {"inline_data", "file_data"} & node.keys() for node in last)


def faults(request: dict[str, Any], most: int) -> Iterator[str]:
    """Yield what is wrong with the turns and parts; `most` is how many images may be sent."""
    turns = request["contents"]
    if any((turn.get("role") or "user") not in _ROLES for turn in turns):
        yield "Please use a valid role: user, model."
    for turn, part, node in _parts(request):
        held = [name for name in _DATA if name in node]
        if len(held) > 1:
            second = held[1]
            yield f"contents[{turn}].parts[{part}]: oneof field 'data' is already set. Cannot set '{second}'"
        if "file_data" in node:
            yield "Cannot fetch content from the provided URL."
        if "inline_data" in node:
            yield from _picture_faults(node["inline_data"])
        if turns[turn].get("role") == "model":
            yield from _signature_faults(node, turn, part)
    sent = sum("inline_data" in node for turn, _, node in _parts(request) if turns[turn].get("role") != "model")
    if sent > most:
        yield f"Too many input images: this model takes at most {most}, and {sent} were sent."
    if turns[-1].get("role") == "model":
        yield "Please ensure that multiturn requests end with a user role or a function response."


def _picture_faults(blob: dict[str, Any]) -> Iterator[str]:
    mime_type = blob.get("mime_type", "")
    if mime_type not in IMAGE_TYPES:
        yield f"Unsupported MIME type: {mime_type}"
        return
    if not _is_unseen(blob) and not image_io.is_picture(blob.get("data", b"")):
        yield UNREADABLE


def _is_unseen(blob: dict[str, Any]) -> bool:
    return parts.sniff(blob.get("data", b"")[: parts.MAGIC_BYTES])[0] in _UNSEEN_TYPES


def _signature_faults(node: dict[str, Any], turn: int, part: int) -> Iterator[str]:
    """Yield what is wrong with a part the model is said to have made; thoughts carry no signature."""
    signed = node.get("thought_signature", b"")
    made = node.get("inline_data", {}).get("data", b"")
    if made and not signed and not node.get("thought"):
        # Counted from one, as the service does.
        place = f"content position {turn + 1}, part position {part + 1}"
        yield f"Image part is missing a thought_signature in {place}."
    elif signed and not signature.is_valid(signed, made):
        yield "Thought signature is not valid"


def _parts(request: dict[str, Any]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield (index of the turn, index of the part, part), from the first to the last."""
    for turn, content in enumerate(request.get("contents", [])):
        for part, node in enumerate(content.get("parts", [])):
            yield turn, part, node


def told(request: dict[str, Any]) -> Told:
    """Return what was said and how much was sent."""
    system = "\n".join(node.get("text", "") for node in request.get("system_instruction", {}).get("parts", []))
    last = [node.get("text", "") for node in request["contents"][-1]["parts"]]
    every = [node for _, _, node in _parts(request) if not node.get("thought")]
    return Told(
        prompt="\n".join(filter(None, last)),
        system=system,
        letters=len(system) + sum(len(node.get("text", "")) for node in every),
        images=sum("inline_data" in node for node in every),
    )


def last_picture(request: dict[str, Any]) -> Image | None:
    """Return the picture an edit starts from: the last that was shown, by whichever side.

    Raises `ValueError` when it looks like a picture and cannot be read.
    """
    shown = [node["inline_data"] for _, _, node in _parts(request) if "inline_data" in node and not node.get("thought")]
    return image_io.read(shown[-1]["data"]) if shown and not _is_unseen(shown[-1]) else None
