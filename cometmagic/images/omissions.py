"""What is left out of a reference image: the video of a motion photo, and metadata where that is wanted.

How the rest is converted for sending is known in normalize.py only.
"""

from __future__ import annotations

from dataclasses import replace

from cometmagic.errors import OptionError
from cometmagic.images.metadata import motion_photo, strip
from cometmagic.images.normalize import HEIC_TYPES, Reference, ReferenceInput, normalize_content


def normalize_file(reference_input: ReferenceInput, content: bytes, max_bytes: int) -> Reference:
    """Return the reference for a file's content, without the video of a motion photo."""
    photo, video_bytes = motion_photo.split_video(content)
    if not video_bytes:
        return strip_reference(reference_input, normalize_content(reference_input, content, max_bytes))
    photo_input = replace(reference_input, part=None)
    reference = strip_reference(photo_input, normalize_content(photo_input, photo, max_bytes))
    note = f"{reference_input.name} is a motion photo: its video ({video_bytes / 1e6:,.1f} MB) is not sent."
    return Reference(reference.part, f"{note} {reference.note}".strip())


def strip_reference(reference_input: ReferenceInput, reference: Reference) -> Reference:
    """Return the reference without metadata where that is wanted. Raises `OptionError` where it is impossible."""
    if not reference_input.strip_exif:
        return reference
    part = reference.part
    if part.mime_type in HEIC_TYPES:
        message = f"{reference_input.name} is HEIC, from which metadata cannot be removed here."
        raise OptionError(message, advice="Save it as JPEG.")
    content = strip.strip_metadata(part.data)
    if content == part.data:
        return reference
    return Reference(
        replace(part, content=content), f"{reference.note} {reference_input.name} is sent without its metadata.".strip()
    )
