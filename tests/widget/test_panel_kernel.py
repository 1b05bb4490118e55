"""The panel in a real kernel: its traits, its runs, its cell, and what is left of it in a saved notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.server import Held, response, send
from tests.notebook.answers import answering, full, painted
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.kernel import Ran
from tests.waiting import wait_for
from tests.widget.comm import say

IMPORTS = "import cometmagic as cm\nfrom cometmagic import Panel\n"
PARTS = "[part.model_id for part in p.children[0].children]"
WAIT = "import time\nwhile p.busy: time.sleep(0.01)\n"

Page = Callable[..., Ran]


@pytest.fixture
def page(notebook: Notebook) -> Page:
    """Return a function that says something to the form, or to another part, of the panel `p`."""

    def said(kind: str, *, part: int = 0, pieces: tuple[bytes, ...] = (), **more: Any) -> Ran:
        comm = notebook.evaluate(PARTS)[part]
        return say(notebook.kernel, comm, {"kind": kind, **more}, pieces)

    return said


def made(notebook: Notebook, how: str = "cm.panel('a cat', source='offline')") -> None:
    ran = notebook.run(f"{IMPORTS}p = {how}\np")
    assert ran.error is None, ran.error


def form(revision: int = 1, *, of: str = "page-1", **values: Any) -> dict[str, Any]:
    """Return what a page's form says when some controls were set."""
    return {"page": of, "revision": revision, "values": values}


def standing(notebook: Notebook) -> dict[str, Any]:
    return dict(notebook.evaluate("p.children[0].children[0].standing"))


def wrong(notebook: Notebook) -> dict[str, str]:
    return dict(notebook.evaluate("p.children[0].children[0].state['wrong']"))


def test_the_magic_sets_the_controls(notebook: Notebook) -> None:
    ran = notebook.run("p = %gemini_panel -a 16:9 --thoughts --source offline a red bicycle\np")

    assert ran.error is None
    assert notebook.evaluate("(p.prompt, p.options)") == (
        "a red bicycle",
        {"aspect_ratio": "16:9", "thoughts": True, "source": "offline"},
    )
    assert "application/vnd.jupyter.widget-view+json" in ran.outputs[0]["data"]


def test_a_wrong_option_is_one_line(notebook: Notebook) -> None:
    ran = notebook.run("%gemini_panel --aspect-ratio 17:9 a cat")

    assert ran.error is not None
    assert len(ran.error["traceback"]) == 1
    assert "--aspect-ratio" in ran.error["traceback"][0]


def test_generate_blocks_and_returns_the_result(notebook: Notebook) -> None:
    made(notebook)

    ran = notebook.run("seen = []\np.observe(lambda change: seen.append(change.new), 'busy')\nr = p.generate()")

    assert ran.error is None, ran.error
    assert notebook.evaluate("(p.result == r, r.source, p.busy, seen)") == (True, "offline", False, [True, False])
    assert len(notebook.folders) == 1
    assert standing(notebook)["state"] == "done"


def test_the_button_starts_a_run_and_returns_at_once(notebook: Notebook, serve: Services, page: Page) -> None:
    held = Held()
    serve(held.steps(send(response(full()))))
    made(notebook, "cm.panel()")

    page("run", **form(prompt="a dog", aspect_ratio="16:9"))
    wait_for(lambda: held.inside)

    assert notebook.evaluate("(p.busy, p.result, p.prompt, p.options)") == (
        True,
        None,
        "a dog",
        {"aspect_ratio": "16:9"},
    )
    held.let_go.set()
    notebook.run(WAIT)
    assert notebook.evaluate("(p.result.source, p.result.request.prompt)") == ("live", "a dog")


def test_cancel_detaches_and_the_picture_is_still_saved(notebook: Notebook, serve: Services, page: Page) -> None:
    held = Held()
    server = serve(held.steps(send(response(full()))))
    made(notebook, "cm.panel('a cat')")
    page("run", **form())
    wait_for(lambda: held.inside)

    page("cancel")
    notebook.run(WAIT)
    told = standing(notebook)
    held.let_go.set()

    assert told["state"] == "stopped"
    assert "goes on and may be charged" in told["told"]
    [folder] = notebook.folders
    wait_for(lambda: json.loads((folder / "call.json").read_text())["state"] == "settled")
    assert (folder / "image.jpg").is_file()
    assert server.posts == 1


def test_a_second_run_waits_for_nothing_and_is_refused(notebook: Notebook, serve: Services, page: Page) -> None:
    held = Held()
    serve(held.steps(send(response(full()))))
    made(notebook, "cm.panel('a cat')")
    page("run", **form())
    wait_for(lambda: held.inside)

    ran = notebook.run("p.generate()")
    page("run", **form(2))  # of a page that has not heard yet
    held.let_go.set()
    notebook.run(WAIT)

    assert ran.error is not None
    assert "at work" in ran.error["evalue"]
    assert len(notebook.folders) == 1


def test_errors_are_the_same_one_line(notebook: Notebook, serve: Services, page: Page) -> None:
    refusal = json.dumps({"error": {"code": 400, "message": "no such model", "status": "INVALID_ARGUMENT"}}).encode()
    serve(answering(refusal, status="400 Bad Request"), answering(refusal, status="400 Bad Request"))
    made(notebook, "cm.panel('a cat')")

    page("run", **form())
    notebook.run(WAIT)
    ran = notebook.run("p.generate()")

    assert ran.error is not None
    assert standing(notebook)["told"] == ran.error["traceback"][0]
    assert standing(notebook)["state"] == "failed"


def test_an_empty_prompt_is_told_in_the_panel(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel()")

    page("run", **form(prompt=""))
    notebook.run(WAIT)

    assert standing(notebook)["told"].startswith("OptionError: There is no prompt.")
    assert notebook.folders == []


def test_a_wrong_value_is_told_at_its_control_and_nothing_runs(notebook: Notebook, page: Page) -> None:
    made(notebook)

    page("run", **form(temperature="warm"))

    state = notebook.evaluate("p.children[0].children[0].state")
    assert state["wrong"] == {"temperature": "--temperature: 'warm' is not a number."}
    assert state["values"]["temperature"] == "warm"
    assert notebook.evaluate("(p.busy, p.options)") == (False, {"source": "offline"})


def test_traits_set_in_python_arrive_in_the_form(notebook: Notebook) -> None:
    made(notebook, "cm.panel()")

    notebook.run("p.prompt = 'a dog'; p.options = {'image_size': '2k', 'search': 'web'}")

    state = notebook.evaluate("p.children[0].children[0].state")
    shown = [state["values"][name] for name in ("prompt", "image_size", "search")]
    assert shown == ["a dog", "2K", ["web"]]
    assert notebook.evaluate("p.as_cell()") == "%%gemini_image --image-size 2K --search web\na dog"
    assert notebook.evaluate("p.children[0].children[2].text") == notebook.evaluate("p.as_cell()")


def test_what_the_page_says_arrives_in_the_traits(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel()")
    notebook.run("seen = []\np.observe(lambda change: seen.append((change.name, change.new)), ['prompt', 'options'])")

    page("edit", **form(7, prompt="a dog", thoughts=True))

    assert notebook.evaluate("seen") == [("prompt", "a dog"), ("options", {"thoughts": True})]
    assert notebook.evaluate("p.children[0].children[0].state['heard']") == {"page-1": 7}


def test_nonsense_from_a_page_does_no_harm(notebook: Notebook, page: Page) -> None:
    made(notebook)
    before = notebook.evaluate("(p.prompt, p.options, p.references)")

    for kind in (
        "",
        "show",
        "arrange",
        "add",
        "piece",
        "edit",
        "run",
        "save",
        "again",
        "going-on",
        "refer",
        "__init__",
    ):
        ran = page(kind, id="../..", word=None, order=[5, "x"], seen=[])
        assert ran.error is None
        assert not ran.text, ran.text

    assert notebook.evaluate("(p.prompt, p.options, p.references)") == before


def test_an_upload_in_pieces_becomes_a_file_that_the_cell_names(notebook: Notebook, page: Page) -> None:
    made(notebook)
    content = painted("PNG", 300, 200)
    half = len(content) // 2

    page("piece", id="1", name="a/../b.png", last=False, pieces=(content[:half],))
    page("piece", id="1", name="a/../b.png", last=True, pieces=(content[half:],))

    [word] = notebook.evaluate("p.references")
    assert (notebook.place / word).read_bytes() == content
    assert f"--image {word}" in notebook.evaluate("p.as_cell()")
    [shown] = notebook.evaluate(
        "[{**one, 'picture': len(one['picture'])} for one in p.children[0].children[0].references]"
    )
    assert shown["picture"] > 100


def test_an_upload_that_is_no_picture_is_refused_in_one_line(notebook: Notebook, page: Page) -> None:
    made(notebook)

    page("piece", id="1", name="evil\x1b[31m.svg", last=True, pieces=(b"<svg onload=alert(1)>",))

    assert notebook.evaluate("p.references") == ()
    assert wrong(notebook)["image"].startswith("evil.svg holds no picture that can be sent")


@pytest.mark.parametrize("last", [False, True])
def test_an_upload_with_a_credential_for_a_name_is_refused(notebook: Notebook, page: Page, last: bool) -> None:
    made(notebook)

    page("piece", id="1", name="ghp_" + "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R.png", last=last, pieces=(painted("PNG"),))

    assert wrong(notebook) == {"image": "The name of the image seems to hold a GitHub token."}
    assert notebook.evaluate("p.references") == ()


def test_references_are_reordered_and_removed(notebook: Notebook, page: Page) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (notebook.place / name).write_bytes(painted("PNG", 20, 20))
    made(notebook, "cm.panel('a cat', images=['a.png', 'b.png', 'c.png'])")

    seen = ["a.png", "b.png", "c.png"]
    page("arrange", order=[2, 0], seen=seen)
    assert notebook.evaluate("p.references") == ("c.png", "a.png")
    page("arrange", order=[1], seen=seen)  # said before the page heard of it
    assert notebook.evaluate("p.references") == ("c.png", "a.png")
    page("add", word="b.png")
    assert notebook.evaluate("p.references") == ("c.png", "a.png", "b.png")
    page("add", word="nothing")
    assert "neither a variable nor a file" in wrong(notebook)["image"]
    page("add", word="a.png")
    assert wrong(notebook) == {}


def test_values_become_what_a_cell_can_name(notebook: Notebook) -> None:
    ran = notebook.run(
        f"{IMPORTS}from PIL import Image\nphoto = Image.new('RGB', (30, 20), 'red')\n"
        "p = cm.panel('a cat', images=[photo, Image.new('RGB', (30, 20), 'blue')], source='offline')"
    )

    assert ran.error is None, ran.error
    named, kept = notebook.evaluate("p.references")
    assert named == "photo"
    assert (notebook.place / kept).read_bytes().startswith(b"\x89PNG")


def test_edit_reference_and_again_from_a_result(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat', source='offline', aspect_ratio='1:1')")
    notebook.run("first = p.generate()")
    name = notebook.evaluate("first.folder.name")

    page("refer", part=1, id=name)
    assert notebook.evaluate("p.references")[0].endswith("image.jpg")
    notebook.run("p.references = ()")
    page("going-on", part=1, id=name)
    assert notebook.evaluate("(p.prompt, p.options['edit'])") == ("", name[-6:])
    notebook.run("p.prompt = 'make it blue'\nsecond = p.generate()")
    assert notebook.evaluate("second.call['parent']") == {"id": name, "how": "edit"}
    page("again", part=1, id=name)
    notebook.run(WAIT)
    assert notebook.evaluate("(p.prompt, p.options)") == ("a cat", {"aspect_ratio": "1:1", "source": "offline"})
    assert notebook.evaluate("len(p.children[0].children[1].history)") == 3
    page("show", part=1, id=name)
    assert notebook.evaluate("p.result == first")


def test_save_original_sends_it_byte_for_byte(notebook: Notebook, page: Page) -> None:
    made(notebook)
    notebook.run("r = p.generate()")

    ran = page("save", part=1, id=notebook.evaluate("r.folder.name"))

    [message] = [one for one in ran.messages if one["msg_type"] == "comm_msg"]
    assert message["content"]["data"]["content"]["name"] == "a-cat.jpg"
    assert bytes(message["buffers"][0]) == (notebook.folders[0] / "image.jpg").read_bytes()


def test_several_pictures_are_one_sheet_and_as_many_entries(notebook: Notebook) -> None:
    made(notebook, "cm.panel('a cat', source='offline', sweep={'aspect_ratio': ['1:1', '16:9']})")

    ran = notebook.run("p.generate()")

    assert ran.error is None, ran.error
    assert notebook.evaluate("(len(p.result), len(p.children[0].children[1].history))") == (2, 2)
    assert notebook.evaluate("p.children[0].children[1].shown['id']") == ""


def test_the_options_of_the_cell_work_as_in_the_cell(notebook: Notebook) -> None:
    made(notebook, "cm.panel('a {{thing}}', source='offline', into='bike', save='out/')")

    ran = notebook.run("thing = 'red bicycle'\np.generate()")

    assert ran.error is None, ran.error
    assert notebook.evaluate("(bike == p.result, bike.request.prompt)") == (True, "a red bicycle")
    assert [path.name for path in (notebook.place / "out").iterdir()] == ["a-red-bicycle.jpg"]


def test_defaults_of_the_session_hold_and_are_shown(notebook: Notebook) -> None:
    notebook.run("%config GeminiImage.image_size = '2K'\n%config GeminiImage.source = 'offline'")
    made(notebook, "cm.panel('a cat')")

    notebook.run("r = p.generate()")

    assert notebook.evaluate("p.children[0].children[0].state['values']['image_size']") == "2K"
    assert notebook.evaluate("r.request.options.image_size") == "2K"
    assert notebook.evaluate("p.as_cell()") == "%%gemini_image\na cat"


def test_a_dry_run_sends_nothing(notebook: Notebook) -> None:
    made(notebook, "Panel.from_cell('%%gemini_image --dry-run\\na cat')")

    ran = notebook.run("p.generate()")

    assert ran.error is not None
    assert "sends nothing" in ran.error["evalue"]
    assert notebook.folders == []
    assert notebook.evaluate("p.as_cell()") == "%%gemini_image --dry-run\na cat"


def test_foreign_words_reach_the_page_as_text_only(notebook: Notebook, serve: Services) -> None:
    from tests.notebook.answers import body, image

    said = "<img src=x onerror=alert(1)>\x1b[31m"
    serve(answering(body({"text": said, "thought": True}, {"text": said}, image(painted()))))
    made(notebook, "cm.panel('<script>alert(1)</script>')")

    notebook.run("r = p.generate()")

    shown = notebook.evaluate("p.children[0].children[1].shown")
    assert shown["text"] == "<img src=x onerror=alert(1)>"
    page = notebook.evaluate("p._repr_mimebundle_()['text/html']")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    kinds = notebook.evaluate(
        "[w['model_name'] for w in __import__('ipywidgets').Widget.get_manager_state()['state'].values()]"
    )
    assert "HTMLModel" not in kinds
    assert "AnyModel" in kinds


def test_the_key_is_nowhere_in_the_panel(notebook: Notebook, serve: Services) -> None:
    from tests.notebook.answers import CANARY

    serve(answering())
    made(notebook, "cm.panel('a cat')")
    notebook.run("p.generate()")

    state = notebook.run("print(__import__('ipywidgets').Widget.get_manager_state(), p._repr_mimebundle_())").text
    assert CANARY not in state
    assert "a cat" in state


def test_twenty_results_weigh_less_than_two_megabytes(notebook: Notebook) -> None:
    manager = "len(json.dumps(__import__('ipywidgets').Widget.get_manager_state()))"
    notebook.run(f"import json; before = {manager}")  # of panels of earlier tests
    made(notebook)

    notebook.run("for number in range(20):\n    p.prompt = f'a cat, {number}'\n    p.generate()\np")

    weight = notebook.evaluate(f"{manager} - before + len(json.dumps(p._repr_mimebundle_()))")
    assert len(notebook.folders) == 20
    assert 20_000 < weight < 2_000_000


def test_closing_a_panel_closes_its_parts(notebook: Notebook) -> None:
    drawn = "[one['model_name'] for one in Widget.get_manager_state()['state'].values()].count('AnyModel')"
    notebook.run(f"{IMPORTS}from ipywidgets import Widget")
    before = notebook.evaluate(drawn)
    made(notebook)
    assert notebook.evaluate(drawn) == before + 3

    notebook.run("p.close()")

    assert notebook.evaluate(drawn) == before
