"""How a picture is shown: once for each result, small, with its text, wherever outputs go."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import shutil
from typing import Any

import nbformat
import pytest
from PIL import Image

from tests.notebook.answers import answering, body, full, gravel, image, painted
from tests.notebook.fixtures import Notebook, Services


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

    def embedded(option: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the sizes in pixels of the picture in the HTML, and of the one for those that show none."""
        [picture] = notebook.run(f"%gemini_image {option} a cat").pictures
        [shown] = re.findall('src="data:image/[a-z]+;base64,([^"]+)"', picture["data"]["text/html"])
        [copy] = [content for mime_type, content in picture["data"].items() if mime_type.startswith("image/")]
        contents = [base64.b64decode(encoded) for encoded in (shown, copy)]
        assert (contents == [large, large]) == (option == "--preview 0")
        first, second = (Image.open(io.BytesIO(content)).size for content in contents)
        return first, second

    assert embedded("") == ((1024, 683), (1024, 683))
    assert embedded("--preview 90") == ((90, 60), (90, 60))
    assert embedded("--preview 0") == ((1500, 1000), (1500, 1000))


@pytest.mark.parametrize(("option", "alt"), [("--alt 'a \"red\" <bike>'", 'a "red" <bike>'), ("", "a bicycle & more")])
def test_alternative_text_goes_wherever_a_front_end_may_look(notebook: Notebook, option: str, alt: str) -> None:
    [picture, _] = notebook.run(f"%gemini_image {option} a bicycle & more").outputs

    assert f'alt="{html.escape(alt)}" width="640" height="640"' in picture["data"]["text/html"]
    assert picture["metadata"]["vscode_altText"] == alt
    assert picture["metadata"]["image/jpeg"] == {"width": 640, "height": 640, "alt": alt}
    assert picture["data"]["text/plain"].endswith(f">: {alt}")


def test_a_book_of_a_prompt_is_no_alternative_text(notebook: Notebook) -> None:
    [picture, _] = notebook.run(f"%%gemini_image -s 512\n{'a cat and a dog, ' * 5000}").outputs

    assert len(picture["metadata"]["vscode_altText"]) == 2000
    assert len(json.dumps(picture["metadata"])) < 5000


def test_alternative_text_is_in_the_page_that_markdown_makes(notebook: Notebook) -> None:
    from nbconvert import MarkdownExporter

    outputs = [nbformat.from_dict(_saved(output)) for output in notebook.run("%gemini_image -s 512 a bicycle").outputs]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])

    page, _ = MarkdownExporter().from_notebook_node(made)

    assert 'alt="a bicycle"' in page


def _saved(output: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": output["kind"], "data": output["data"], "metadata": output["metadata"]}


def test_the_heaviest_cell_adds_less_than_400_kb(notebook: Notebook, serve: Services) -> None:
    """4K, two drafts, as many reference images as any model takes, all of a kind that packs badly."""
    for number in range(14):
        (notebook.place / f"{number}.jpg").write_bytes(gravel(800, 800))
    final = gravel(4096, 4096)
    server = serve(
        answering(body(image(gravel(1024, 1024), thought=True), image(gravel(1024, 1024), thought=True), image(final)))
    )
    references = " ".join(f"-i {number}.jpg" for number in range(14))

    ran = notebook.run(f"%gemini_image -t -s 4K -m gemini-3-pro-image-preview {references} gravel")

    assert ran.error is None
    assert len(json.loads(server.log[0].body)["contents"][0]["parts"]) == 15
    assert len(final) > 4_000_000
    assert ran.captions[0]["data"]["text/html"].count("<img ") == 14 + 2 * 2
    assert len(json.dumps(ran.outputs)) < 400_000


def test_a_result_whose_folder_is_gone_is_told_in_one_line(notebook: Notebook) -> None:
    notebook.run("%gemini_image -o cat a cat")
    shutil.rmtree(notebook.folders[0])

    ran = notebook.run("cat")

    [fallback] = ran.outputs
    assert fallback["data"]["text/plain"].startswith("<cometmagic call without an image ")


def test_a_caption_says_where_a_copy_was_saved(notebook: Notebook) -> None:
    notebook.run("%gemini_image -s 512 --save bike.png a bicycle")
    ran = notebook.run("%gemini_image -s 512 --save bike.png a bicycle")

    assert "Saved as bike-2.jpg." in ran.text
    assert (notebook.place / "bike-2.jpg").is_file()
