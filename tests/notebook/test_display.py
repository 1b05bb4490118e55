"""How a picture is shown: once for each result, small, with its text, wherever outputs go."""

from __future__ import annotations

import base64
import io
import shutil

from PIL import Image

from tests.notebook.answers import answering, full, painted
from tests.notebook.conftest import Notebook, Services


def test_a_picture_of_a_loop_is_shown_each_time(notebook: Notebook) -> None:
    ran = notebook.run("for words in ('a cat', 'a dog'):\n    get_ipython().run_line_magic('gemini_image', words)")

    assert len(ran.pictures) == 2
    assert len(notebook.folders) == 2


def test_capture_takes_the_picture(notebook: Notebook) -> None:
    ran = notebook.run("%%capture taken\n%gemini_image a cat")

    assert ran.outputs == []
    assert notebook.evaluate("any('image/jpeg' in output.data for output in taken.outputs)")


def test_parts_of_a_result_are_shown_as_pictures(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    notebook.run("%gemini_image --thoughts -o bike a red bicycle")

    for expression in ("bike.image", "bike.thoughts[0]"):
        assert len(notebook.run(expression).pictures) == 1


def test_the_notebook_embeds_a_small_picture_unless_told_otherwise(notebook: Notebook, serve: Services) -> None:
    large = painted("PNG", 1500, 1000)
    serve(*[answering(full(large))] * 3)

    def embedded(option: str) -> tuple[str, tuple[int, int]]:
        [picture] = notebook.run(f"%gemini_image {option} a cat").pictures
        [mime_type] = [name for name in picture["data"] if name.startswith("image/")]
        content = base64.b64decode(picture["data"][mime_type])
        assert (content == large) == (option == "--preview 0")
        return mime_type, Image.open(io.BytesIO(content)).size

    assert embedded("") == ("image/jpeg", (1024, 683))
    assert embedded("--preview 90") == ("image/jpeg", (90, 60))
    assert embedded("--preview 0") == ("image/png", (1500, 1000))


def test_alternative_text_reaches_the_page(notebook: Notebook) -> None:
    [picture, _] = notebook.run("%gemini_image --alt 'a \"red\" <bike>' a bicycle").outputs

    assert 'alt="a &quot;red&quot; &lt;bike&gt;"' in picture["data"]["text/html"]
    assert '<img src="data:image/jpeg;base64,' in picture["data"]["text/html"]
    assert picture["metadata"]["vscode_altText"] == 'a "red" <bike>'


def test_a_result_whose_folder_is_gone_is_told_in_one_line(notebook: Notebook) -> None:
    notebook.run("%gemini_image -o cat a cat")
    shutil.rmtree(notebook.folders[0])

    ran = notebook.run("cat")

    error, fallback = ran.outputs
    [line] = error["traceback"]
    assert line.startswith("LibraryError: ")
    assert "call.json cannot be read" in line
    assert fallback["data"]["text/plain"].startswith("<cometmagic call without an image ")


def test_a_caption_says_where_a_copy_was_saved(notebook: Notebook) -> None:
    notebook.run("%gemini_image -s 512 --save bike.png a bicycle")
    ran = notebook.run("%gemini_image -s 512 --save bike.png a bicycle")

    assert "Saved as bike-2.jpg." in ran.text
    assert (notebook.place / "bike-2.jpg").is_file()
