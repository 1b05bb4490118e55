"""What is left of a panel in a saved notebook: its last picture, and the cell that made that picture."""

from __future__ import annotations

from typing import Any

from tests.faults.server import Held, response, send
from tests.notebook.answers import full
from tests.notebook.conftest import Notebook, Services
from tests.notebook.panel.test_panel import IMPORTS, WAIT, Page, form, made, page
from tests.waiting import wait_for

__all__ = ["page"]  # the fixture
VIEW = "application/vnd.jupyter.widget-view+json"
TITLE = "Panel of cometmagic, as it was saved"


def texts(outputs: list[dict[str, Any]], kind: str = "text/html") -> list[str]:
    return [output["data"].get(kind, "") for output in outputs if "data" in output]


def test_a_saved_notebook_keeps_the_last_picture_and_the_cell_once(notebook: Notebook) -> None:
    first = notebook.run(
        f"{IMPORTS}p = cm.panel('a cat', source='offline')\ndisplay(p)\nr = p.generate()\nprint('after')"
    )

    view, picture, words, printed = first.outputs
    assert VIEW in view["data"]
    assert "image/jpeg" in picture["data"]
    assert 'alt="a cat"' in picture["data"]["text/html"]
    assert printed["text"] == "after\n"
    everything = "".join(texts(first.outputs))
    assert everything.count("%%gemini_image --source offline\na cat") == 1
    assert everything.count(TITLE) == 1
    assert everything.count("<img") == 1
    assert "%%gemini_image" in words["data"]["text/html"]
    assert "<cometmagic panel" in view["data"]["text/plain"]


def test_a_panel_that_was_never_run_leaves_its_cell(notebook: Notebook) -> None:
    ran = notebook.run(f"{IMPORTS}p = cm.panel('a cat', source='offline')\ndisplay(p)\np.prompt = 'a dog'")

    everything = "".join(texts(ran.outputs))
    assert "%%gemini_image --source offline\na dog" in everything
    assert "a cat" not in everything
    assert TITLE in everything


def test_beside_a_picture_stands_the_cell_that_made_it(notebook: Notebook, serve: Services, page: Page) -> None:
    held = Held()
    serve(held.steps(send(response(full()))))
    made(notebook, "cm.panel('a cat')")
    page("run", **form(aspect_ratio="16:9"))
    wait_for(lambda: held.inside)
    page("edit", **form(2, prompt="a dog", aspect_ratio="1:1"))
    held.let_go.set()

    notebook.run(WAIT)
    shown = notebook.run("p").outputs

    assert notebook.evaluate("p.as_cell()") == "%%gemini_image --aspect-ratio 1:1\na dog"
    assert "%%gemini_image --aspect-ratio 16:9\na cat" in "".join(texts(shown))
    assert "a dog" not in "".join(texts(shown))
    bundle = notebook.evaluate("p._repr_mimebundle_()")
    for kind in ("text/html", "text/plain"):
        assert "%%gemini_image --aspect-ratio 16:9\na cat" in bundle[kind]
        assert "a dog" not in bundle[kind]


def test_a_picture_of_the_history_comes_back_with_its_cell(notebook: Notebook, page: Page) -> None:
    made(notebook)
    notebook.run("first = p.generate(); p.prompt = 'a dog'; p.generate()")

    page("show", part=1, id=notebook.evaluate("first.folder.name"))

    assert "source offline\na cat" in notebook.evaluate("p._repr_mimebundle_()['text/html']")


def test_a_result_of_a_cell_stands_beside_the_cell_that_asks_for_the_same(notebook: Notebook) -> None:
    made(notebook)

    notebook.run("p.result = cm.generate('a fox', source='offline', aspect_ratio='16:9')")

    assert "%%gemini_image --aspect-ratio 16:9\na fox" in notebook.evaluate("p._repr_mimebundle_()['text/html']")
    notebook.run("p.result = cm.generate_many('a fox', source='offline', count=2)")
    told = notebook.evaluate("p._repr_mimebundle_()['text/html']")
    assert ("%%gemini_image" in told, "<img" in told) == (False, True)  # it is not known, and nothing is made up


def test_a_sheet_and_each_of_its_pictures_stand_beside_the_cell_that_made_them(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat', source='offline', count=2)")
    notebook.run("rs = p.generate(); p.options = {}")

    for shown in ("p.result = rs", "p.result = rs[1]"):
        notebook.run(shown)
        assert "--count 2" in notebook.evaluate("p._repr_mimebundle_()['text/html']")
