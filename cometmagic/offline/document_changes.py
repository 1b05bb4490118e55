"""Changes to the document of a response that make it as odd as gateways make theirs: counts, wrappers, addresses.

The table in scenarios.py gives each of them a trigger word. A document is JSON with bytes in place of base64; in a
stream, each event is a document. Nothing here is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]

IMAGE_ADDRESS = "https://files.example.com/generated/image.png?expires=3600"  # .example.com leads nowhere
_CREATED = 1_767_225_600  # 2026-01-01, as the same request always gives the same bytes
_RETIREMENT = {"modelStage": "LEGACY", "retirementTime": "2027-03-31T00:00:00Z", "message": "Use a newer model."}
_BLOCKED_CATEGORY = {"category": "HARM_CATEGORY_SEXUALLY_EXPLICIT", "probability": "HIGH", "blocked": True}


def report_no_usage(document: Document) -> Document:
    """Report no tokens at all."""
    return document | {"usageMetadata": _build_usage(0, 0)}


def report_prompt_usage(document: Document) -> Document:
    """Report the tokens of the words that were sent, and nothing for the picture."""
    return document | {"usageMetadata": _build_usage(12, 0)}


def _build_usage(prompt_count: int, candidates_count: int) -> dict[str, int]:
    return {
        "promptTokenCount": prompt_count,
        "candidatesTokenCount": candidates_count,
        "totalTokenCount": prompt_count + candidates_count,
    }


def send_file_address(document: Document) -> Document:
    """Send the address of each image in place of its data."""
    return _replace_images(document, lambda _: {"fileData": {"mimeType": "image/png", "fileUri": IMAGE_ADDRESS}})


def send_markdown_address(document: Document) -> Document:
    """Send the address of each image as a link in the text."""
    return _replace_images(document, lambda _: {"text": f"![image]({IMAGE_ADDRESS})"})


def _replace_images(document: Document, build_part: Callable[[dict[str, Any]], dict[str, Any]]) -> Document:
    """Return the document with another part in place of each image."""

    def change(candidate: dict[str, Any]) -> dict[str, Any]:
        content = candidate["content"]
        parts = [build_part(part) if "inlineData" in part else part for part in content["parts"]]
        return candidate | {"content": content | {"parts": parts}}

    return document | {"candidates": [change(candidate) for candidate in document["candidates"]]}


def nest(document: Document) -> Document:
    """Wrap the response twice."""
    return {"code": 200, "message": "success", "data": {"response": document}}


def convert_to_chat_completion(document: Document) -> Document:
    """Return a chat completion of words."""
    message = {"role": "assistant", "content": "I can describe the picture, but this endpoint returns text."}
    return {
        "id": f"chatcmpl-{document['responseId']}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": document["modelVersion"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 13, "total_tokens": 25},
    }


def convert_to_b64_json(document: Document) -> Document:
    """Return the images as an endpoint for images does."""
    parts = [part for candidate in document["candidates"] for part in candidate["content"]["parts"]]
    images = [{"b64_json": part["inlineData"]["data"]} for part in parts if "inlineData" in part]
    return {"created": _CREATED, "data": images}


def convert_to_task(document: Document) -> Document:
    """Return the id of a task in place of a response."""
    return {"id": f"task_{document['responseId']}", "status": "queued", "created_at": _CREATED}


def block_category(document: Document) -> Document:
    """Name the category that blocked the response."""
    candidates = [candidate | {"safetyRatings": [_BLOCKED_CATEGORY]} for candidate in document["candidates"]]
    return document | {"candidates": candidates}


def add_model_status(document: Document) -> Document:
    """Add when the model ends."""
    return document | {"modelStatus": _RETIREMENT}
