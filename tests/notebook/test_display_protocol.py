"""IPython's display protocol, whole: each way to show a result shows it, and its cell shows it once."""

from __future__ import annotations

import pytest

from tests.notebook.fixtures import Notebook
from tests.notebook.kernel import Ran

CAPTURE = "from IPython.utils.capture import capture_output\n"
CLEAR = "from IPython.display import clear_output\n"
WIDGET = "import ipywidgets\nout = ipywidgets.Output()\n"

# Cells that run one after another, and how many pictures are under the last one.
SHOWN = {
    "the cell's value": (["%gemini_image a cat"], 1),
    "a cell of its own": (["%%gemini_image -o x\na cat"], 1),
    "a variable that ends its cell": (["x = %gemini_image a cat\nx"], 1),
    "display in the cell that made it": (["x = %gemini_image a cat\ndisplay(x)"], 2),
    "display and value in the cell that made it": (["x = %gemini_image a cat\ndisplay(x)\nx"], 2),
    "display after clear_output": ([CLEAR + "x = %gemini_image a cat\nclear_output()\ndisplay(x)"], 1),
    "value after clear_output": ([CLEAR + "x = %gemini_image a cat\nclear_output()\nx"], 1),
    "value after a capture": ([CAPTURE + "with capture_output() as c:\n    x = %gemini_image a cat\nx"], 1),
    "nothing but a capture": ([CAPTURE + "with capture_output() as c:\n    x = %gemini_image a cat"], 0),
    "display inside a capture, shown": (
        [CAPTURE + "with capture_output() as c:\n    x = %gemini_image a cat\n    display(x)", "c.show()"],
        2,
    ),
    "%%capture, shown": (["%%capture c\n%gemini_image a cat", "c.show()"], 1),
    "%%capture of a variable, shown": (["%%capture c\nx = %gemini_image a cat\nx", "c.show()"], 1),
    "value behind a widget's output": ([WIDGET + "with out:\n    x = %gemini_image a cat\nx"], 2),
    "two in a cell": (["x = %gemini_image a cat\ny = %gemini_image a dog\nx"], 2),
    "an earlier one in a cell that makes one": (["x = %gemini_image a cat", "y = %gemini_image a dog\nx"], 2),
    "in the next cell": (["x = %gemini_image a cat", "x"], 1),
    "a semicolon": (["x = %gemini_image a cat", "x;"], 0),
    "from generate": (["import cometmagic\ncometmagic.generate('a cat')"], 1),
    "several": (["rs = %gemini_image --count 2 a cat", "rs"], 1),
    "one of several": (["rs = %gemini_image --count 2 a cat", "rs[0]"], 1),
    "a slice of several": (["rs = %gemini_image --count 3 a cat", "rs[:2]"], 1),
    "a list": (["x = %gemini_image a cat\ny = %gemini_image a dog", "[x, y]"], 1),
    "a tuple": (["x = %gemini_image a cat\ny = %gemini_image a dog", "x, y"], 1),
    "the results of several": (["rs = %gemini_image --count 2 a cat", "rs.results"], 1),
    "a list with an error": (
        ["x = %gemini_image a cat", "from cometmagic import CometError\n[x, CometError('no')]"],
        1,
    ),
    "the image": (["x = %gemini_image a cat", "x.image"], 1),
    "all images": (["x = %gemini_image a cat", "x.images"], 1),
    "a draft": (["x = %gemini_image --thoughts a cat", "x.thoughts[0]"], 1),
    "all drafts": (["x = %gemini_image --thoughts a cat", "x.thoughts"], 1),
    "a list of something else": (["x = %gemini_image a cat", "[x, 1]"], 0),
    "an empty list": (["[]"], 0),
    "a background result that has ended": (["x = %gemini_image --background a cat", "_ = x.result()\nx"], 1),
    "recalled": (["%gemini_image a cat", "_"], 1),
    "from Out": (["%gemini_image a cat", "Out[max(Out)]"], 1),
}


MADE = "import cometmagic\nx = %gemini_image --thoughts a cat\nrs = %gemini_image --count 2 a dog"
VALUES = ["x", "rs", "rs[0]", "rs[:1]", "x.image", "x.thoughts[0]", "cometmagic.library()"]  # each has a picture
TYPES = {"text/html", "image/jpeg", "text/plain"}


def run_all(notebook: Notebook, cells: list[str]) -> Ran:
    """Run cells and return the last one."""
    for cell in cells:
        ran = notebook.run(cell)
        assert ran.error is None, ran.error
    return ran


def count_pictures(ran: Ran) -> int:
    """Return how many outputs of a cell have a picture, as an image or in their HTML."""
    return sum(
        "<img" in output.get("data", {}).get("text/html", "") or output in ran.pictures for output in ran.outputs
    )


@pytest.mark.parametrize(("cells", "count"), SHOWN.values(), ids=SHOWN)
def test_how_often_a_picture_is_under_a_cell(notebook: Notebook, cells: list[str], count: int) -> None:
    ran = run_all(notebook, cells)

    assert len(ran.pictures) == count, ran.text


@pytest.mark.parametrize("is_loaded", [True, False], ids=["loaded", "unloaded"])
def test_every_object_is_a_picture_with_and_without_the_extension(notebook: Notebook, *, is_loaded: bool) -> None:
    run_all(notebook, [MADE] if is_loaded else [MADE, "%unload_ext cometmagic"])

    assert {value: count_pictures(notebook.run(value)) for value in VALUES} == dict.fromkeys(VALUES, 1)
    assert count_pictures(notebook.run("object()")) == 0


def test_other_ways_to_show_a_result(notebook: Notebook) -> None:
    run_all(notebook, [MADE])

    handle = run_all(notebook, ["h = display(x, display_id=True)"])
    [output] = handle.pictures
    updates = run_all(notebook, ["h.update(rs)"]).updates
    assert output["data"].keys() == TYPES
    assert [update["content"]["data"].keys() for update in updates] == [TYPES]
    assert updates[0]["content"]["transient"] == output["transient"]
    [only] = run_all(notebook, ["display(x, include=['image/jpeg'])"]).outputs
    assert only["data"].keys() == {"image/jpeg"}
    [rest] = run_all(notebook, ["display(x, exclude=['text/html'])"]).outputs
    assert rest["data"].keys() == TYPES - {"text/html"}
    formatted = "sorted(get_ipython().display_formatter.format({})[0])"
    assert notebook.evaluate(formatted.format("x")) == sorted(TYPES)
    appended = "import ipywidgets\nout = ipywidgets.Output()\nout.append_display_data({})"
    run_all(notebook, [appended.format("x.image")])
    assert notebook.evaluate("[sorted(output['data']) for output in out.outputs]") == [sorted(TYPES)]


def test_a_result_whose_folder_is_gone_is_a_line_of_text(notebook: Notebook) -> None:
    run_all(notebook, [MADE, "import shutil\nshutil.rmtree(x.folder)"])

    ran = run_all(notebook, ["x"])

    assert ran.pictures == []
    assert "call without an image" in ran.text


def test_lists_of_other_libraries_keep_their_display(notebook: Notebook) -> None:
    shown = (
        "class Shown(list):\n    def _repr_mimebundle_(self, **_):\n        return {'text/html': 'its own'}\nShown([1])"
    )

    assert run_all(notebook, [shown]).outputs[0]["data"]["text/html"] == "its own"
    assert run_all(notebook, ["(1, 2)"]).text == "(1, 2)"
