"""How results, images and libraries look when a front end asks them for it: IPython's `_repr_mimebundle_`.

The objects import this module when they are asked, with and without the extension. What cannot be read is shown as
text, because an exception here would hide the object. This module knows no IPython.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from cometmagic.display import batch_output, result_output, thumbnails
from cometmagic.display.bundles import Bundle, build_plain_text, join_bundles
from cometmagic.display.caption import build_caption
from cometmagic.display.gallery import build_gallery
from cometmagic.display.html_parts import encode_base64
from cometmagic.display.library_table import list_calls
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import MAX_SHEET_IMAGES, AnyResult, ImageResults
from cometmagic.storage.library import Library


def build_value(value: AnyResult | ImagePart | Library) -> Bundle:
    """Return (MIME bundle, metadata) of an object of this package; of its repr when it cannot be read."""
    try:
        return _build(value)
    except (CometError, OSError):
        return build_plain_text(repr(value))


def build_png(value: AnyResult | ImagePart) -> str | None:
    """Return the image of a result, or the sheet of several, as a PNG in base64; None without one."""
    try:
        if isinstance(value, ImageResults):
            return batch_output.build_sheet(value, terminal=True)[0].get("image/png")
        if isinstance(value, ImageResult):
            return result_output.build_image(value, terminal=True)[0].get("image/png")
        png = thumbnails.render_png(value.data, result_output.MAX_DISPLAY_PIXELS)
        return encode_base64(png) if png else None
    except (CometError, OSError):
        return None


def build_list(items: Sequence[Any]) -> Bundle | None:
    """Return (MIME bundle, metadata) of a list of results or of images, as one sheet; None of any other list."""
    if items and all(isinstance(item, ImagePart) for item in items):
        return _build_image_sheet(items)
    if any(isinstance(item, ImageResult) for item in items):
        return build_value(ImageResults(items)) if all(map(_is_result, items)) else None
    return None


def _is_result(item: object) -> bool:
    return isinstance(item, ImageResult | CometError)


@singledispatch
def _build(value: object) -> Bundle:
    return build_plain_text(repr(value))


@_build.register
def _build_result(result: ImageResult) -> Bundle:
    return join_bundles(result_output.build_image(result), build_caption(result))


@_build.register
def _build_results(results: ImageResults) -> Bundle:
    if not results:
        return build_plain_text(repr(results))
    if not results.results:
        return batch_output.build_sheet_caption(results)
    return join_bundles(batch_output.build_sheet(results), batch_output.build_sheet_caption(results))


def _build_image_sheet(images: Sequence[ImagePart]) -> Bundle:
    from cometmagic.images.contact_sheet import Tile, render_contact_sheet  # Pillow, which nothing else here needs

    budget = thumbnails.PixelBudget()
    tiles = [
        Tile(f"{number}: {result_output.describe_part(image)}", content=thumbnails.load_thumbnail(image, budget))
        for number, image in enumerate(images[:MAX_SHEET_IMAGES], 1)
    ]
    alt = f"{len(images)} images: {'; '.join(tile.label for tile in tiles)}"
    return batch_output.embed_sheet(render_contact_sheet(tiles), alt, repr(list(images)))


@_build.register
def _build_library(library: Library) -> Bundle:
    return build_gallery(list_calls(library))


@_build.register
def _build_part(image: ImagePart) -> Bundle:
    return result_output.build_part(image)
