"""What pages say of one panel: nothing that was set elsewhere is taken back, and nothing is kept that must not be."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.faults.server import Held, response, send
from tests.notebook.answers import CANARY, answering, full
from tests.notebook.fixtures import Notebook, Services
from tests.waiting import wait_for
from tests.widget.test_panel_kernel import WAIT, Page, form, made, page, standing, wrong

__all__ = ["page"]  # the fixture
FORM = "p.children[0].children[0]"
STATE = "__import__('ipywidgets').Widget.get_manager_state(), p._repr_mimebundle_()"


def shown(notebook: Notebook) -> dict[str, Any]:
    return dict(notebook.evaluate(f"{FORM}.state['values']"))


def test_two_pages_set_different_controls_and_both_hold(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat')")

    page("edit", **form(1, of="left", prompt="a dog"))
    page("edit", **form(1, of="right", aspect_ratio="16:9"))
    page("edit", **form(2, of="left", thoughts=True))

    assert notebook.evaluate("(p.prompt, p.options)") == ("a dog", {"aspect_ratio": "16:9", "thoughts": True})
    assert notebook.evaluate(f"{FORM}.state['heard']") == {"right": 1, "left": 2}


def test_a_page_that_is_behind_does_not_take_back_what_python_set(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat')")
    notebook.run("p.options = {'image_size': '4K'}")

    page("run", **form(1, prompt="a dog"))
    notebook.run(WAIT)

    assert notebook.evaluate("p.as_cell()") == "%%gemini_image --image-size 4K\na dog"


def test_a_wrong_value_stays_while_another_control_is_set(notebook: Notebook, page: Page) -> None:
    made(notebook)
    page("edit", **form(1, temperature="warm"))

    page("edit", **form(2, thoughts=True))
    assert (list(wrong(notebook)), shown(notebook)["temperature"]) == (["temperature"], "warm")
    notebook.run("p.prompt = 'a dog'")  # of another part of the form
    assert list(wrong(notebook)) == ["temperature"]
    page("edit", **form(3, temperature="1"))
    assert (wrong(notebook), shown(notebook)["temperature"]) == ({}, "1")


def test_only_the_latest_pages_are_remembered(notebook: Notebook, page: Page) -> None:
    made(notebook)

    for number in range(30):
        page("edit", **form(number, of=f"page-{number}"))

    assert list(notebook.evaluate(f"{FORM}.state['heard']")) == [f"page-{number}" for number in range(10, 30)]


def test_a_run_with_a_wrong_value_is_refused_in_one_line_at_the_button(notebook: Notebook, page: Page) -> None:
    made(notebook)

    page("run", **form(temperature="warm"))

    told = standing(notebook)
    assert told["state"] == "failed"
    assert told["told"].startswith("OptionError: --temperature: 'warm' is not a number. Nothing was sent")
    assert notebook.folders == []


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("prompt", {"prompt": f"draw {CANARY} please"}),
        ("system", {"system": CANARY}),
        ("temperature", {"temperature": CANARY}),
        ("model", {"model": CANARY}),
        ("safety", {"safety": {CANARY: "none"}}),
        ("sweep", {"sweep": f"system=a,{CANARY}"}),
        ("search", {"search": [CANARY]}),
    ],
)
def test_a_key_typed_into_the_form_is_told_and_kept_nowhere(
    notebook: Notebook, serve: Services, page: Page, where: str, said: dict[str, Any]
) -> None:
    server = serve(answering())
    made(notebook, "cm.panel('a cat')")

    page("run", **form(**said))
    notebook.run(WAIT)

    assert list(wrong(notebook)) == [where]
    assert "holds your API key" in wrong(notebook)[where]
    assert where not in shown(notebook)  # the page keeps what is written there
    assert "holds your API key" in standing(notebook)["told"]
    assert server.posts == 0
    kept = notebook.run(f"print({STATE}, p.as_cell())").text
    assert "a cat" in kept
    for form_of_it in (CANARY, CANARY[3:], CANARY[:12], base64.b64encode(CANARY.encode()).decode()):
        assert form_of_it not in kept


@pytest.mark.parametrize("word", [CANARY, f"https://example.org/a.png?key={CANARY}", f"{CANARY}.png"])
def test_a_key_as_a_reference_is_told_and_kept_nowhere(
    notebook: Notebook, serve: Services, page: Page, word: str
) -> None:
    serve(answering())
    made(notebook, "cm.panel('a cat')")

    page("add", word=word)

    assert wrong(notebook) == {"image": "A reference image holds your API key."}
    assert CANARY not in notebook.run(f"print({STATE})").text


@pytest.mark.parametrize(
    "setting", ["p.prompt = key", "p.options = {'system': key}", "p.references = (key,)", "cm.panel(key)"]
)
def test_a_key_set_in_python_is_refused_in_one_line(notebook: Notebook, serve: Services, setting: str) -> None:
    serve(answering())
    made(notebook, "cm.panel('a cat')")
    notebook.run("import os; key = 'draw ' + os.environ['COMETAPI_KEY']")

    ran = notebook.run(setting)
    notebook.run("del key")

    assert ran.error is not None
    assert "holds your API key" in ran.error["evalue"]
    assert CANARY not in str(ran.error)
    assert notebook.evaluate("p.as_cell()") == "%%gemini_image\na cat"


def test_a_prompt_that_was_refused_can_be_mended(notebook: Notebook, serve: Services, page: Page) -> None:
    serve(answering())
    made(notebook, "cm.panel('a cat')")
    page("edit", **form(1, prompt=CANARY))

    page("run", **form(2, prompt="a dog"))
    notebook.run(WAIT)

    assert (wrong(notebook), notebook.evaluate("p.result.request.prompt")) == ({}, "a dog")


@pytest.mark.parametrize("word", ["number", "missing", "missing.png", "text.png", ""])
def test_what_is_no_picture_is_told_at_the_references_and_not_added(notebook: Notebook, page: Page, word: str) -> None:
    (notebook.place / "text.png").write_text("no picture")
    made(notebook)
    notebook.run("number = 5")

    page("add", word=word)

    assert notebook.evaluate("p.references") == ()
    assert list(wrong(notebook)) == ["image"]


def test_a_reference_that_was_refused_bars_no_run(notebook: Notebook, page: Page) -> None:
    made(notebook)
    page("add", word="nothing")

    page("run", **form())
    notebook.run(WAIT)

    assert standing(notebook)["state"] == "done"


def test_what_is_refused_while_a_run_is_under_way_does_not_paint_over_it(
    notebook: Notebook, serve: Services, page: Page
) -> None:
    held = Held()
    serve(answering(), held.steps(send(response(full()))))
    made(notebook, "cm.panel('a cat')")
    notebook.run("p.generate()")
    page("run", **form())
    wait_for(lambda: held.inside)

    page("add", word="nothing")
    page("again", part=1, id=notebook.evaluate("p.result.folder.name"))

    assert standing(notebook)["state"] == "busy"
    assert list(wrong(notebook)) == ["image"]
    held.let_go.set()
    notebook.run(WAIT)
    assert standing(notebook)["state"] == "done"


def test_a_key_that_is_asked_for_after_the_panel_was_made_is_known_to_it(notebook: Notebook) -> None:
    key = "sk-asked-0123456789"
    made(notebook)
    notebook.run("import cometmagic.options.settings as settings")

    asked = notebook.run(f"settings._session_keys[:] = [settings.Key({key!r}, 'the hidden prompt')]")
    ran = notebook.run(f"p.prompt = 'draw ' + {key!r}")
    forgotten = notebook.run("settings._session_keys.clear()")

    assert (asked.error, forgotten.error) == (None, None)
    assert ran.error is not None
    assert ran.error["traceback"][0].startswith("OptionError: The prompt holds your API key.")
    assert notebook.run(f"p.prompt = 'draw ' + {key!r}").error is None  # what is no key of this session is a text
