"""What a cell's line names: variables, outputs, files and results, in place of the words that stand for them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.faults.server import Exchange
from tests.notebook.answers import FINAL, answering, painted
from tests.notebook.fixtures import Notebook, Services

RED = painted("PNG", 8, 6, "red")
MADE = f"""
import io, pathlib
import matplotlib
import numpy as np
from PIL import Image
raw = {RED!r}
picture = Image.open(io.BytesIO(raw))
array = np.asarray(picture)
pathlib.Path("red one.png").write_bytes(raw)
pathlib.Path("plain").write_bytes(raw)
path = pathlib.Path("red one.png")
named = "red one.png"
from matplotlib.figure import Figure
figure = Figure(figsize=(1, 0.5), dpi=40)
"""


def sent(exchange: Exchange) -> list[bytes]:
    """Return the images of the last turn of a request."""
    parts = json.loads(exchange.body)["contents"][-1]["parts"]
    return [base64.b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part]


def size(content: bytes) -> tuple[int, int]:
    """Return (width, height) of a PNG by its header."""
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


@pytest.mark.parametrize("word", ["raw", "path", "named", "'red one.png'", '"./red one.png"', "plain"])
def test_bytes_paths_and_files_are_sent_as_they_are(notebook: Notebook, serve: Services, word: str) -> None:
    notebook.run(MADE)
    server = serve(answering())

    assert notebook.run(f"%%gemini_image -i {word}\na hat like this").error is None

    assert sent(server.log[0]) == [RED]


@pytest.mark.parametrize(("word", "pixels"), [("picture", (8, 6)), ("array", (8, 6)), ("figure", (40, 20))])
def test_pictures_arrays_and_figures_are_sent_as_png(
    notebook: Notebook, serve: Services, word: str, pixels: tuple[int, int]
) -> None:
    notebook.run(MADE)
    server = serve(answering(), answering())

    assert notebook.run(f"%gemini_image -i {word} a hat").error is None
    assert notebook.run(f"%%gemini_image\na hat like {{{{{word}}}}} here").error is None

    for exchange in server.log:
        assert [size(content) for content in sent(exchange)] == [pixels]


def test_results_and_outputs_are_sent_as_they_came(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 5)
    notebook.run("%gemini_image -o hat a hat")
    number = notebook.run("%gemini_image a cat").reply["execution_count"]

    for words in (f"-i hat -i Out[{number}]", f"-i _{number}", "-i hat"):
        assert notebook.run(f"%gemini_image {words} together").error is None

    assert [len(sent(exchange)) for exchange in server.log] == [0, 0, 2, 1, 1]
    assert set(sent(server.log[2])) == {FINAL}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-i raww", "--image: there is neither a variable nor a file 'raww'; did you mean raw?"),
        ("-i Out[99999]", "--image: there is no output Out[99999]."),
        ("-i there/is/none.png", "There is no image file there/is/none.png."),
        ("-i nought", "--image: nought is None, not an image. "),
        ("-i None", "--image: None is None, not an image. "),
        ("-i folder", "folder is a folder."),
        ("-i picture.copy", "picture.copy is neither a variable nor a file, and nothing is computed here."),
        ("-i picture.copy()", "Put it in a variable, x = picture.copy(), and write -i x."),
        ("-i pair[n]", "pair[n] is neither a variable nor a file"),
        ("-i pair[2]", "pair[2] is neither a variable nor a file"),
        ("-i pair", "--image: pair is a list. "),
        ("-i pair", "Choose one, pair[0], or write -i for each."),
        ("-i failed", "--image: failed is an error, not a picture."),
        ("-i picture.png", "There is no image file picture.png."),
        ("--edit=pair", "These are several results."),
        ("--edit=picture", "-i sends any other image."),
        ("-i print_it", "is not an image."),
        ("-i table", "is not an image."),
        ("-i ''", "--image: is empty"),
        ("--edit=nothing", "There is no call 'nothing'"),
        ("--edit=raw", "bytes is no result."),
        ("--chat=failed", "failed holds an error, not a picture."),
    ],
)
def test_what_names_nothing_is_told_before_anything_is_sent(
    notebook: Notebook, serve: Services, words: str, told: str
) -> None:
    made = "from cometmagic import OptionError\nfailed = OptionError('x')\ntable = {}\nprint_it = print\nnought = None"
    notebook.run(f"{MADE}\n{made}\npair = [picture, array]\npathlib.Path('folder').mkdir()")
    server = serve(answering())

    error: Any = notebook.run(f"%gemini_image {words} a hat").error

    assert told in error["evalue"]
    assert "Nothing was sent, so nothing was charged." in error["evalue"]
    assert server.posts == 0


def test_a_name_behind_edit_is_a_result_or_the_first_word(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 6)
    notebook.run("%gemini_image -o hat a hat")

    name = notebook.folders[0].name
    cells = [
        f"%gemini_image -e {name[-6:]} make it red",
        f"%gemini_image -e {name} make it red",
        "%gemini_image --edit hat make it red",
        "%gemini_image --edit make it red",
        "%%gemini_image -e hat\nmake it red",
    ]
    for cell in cells:
        assert notebook.run(cell).error is None

    texts = [json.loads(exchange.body)["contents"][-1]["parts"][0]["text"] for exchange in server.log]
    assert texts == ["a hat", *["make it red"] * 5]
    assert all(sent(exchange) == [FINAL] for exchange in server.log[1:])

    ran = notebook.run("%%gemini_image --edit coat\nmake it red")
    assert ran.error is not None
    assert "There is no call 'coat'" in ran.error["evalue"]


def test_of_several_results_one_is_named_by_its_number(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 6)
    notebook.run("%gemini_image -n 2 -o cats two cats\npair = [b'', cats[0]]")

    for words in ("--edit cats[0]", "-e cats[-1]", "-i cats[1]", "-i pair[1]"):
        assert notebook.run(f"%gemini_image {words} make it red").error is None

    assert [sent(exchange) for exchange in server.log[2:]] == [[FINAL]] * 4
    texts = [json.loads(exchange.body)["contents"][-1]["parts"][0]["text"] for exchange in server.log[2:]]
    assert texts == ["make it red"] * 4


def test_several_results_are_no_words_of_a_prompt(notebook: Notebook, serve: Services) -> None:
    server = serve(answering(), answering(), answering())
    notebook.run("%gemini_image -n 2 -o cats two cats\nhats = ['red', 'blue']")

    ran = notebook.run("%gemini_image --edit cats make it red")

    assert ran.error is not None
    assert ran.error["evalue"].startswith("These are several results.")
    assert server.posts == 2
    assert notebook.run("%gemini_image --edit hats make it red").error is None  # a list of words is a word here
    assert json.loads(server.log[2].body)["contents"][-1]["parts"][0]["text"] == "hats make it red"
