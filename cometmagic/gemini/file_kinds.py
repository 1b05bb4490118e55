"""Names the kind of a file that is no picture to show: a PDF, an archive, a video, a drawing.

The first bytes decide, then the MIME type that came with it. Only kinds that are safe to open by their suffix are
named. This module does not open files.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cometmagic.gemini.parts import UNKNOWN_TYPE, sniff
from cometmagic.system.formatting import format_bytes

HEAD_BYTES = 1024  # of a file that are looked at


class FileKind(NamedTuple):
    """A kind of file: its suffix with the dot, "" for an unknown one, and its name with an article."""

    suffix: str
    name: str


_UNKNOWN = FileKind("", "a file of an unknown kind")
# How each kind begins, its MIME types, and the kind; the first match decides.
_KINDS: tuple[tuple[re.Pattern[bytes], tuple[str, ...], FileKind], ...] = tuple(
    (re.compile(start, re.DOTALL), tuple(types.split()), FileKind(suffix, name))
    for start, types, suffix, name in (
        (rb"%PDF-", "application/pdf", ".pdf", "a PDF file"),
        (rb"PK(?:\x03\x04|\x05\x06)", "application/zip application/x-zip-compressed", ".zip", "a ZIP archive"),
        (rb"\x1f\x8b\x08", "application/gzip application/x-gzip", ".gz", "a gzip file"),
        (rb"....ftypqt", "video/quicktime", ".mov", "a QuickTime video"),
        (rb"....ftyp(?:is|mp|av|M4V|dash)", "video/mp4", ".mp4", "an MP4 video"),
        (rb"\x1aE\xdf\xa3", "video/webm", ".webm", "a WebM video"),
        (rb"II\*\0|MM\0\*", "image/tiff", ".tiff", "a TIFF picture"),
        (rb"BM.{4}\0{4}", "image/bmp image/x-ms-bmp", ".bmp", "a BMP picture"),
        (rb"\0\0\x01\0[^\0]\0", "image/x-icon image/vnd.microsoft.icon", ".ico", "an icon"),
        (rb"8BPS\0", "image/vnd.adobe.photoshop", ".psd", "a Photoshop file"),
        (rb"\xff\x0a|\0\0\0\x0cJXL ", "image/jxl", ".jxl", "a JPEG XL picture"),
        (rb"\0\0\0\x0cjP  ", "image/jp2", ".jp2", "a JPEG 2000 picture"),
        (rb"(?:\xef\xbb\xbf)?\s*(?:<[?!][^>]*>\s*)*<svg\b", "image/svg+xml", ".svg", "an SVG drawing"),
        (rb"RIFF....WAVE", "audio/wav audio/x-wav", ".wav", "a WAV recording"),
        (rb"ID3|\xff[\xfb\xf3\xf2]", "audio/mpeg audio/mp3", ".mp3", "an MP3 recording"),
        (rb"OggS", "audio/ogg video/ogg", ".ogg", "an Ogg file"),
        (rb"glTF", "model/gltf-binary", ".glb", "a 3D model"),
        (rb"7z\xbc\xaf'\x1c", "application/x-7z-compressed", ".7z", "a 7z archive"),
    )
)
_BINARY = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # what no text holds


def find_file_kind(head: bytes, declaration: str = "") -> FileKind:
    """Return the kind of a file that begins with `head`; `declaration` is its MIME type or its suffix."""
    for pattern, _, kind in _KINDS:
        if pattern.match(head):
            return kind
    name = declaration.partition(";")[0].strip().lower()
    return next((kind for _, mime_types, kind in _KINDS if name in (*mime_types, kind.suffix)), _UNKNOWN)


def describe_binary(content: bytes, size: int) -> str:
    """Return what a body of `size` bytes is, with its size, or "" when its beginning, `content`, is text."""
    head = content[:HEAD_BYTES]
    mime_type, _ = sniff(head)
    kind = find_file_kind(head)
    if mime_type != UNKNOWN_TYPE[0]:
        name = f"a picture ({mime_type})"
    elif kind != _UNKNOWN:
        name = kind.name
    elif len(_BINARY.findall(head)) > len(head) // 50:
        name = "binary data"
    else:
        return ""
    return f"{name} of {format_bytes(size)}"
