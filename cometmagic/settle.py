"""From received bytes to a settled call folder: decode, save, preview, record.

The same for a live answer, the offline service's and one an earlier session left behind: it reads
`response.part` and writes the rest. It knows nothing of how the bytes came. Nothing is deleted before
everything it stood for is on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import re
import secrets
from pathlib import Path
from typing import Any

from cometmagic import images
from cometmagic.errors import APIError, CometError, Fate, NoImageError, TransportError
from cometmagic.foreign import line
from cometmagic.library import CallFolder, State, now, preview_of, sync_folder, write_whole
from cometmagic.parts import MAGIC_BYTES, SHOWN, UNKNOWN, ImagePart, sniff
from cometmagic.response import ImageResponse
from cometmagic.wire import Answer, EncodedImage, MalformedError, decode, explain_object, page_title
from cometmagic.wire.carve import Blob

THUMBNAIL = 512  # pixels of a draft in the notebook

# What a reason to stop means, and what to do about it. Names not listed are shown as they are.
REASONS = {
    "SAFETY": "Rephrase the prompt; --safety can lower the adjustable thresholds.",
    "IMAGE_SAFETY": "Rephrase the prompt or change the reference image.",
    "PROHIBITED_CONTENT": "Rephrase the prompt; this block cannot be switched off.",
    "IMAGE_PROHIBITED_CONTENT": "Rephrase the prompt; this block cannot be switched off.",
    "BLOCKLIST": "Rephrase the prompt: it holds a blocked word.",
    "RECITATION": "Rephrase the prompt: the picture would be too close to an existing one.",
    "IMAGE_RECITATION": "Rephrase the prompt: the picture would be too close to an existing one.",
    "SPII": "Take personal information out of the prompt.",
    "LANGUAGE": "Write the prompt in another language.",
    "MAX_TOKENS": "Raise --max-output-tokens or leave it out.",
    "NO_IMAGE": "Ask for a picture in plainer words, or run the cell again.",
    "IMAGE_OTHER": "Rephrase the prompt or run the cell again.",
    "OTHER": "Rephrase the prompt or run the cell again.",
}


def settle(folder: CallFolder) -> CometError | None:
    """Turn `response.part` into files and return the error the answer stands for, if it has no image."""
    try:
        answer, rows, spoilt = _save_images(folder)
    except MalformedError:
        return folder.fail(_malformed(folder))
    response = decode(_answer_json(folder, answer), {row["name"]: _part(folder, row) for row in rows}).response
    facts = _facts(response, rows, cut=answer.cut, spoilt=spoilt)
    final = next((row for row in rows if row["role"] == "image"), None)
    if final is None:
        error = (
            explain_object(answer.error) if answer.error else _no_image(folder, response, cut=answer.cut, spoilt=spoilt)
        )
        return folder.fail(error, **facts)
    _previews(folder, rows)
    folder.update(state=State.SETTLED, settled=now(), **facts)
    if not spoilt:
        with contextlib.suppress(OSError):  # Windows deletes no file that is still mapped
            folder.part.unlink()
    return None


def _save_images(folder: CallFolder) -> tuple[Answer, list[dict[str, Any]], int]:
    """Write every image of the answer; return the answer, a row for each file and how many were spoilt."""
    with folder.part.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise MalformedError("the answer is empty")
        # Not closed by hand: the answer's views point into it, and it goes with them.
        answer = decode(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    saved = [(image, found) for image in answer.images if (found := _write(folder, image)) is not None]
    rows = []
    for (image, (beside, row)), (role, stem) in zip(saved, _names(saved), strict=True):
        row |= {"name": stem + row.pop("suffix"), "role": role}
        os.replace(beside, folder.path / row["name"])
        image.placed(row["name"])
        rows.append(row)
    sync_folder(folder.path)
    return answer, rows, len(answer.images) - len(saved)


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
    except ValueError:
        beside.unlink(missing_ok=True)
        return None
    width, height = (images.size(beside) or (None, None)) if mime_type in SHOWN else (None, None)
    return beside, {
        "mime_type": mime_type, "suffix": suffix, "size": length, "sha256": digest, "width": width, "height": height
    }  # fmt: skip


def _names(saved: list[tuple[EncodedImage, tuple[Path, dict[str, Any]]]]) -> list[tuple[str, str]]:
    """Return role and file stem of each image: the last one that is no thought is *the* image."""
    good = [not image.thought and row["mime_type"] != UNKNOWN[0] for image, (_, row) in saved]
    final = max((index for index, is_good in enumerate(good) if is_good), default=-1)
    names, thoughts, others = [], 0, 0
    for index, (image, _) in enumerate(saved):
        if index == final:
            names.append(("image", "image"))
        elif image.thought:
            thoughts += 1
            names.append(("thought", f"thought-{thoughts}"))
        else:
            others += 1
            names.append(("other", f"image-{others}"))
    return names


def _answer_json(folder: CallFolder, answer: Answer) -> bytes:
    """Write and return answer.json: the document with long strings (signatures) as they stood."""
    blobs: list[Blob] = []
    mark = f"blob-{secrets.token_hex(8)}-"  # that no foreign text can guess

    def placed(value: Any) -> str:
        blobs.append(value)
        return f"{mark}{len(blobs) - 1}"

    text = json.dumps(answer.document, ensure_ascii=False, separators=(",", ":"), default=placed)
    pieces: list[bytes] = re.split(rf'"{mark}(\d+)"'.encode(), text.encode("utf-8", "replace"))
    pieces[1::2] = [blobs[int(number)].token() for number in pieces[1::2]]
    content = b"".join(pieces)
    write_whole(folder.path / "answer.json", content)
    return content


def _part(folder: CallFolder, row: dict[str, Any]) -> ImagePart:
    return ImagePart(row["mime_type"], path=folder.path / row["name"], width=row["width"], height=row["height"])


def _facts(response: ImageResponse, rows: list[dict[str, Any]], *, cut: bool, spoilt: int) -> dict[str, Any]:
    notes = []
    if cut:
        notes.append("The answer was cut short; this picture came whole, but it may be a draft.")
    if spoilt:
        notes.append(
            f"{spoilt} image{'s' * (spoilt > 1)} of the answer could not be read; the raw answer is in response.part."
        )
    return {
        "files": rows,
        "model_version": response.model_version,
        "response_id": response.response_id,
        "finish_reason": response.finish_reason,
        "usage": vars(response.usage),
        "notes": notes,
    }


def _previews(folder: CallFolder, rows: list[dict[str, Any]]) -> None:
    longest = {"thought": THUMBNAIL, "image": int(folder.read().get("preview", 0))}
    for row in rows:
        original, pixels = folder.path / row["name"], longest.get(row["role"], 0)
        if pixels and row["mime_type"] in SHOWN and (small := images.preview(original, pixels)):
            write_whole(preview_of(original), small, 0o666)


def _malformed(folder: CallFolder) -> CometError:
    """Return the error for a body that is no JSON; the body stays."""
    head = folder.part.read_bytes()[:4096].decode("utf-8", "replace") if folder.part.exists() else ""
    if not head.strip():
        return TransportError(
            "The service answered 200 with an empty body.", do="Look at the balance before trying again."
        )
    if title := page_title(head):
        return APIError(
            f"The service answered with {title} instead of JSON.", fate=Fate.UNKNOWN,
            do="Check COMETAPI_BASE_URL and the network's login page.",
        )  # fmt: skip
    return TransportError(f"The answer cannot be read; what came is kept in {folder.part}.")


def _no_image(folder: CallFolder, response: ImageResponse, *, cut: bool, spoilt: int) -> CometError:
    """Return the one clear error for an answer without an image, in the service's own words."""
    if cut or spoilt:
        what = "was cut short" if cut else "holds an image that cannot be decoded"
        return TransportError(
            f"The answer {what}; what came is kept in {folder.part}.", do="Look at it before trying again."
        )
    reason = response.block_reason or response.finish_reason
    said = response.block_message or response.finish_message or line(response.text, 300)
    if response.block_reason:
        what = f"The prompt was blocked ({reason})"
    elif reason and reason != "STOP":
        what = f"The model made no image ({reason})"
    elif response.thoughts:
        what = f"Only drafts came, no final image; they are in {folder.path}"
    elif response.text:
        what = "The model answered in words only"
    else:
        what = "The answer holds no image"
    do = REASONS.get(reason, "Rephrase the prompt or run the cell again.")
    return NoImageError(f"{what}: {said.rstrip('.')}." if said else f"{what}.", do=do, finish_reason=reason)
