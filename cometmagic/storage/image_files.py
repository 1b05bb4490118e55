"""The images of a response as files of its call folder: written, checked, and named by their role."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from cometmagic.gemini.decode import DecodedResponse, EncodedImage, decode_response
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.images import resize
from cometmagic.storage.call_folder import (
    CallFolder,
)
from cometmagic.system.atomic_files import sync_folder

MAX_IMAGES = 1000  # the last ones of an answer are saved, because the final one is among them; answers have a few

_SavedImage = tuple[EncodedImage, Path, dict[str, Any]]  # an image, where it lies for now, and its row in call.json


def save_images(folder: CallFolder) -> tuple[DecodedResponse, list[dict[str, Any]], int]:
    """Write every image of the answer; return the answer, a row for each file and how many were spoilt."""
    answer = decode_response(map_utf8_file(folder.response_path))
    saved: list[_SavedImage] = []
    try:
        for image in answer.encoded_images[-MAX_IMAGES:]:
            if found := _write_image(folder, image):
                saved.append((image, *found))  # noqa: PERF401  # known also when the next one fails
        rows = _place_images(folder, saved)
    except BaseException:
        for _, beside, _ in saved:
            beside.unlink(missing_ok=True)
        raise
    return answer, rows, len(answer.encoded_images) - len(saved)


def _place_images(folder: CallFolder, saved_images: list[_SavedImage]) -> list[dict[str, Any]]:
    """Give the saved images their names and return a row for each."""
    for (image, beside, row), (role, stem) in zip(saved_images, _assign_names(saved_images), strict=True):
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


def _assign_names(saved_images: list[_SavedImage]) -> list[tuple[str, str]]:
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
