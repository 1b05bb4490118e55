"""The shapes of answers that public recordings and reports show, with pictures and texts of our own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.gemini.answers import Json, base64_of, body, image, picture, text

FINAL, DRAFT = picture("JPEG", "teal"), picture("PNG", "orange")
SIGNATURE = base64_of(hashlib.shake_256(b"a signature").digest(60_000))  # a real one is twenty times as long
DATA_URI = f"data:image/jpeg;base64,{base64_of(FINAL)}"
ADDRESS = "https://files.example/out/axolotl-1.jpg?Expires=1796000000&Signature=a%2Fb~c_d&Key-Pair-Id=K2A"
JPEG = "image/jpeg"


@dataclass(frozen=True)
class Shape:
    """An answer: its body and status, and what a careful reader has of it."""

    content: bytes = field(repr=False)
    status: str = "200 OK"
    words: str = ""  # of the result
    thoughts: str = ""
    drafts: int = 0
    total: int | None = None
    error: str = ""  # a part of the error; empty for an answer with the picture
    notes: str = ""  # a part of the notes


def candidate(*parts: Json, finish: str | None = "STOP", **beside: Any) -> Json:
    """Return the one candidate of an answer."""
    reason = {} if finish is None else {"finishReason": finish}
    return {"content": {"parts": list(parts), "role": "model"}, "index": 0, **reason, **beside}


def document(*parts: Json, finish: str | None = "STOP", counts: tuple[int, ...] = (), **beside: Any) -> Json:
    """Return an answer; `counts` are the tokens of prompt, answer and all."""
    names = ("promptTokenCount", "candidatesTokenCount", "totalTokenCount")
    usage = {"usageMetadata": dict(zip(names, counts, strict=True))} if counts else {}
    return {"candidates": [candidate(*parts, finish=finish)], **usage, **beside}


def events(*documents: Any, end: str = "\r\n") -> bytes:
    """Return server-sent events, with the line ends that Google uses."""
    return "".join(f"data: {json.dumps(each)}{end}{end}" for each in documents).encode()


def completion(content: Any, **message: Any) -> bytes:
    """Return a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": "stop"}
    return body({"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], "model": "g"})


STORY = "A little newt named Otto lived in a pond. One day he looked out.\n\n"
SIGNED = image(FINAL, JPEG, thoughtSignature=SIGNATURE)

SHAPES = {
    "text-then-image-both-signed": Shape(
        body(document(text(STORY, thoughtSignature=SIGNATURE), SIGNED, counts=(14, 1283, 1471))),
        words=STORY, total=1471,
    ),
    "image-alone-with-service-tier": Shape(
        body(document(SIGNED, counts=(5, 1518, 1523), modelVersion="gemini-3.1-flash-lite", serviceTier="standard")),
        total=1523,
    ),
    "stream-of-words-image-end": Shape(
        events(
            document(text("I"), finish=None, counts=(15, 1, 16), turnToken="v1:abc"),
            document(text(" will paint it.\n\n"), finish=None, counts=(15, 17, 32)),
            document(image(FINAL, JPEG), finish=None, counts=(15, 1318, 1333)),
            document(counts=(15, 1318, 1333)),
        ),
        words="I will paint it.\n\n", total=1333,
    ),
    "drafts-and-thoughts-first": Shape(
        body(document(text("I plan it.", thought=True), *[image(DRAFT, thought=True)] * 2, SIGNED)),
        thoughts="I plan it.", drafts=2,
    ),
    "signature-on-an-empty-text-after-the-image": Shape(
        body(document(image(FINAL, JPEG), text("", thoughtSignature=SIGNATURE)))
    ),
    "image-safety-with-parts-null": Shape(
        body({"candidates": [{"content": {"parts": None}, "finishReason": "IMAGE_SAFETY",
                              "finishMessage": "Unable to show the generated image.", "index": 0}]}),
        error="Unable to show the generated image",
    ),
    "other-that-is-not-charged": Shape(
        body({"candidates": [{"content": {}, "finishReason": "IMAGE_OTHER",
                              "finishMessage": "You will not be charged for this request."}]}),
        error="You will not be charged for this request",
    ),
    "blocked-prompt-without-candidates": Shape(
        body({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"totalTokenCount": 9}}),
        error="PROHIBITED_CONTENT",
    ),
    "a-question-back": Shape(body(document(text("Which colour is it?"))), error="Which colour is it?"),
    "relay-without-a-channel": Shape(
        body({"error": {"code": "model_not_found", "type": "comet_api_error",
                        "message": "no available channel for group default and model x (distributor)"}}),
        "503 Service Unavailable", error="no available channel",
    ),
    "relay-that-cannot-convert": Shape(
        body({"error": {"message": "field messages is required (request id: 20260102)", "type": "comet_api_error",
                        "param": "", "code": "invalid_request"}}),
        "500 Internal Server Error", error="field messages is required",
    ),
    "signature-is-missing": Shape(
        body({"error": {"code": 400, "status": "INVALID_ARGUMENT",
                        "message": "Image part is missing a thought_signature in content position 2."}}),
        "400 Bad Request", error="missing a thought_signature",
    ),
    "under-response": Shape(body({"response": document(text("so"), SIGNED, counts=(1, 2, 3))}), words="so", total=3),
    "under-data-beside-a-code": Shape(body({"code": 0, "msg": "ok", "data": document(SIGNED)})),
    "chat-completion-with-images": Shape(
        completion("Here it is.", images=[{"type": "image_url", "image_url": {"url": DATA_URI}}]), words="Here it is."
    ),
    "chat-completion-with-markdown": Shape(completion(f"Here:\n![image]({DATA_URI})"), words="Here:\n"),
    "images-api-with-b64-json": Shape(body({"created": 1, "data": [{"b64_json": base64_of(FINAL)}]})),
    "responses-api": Shape(
        body({"object": "response", "status": "completed", "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I plan it."}]},
            {"type": "image_generation_call", "status": "completed", "result": base64_of(FINAL)},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]},
        ]}),
        words="Done.", thoughts="I plan it.",
    ),
    "keep-alive-comments-and-bare-lines": Shape(
        b": keepalive\n\n: keepalive\n\n"
        + body(document(text("so"), finish=None)) + b"\n: keepalive\n"
        + events(document(SIGNED, finish=None, counts=(1, 2, 3)), end="\n")
        + body(document(finish="STOP", counts=(0, 0, 0))) + b"\ndata: [DONE]\n",
        words="so", total=3,
    ),
    "an-address-as-file-data": Shape(
        body(document({"fileData": {"mimeType": JPEG, "fileUri": ADDRESS}})), error=f"Address: {ADDRESS} "
    ),
    "an-address-in-markdown": Shape(
        body(document(text(f"Your picture: ![newt]({ADDRESS})"))), error=f"Address: {ADDRESS} "
    ),
    "an-address-from-an-images-api": Shape(
        body({"created": 1, "data": [{"url": ADDRESS, "revised_prompt": "a newt"}]}), error=f"Address: {ADDRESS} "
    ),
    "a-model-that-is-retired-soon": Shape(
        body(document(SIGNED, modelStatus={"modelStage": "DEPRECATED", "retirementTime": "2097-01-15T00:00:00Z",
                                           "message": "Use another one."})),
        notes="deprecated, will be retired on 2097-01-15: Use another one.",
    ),
}  # fmt: skip
