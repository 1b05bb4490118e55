"""Turns received bytes into a settled call folder: decode, save, write previews, record.

It reads `response.part` and writes the other files, for a live answer, an offline one, and one that an earlier
session left behind alike. It knows nothing about how the bytes arrived. `response.part` is deleted only when
everything in it is saved.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pybase64

from cometmagic.errors import CometError
from cometmagic.gemini.decode import DecodedResponse, decode_document, decode_response
from cometmagic.gemini.failures.error_bodies import parse_error_object
from cometmagic.gemini.failures.finish_reasons import (
    build_malformed_error,
    build_no_image_error,
    build_other_format_error,
    mark_as_begun,
)
from cometmagic.gemini.file_kinds import describe_binary, find_file_kind
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.json_writer import splice_json
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.gemini.tolerant.picture_search import holds_data
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.images import resize
from cometmagic.images.decoding import opener
from cometmagic.options.settings import DEFAULT_BASE_URL
from cometmagic.storage.call_folder import (
    SMALL_PREVIEW_BYTES,
    SMALL_PREVIEW_PIXELS,
    CallFolder,
    build_preview_path,
    build_small_preview_path,
    now,
)
from cometmagic.storage.call_record import CallState, FileRow
from cometmagic.storage.image_files import save_images
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.formatting import format_bytes
from cometmagic.system.regular_files import open_regular, read_regular
from cometmagic.system.sanitize import clean_line


def settle(folder: CallFolder, note: str = "") -> CometError | None:
    """Turn `response.part` into files and return the error of an answer without an image, else None.

    `note` is put before what there is to say about the image.
    """
    try:
        _wrap_image_body(folder)
        answer, rows, damaged_count = save_images(folder)
    except MalformedError as error:
        return folder.fail(_build_malformed_error(folder, error))
    _write_document(folder.path / "answer.json", answer.document)
    response = decode_document(answer.document, {row["name"]: folder.build_image(row) for row in rows}).response
    fields = _build_call_fields(response, rows)
    if any(row["role"] == "image" for row in rows):
        fields["spoilt"] = damaged_count
        notes = [*filter(None, [note]), *_iter_notes(folder, answer, rows, damaged_count)]
        del answer  # and its views of the file: previews need memory, and Windows cannot delete a mapped file
        fields["notes"] = [*notes, *_write_previews(folder, rows)]
        folder.update(state=CallState.SETTLED, settled=now(), error=None, **fields)
        if not damaged_count:
            with contextlib.suppress(OSError):  # a later recovery tidies up
                folder.response_path.unlink()
        return None
    return folder.fail(_build_answer_error(folder, answer, response, rows, damaged_count), **fields)


def add_image(folder: CallFolder, content: bytes) -> None:
    """Add an image to the raw response of a call, as its last part, so that `settle` saves it.

    Raises `OSError` and `MalformedError` when the response is gone or cannot be read.
    """
    answer = decode_response(map_utf8_file(folder.response_path, max_bytes=None)[:])  # a copy, as the file is replaced
    answer.document["candidates"][0]["content"]["parts"].append(_build_image_node(content))
    _write_document(folder.response_path, answer.document)


def _wrap_image_body(folder: CallFolder) -> None:
    """Put a response that is the file of an image into a document, as if it had come in one."""
    if sniff(_read_head(folder.response_path)[:MAGIC_BYTES]) != UNKNOWN_TYPE:
        node = _build_image_node(read_regular(folder.response_path, folder.received_size))
        _write_document(folder.response_path, {"candidates": [{"content": {"parts": [node]}}]})


def _build_malformed_error(folder: CallFolder, error: MalformedError) -> CometError:
    head, address = _read_head(folder.response_path), _build_address(folder)
    description = describe_binary(head, folder.received_size)
    return build_malformed_error(str(error), head, folder.response_path, address, description)


def _build_image_node(content: bytes) -> dict[str, Any]:
    return {"inlineData": {"data": JSONString(memoryview(pybase64.b64encode(content)))}}


def _write_document(path: Path, document: dict[str, Any]) -> None:
    # Long strings (signatures) are copied byte for byte.
    write_atomic(path, splice_json(document, JSONString.iter_json, separators=(",", ":")))


def _build_answer_error(
    folder: CallFolder, answer: DecodedResponse, response: ImageResponse, rows: list[FileRow], damaged_count: int
) -> CometError:
    """Return the error for an answer without an image."""
    if answer.error:
        error = parse_error_object(answer.error)
        return mark_as_begun(error, folder.response_path) if answer.has_begun else error
    has_addresses = response.addresses or response.addresses_in_words
    has_facts = rows or damaged_count or has_addresses or response.finish_reason or response.block_reason
    if answer.other_format and not has_facts:
        return build_other_format_error(
            answer.other_format, response.text, folder.response_path, _build_address(folder)
        )
    return build_no_image_error(
        response,
        folder.response_path,
        is_truncated=answer.is_truncated,
        damaged_count=damaged_count,
        unknown_files=[_describe_file(folder, row) for row in rows if row["mime_type"] == UNKNOWN_TYPE[0]],
        has_data=holds_data(answer.document),
    )


def _describe_file(folder: CallFolder, row: FileRow) -> str:
    """Return the name of a file that is no picture to show, its kind and its size."""
    kind = find_file_kind(_read_head(folder.path / row["name"]), Path(row["name"]).suffix)
    return f"{row['name']}, {kind.name} of {format_bytes(row['size'])}"


def _build_address(folder: CallFolder) -> str:
    """Return the address at which an answer was asked for, without its scheme."""
    call = folder.read()
    host = call.get("host") or DEFAULT_BASE_URL.removeprefix("https://")
    return clean_line(f"{host}/v1beta/models/{call['model'].removeprefix('models/')}:generateContent", 300)


def _read_head(path: Path) -> bytes:
    with open_regular(path, max_bytes=None) as file:
        return file.read(4096)


def _build_call_fields(response: ImageResponse, rows: list[FileRow]) -> dict[str, Any]:
    return {
        "files": rows,
        "model_version": response.model_version,
        "response_id": response.response_id,
        "finish_reason": response.finish_reason,
        "usage": vars(response.usage),
    }


def _iter_notes(folder: CallFolder, answer: DecodedResponse, rows: list[FileRow], damaged_count: int) -> Iterator[str]:
    """Yield what the user should know about an answer that has an image."""
    if answer.is_truncated:
        yield "The answer was cut short; this picture came whole, but it may be a draft."
    elif damage := folder.read().get("damage"):
        yield f"{damage} This picture came whole as far as can be told."
    pictures = {row["sha256"] for row in rows if row["role"] != "thought" and row["mime_type"] != UNKNOWN_TYPE[0]}
    if len(pictures) > 1:
        rest = "the other is" if len(pictures) == 2 else "the others are"
        yield f"{len(pictures)} pictures came; the last one is shown, {rest} saved beside it."
    if damaged_count:
        images_lost = f"{damaged_count} image{'s' * (damaged_count > 1)}"
        yield f"{images_lost} of the answer could not be read; the raw answer is in response.part."
    if answer.error:
        yield f"The service also reported an error: {parse_error_object(answer.error).message}"
    if status := answer.response.model_status:
        yield f"The service says about the model: {status}"
    for row in rows:
        if row["mime_type"] == UNKNOWN_TYPE[0]:
            yield f"{_describe_file(folder, row)}, is no picture to show; it is kept as it came."
        elif row["role"] == "image" and row["mime_type"] not in DISPLAYABLE_TYPES:
            yield f"{row['name']} is of a kind that notebooks do not show; it is kept in {folder.path}."


def _write_previews(folder: CallFolder, rows: list[FileRow]) -> Iterator[str]:
    """Write the previews; yield a note for each one that cannot be made."""
    max_side = folder.read().get("preview", 0)
    for row in rows:
        original, is_final = folder.path / row["name"], row["role"] == "image"
        if row["mime_type"] not in DISPLAYABLE_TYPES or not (is_final or row["role"] == "thought"):
            continue
        has_preview = (
            _write_final_preview(original, max_side)
            if is_final
            else _write_small_preview(original, build_preview_path(original))
        )
        if not has_preview and (max_side or not is_final):
            yield f"{row['name']} is {_explain_missing_preview(original)}: it is kept as it came."


def _write_final_preview(original: Path, max_side: int) -> bool:
    """Write the preview of the final image, and a small one if needed; return whether it could be drawn.

    The small one is written when the preview is large, or instead of it when `max_side` is 0.
    """
    if not max_side:
        return _write_small_preview(original, build_small_preview_path(original))
    preview = resize.render_preview(original, max_side, int(max_side * max_side * resize.BYTES_PER_PIXEL))
    if preview is None:
        return False
    write_atomic(build_preview_path(original), preview)
    buffer = io.BytesIO(preview)
    if (
        len(preview) > SMALL_PREVIEW_BYTES
        or max(opener.read_size(buffer) or (SMALL_PREVIEW_PIXELS,)) > SMALL_PREVIEW_PIXELS
    ):
        _write_small_preview(buffer, build_small_preview_path(original))
    return True


def _write_small_preview(source: Path | BinaryIO, target: Path) -> bool:
    """Write a small preview and return whether the picture could be drawn."""
    preview = resize.render_preview(source, SMALL_PREVIEW_PIXELS, SMALL_PREVIEW_BYTES)
    if preview is not None:
        write_atomic(target, preview)
    return preview is not None


def _explain_missing_preview(original: Path) -> str:
    """Return why there is no preview of an image."""
    return "too large for a preview" if opener.is_too_large(original) else "incomplete or damaged"
