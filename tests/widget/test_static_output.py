"""What is left of a panel in a saved notebook: its last picture, and the cell that made that picture."""

from __future__ import annotations

import copy
import html
import re
import threading
from types import SimpleNamespace
from typing import Any, cast

import nbformat
import pytest
from nbclient import NotebookClient

from cometmagic.widget.static_output import StaticOutput
from tests.faults.server import Held, response, send
from tests.notebook.answers import answering, full
from tests.notebook.fixtures import Notebook, Services
from tests.waiting import wait_for
from tests.widget.test_panel_kernel import IMPORTS, WAIT, Page, form, made, page

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


def test_the_cell_beside_a_result_takes_no_variable_of_the_notebook(notebook: Notebook) -> None:
    made(notebook)

    notebook.run("text_1 = 'kept'\np.result = cm.generate('a {{cat}}', source='offline')")

    told = notebook.evaluate("p._repr_mimebundle_()['text/plain']")
    assert 'text_1_2 = "a {{cat}}"' in told
    assert "{{text_1}}" not in told


def test_a_sheet_and_each_of_its_pictures_stand_beside_the_cell_that_made_them(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat', source='offline', count=2)")
    notebook.run("rs = p.generate(); p.options = {}")

    for shown in ("p.result = rs", "p.result = rs[1]"):
        notebook.run(shown)
        assert "--count 2" in notebook.evaluate("p._repr_mimebundle_()['text/html']")


def test_pictures_that_different_cells_made_stand_beside_none(notebook: Notebook) -> None:
    made(notebook, "cm.panel('a cat', source='offline')")
    notebook.run("from cometmagic import ImageResults\ncat = p.generate(); p.prompt = 'a dog'; dog = p.generate()")
    fox = "cm.generate('a fox', source='offline')"

    for shown in ("[cat, dog]", f"[cat, {fox}]"):
        told = notebook.evaluate(f"setattr(p, 'result', ImageResults({shown})) or p._repr_mimebundle_()['text/html']")
        assert ("%%gemini_image" in told, "<img" in told) == (False, True)
    assert "a cat" in notebook.evaluate("setattr(p, 'result', cat) or p._repr_mimebundle_()['text/html']")


def test_a_picture_whose_prompt_no_cell_can_hold_stands_beside_the_program_that_asks_for_it(notebook: Notebook) -> None:
    made(notebook, "cm.panel('its own')")

    ran = notebook.run("display(p); p.result = cm.generate('a {{cat}}', source='offline')")

    everything = html.unescape("".join(texts(ran.outputs)))
    assert 'text_1 = "a {{cat}}"\nget_ipython().run_cell_magic("gemini_image", "", "{{text_1}}")' in everything
    assert "its own" not in everything


def test_a_picture_whose_request_cannot_be_read_stands_beside_no_cell(notebook: Notebook) -> None:
    made(notebook, "cm.panel('its own')")
    notebook.run("fox = cm.generate('a fox', source='offline'); (fox.folder / 'request.json').write_text('{')")

    ran = notebook.run("display(p); p.result = fox")

    everything = "".join(texts(ran.outputs))
    assert "gemini_image" not in everything.replace("gemini_images/", "")
    assert ("<img" in everything, TITLE in everything) == (True, True)


def test_a_replay_stands_beside_the_cell_that_made_its_picture(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    made(notebook, "cm.panel('a cat')")
    notebook.run("p.generate(); p.options = {'source': 'replay'}; again = p.generate(); p.prompt = 'a dog'")

    assert notebook.evaluate("again.is_replay") is True
    bundle = notebook.evaluate("p._repr_mimebundle_()")
    assert "%%gemini_image\na cat" in bundle["text/html"]


def test_a_panel_whose_picture_was_deleted_is_shown_with_its_cell(notebook: Notebook) -> None:
    made(notebook, "cm.panel('a cat', source='offline')")
    notebook.run("import shutil; shutil.rmtree(p.generate().folder)")

    ran = notebook.run("p")

    assert ran.error is None
    assert VIEW in ran.outputs[0]["data"]
    assert "%%gemini_image --source offline\na cat" in "".join(texts(ran.outputs))


def test_what_a_thread_saw_before_is_not_shown_after_what_another_saw() -> None:
    shown: list[str] = []
    inside, let_go = threading.Event(), threading.Event()
    cell = "the first"

    class Publisher:
        def publish(self, data: dict[str, str], **_: Any) -> None:
            if "the second" in data["text/plain"]:
                inside.set()
                assert let_go.wait(60)
            shown.append(data["text/plain"])

    beside = StaticOutput(lambda: (None, cell))
    beside.show(cast("Any", SimpleNamespace(display_pub=Publisher())))
    cell = "the second"
    early = threading.Thread(target=beside.update)
    early.start()
    assert inside.wait(60)
    cell = "the third"
    late = threading.Thread(target=beside.update)
    late.start()
    late.join(0.2)  # it waits; one that does not has told by now
    let_go.set()
    early.join()
    late.join()

    assert [told for told in shown if told] == ["the first", "the second", "the third"]


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a notebook that nbclient has run: a panel that made a picture, and one that was never run."""
    cells = [
        "import cometmagic\npanel = cometmagic.panel('a cat', source='offline')\ndisplay(panel)\nr = panel.generate()",
        "cometmagic.panel('never run')",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    place = tmp_path_factory.mktemp("headless")
    NotebookClient(made, timeout=60, resources={"metadata": {"path": str(place)}}).execute()
    return made


@pytest.mark.parametrize("template", ["lab", "classic"])
@pytest.mark.parametrize("with_state", [True, False])
def test_an_exported_notebook_shows_the_picture_and_each_cell_once(
    headless: Any, template: str, *, with_state: bool
) -> None:
    made = copy.deepcopy(headless)
    assert made.metadata.widgets  # what JupyterLab does not save by default
    if not with_state:
        del made.metadata["widgets"]

    told = _exported(made, template_name=template)

    assert told.count("<img") == 1
    assert 'alt="a cat"' in told
    assert _counts(told) == (1, 1, 2)
    assert "&lt;cometmagic" not in told  # no text that stands for it
    assert "Error displaying widget" not in told
    # What nbconvert is told not to trust has no picture of ours, which is HTML for the sake of its description.
    wary = _exported(made, template_name=template, sanitize_html=True)
    assert _counts(wary) == (1, 1, 2)
    assert "<img" not in wary


def _exported(made: Any, **how: Any) -> str:
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(**how).from_notebook_node(copy.deepcopy(made))
    return re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)


def _counts(page: str) -> tuple[int, int, int]:
    return (
        page.count("%%gemini_image --source offline\na cat"),
        page.count("%%gemini_image\nnever run"),
        page.count(TITLE),
    )
