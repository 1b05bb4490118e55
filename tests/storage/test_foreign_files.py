"""A library from somebody else, with something planted in it: nothing outside is shown, sent, copied or changed.

Each file of a call and of the library is replaced by a link, a pipe, a device or a folder, and each name in the JSON
by a path that leads out. Then everything is done that people do with a library.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.system import regular_files
from tests.notebook.answers import CANARY, painted
from tests.storage.library_use import use

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links, pipes and devices")

OLD = Path(__file__).with_name("old_library") / "library"
RAIN, BIKE, CAME = (next(OLD.glob(f"*{word}*")).name for word in ("rain", "red-bicycle", "answer-came"))
MARK = b"this is private: hunter2-9d1f"
MAGENTA = (255, 0, 255)
# Files that do not hide each other: a call whose call.json is planted has no other file that is looked at.
GROUPS = [
    (f"{RAIN}/call.json", f"{BIKE}/thought-1.png", f"{CAME}/response.part", "ledger.jsonl"),
    (f"{RAIN}/request.json", f"{BIKE}/preview-thought-1.jpg", f"{CAME}/call.json", ".ledger.lock"),
    (f"{RAIN}/answer.json", f"{CAME}/request.json", "courier.log"),
    (f"{RAIN}/image.jpg", f"{CAME}/answer.json", "references"),
    (f"{RAIN}/preview.jpg", f"{RAIN}/signature-1.txt", "originals"),
    (f"{RAIN}/reference-1.png", f"{RAIN}/preview-small.jpg", CAME),
    (RAIN,),
]
PLANTS: dict[str, Callable[[Path, Path], object]] = {
    "link": lambda path, outside: path.symlink_to(outside / ("folder" if not path.suffix else "photo")),
    "link-to-folder": lambda path, outside: path.symlink_to(outside),
    "link-to-device": lambda path, _: path.symlink_to("/dev/zero"),
    "pipe": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
}
NAMES = ["../../outside/photo", "{outside}/photo", "..", "", "/dev/zero", "a\0b", "x" * 300, None, ["image.jpg"]]
FILES = [file for group in GROUPS for file in group]
# By default every file is a link once, and every other plant is somewhere; with `-m full`, each file is each plant.
PLANTED = [
    *(("link", group) for group in GROUPS),
    *((plant, GROUPS[number]) for number, plant in enumerate([*PLANTS][1:])),
    *(pytest.param(plant, (file,), marks=pytest.mark.full) for file in FILES for plant in PLANTS),
]
NAMED = [(document, name) for document in ("call.json", "request.json", "answer.json") for name in NAMES]


def reduce(cases: list[Any], *, step: int) -> list[Any]:
    """Return all cases; but for every `step`-th one, they run only when all are asked for."""
    return [pytest.param(*case, marks=[pytest.mark.full] if number % step else []) for number, case in enumerate(cases)]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a folder of the user's: a photo, and what a call folder would hold."""
    folder = tmp_path / "outside"
    shutil.copytree(OLD / RAIN, folder / "folder")
    (folder / "photo").write_bytes(painted("JPEG", color="magenta") + MARK)
    for name in ("image.jpg", "preview.jpg", "reference-1.png"):
        shutil.copy(folder / "photo", folder / "folder" / name)
    return folder


@pytest.fixture
def library(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    for name in (RAIN, BIKE, CAME):
        shutil.copytree(OLD / name, library_folder / name)
    for name in ("preview-small.jpg", "preview-thought-1.jpg"):
        shutil.copy(library_folder / RAIN / "preview.jpg", library_folder / (RAIN, BIKE)["thought" in name] / name)
    shutil.copy(OLD / "ledger.jsonl", library_folder)
    monkeypatch.setenv("COMETAPI_KEY", CANARY)
    monkeypatch.setenv("COMETAPI_BASE_URL", "http://127.0.0.1:9")
    return Library(library_folder)


def reveals(content: bytes) -> bool:
    """Whether the photo shows: its mark, plain or in base64, or the colour of any image in it."""
    texts = [content, *map(decode, re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", content))]
    return any(MARK in text or is_magenta(text) for text in texts)


def decode(text: bytes) -> bytes:
    return base64.b64decode(text[: len(text) // 4 * 4])


def is_magenta(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            color = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))
    except (OSError, ValueError):
        return False
    return isinstance(color, tuple) and all(abs(a - b) < 40 for a, b in zip(color, MAGENTA, strict=True))


def flatten(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value + b" " + base64.b64encode(value)
    if isinstance(value, dict | list | tuple):
        items = value.values() if isinstance(value, dict) else value
        return b" ".join(map(flatten, items))
    return str(value).encode(errors="replace")


def read_tree(*roots: Path) -> dict[Path, bytes]:
    """Return the files below some folders, by name; links are not followed."""
    paths = [Path(folder, name) for root in roots for folder, _, names in os.walk(root) for name in names]
    return {path: path.read_bytes() for path in paths if not path.is_symlink() and path.is_file()}


def find_leaks(library: Library, outside: Path, place: Path) -> list[str]:
    """Use a library and return where the photo shows, and what changed outside."""
    before = read_tree(outside)
    leaks = [f"shown: {value!r:.300}" for value in use(library, (RAIN, BIKE, CAME), place) if reveals(flatten(value))]
    leaks += [f"written: {path}" for path, content in read_tree(library.root, place).items() if reveals(content)]
    after = read_tree(outside)
    return leaks + [f"changed: {path}" for path in before | after if before.get(path) != after.get(path)]


def replace(path: Path, plant: str, outside: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    PLANTS[plant](path, outside)


@pytest.mark.timeout(60)  # a pipe or a device that is opened would block for ever
@pytest.mark.parametrize(("plant", "files"), PLANTED)
def test_what_is_planted_leads_nowhere(
    library: Library, outside: Path, tmp_path: Path, plant: str, files: tuple[str, ...]
) -> None:
    for file in files:
        replace(library.root / file, plant, outside)

    assert find_leaks(library, outside, tmp_path / "place") == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("document", "name"), reduce(NAMED, step=4))
def test_a_name_that_leads_out_leads_nowhere(
    library: Library, outside: Path, tmp_path: Path, document: str, name: Any
) -> None:
    path = library.root / RAIN / document
    value = name.format(outside=outside) if isinstance(name, str) else name
    text = json.dumps(json.loads(path.read_bytes()))
    for known in ("image.jpg", "reference-1.png", "signature-1.txt"):
        text = text.replace(json.dumps(known), json.dumps(value))
    path.write_text(text)

    assert find_leaks(library, outside, tmp_path / "place") == []


def test_home_does_not_decide_where_a_ledger_is_written(library: Library, outside: Path, tmp_path: Path) -> None:
    CallFolder(library.root / RAIN).update(home=str(outside / "folder" / "call"))

    assert find_leaks(library, outside, tmp_path / "place") == []
    assert b"d338b3b01073468fbf7552baaef62de1" in (library.root / "ledger.jsonl").read_bytes()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("file", "leak"),
    [(f"{RAIN}/image.jpg", "shown"), (f"{RAIN}/reference-1.png", "shown"), ("ledger.jsonl", "changed")],
)
def test_control_an_opener_that_follows_links_is_found_out(
    monkeypatch: pytest.MonkeyPatch, library: Library, outside: Path, tmp_path: Path, file: str, leak: str
) -> None:
    replace(library.root / file, "link", outside)
    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", os.stat)
        patched.setattr(regular_files, "_OPEN_FLAGS", 0)
        leaks = find_leaks(library, outside, tmp_path / "place")

    assert any(found.startswith(leak) for found in leaks)
