"""Turns received bytes into a settled call folder: decode, save, write previews, record.

It reads `response.part` and writes the other files, for a live answer, an offline one, and one that an earlier
session left behind alike. It knows nothing about how the bytes arrived. `response.part` is deleted only when
everything in it is saved.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pybase64

from cometmagic.errors import CometError, LibraryError, NoImageError
from cometmagic.gemini.answer_texts import redact_texts
from cometmagic.gemini.decode import DecodedResponse, decode_document, decode_response
from cometmagic.gemini.failures.error_bodies import parse_error_object
from cometmagic.gemini.failures.finish_reasons import (
    build_malformed_error,
    build_no_image_error,
    build_other_format_error,
    describe_end,
    list_unblocked_categories,
    mark_as_begun,
)
from cometmagic.gemini.file_kinds import describe_binary, find_file_kind
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.json_writer import splice_json
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, UNKNOWN_TYPE, ImagePart, sniff
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.tolerant.image_addresses import is_image_address
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.gemini.tolerant.picture_search import holds_data
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.options.base_url import DEFAULT_BASE_URL
from cometmagic.storage.call_folder import CallFolder, now
from cometmagic.storage.call_record import CallState, FileRow
from cometmagic.storage.image_files import save_images
from cometmagic.storage.previews import has_damaged_image, write_previews
from cometmagic.storage.redaction import redact_error
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.formatting import format_bytes
from cometmagic.system.redactor import Redactor
from cometmagic.system.regular_files import open_regular, read_regular
from cometmagic.system.sanitize import clean_line

_NO_SECRETS = Redactor()


def settle(folder: CallFolder, note: str = "", redactor: Redactor = _NO_SECRETS) -> CometError | None:
    """Turn `response.part` into files and return the error of an answer without an image, else None.

    `note` is put before what there is to say about the image. `redactor` removes what the raw response shows only when
    its texts are put together.
    """
    try:
        _wrap_image_body(folder)
        answer, rows, damaged_count = save_images(folder)
    except MalformedError as malformed:
        return folder.fail(redact_error(_build_malformed_error(folder, malformed), redactor, folder))
    if redactor.max_form_bytes:
        redact_texts(answer.document, redactor.redact_joined)
    _write_document(folder.path / "answer.json", answer.document)
    answer = _decode_again(answer, {row["name"]: folder.build_image(row) for row in rows})
    response = answer.response
    fields = _build_call_fields(response, rows, redactor)
    if any(row["role"] == "image" for row in rows):
        fields["spoilt"] = damaged_count
        notes = list(_iter_notes(folder, answer, rows, damaged_count))
        cut = _describe_cut(folder, answer)
        del answer  # and its views of the file: previews need memory, and Windows cannot delete a mapped file
        preview_notes = list(write_previews(folder, rows))
        cut_note = cut.if_damaged if has_damaged_image(folder, rows) else cut.if_whole
        notes = [*filter(None, [note, cut_note]), *notes]
        fields["notes"] = [*map(redactor.redact, notes), *preview_notes]
        folder.update(state=CallState.SETTLED, settled=now(), error=None, **fields)
        if not damaged_count:
            with contextlib.suppress(OSError):  # a later recovery tidies up
                folder.response_path.unlink()
        return None
    error = _build_answer_error(folder, answer, response, rows, damaged_count)
    return folder.fail(redact_error(error, redactor, folder), **fields)


def _decode_again(answer: DecodedResponse, files: dict[str, ImagePart]) -> DecodedResponse:
    """Return an answer as its document is now, with images in files and without secrets."""
    decoded = decode_document(answer.document, files)
    return replace(answer, response=decoded.response, parts=decoded.parts, error=decoded.error)


def add_image(folder: CallFolder, content: bytes) -> None:
    """Add an image to the raw response of a call, as its last part, so that `settle` saves it.

    Raises `OSError` and `MalformedError` when the response is gone or cannot be read.
    """
    answer = decode_response(map_utf8_file(folder.response_path, max_bytes=None)[:])  # a copy, as the file is replaced
    answer.document["candidates"][0]["content"]["parts"].append(_build_image_node(content))
    _write_document(folder.response_path, answer.document)


def _wrap_image_body(folder: CallFolder) -> None:
    """Put a response that is the file of an image into a document, as if it had come in one."""
    if sniff(_read_head(folder.response_path).lstrip(b"\r\n\t ")[:MAGIC_BYTES]) != UNKNOWN_TYPE:
        node = _build_image_node(read_regular(folder.response_path, folder.received_size).lstrip(b"\r\n\t "))
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
    if answer.error and not any(map(is_image_address, response.addresses)):
        origin = f"{answer.other_format}, from {_build_address(folder)}" if answer.other_format else ""
        reported_error = parse_error_object(answer.error, origin)
        return mark_as_begun(reported_error, folder.response_path) if answer.has_begun else reported_error
    has_addresses = response.addresses or response.addresses_in_words
    has_facts = rows or damaged_count or has_addresses or response.finish_reason or response.block_reason
    if answer.other_format and not has_facts:
        return build_other_format_error(
            answer.other_format, response.text or answer.other_words, folder.response_path, _build_address(folder)
        )
    error = build_no_image_error(
        response,
        folder.response_path,
        is_truncated=answer.is_truncated,
        damaged_count=damaged_count,
        unknown_files=[_describe_file(folder, row) for row in rows if row["mime_type"] == UNKNOWN_TYPE[0]],
        unblocked_categories=_list_unblocked_categories(folder),
        has_data=holds_data(answer.document),
    )
    if answer.error:
        message = f"{parse_error_object(answer.error).message} {error.message}"
        return NoImageError(message, advice=error.advice, **error.details)
    return error


def _describe_error(fields: dict[str, Any], http_status: int) -> str:
    """Return what an error beside a picture says, with its status unless that is the one of HTTP, told already."""
    error = parse_error_object(fields)
    return error.message.partition(": ")[2] if error.status in (200, http_status) else error.message


def _list_unblocked_categories(folder: CallFolder) -> list[str]:
    try:
        return list_unblocked_categories(folder.read_body())
    except (LibraryError, OSError):  # the request is gone; the answer counts
        return []


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


def _build_call_fields(response: ImageResponse, rows: list[FileRow], redactor: Redactor) -> dict[str, Any]:
    return {
        "files": rows,
        "model_version": redactor.redact(response.model_version),
        "response_id": redactor.redact(response.response_id),
        "finish_reason": redactor.redact(response.finish_reason),
        "usage": vars(response.usage),
    }


class _CutNote(NamedTuple):
    """What to say of an answer that did not come whole, by whether its picture did."""

    if_whole: str = ""
    if_damaged: str = ""


def _describe_cut(folder: CallFolder, answer: DecodedResponse) -> _CutNote:
    if answer.is_truncated:
        problem = "has no end mark and may be cut short" if answer.is_open else "was cut short"
        sentence = f"The answer {problem}"
        return _CutNote(f"{sentence}; this picture came whole, but it may be a draft.", f"{sentence}.")
    if damage := folder.read().get("damage"):
        return _CutNote(f"{damage} This picture came whole as far as can be told.", damage)
    return _CutNote()


def _iter_notes(folder: CallFolder, answer: DecodedResponse, rows: list[FileRow], damaged_count: int) -> Iterator[str]:
    """Yield what the user should know about an answer that has an image."""
    pictures = {row["sha256"] for row in rows if row["role"] != "thought" and row["mime_type"] != UNKNOWN_TYPE[0]}
    if len(pictures) > 1:
        rest = "the other is" if len(pictures) == 2 else "the others are"
        yield f"{len(pictures)} pictures came; the last one is shown, {rest} saved beside it."
    if damaged_count:
        images_lost = f"{damaged_count} image{'s' * (damaged_count > 1)}"
        yield f"{images_lost} of the answer could not be read; the raw answer is in response.part."
    if answer.error:
        yield f"The service also reported an error: {_describe_error(answer.error, folder.read().get('status', 200))}"
    yield from describe_end(answer.response)
    if status := answer.response.model_status:
        yield f"The service says about the model: {status}"
    for row in rows:
        if row["mime_type"] == UNKNOWN_TYPE[0]:
            yield f"{_describe_file(folder, row)}, is no picture to show; it is kept as it came."
        elif row["role"] == "image" and row["mime_type"] not in DISPLAYABLE_TYPES:
            yield f"{row['name']} is of a kind that notebooks do not show; it is kept in {folder.path}."
