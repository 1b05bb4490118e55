"""From received bytes to a settled call folder: decode, save, preview, record.

The same for a live answer, the offline service's and one an earlier session left behind: it reads
`response.part` and writes the rest. It knows nothing of how the bytes came. Nothing is deleted before
everything it stood for is on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cometmagic.errors import CometError
from cometmagic.gemini.decode import DecodedResponse, EncodedImage, decode_document, decode_response
from cometmagic.gemini.error_bodies import parse_error_object
from cometmagic.gemini.finish_reasons import build_malformed_error, build_no_image_error
from cometmagic.gemini.json_splice import splice_json
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.tolerant.scanner import MalformedError
from cometmagic.gemini.transcode import map_utf8_file
from cometmagic.images import resize
from cometmagic.storage.store import (
    SMALL_PREVIEW_BYTES,
    SMALL_PREVIEW_PIXELS,
    CallFolder,
    CallState,
    build_preview_path,
    build_small_preview_path,
    now,
)
from cometmagic.system.atomic_files import sync_folder, write_atomic

MAX_IMAGES = 1000  # the last ones of an answer are saved, because the final one is among them; answers have a few

_SavedImage = tuple[EncodedImage, Path, dict[str, Any]]  # an image, where it lies for now, and its row in call.json


def settle(folder: CallFolder) -> CometError | None:
    """Turn `response.part` into files and return the error the answer stands for, if it has no image."""
    try:
        answer, rows, spoilt = _save_images(folder)
    except MalformedError as error:
        return folder.fail(build_malformed_error(str(error), _read_head(folder.response_path), folder.response_path))
    # The document with long strings (signatures) as they stood.
    write_atomic(folder.path / "answer.json", splice_json(answer.document, JSONString.iter_json, separators=(",", ":")))
    response = decode_document(answer.document, {row["name"]: folder.build_image(row) for row in rows}).response
    facts = _build_call_fields(response, rows)
    if any(row["role"] == "image" for row in rows):
        facts["spoilt"] = spoilt
        notes = list(_iter_notes(folder, answer, rows, spoilt))
        del answer  # with its views on the file: previews need memory too, and Windows deletes none that is mapped
        facts["notes"] = [*notes, *_write_previews(folder, rows)]
        folder.update(state=CallState.SETTLED, settled=now(), **facts)
        if not spoilt:
            with contextlib.suppress(OSError):  # a later recovery tidies up
                folder.response_path.unlink()
        return None
    if answer.error:
        return folder.fail(parse_error_object(answer.error), **facts)
    strange = sum(row["mime_type"] == UNKNOWN_TYPE[0] for row in rows)
    return folder.fail(
        build_no_image_error(
            response,
            folder.response_path,
            is_truncated=answer.is_truncated,
            damaged_count=spoilt,
            unknown_count=strange,
        ),
        **facts,
    )


def _read_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _save_images(folder: CallFolder) -> tuple[DecodedResponse, list[dict[str, Any]], int]:
    """Write every image of the answer; return the answer, a row for each file and how many were spoilt."""
    answer = decode_response(map_utf8_file(folder.response_path))
    saved: list[_SavedImage] = []
    try:
        for image in answer.encoded_images[-MAX_IMAGES:]:
            if found := _write_image(folder, image):
                saved.append((image, *found))  # noqa: PERF401  # known also when the next one fails
        rows = _name_images(folder, saved)
    except BaseException:
        for _, beside, _ in saved:
            beside.unlink(missing_ok=True)
        raise
    return answer, rows, len(answer.encoded_images) - len(saved)


def _name_images(folder: CallFolder, saved_images: list[_SavedImage]) -> list[dict[str, Any]]:
    """Give the saved images their names and return a row for each."""
    for (image, beside, row), (role, stem) in zip(saved_images, _assign_roles(saved_images), strict=True):
        row |= {"name": stem + row.pop("suffix"), "role": role}
        beside.replace(folder.path / row["name"])
        image.set_file(row["name"])
    sync_folder(folder.path)
    return [row for _, _, row in saved_images]


def _write_image(folder: CallFolder, image: EncodedImage) -> tuple[Path, dict[str, Any]] | None:
    """Write one image beside its place; None when it is not whole or not base64."""
    if isinstance(image.data, JSONString) and not image.data.is_complete:
        return None
    beside = folder.path / f".image.{secrets.token_hex(4)}.tmp"
    try:
        with beside.open("w+b") as file:
            image.write(file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            mime_type, suffix = sniff(file.read(MAGIC_BYTES))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            length = os.fstat(file.fileno()).st_size
    except BaseException as problem:
        beside.unlink(missing_ok=True)
        if isinstance(problem, ValueError):  # no base64
            return None
        raise
    width, height = (resize.read_size(beside) or (None, None)) if mime_type in DISPLAYABLE_TYPES else (None, None)
    return beside, {
        "mime_type": mime_type, "suffix": suffix, "size": length, "sha256": digest, "width": width, "height": height
    }  # fmt: skip


def _assign_roles(saved_images: list[_SavedImage]) -> list[tuple[str, str]]:
    """Return role and file stem of each image: the last one that is no thought is *the* image."""
    good = [not image.thought and row["mime_type"] != UNKNOWN_TYPE[0] for image, _, row in saved_images]
    final = max((index for index, is_good in enumerate(good) if is_good), default=-1)
    names, thoughts, others = [], 0, 0
    for index, (image, _, _) in enumerate(saved_images):
        if index == final:
            names.append(("image", "image"))
        elif image.thought:
            thoughts += 1
            names.append(("thought", f"thought-{thoughts}"))
        else:
            others += 1
            names.append(("other", f"image-{others}"))
    return names


def _build_call_fields(response: ImageResponse, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "files": rows,
        "model_version": response.model_version,
        "response_id": response.response_id,
        "finish_reason": response.finish_reason,
        "usage": vars(response.usage),
    }


def _iter_notes(
    folder: CallFolder, answer: DecodedResponse, rows: list[dict[str, Any]], damaged_count: int
) -> Iterator[str]:
    """Yield what the user should know about an answer that holds a picture."""
    if answer.is_truncated:
        yield "The answer was cut short; this picture came whole, but it may be a draft."
    elif damage := folder.read().get("damage"):
        yield f"{damage} This picture came whole as far as can be told."
    if damaged_count:
        images_lost = f"{damaged_count} image{'s' * (damaged_count > 1)}"
        yield f"{images_lost} of the answer could not be read; the raw answer is in response.part."
    if answer.error:
        yield f"The service also reported an error: {parse_error_object(answer.error).message}"
    for row in rows:
        if row["mime_type"] == UNKNOWN_TYPE[0]:
            yield f"{row['name']} is no picture of a known kind; it is kept as it came."
        elif row["role"] == "image" and row["mime_type"] not in DISPLAYABLE_TYPES:
            yield f"{row['name']} is of a kind that notebooks do not show; it is kept in {folder.path}."


def _write_previews(folder: CallFolder, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Write the small pictures; yield what there is to say about those that cannot be made."""
    asked = int(folder.read().get("preview", 0))
    for row in rows:
        original, is_final = folder.path / row["name"], row["role"] == "image"
        if row["mime_type"] not in DISPLAYABLE_TYPES or not (is_final or row["role"] == "thought"):
            continue
        made = (
            _write_final_preview(original, asked)
            if is_final
            else _write_small_preview(original, build_preview_path(original))
        )
        if not made and (asked or not is_final):
            yield f"{row['name']} is {_explain_missing_preview(row)}: it is kept as it came."


def _write_final_preview(original: Path, max_side: int) -> bool:
    """Write the preview of the final image, and a small one if that is large or none is asked for; tell whether."""
    if not max_side:
        return _write_small_preview(original, build_small_preview_path(original))
    preview = resize.render_preview(original, max_side, int(max_side * max_side * resize.BYTES_PER_PIXEL))
    if preview is None:
        return False
    write_atomic(build_preview_path(original), preview, 0o666)
    file = io.BytesIO(preview)
    if (
        len(preview) > SMALL_PREVIEW_BYTES
        or max(resize.read_size(file) or (SMALL_PREVIEW_PIXELS,)) > SMALL_PREVIEW_PIXELS
    ):
        _write_small_preview(file, build_small_preview_path(original))
    return True


def _write_small_preview(source: Path | BinaryIO, target: Path) -> bool:
    """Write a small picture and tell whether it could be made."""
    small = resize.render_preview(source, SMALL_PREVIEW_PIXELS, SMALL_PREVIEW_BYTES)
    if small is not None:
        write_atomic(target, small, 0o666)
    return small is not None


def _explain_missing_preview(row: dict[str, Any]) -> str:
    """Return why there is no preview of an image, as far as its size tells."""
    if row["width"] is None:  # Pillow does not measure what is vast either
        return "damaged or far too large"
    too_large = row["width"] * row["height"] > resize.MAX_PREVIEW_PIXELS
    return "too large for a preview" if too_large else "incomplete or damaged"
