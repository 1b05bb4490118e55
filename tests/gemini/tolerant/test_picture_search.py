"""A picture anywhere in a body is found, saved once, and found again when the folder is read; other things are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cometmagic.errors import CometError, NoImageError
from cometmagic.generation.call import read_result
from cometmagic.storage.settle import settle
from tests.gemini.answers import Json, answer, base64_of, body, image, picture, text
from tests.storage.test_settle import received

RED, BLUE = picture(), picture("JPEG", "blue")
B64 = base64_of(RED)
URI = f"data:image/png;base64,{B64}"
LARGE = RED + bytes(range(256)) * 40  # longer than what stays in the JSON
LARGE_B64 = base64_of(LARGE)
NOISE = base64_of(bytes(range(256)) * 40)
GEMINI = answer(text("so"), image())


def chat(content: Any, **message: Any) -> Json:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content} | message}]}


def wrapped(width: int) -> str:
    return "\n".join(B64[start : start + width] for start in range(0, len(B64), width))


FOUND: dict[str, Any] = {
    # documents inside others
    **{
        f"under-{name}": {name: GEMINI} for name in ("response", "data", "result", "output", "body", "upstreamResponse")
    },
    "under-two": {"code": 200, "data": {"result": {"response": GEMINI}}},
    "in-a-list": {"responses": [{"error": None}, {"response": GEMINI}]},
    "as-text": {"data": json.dumps(GEMINI)},
    "as-text-in-text": {"data": json.dumps({"body": json.dumps(GEMINI)})},
    "as-text-of-a-stream": {"body": "".join(f"data: {json.dumps(each)}\n\n" for each in (GEMINI, answer()))},
    "as-text-with-escaped-slashes": body({"body": json.dumps(GEMINI).replace("/", "\\/")}),
    "as-text-with-unicode-escapes": json.dumps({"body": json.dumps(GEMINI)}).replace("+", "\\u002b").encode(),
    "in-snake-case": {"response": json.loads(json.dumps(GEMINI).replace("inlineData", "inline_data"))},
    "with-empty-candidates-outside": {"candidates": [], "data": GEMINI},
    # other APIs
    "images-as-urls": chat("so", images=[{"type": "image_url", "image_url": {"url": URI}}]),
    "images-as-texts": chat("so", images=[URI]),
    "content-in-parts": chat([{"type": "text", "text": "so"}, {"type": "image_url", "image_url": {"url": URI}}]),
    "content-with-output-image": chat([{"type": "output_image", "image_url": URI}]),
    "content-in-markdown": chat(f"![x]({URI})"),
    "content-is-base64": chat(B64),
    "content-wrapped": chat(wrapped(76)),
    "anthropic": {"role": "assistant", "content": [{"type": "image", "source": {"type": "base64", "data": B64}}]},
    "b64-json": {"data": [{"b64_json": B64}]},
    "url-is-a-data-uri": {"data": [{"url": URI}]},
    "url-safe": {"data": [{"b64_json": B64.replace("+", "-").replace("/", "_")}]},
    "unpadded": {"data": [{"b64_json": B64.rstrip("=")}]},
    "images-base64": {"images": [B64], "parameters": {}, "info": "{}"},
    "images-objects": {"images": [{"content_type": "image/png", "content": B64}]},
    "responses": {"output": [{"type": "image_generation_call", "result": B64}]},
    "artifacts": {"artifacts": [{"base64": B64, "finishReason": "SUCCESS", "seed": 1}]},
    "predictions": {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": B64}]},
    "generated-images": {"generatedImages": [{"image": {"imageBytes": B64}}]},
    "octet-stream": {"output": f"data:application/octet-stream;base64,{B64}"},
    "at-the-top": {"image": B64},
    "in-a-part-of-another-api": answer(text("so"), {"image_url": {"url": URI}}),
    "beside-the-candidates": answer(text("so")) | {"images": [{"data": B64}]},
    "a-list-of-texts-at-the-top": [{"x": [[["y", [URI]]]]}],
    "beside-a-request": {"request": {"contents": [{"parts": [image(BLUE)]}]}, "data": {"picture": B64}},
    "beside-an-icon": {"icon": base64_of(BLUE), "logo_url": URI.replace(B64, base64_of(BLUE)), "out": B64},
    "after-a-user-message": {
        "messages": [{"role": "user", "content": [URI.replace(B64, base64_of(BLUE))]}, {"role": "assistant", "x": B64}]
    },
    "twice-the-same": chat(f"![x]({URI})", images=[{"image_url": {"url": URI}}, {"b64": B64}]),
    # bodies that are no JSON
    "the-picture-itself": RED,
    "base64-alone": B64.encode(),
    "base64-in-lines": wrapped(64).encode() + b"\n",
    "a-json-string": body(json.dumps(B64).encode()),
    "a-data-uri-alone": URI.encode(),
    "markdown-alone": f"Here:\n![x]({URI})\n".encode(),
    "words-before-the-json": b"Warning: slow upstream in /srv/x.php on line 3\n" + body(GEMINI),
    "a-guard-before-the-json": b")]}',\n" + body(GEMINI),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_picture_is_found_once_and_again_when_it_is_read(library_folder: Path, name: str) -> None:
    folder = received(library_folder, FOUND[name])

    assert settle(folder) is None

    result = read_result(folder)
    assert [part.data for part in result.images] == [RED]
    assert result.thoughts == ()
    assert result.text.strip() in ("", "so", "Here:")
    assert not folder.response_path.exists()
    assert B64.encode() not in (folder.path / "answer.json").read_bytes()


def told(words: Any) -> Json:
    """Return what a tool of the model said."""
    return answer({"functionResponse": {"name": "draw", "response": words}})


FENCE = json.dumps({"note": "n", "image": B64}, indent=1)
FOR_PROGRAMS: dict[str, Json] = {
    "parts-of-a-tool": answer({"functionResponse": {"name": "draw", "response": {}, "parts": [image()]}}),
    "snake-case": answer({"function_response": {"name": "draw", "parts": [{"inline_data": {"data": B64}}]}}),
    "base64-of-a-tool": told({"image_base64": B64}),
    "data-uri-of-a-tool": told({"content": [{"type": "image_url", "image_url": {"url": URI}}]}),
    "json-of-a-tool": told(json.dumps({"result": json.dumps({"b64": B64})})),
    "mcp": answer({"toolResponse": {"id": "t", "response": {"content": [{"type": "image", "data": B64}]}}}),
    "output-of-code": answer({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": B64 + "\n"}}),
    "json-of-code": answer({"codeExecutionResult": {"output": json.dumps({"png": B64})}}),
    "json-text": answer(text(json.dumps({"image": B64}))),
    "list-in-a-text": answer(text(json.dumps([{"image": B64}, 1]))),
    "fence": answer(text(f"```json\n{FENCE}\n```")),
    "fence-among-words": answer(text(f"Here it is:\n\n```\n{FENCE}\n```\nEnjoy!")),
    "wrapped": {"response": told({"image": B64})},
}


@pytest.mark.parametrize("content", [RED, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", FOR_PROGRAMS)
def test_a_picture_in_a_part_for_a_program_is_found_and_the_part_stays(
    library_folder: Path, name: str, content: bytes
) -> None:
    document = json.loads(json.dumps(FOR_PROGRAMS[name]).replace(B64, base64_of(content)))
    folder = received(library_folder, document)

    assert settle(folder) is None
    assert [part.data for part in read_result(folder).images] == [content]
    first = json.loads((folder.path / "answer.json").read_text("utf-8"))["candidates"][0]["content"]["parts"][0]
    sent = (document.get("response") or document)["candidates"][0]["content"]["parts"][0]
    assert first == sent or name == "snake-case"
    assert base64_of(LARGE)[:1000] not in read_result(folder).text


UNREAD: dict[str, Json] = {
    "among-words-of-code": answer({"codeExecutionResult": {"output": f"saved as:\n{NOISE}\nbye"}}),
    "among-words": answer(text(f"This is it: {NOISE}")),
    "arguments": answer({"functionCall": {"name": "show", "args": {"page": "at https://a.example/1 (open it)"}}}),
    "unknown-field": answer(text("so"), {"newPart": {"where": "https:\\/\\/a.example\\/1"}}),
    "no-image": answer({"functionCall": {"args": {"x": NOISE}}}, finish="NO_IMAGE"),
}
READ: dict[str, Json] = {
    "words": answer(text("so")),
    "sources": answer(text("so"), finish=None)
    | {"candidates": [{"content": {"parts": [text("so")]}, "groundingMetadata": {"x": "https://a.example/1"}}]},
    "signature": answer(text("so", thoughtSignature=NOISE)),
}


@pytest.mark.parametrize("name", UNREAD | READ)
def test_an_answer_with_data_that_is_not_understood_is_not_asked_for_again(library_folder: Path, name: str) -> None:
    folder = received(library_folder, (UNREAD | READ)[name])

    error = settle(folder)

    assert isinstance(error, NoImageError)
    assert ("run the cell again" in error.advice) == (name in READ)
    assert (str(folder.response_path) in error.advice) == (name in UNREAD)


ALSO_LARGE = (
    "under-data",
    "as-text",
    "as-text-in-text",
    "images-as-urls",
    "content-in-markdown",
    "b64-json",
    "at-the-top",
)


@pytest.mark.parametrize("name", ALSO_LARGE)
def test_a_large_picture_is_found_in_the_same_places(library_folder: Path, name: str) -> None:
    folder = received(library_folder, body(FOUND[name]).replace(B64.encode(), LARGE_B64.encode()))

    assert settle(folder) is None
    assert [part.data for part in read_result(folder).images] == [LARGE]


DRAFTS: dict[str, Any] = {
    "partial-by-its-type": [
        {"type": "image_generation.partial_image", "b64_json": base64_of(BLUE)},
        {"type": "image_generation.completed", "b64_json": B64},
    ],
    "partial-then-final": [
        {"type": "image_generation.partial_image", "partial_image_b64": base64_of(BLUE)},
        {"type": "image_generation.completed", "b64_json": B64},
    ],
    "thumbnail-after": {"images": [{"data": B64, "thumbnail": base64_of(BLUE)}]},
    "thought-flag": {"output": [{"thought": True, "image": base64_of(BLUE)}, {"image": B64}]},
    "reasoning": {"output": [{"type": "reasoning", "parts": [{"image": base64_of(BLUE)}]}, {"result": B64}]},
    "preview-first": {"previewImage": base64_of(BLUE), "image": B64},
}


@pytest.mark.parametrize("name", DRAFTS)
def test_drafts_are_told_apart(library_folder: Path, name: str) -> None:
    folder = received(library_folder, DRAFTS[name])

    assert settle(folder) is None
    result = read_result(folder)
    assert ([part.data for part in result.images], [part.data for part in result.thoughts]) == ([RED], [BLUE])


NONE: dict[str, Any] = {
    "signature": answer(text("no", thoughtSignature=NOISE)),
    "encrypted": {"output": [{"type": "reasoning", "encrypted_content": NOISE}]},
    "request-echo": {"request": {"contents": [{"parts": [image()]}]}, "status": "ok"},
    "input-echo": {"input_image": B64, "status": "queued"},
    "user-echo": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URI}}]}]},
    "search-chip": answer(text("no"))
    | {"groundingMetadata": {"searchEntryPoint": {"renderedContent": f"<img src={URI}>"}}},
    "page-as-detail": {"detail": f"<!DOCTYPE html><html><img src='{URI}'></html>"},
    "page": f"<html><title>Sign in</title><img src='{URI}'></html>".encode(),
    "words": chat("I cannot draw that."),
    "words-that-are-json": answer(text('{"image": "none"}')),
    "hash": {"id": "ab" * 2000},
    "many-words": {"note": "word " * 2000},
    "in-an-error": {"error": {"message": "bad", "metadata": {"logo": URI}}},
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_picture_of_the_answer_stays_none(library_folder: Path, name: str) -> None:
    folder = received(library_folder, NONE[name])

    assert isinstance(settle(folder), CometError)
    assert list(folder.path.glob("image*")) == []


REST = bytes(range(256)) * 20
FILES: dict[str, tuple[Any, bytes, str]] = {
    "pdf": ({"data": [{"b64_json": base64_of(b"%PDF-1.7" + REST)}]}, b"%PDF", "image-1.pdf, a PDF file of"),
    "video": ({"video": "data:video/mp4;base64," + base64_of(b"\0\0\0\x18ftypmp42" * 9)}, b"\0\0\0\x18ftypmp42",
              "image-1.mp4, an MP4 video of"),
    "bitmap": (chat(base64_of(b"BM1234\0\0\0\0" + REST)), b"BM", "image-1.bmp, a BMP picture of"),
    "in-a-part": (answer(image(b"%PDF-1.7 short")), b"%PDF", "image-1.pdf, a PDF file of"),
    "svg": ({"output": ["data:application/xml;base64," + base64_of(b"<?xml?><svg xmlns='x'>" + b" " * 90)]},
            b"<?xml?><svg", "image-1.svg, an SVG drawing of"),
    "archive": ({"files": [{"content": base64_of(b"PK\3\4" + REST)}]}, b"PK", "image-1.zip, a ZIP archive of"),
    "archive-as-a-picture": (answer(image(b"PK\3\4" + REST)), b"PK", "image-1.zip, a ZIP archive of"),
    "tiff": (answer(image(b"II*\0" + REST)), b"II*", "image-1.tiff, a TIFF picture of"),
    "by-its-type": (answer(image(b"\1" + REST, "audio/mpeg; rate=1")), b"\1", "image-1.mp3, an MP3 recording of"),
    "unknown": (answer(image(b"\1" + REST, "application/x-msdownload")), b"\1", "image-1.bin, a file of an unknown"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_kind_is_saved_and_named(library_folder: Path, name: str) -> None:
    document, start, words = FILES[name]
    folder = received(library_folder, document)

    error = settle(folder)

    assert isinstance(error, NoImageError)
    assert words in error.message
    assert (folder.path / words.split(",")[0]).read_bytes().startswith(start)
    assert str(folder.response_path) in str(error)
    assert "run the cell again" not in str(error)
    assert folder.response_path.read_bytes() == body(document)


def test_a_large_body_with_many_strings_is_searched_quickly(library_folder: Path) -> None:
    """The walk is bounded like the JSON that it walks; this one has as many values as there may be."""
    folder = received(library_folder, {"rows": [{"a": "x" * 20, "b": [1, "y"]} for _ in range(20_000)], "z": [B64]})

    assert settle(folder) is None
