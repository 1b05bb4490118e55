"""The list of calls in a notebook: small pictures, light, and nothing but text beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cometmagic import generate
from cometmagic.display import gallery as module
from cometmagic.display import thumbnails
from cometmagic.display.gallery import build_gallery
from cometmagic.display.library_table import format_table, list_calls
from cometmagic.images.decoding import opener
from cometmagic.storage.library import Library
from tests.display.test_result_output import HOSTILE, check_harmless
from tests.notebook.answers import answering, serving
from tests.notebook.fixtures import Notebook
from tests.storage.test_library import request


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


def test_each_picture_is_small(notebook: Notebook) -> None:
    for ratio in ("1:1", "16:9", "1:8"):
        notebook.run(f"%gemini_image --source offline -a {ratio} a red bicycle in a meadow of flowers")

    [output] = notebook.run("%gemini_library list bicycle").outputs

    sizes = [len(found) for found in re.findall(r"base64,([^\"]*)", output["data"]["text/html"])]
    assert len(sizes) == 3
    assert max(sizes) < 5000
    assert 'width="64" height="64"' in output["data"]["text/html"]
    check_harmless([output])


def test_the_plain_text_is_the_table(library: Library) -> None:
    generate("a cat", source="offline")

    bundle, _ = build_gallery(list_calls(library))

    assert bundle["text/plain"] == format_table(list_calls(library))


def test_calls_without_a_picture_are_listed_too(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(), answering()):
        whole = generate("a cat")
        damaged = generate("a dog")
    (damaged.folder / "image.jpg").write_bytes(b"no picture")
    (damaged.folder / "preview.jpg").unlink()
    library.create_folder(request("a red bicycle"), source="live")

    shown = build_gallery(list_calls(library))[0]["text/html"]

    assert whole.folder.name[-6:] in shown
    assert shown.count("<tr>") == 4
    assert shown.count("<img ") == 1


def test_the_pictures_of_a_list_are_light_together(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        generate(f"cat {number}", source="offline")
    assert build_gallery(list_calls(library))[0]["text/html"].count("<img ") == 3

    monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 1500)

    assert build_gallery(list_calls(library))[0]["text/html"].count("<img ") in (1, 2)


def test_the_pictures_of_a_list_are_decoded_together(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        generate(f"cat {number}", source="offline")
    efforts = map(opener.estimate_effort, library.root.glob("*/preview.jpg"))
    monkeypatch.setattr(thumbnails, "MAX_DECODED_PIXELS", sum(efforts) - 1)

    assert build_gallery(list_calls(library))[0]["text/html"].count("<img ") == 2


def test_an_empty_library_is_told(library: Library) -> None:
    bundle, _ = build_gallery(list_calls(library))

    assert bundle["text/plain"] == f"There is no call in {library.root} yet."
    assert "<table" not in bundle["text/html"]


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 5000], ids=range(9))
def test_what_a_library_of_others_says_is_harmless(library: Library, text: str) -> None:
    folder = library.create_folder(request(), source="live")
    hostile = text.encode("utf-8", "ignore").decode()
    folder.update(prompt=hostile, model=hostile[:1000])

    bundle, _ = build_gallery(list_calls(library))

    check_harmless([{"data": bundle}])
    assert len(bundle["text/html"]) < 5000


def test_a_picture_whose_call_is_damaged_is_left_out(library: Library) -> None:
    result = generate("a cat", source="offline")
    (result.folder / "call.json").write_text('{"state": "settled", "files": [{"name": "image.jpg"}]}')

    assert "<img" not in build_gallery(list_calls(library))[0]["text/html"]


def test_show_draws_the_tree_of_edits(notebook: Notebook) -> None:
    notebook.run("%gemini_image --source offline a red bicycle")
    notebook.run("%gemini_image --source offline -e -o blue make it blue")
    first, second = (folder.name[-6:] for folder in notebook.folders)

    told = notebook.run(f"%gemini_library show {first}").text

    assert f"\n\n{first} a red bicycle  ← this one\n{second} edit: make it blue" in told
    notebook.run("%gemini_image --source offline a house")
    assert "this one" not in notebook.run("%gemini_library show house").text
