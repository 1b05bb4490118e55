"""Prints the peak of resident memory, in MB, of each way an image file takes through the program.

`python -m tests.images.decoding.peak_memory WAY FILE...` prints a line of JSON for each file: its name, the peak and
what came out. Each is read in a process of its own, forked when everything is imported, so that only the file makes
the difference.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.images import contact_sheet, references, resize
from cometmagic.images.notebook_images import NotebookShrinker
from cometmagic.offline import service
from tests.bench import memory
from tests.offline.asking import FLASH, SMALL, request, shown, text


def refer(path: Path) -> str:
    return references.load_reference(path).note


def refer_opened(path: Path) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):
            picture = Image.open(path)
    except Exception:  # noqa: BLE001  # Pillow's, before it is a reference
        return "no picture"
    with picture:
        return references.load_reference(picture).note


def preview(path: Path) -> str:
    return "drawn" if resize.render_preview(path, 1024) else "not drawn"


def thumbnail(path: Path) -> str:
    return "drawn" if resize.render_png(path.read_bytes(), 96) else "not drawn"


def draw_sheet(path: Path) -> str:
    return str(len(contact_sheet.render_contact_sheet([contact_sheet.Tile("a", path)] * 2)))


def slim(path: Path) -> str:
    data = {"image/png": base64.b64encode(path.read_bytes()).decode()}
    shrinker = NotebookShrinker(1024)
    shrinker.shrink({"cells": [{"outputs": [{"data": data}]}]})
    return str(dict(shrinker.counts))


def serve(path: Path, size: str = "512", words: str = "at night, in the rain") -> str:
    config = {"imageConfig": SMALL["imageConfig"] | {"imageSize": size}}
    body = json.dumps(request(text(words), shown(path.read_bytes()), **config)).encode()
    return str(service.answer(FLASH, body)[0])


def decode(path: Path) -> str:
    return str(ImagePart("image/png", path=path).pil().size)


def decode_carelessly(path: Path) -> str:
    """Convert as programs do that trust their images: the control."""
    with Image.open(path) as picture:
        picture.getexif()
        return str(picture.convert("RGBA").resize((64, 64)).size)


WAYS: dict[str, Callable[[Path], str]] = {
    way.__name__: way
    for way in (refer, refer_opened, preview, thumbnail, draw_sheet, slim, serve, decode, decode_carelessly)
}
WAYS["serve_4k"] = functools.partial(serve, size="4K")


def measure(way: Callable[[Path], str], path: Path) -> tuple[int, str]:
    """Return the peak in MB, and what came out. A fork shares pages that it does not count, so they are added."""
    shared = memory.status("VmRSS") or 0
    reader, writer = os.pipe()
    if not (child := os.fork()):
        own = memory.status("VmRSS") or 0
        try:
            outcome = way(path)
        except CometError as error:
            outcome = str(error)
        except BaseException as error:  # noqa: BLE001  # an error that is not ours is a result of the test
            outcome = f"RAISED {type(error).__name__}: {error}"
        peak = (memory.status("VmHWM") or 0) - own + shared
        os.write(writer, json.dumps([peak // 1_000_000, outcome[:500]]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        peak, outcome = json.loads(pipe.read() or '[0, "RAISED nothing: killed"]')
    os.waitpid(child, 0)
    return peak, outcome


if __name__ == "__main__":
    for name in sys.argv[2:]:
        sys.stdout.write(json.dumps([Path(name).name, *measure(WAYS[sys.argv[1]], Path(name))]) + "\n")
        sys.stdout.flush()
