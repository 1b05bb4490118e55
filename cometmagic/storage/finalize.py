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
from cometmagic.gemini.decode import Answer, EncodedImage, decode, read
from cometmagic.gemini.error_bodies import explain_object
from cometmagic.gemini.finish_reasons import malformed, no_image
from cometmagic.gemini.json_splice import spliced
from cometmagic.gemini.json_string import Blob
from cometmagic.gemini.parts import MAGIC_BYTES, SHOWN, UNKNOWN, sniff
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.tolerant.scanner import MalformedError
from cometmagic.gemini.transcode import mapped
from cometmagic.images import resize
from cometmagic.storage.store import SMALL, SMALL_BYTES, CallFolder, State, now, preview_of, small_of
from cometmagic.system.atomic_files import sync_folder, write_whole

MOST_IMAGES = 1000  # the last ones of an answer are saved, because the final one is among them; answers have a few

_Saved = tuple[EncodedImage, Path, dict[str, Any]]  # an image, where it lies for now, and its row in call.json


def settle(folder: CallFolder) -> CometError | None:
    """Turn `response.part` into files and return the error the answer stands for, if it has no image."""
    try:
        answer, rows, spoilt = _save_images(folder)
    except MalformedError as error:
        return folder.fail(malformed(str(error), _head(folder.part), folder.part))
    # The document with long strings (signatures) as they stood.
    write_whole(folder.path / "answer.json", spliced(answer.document, Blob.token, separators=(",", ":")))
    response = read(answer.document, {row["name"]: folder.image(row) for row in rows}).response
    facts = _facts(response, rows)
    if any(row["role"] == "image" for row in rows):
        facts["spoilt"] = spoilt
        notes = list(_notes(folder, answer, rows, spoilt))
        del answer  # with its views on the file: previews need memory too, and Windows deletes none that is mapped
        facts["notes"] = [*notes, *_previews(folder, rows)]
        folder.update(state=State.SETTLED, settled=now(), **facts)
        if not spoilt:
            with contextlib.suppress(OSError):  # a later recovery tidies up
                folder.part.unlink()
        return None
    if answer.error:
        return folder.fail(explain_object(answer.error), **facts)
    strange = sum(row["mime_type"] == UNKNOWN[0] for row in rows)
    return folder.fail(no_image(response, folder.part, cut=answer.cut, spoilt=spoilt, strange=strange), **facts)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _save_images(folder: CallFolder) -> tuple[Answer, list[dict[str, Any]], int]:
    """Write every image of the answer; return the answer, a row for each file and how many were spoilt."""
    answer = decode(mapped(folder.part))
    saved: list[_Saved] = []
    try:
        for image in answer.images[-MOST_IMAGES:]:
            if found := _write(folder, image):
                saved.append((image, *found))  # noqa: PERF401  # known also when the next one fails
        rows = _placed(folder, saved)
    except BaseException:
        for _, beside, _ in saved:
            beside.unlink(missing_ok=True)
        raise
    return answer, rows, len(answer.images) - len(saved)


def _placed(folder: CallFolder, saved: list[_Saved]) -> list[dict[str, Any]]:
    """Give the saved images their names and return a row for each."""
    for (image, beside, row), (role, stem) in zip(saved, _names(saved), strict=True):
        row |= {"name": stem + row.pop("suffix"), "role": role}
        beside.replace(folder.path / row["name"])
        image.placed(row["name"])
    sync_folder(folder.path)
    return [row for _, _, row in saved]


def _write(folder: CallFolder, image: EncodedImage) -> tuple[Path, dict[str, Any]] | None:
    """Write one image beside its place; None when it is not whole or not base64."""
    if isinstance(image.data, Blob) and not image.data.whole:
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
    width, height = (resize.size(beside) or (None, None)) if mime_type in SHOWN else (None, None)
    return beside, {
        "mime_type": mime_type, "suffix": suffix, "size": length, "sha256": digest, "width": width, "height": height
    }  # fmt: skip


def _names(saved: list[_Saved]) -> list[tuple[str, str]]:
    """Return role and file stem of each image: the last one that is no thought is *the* image."""
    good = [not image.thought and row["mime_type"] != UNKNOWN[0] for image, _, row in saved]
    final = max((index for index, is_good in enumerate(good) if is_good), default=-1)
    names, thoughts, others = [], 0, 0
    for index, (image, _, _) in enumerate(saved):
        if index == final:
            names.append(("image", "image"))
        elif image.thought:
            thoughts += 1
            names.append(("thought", f"thought-{thoughts}"))
        else:
            others += 1
            names.append(("other", f"image-{others}"))
    return names


def _facts(response: ImageResponse, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "files": rows,
        "model_version": response.model_version,
        "response_id": response.response_id,
        "finish_reason": response.finish_reason,
        "usage": vars(response.usage),
    }


def _notes(folder: CallFolder, answer: Answer, rows: list[dict[str, Any]], spoilt: int) -> Iterator[str]:
    """Yield what the user should know about an answer that holds a picture."""
    if answer.cut:
        yield "The answer was cut short; this picture came whole, but it may be a draft."
    elif damage := folder.read().get("damage"):
        yield f"{damage} This picture came whole as far as can be told."
    if spoilt:
        yield f"{spoilt} image{'s' * (spoilt > 1)} of the answer could not be read; the raw answer is in response.part."
    if answer.error:
        yield f"The service also reported an error: {explain_object(answer.error).what}"
    for row in rows:
        if row["mime_type"] == UNKNOWN[0]:
            yield f"{row['name']} is no picture of a known kind; it is kept as it came."
        elif row["role"] == "image" and row["mime_type"] not in SHOWN:
            yield f"{row['name']} is of a kind that notebooks do not show; it is kept in {folder.path}."


def _previews(folder: CallFolder, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Write the small pictures; yield what there is to say about those that cannot be made."""
    asked = int(folder.read().get("preview", 0))
    for row in rows:
        original, is_final = folder.path / row["name"], row["role"] == "image"
        if row["mime_type"] not in SHOWN or not (is_final or row["role"] == "thought"):
            continue
        made = _preview(original, asked) if is_final else _small(original, preview_of(original))
        if not made and (asked or not is_final):
            yield f"{row['name']} is {_why_unseen(row)}: it is kept as it came."


def _preview(original: Path, longest: int) -> bool:
    """Write the preview of the final image, and a small one if that is large or none is asked for; tell whether."""
    if not longest:
        return _small(original, small_of(original))
    preview = resize.preview(original, longest, int(longest * longest * resize.BYTES_PER_PIXEL))
    if preview is None:
        return False
    write_whole(preview_of(original), preview, 0o666)
    file = io.BytesIO(preview)
    if len(preview) > SMALL_BYTES or max(resize.size(file) or (SMALL,)) > SMALL:
        _small(file, small_of(original))
    return True


def _small(source: Path | BinaryIO, target: Path) -> bool:
    """Write a small picture and tell whether it could be made."""
    small = resize.preview(source, SMALL, SMALL_BYTES)
    if small is not None:
        write_whole(target, small, 0o666)
    return small is not None


def _why_unseen(row: dict[str, Any]) -> str:
    """Return why there is no preview of an image, as far as its size tells."""
    if row["width"] is None:  # Pillow does not measure what is vast either
        return "damaged or far too large"
    too_large = row["width"] * row["height"] > resize.LARGEST_PREVIEWED
    return "too large for a preview" if too_large else "incomplete or damaged"
