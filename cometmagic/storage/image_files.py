"""The images of a response as files of its call folder: written, checked, and named by their role."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from dataclasses import replace
from pathlib import Path

from cometmagic.errors import LibraryError
from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.decode import DecodedResponse, EncodedImage, decode_response
from cometmagic.gemini.decode_turns import decode_request
from cometmagic.gemini.file_kinds import HEAD_BYTES, find_file_kind
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, UNKNOWN_TYPE, ImagePart, sniff
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.images.decoding import opener
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import MAX_FILES, FileRow
from cometmagic.system.atomic_files import sync_folder
from cometmagic.system.regular_files import open_private

_SavedImage = tuple[EncodedImage, Path, FileRow]  # an image, its temporary file, and its row in call.json


def save_images(folder: CallFolder) -> tuple[DecodedResponse, list[FileRow], int]:
    """Write every image of the answer; return the answer, a row for each file and the number of damaged images.

    An error may quote the images of the request: those are taken out of the answer.
    """
    # Its size was limited while it arrived.
    answer = decode_response(map_utf8_file(folder.response_path, max_bytes=None))
    sent_digests = _hash_references(folder) if answer.error else set()
    echoes: list[EncodedImage] = []
    saved_images: list[_SavedImage] = []
    try:
        for image in answer.encoded_images[-MAX_FILES:]:  # the final image is among the last ones
            written_file = _write_image(folder, image)
            if written_file and written_file[1]["sha256"] in sent_digests:
                written_file[0].unlink()
                echoes.append(image)
            elif written_file:
                saved_images.append((image, *written_file))
        rows = _place_images(folder, saved_images)
    except BaseException:
        for _, temp_path, _ in saved_images:
            temp_path.unlink(missing_ok=True)
        raise
    damaged_count = len(answer.encoded_images) - len(saved_images) - len(echoes)
    return _remove_echoes(answer, echoes) if echoes else answer, rows, damaged_count


def _hash_references(folder: CallFolder) -> set[str]:
    """Return the digests of the images that were sent."""
    try:
        turns = decode_request(folder.read_body(), folder.build_path)
        images = [part for turn in turns for part in turn.parts if isinstance(part, ImagePart)]
        return {hashlib.sha256(image.data).hexdigest() for image in images}
    except LibraryError:  # the request is gone; the answer counts
        return set()


def _remove_echoes(answer: DecodedResponse, echoes: list[EncodedImage]) -> DecodedResponse:
    parts = tuple(part for part in answer.parts if not any(part is echo for echo in echoes))
    return replace(answer, parts=parts, has_begun=answer.has_begun and any(map(_is_image, parts)))


def _is_image(part: object) -> bool:
    return isinstance(part, ImagePart | EncodedImage)


def _place_images(folder: CallFolder, saved_images: list[_SavedImage]) -> list[FileRow]:
    """Give the saved images their names and return a row for each."""
    for (image, temp_path, row), (role, stem) in zip(saved_images, _assign_names(saved_images), strict=True):
        row["name"], row["role"] = stem + row["name"], role
        temp_path.replace(folder.path / row["name"])
        image.set_file(row["name"])
    sync_folder(folder.path)
    return [row for _, _, row in saved_images]


def _write_image(folder: CallFolder, image: EncodedImage) -> tuple[Path, FileRow] | None:
    """Write one image to a temporary file; None when it is incomplete or not base64. Its name is only a suffix yet."""
    if isinstance(image.data, JSONString) and not image.data.is_complete:
        return None
    temp_path = folder.path / f".image.{secrets.token_hex(4)}.tmp"
    try:
        with io.BufferedRandom(open_private(temp_path, "x+")) as file:
            image.write(file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            head = file.read(HEAD_BYTES)
            mime_type, suffix = sniff(head[:MAGIC_BYTES])
            if mime_type == UNKNOWN_TYPE[0]:
                suffix = find_file_kind(head, coerce_string(image.node.get("mimeType"), 200)).suffix or suffix
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            length = os.fstat(file.fileno()).st_size
    except BaseException as error:
        temp_path.unlink(missing_ok=True)
        if isinstance(error, ValueError):  # not base64
            return None
        raise
    width, height = (opener.read_size(temp_path) or (None, None)) if mime_type in DISPLAYABLE_TYPES else (None, None)
    return temp_path, {
        "mime_type": mime_type, "size": length, "sha256": digest, "width": width, "height": height,
        "name": suffix, "role": "",
    }  # fmt: skip


def _assign_names(saved_images: list[_SavedImage]) -> list[tuple[str, str]]:
    """Return the role and file stem of each image: the last one that is not a thought is *the* image."""
    final_flags = [not image.thought and row["mime_type"] != UNKNOWN_TYPE[0] for image, _, row in saved_images]
    final = max((index for index, can_be_final in enumerate(final_flags) if can_be_final), default=-1)
    names, thought_count, other_count = [], 0, 0
    for index, (image, _, _) in enumerate(saved_images):
        if index == final:
            names.append(("image", "image"))
        elif image.thought:
            thought_count += 1
            names.append(("thought", f"thought-{thought_count}"))
        else:
            other_count += 1
            names.append(("other", f"image-{other_count}"))
    return names
