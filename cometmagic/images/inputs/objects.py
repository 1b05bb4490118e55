"""Objects that hold an image: widgets, uploads, displays, responses, open files, texts and collections of axes.

`unwrap` reduces each to bytes, an address or another value that `images.references` opens. Classes of optional
libraries are recognized by their names, so that none is imported. Nothing here opens a connection.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cometmagic.errors import OptionError
from cometmagic.images.file_reader import is_url, shorten_path
from cometmagic.images.inputs import image_text, open_files
from cometmagic.system.sanitize import clean_line

_CONTENT_KEYS = ("content", "bytes", "data", "url")  # of uploads, of datasets, and of JSON with base64
_NESTED_KEYS = ("inlineData", "inline_data", "image_url", "source")  # of parts of prompts as JSON
_FIRST_ERROR_STATUS = 400
_BYTES = (bytes, bytearray, memoryview)


class Held(NamedTuple):
    """What an object holds; `name` begins sentences, and is "" where the value speaks for itself."""

    value: Any
    name: str = ""


def unwrap(value: Any) -> Held:
    """Return what an object holds, or the object itself. Raises `OptionError` for one that holds no image now."""
    if isinstance(value, str):
        return _unwrap_text(value)
    if isinstance(value, (*_BYTES, io.BytesIO)):
        return _unwrap_bytes(value)
    if isinstance(value, os.PathLike | type):
        return Held(value)
    readers = (
        _read_url,
        _read_widget,
        _read_display,
        _read_mapping,
        _read_axes,
        _read_tensor,
        _read_response,
        _read_file,
    )
    return next((held for read in readers if (held := read(value)) is not None), Held(value))


def find_url(value: Any) -> str | None:
    """Return the http(s) address that a display or a widget shows instead of its own bytes, or None."""
    url: Any = None
    if _is_instance(value, "ipywidgets", "Image") and value.format == "url":
        url = bytes(value.value).decode("utf-8", "replace")
    elif _is_instance(value, "IPython", "Image") and not value.data:
        url = value.url
    return url if isinstance(url, str) and is_url(url) else None


def _read_url(value: Any) -> Held | None:
    url = find_url(value)
    return None if url is None else Held(url)


def _unwrap_text(text: str) -> Held:
    if image_text.is_image_text(text):
        return Held(image_text.decode_image_text(text), image_text.describe_image_text(text))
    return Held(text)


def _unwrap_bytes(value: Any) -> Held:
    content = value.getvalue() if isinstance(value, io.BytesIO) else bytes(value)
    if image_text.is_encoded_image(content):
        return _unwrap_text(content.decode("ascii", "replace"))
    return Held(content)


def _read_widget(value: Any) -> Held | None:
    """Return what an ipywidgets.Image or FileUpload holds."""
    if _is_instance(value, "ipywidgets", "Image"):
        if not value.value:
            raise OptionError("The Image widget is empty.", advice="Set its value to the bytes of an image.")
        text = bytes(value.value).decode("utf-8", "replace") if value.format == "url" else ""
        return Held(_unwrap_text(text).value if text else bytes(value.value), "The Image widget")
    if _is_instance(value, "ipywidgets", "FileUpload"):
        items = list(value.value.values() if isinstance(value.value, Mapping) else value.value)
        if not items:
            raise OptionError("The FileUpload widget holds no file.", advice="Choose a file in it first.")
        if len(items) > 1:
            message = f"The FileUpload widget holds {len(items)} files."
            raise OptionError(message, advice="Give its items: upload.value[0], or images=upload.value.")
        return _read_mapping(items[0])
    return None


def _read_display(value: Any) -> Held | None:
    """Return what an `IPython.display.Image` or SVG shows, of any format."""
    if not any(_is_instance(value, "IPython", name) for name in ("Image", "SVG")):
        return None
    data, path = value.data, value.filename or value.url
    if isinstance(data, str) and not image_text.is_image_text(data):
        data = data.encode("utf-8", "replace")
    if data:
        return Held(unwrap(data).value, "The image")
    return unwrap(path) if path else None


def _read_mapping(value: Any) -> Held | None:
    """Return what an upload, a row of a dataset or the data of an output holds under its key."""
    if not isinstance(value, Mapping):
        return None
    mime_types = [key for key in value if isinstance(key, str) and key.startswith("image/")]
    for key in (*_CONTENT_KEYS, *mime_types):
        content = value.get(key)
        if isinstance(content, _BYTES) or image_text.is_image_text(content):
            name = value.get("name") or value.get("path")
            text = shorten_path(name) if isinstance(name, str) else ""
            return Held(unwrap(content).value, text or "The image")
    for key in _NESTED_KEYS:
        if isinstance(value.get(key), Mapping) and (held := _read_mapping(value[key])) is not None:
            return held
    path = value.get("path")  # of a row of a dataset that keeps its images in files
    return Held(path) if isinstance(path, str) and path else _read_axes(value.values())


def _read_axes(values: Any) -> Held | None:
    """Return a part of the figure that all axes of an array or a dict are in. Raises `OptionError` for several."""
    artist, numpy = sys.modules.get("matplotlib.artist"), sys.modules.get("numpy")
    is_array = numpy is not None and isinstance(values, numpy.ndarray) and values.dtype == object
    if artist is None or not (is_array or type(values).__name__.endswith(("values", "ValuesView"))):
        return None
    items: list[Any] = list(values.flat if is_array else values)
    if not items or not all(isinstance(item, artist.Artist) for item in items):
        return None
    figures = {id(item.figure) for item in items}
    if len(figures) > 1:
        raise OptionError(f"The axes belong to {len(figures)} figures.", advice="Give one of the figures.")
    return Held(items[0])


def _read_tensor(value: Any) -> Held | None:
    """Return a torch tensor as an array, wherever it is kept and whether or not it is trained."""
    if not _is_instance(value, "torch", "Tensor"):
        return None
    with contextlib.suppress(Exception):  # without numpy, or with a device that is gone
        tensor = value.detach().cpu()
        return Held((tensor.float() if re.search("bfloat|float8", str(tensor.dtype)) else tensor).numpy())
    return None


def _read_response(value: Any) -> Held | None:
    """Return the body of a response of httpx, requests and their kin. Raises `OptionError` for that of an error."""
    status = open_files.read_attribute(value, "status_code")
    if isinstance(status, bool) or not isinstance(status, int) or not hasattr(type(value), "content"):
        return None
    if status >= _FIRST_ERROR_STATUS:
        words = (open_files.read_attribute(value, name) for name in ("reason_phrase", "reason"))
        reason = clean_line(f"{int(status)} {next(filter(None, words), '')}", 60)
        raise OptionError(f"The response is an error ({reason}), not an image.", advice="Ask for the image again.")
    try:
        content = value.content
    except Exception as error:  # noqa: BLE001  # the body was not read, or was read by somebody else
        message = f"The response has no content yet ({clean_line(type(error).__name__, 60)})."
        raise OptionError(message, advice="Read it first: response.read().") from None
    if not isinstance(content, _BYTES):
        return None
    if not content:
        raise OptionError("The response is empty.", advice="Ask for the image again.")
    return Held(_unwrap_bytes(content).value, "The response")


def _read_file(value: Any) -> Held | None:
    """Return the content of an open file, or of a file in an archive."""
    if _is_instance(value, "zipfile", "Path"):
        try:
            return Held(value.read_bytes(), shorten_path(str(value)))
        except Exception:  # noqa: BLE001  # it is a folder, or the archive is gone or damaged
            raise OptionError(f"{shorten_path(str(value))} cannot be read.", advice="Check the path.") from None
    if not open_files.is_open_file(value):
        return None
    return Held(_unwrap_bytes(open_files.read_open_file(value)).value, open_files.describe_file(value))


def _is_instance(value: Any, package: str, class_name: str) -> bool:
    """Whether a value is of a class of a package, which need not be imported here."""
    bases: Iterable[type] = type(value).__mro__
    return any(base.__name__ == class_name and base.__module__.partition(".")[0] == package for base in bases)
