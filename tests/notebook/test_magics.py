"""A cell is a prompt: what is sent, shown, saved and returned, in a real kernel."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from cometmagic.options.declaration import list_options
from tests.notebook.answers import CANARY, DRAFT, FINAL, answering
from tests.notebook.fixtures import Notebook, Services

BIKE = "%%gemini_image --aspect-ratio 16:9 --image-size 2K --thoughts -o bike\na red bicycle leaning on a sunlit wall"

# A cell, and the body it sends, as the API's documentation writes it.
GOLDEN = {
    "butterfly": (
        """%%gemini_image --aspect-ratio 1:1 --image-size 4K
A Monarch butterfly anatomical sketch on textured parchment""",
        """
        {"contents": [{"role": "user", "parts": [
            {"text": "A Monarch butterfly anatomical sketch on textured parchment"}]}],
         "generationConfig": {
            "imageConfig": {"aspectRatio": "1:1", "imageSize": "4K"},
            "responseModalities": ["TEXT", "IMAGE"]}}
        """,
    ),
    "bicycle": (
        BIKE,
        """
        {"contents": [{"role": "user", "parts": [{"text": "a red bicycle leaning on a sunlit wall"}]}],
         "generationConfig": {
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
            "thinkingConfig": {"includeThoughts": true},
            "responseModalities": ["TEXT", "IMAGE"]}}
        """,
    ),
    "line": (
        """%gemini_image a cat's $5 {hat}, 100% "silk" """,
        r"""
        {"contents": [{"role": "user", "parts": [{"text": "a cat's $5 {hat}, 100% \"silk\""}]}],
         "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}
        """,
    ),
    "everything": (
        """%%gemini_image --thinking high --search web,image --seed -7 --temperature 1 --image-only \
--system 'be brief' --safety hate=none --extra '{"generationConfig": {"newField": [1]}}'
{"scene": "dusk"}

in two lines """,
        r"""
        {"contents": [{"role": "user", "parts": [{"text": "{\"scene\": \"dusk\"}\n\nin two lines "}]}],
         "generationConfig": {
            "thinkingConfig": {"thinkingLevel": "HIGH"},
            "temperature": 1.0,
            "seed": -7,
            "responseModalities": ["IMAGE"],
            "newField": [1]},
         "tools": [{"googleSearch": {"searchTypes": {"webSearch": {}, "imageSearch": {}}}}],
         "systemInstruction": {"parts": [{"text": "be brief"}]},
         "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}]}
        """,
    ),
}


def test_a_notebook_without_a_key_shows_a_picture(tmp_path: Path) -> None:
    """The front page's promise, with the program that runs notebooks headless."""
    cells = [nbformat.v4.new_code_cell(code) for code in ("%load_ext cometmagic", BIKE)]
    book = nbformat.v4.new_notebook(cells=cells)

    NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()

    loaded, made = book.cells
    assert loaded.outputs == []
    assert [output.output_type for output in made.outputs] == ["display_data", "display_data"]
    picture, caption = made.outputs
    shown = Image.open(io.BytesIO(base64.b64decode(picture.data["image/jpeg"])))
    assert shown.width > shown.height
    assert picture.metadata["image/jpeg"]["alt"] == "a red bicycle leaning on a sunlit wall"
    assert "offline sketch, not made by the model, free" in caption.data["text/html"]
    assert "waiting" not in json.dumps(made.outputs)


@pytest.mark.parametrize(("cell", "golden"), GOLDEN.values(), ids=GOLDEN)
def test_what_is_sent(notebook: Notebook, serve: Services, cell: str, golden: str) -> None:
    server = serve(answering())

    ran = notebook.run(cell)

    assert ran.error is None
    [exchange] = server.log
    assert json.loads(exchange.body) == json.loads(golden)
    model = "gemini-3.1-flash-image-preview"
    assert exchange.start_line == f"POST /v1beta/models/{model}:generateContent HTTP/1.1"
    assert exchange.headers["authorization"] == f"Bearer {CANARY}"
    assert "x-goog-api-key" not in exchange.headers
    assert exchange.headers["content-length"] == str(len(exchange.body))


def test_the_last_image_that_is_no_thought_is_shown_saved_and_returned(notebook: Notebook, serve: Services) -> None:
    serve(answering())

    ran = notebook.run(BIKE)

    assert (len(ran.pictures), len(ran.captions), len(ran.outputs)) == (1, 1, 2)
    [folder] = notebook.folders
    assert (folder / "image.jpg").read_bytes() == FINAL  # declared as PNG
    assert (folder / "thought-1.png").read_bytes() == DRAFT
    assert not (folder / "response.part").exists()
    assert notebook.evaluate("type(bike).__name__, bike.image.mime_type, bike.text, len(bike.thoughts)") == (
        "ImageResult",
        "image/jpeg",
        "Here it is.",
        1,
    )
    assert notebook.evaluate("bike.image.data") == FINAL
    [picture] = ran.pictures
    assert picture["metadata"]["cometmagic"] == {
        "sha256": hashlib.sha256(FINAL).hexdigest(),
        "folder": str(folder.relative_to(notebook.place)),
        "source": "live",
    }


def test_the_cells_value_is_the_result_and_it_is_shown_once(notebook: Notebook, serve: Services) -> None:
    serve(answering())

    made = notebook.run("%gemini_image a cat")
    again = notebook.run("_")
    kept = notebook.run("_ is Out[max(Out)]")

    assert (len(made.pictures), len(made.outputs)) == (1, 2)
    assert (len(again.pictures), len(again.outputs)) == (1, 1)
    assert kept.text == "True"
    assert not [message for message in made.messages if message["msg_type"] == "execute_result"]


def test_help_lists_every_option(notebook: Notebook) -> None:
    [payload] = notebook.run("%%gemini_image?").reply["payload"]

    told = payload["data"]["text/plain"]
    assert [option.flag for option in list_options().values() if option.flag not in told] == []


def test_unloading_takes_everything_back(notebook: Notebook) -> None:
    shell = "get_ipython()"
    notebook.run("%gemini_image -o cat a cat")

    assert notebook.run("%unload_ext cometmagic").error is None

    assert "not found" in notebook.run("%gemini_image a cat").text
    assert notebook.evaluate(f"[c for c in {shell}.configurables if type(c).__name__ == 'GeminiImage']") == []
    assert len(notebook.run("cat").pictures) == 1  # a result shows itself without the extension
    assert notebook.run("%load_ext cometmagic\n%gemini_image a cat").error is None
    assert notebook.run("%reload_ext cometmagic\n%gemini_image a cat").error is None


def test_a_recording_is_shown_again_without_a_key(notebook: Notebook, serve: Services) -> None:
    server = serve(answering())
    [live, _] = notebook.run(BIKE).outputs
    notebook.run("import os; del os.environ['COMETAPI_KEY']")

    for cell in (BIKE, BIKE.replace("-o bike", "--source replay")):
        [picture, caption] = notebook.run(cell).outputs
        assert picture["data"]["image/jpeg"] == live["data"]["image/jpeg"]
        assert picture["metadata"]["cometmagic"]["source"] == "replay"
        assert "replay of a recording of " in caption["data"]["text/html"]
    assert len(server.log) == 1
    assert len(notebook.folders) == 1


def test_a_picture_is_saved_beside_the_notebook(notebook: Notebook, serve: Services) -> None:
    serve(answering(), answering())

    for _ in range(2):
        assert notebook.run("%gemini_image --save pictures/bike.png a red bicycle").error is None

    saved = sorted((notebook.place / "pictures").iterdir())
    assert [path.name for path in saved] == ["bike-2.jpg", "bike.jpg"]
    assert {path.read_bytes() for path in saved} == {FINAL}
