"""The value of `images=` as a list, whatever kind of collection it is.

Generators can be read only once, so the list is made where a call begins. What the items are is not looked at.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Any

from cometmagic.errors import CometError, OptionError
from cometmagic.options.models import MAX_REFERENCES
from cometmagic.system.sanitize import clean_line


def list_images(images: Any) -> list[Any]:
    """Return a collection of images, or a single one, as a list; None is an empty one.

    Paths in a set are sorted, so that the request is the same each time. Raises `OptionError` for an iterator with
    more items than are sent, or that fails.
    """
    if isinstance(images, list | tuple):
        return list(images)
    if isinstance(images, AbstractSet):
        is_text = all(isinstance(item, str | PurePath) for item in images)
        return sorted(images, key=str) if is_text else list(images)
    if isinstance(images, Iterator) and not isinstance(images, io.IOBase) and not hasattr(images, "read"):
        return _read_iterator(images)
    if isinstance(images, ValuesView) or _is_sequence(images):
        return list(images)
    return [] if images is None else [images]


def list_image_option(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the value of `image`, if there is one, as a list. Raises as `list_images` does."""
    images = options.get("image")
    return {**options} if images is None else {**options, "image": list_images(images)}


def build_count_error(count: str) -> OptionError:
    """Return the error for more images than are sent."""
    message = f"There are {count} reference images; at most {MAX_REFERENCES} are sent."
    return OptionError(message, advice="Send fewer.")


def _is_sequence(value: Any) -> bool:
    """Whether a value is a sequence of values, such as results or a deque, and not bytes, a text or numbers."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray | memoryview | range):
        return False
    try:
        memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        return True
    return False


def _read_iterator(images: Iterable[Any]) -> list[Any]:
    """Return the items of an iterator, which may never end."""
    try:
        items = list(itertools.islice(images, MAX_REFERENCES + 1))
    except CometError:
        raise
    except Exception as error:  # noqa: BLE001  # the code of a generator raises anything
        reason = f"{type(error).__name__}: {clean_line(error, 120)}".rstrip(" :.")
        raise OptionError(f"The images cannot be listed ({reason}).", advice="Correct what makes them.") from None
    if len(items) > MAX_REFERENCES:
        raise build_count_error(f"more than {MAX_REFERENCES}")
    return items
