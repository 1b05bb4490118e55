"""What a panel holds and what it does, when Python, the page and a run all change it at once."""

from __future__ import annotations

import pytest

from tests.faults.server import Held, response, send
from tests.notebook.answers import CANARY, answering, full, painted
from tests.notebook.fixtures import Notebook, Services
from tests.waiting import wait_for
from tests.widget.test_panel_kernel import IMPORTS, WAIT, Page, form, made, page, standing

__all__ = ["page"]  # the fixture
STATE = "p.children[0].children[0].state"


def test_options_joined_to_the_held_ones_reach_the_form(notebook: Notebook) -> None:
    made(notebook)
    notebook.run("seen = []\np.observe(lambda change: seen.append((change.old, change.new)), 'options')")

    ran = notebook.run("p.options |= {'thoughts': True}")

    assert ran.error is None, ran.error
    assert notebook.evaluate("seen") == [({"source": "offline"}, {"thoughts": True, "source": "offline"})]
    assert notebook.evaluate(f"{STATE}['values']['thoughts']") is True
    assert notebook.evaluate("p.children[0].children[2].text") == "%%gemini_image --thoughts --source offline\na cat"


def test_a_wrong_option_joined_to_the_held_ones_leaves_them_as_they_were(notebook: Notebook) -> None:
    made(notebook)

    ran = notebook.run("p.options |= {'thougths': True}")

    assert ran.error is not None
    assert len(ran.error["traceback"]) == 1
    assert notebook.evaluate("p.options") == {"source": "offline"}


def test_a_run_sends_what_the_panel_said_when_it_was_started(notebook: Notebook, serve: Services) -> None:
    server = serve(answering())
    made(notebook, "cm.panel('a dog')")

    notebook.run(f"p.start(); p.prompt = 'a cat'; p.options = {{'image_size': '4K'}}\n{WAIT}")

    assert notebook.evaluate("(p.prompt, p.result.request.prompt, p.result.request.options.image_size)") == (
        "a cat",
        "a dog",
        None,
    )
    assert server.posts == 1


def test_the_same_again_is_refused_while_a_run_is_under_way(notebook: Notebook, serve: Services, page: Page) -> None:
    held = Held()
    serve(answering(), held.steps(send(response(full()))))
    made(notebook, "cm.panel('a dog')")
    notebook.run("p.generate()")
    page("run", **form(prompt="a cat"))
    wait_for(lambda: held.inside)

    page("again", part=1, id=notebook.evaluate("p.result.folder.name"))

    assert notebook.evaluate("(p.busy, p.prompt)") == (True, "a cat")
    held.let_go.set()
    notebook.run(WAIT)
    assert len(notebook.folders) == 2


def test_an_option_set_in_python_takes_the_place_of_a_wrong_one_on_the_page(notebook: Notebook, page: Page) -> None:
    made(notebook)
    page("edit", **form(temperature="warm"))
    assert notebook.evaluate(f"{STATE}['wrong']") != {}

    notebook.run("p.options = {'temperature': 1}")

    assert notebook.evaluate(f"({STATE}['wrong'], {STATE}['values']['temperature'])") == ({}, "1")


@pytest.mark.parametrize(
    "change",
    [
        "p.options['thoughts'] = True",
        "del p.options['source']",
        "p.options.update(thoughts=True)",
        "p.options.pop('source')",
        "p.options.popitem()",
        "p.options.clear()",
        "p.options.setdefault('thoughts', True)",
    ],
)
def test_options_changed_in_place_are_refused_in_one_line(notebook: Notebook, change: str) -> None:
    made(notebook)

    ran = notebook.run(change)

    assert ran.error is not None
    assert ran.error["traceback"][0].startswith("OptionError: The options of a panel are set as a whole.")
    assert notebook.evaluate("p.options") == {"source": "offline"}


def test_an_image_whose_copy_cannot_be_saved_is_shown_all_the_same(notebook: Notebook) -> None:
    made(notebook, "cm.panel('a cat', source='offline', save='out/', into='cat')")
    ran = notebook.run("""
from cometmagic import ImageResult, LibraryError
real = ImageResult.save
def failing(*_): raise LibraryError('Cannot save to out.')
ImageResult.save = failing
try: p.generate()
finally: ImageResult.save = real
""")

    assert ran.error is not None
    assert ran.error["ename"] == "LibraryError"
    assert notebook.evaluate("(p.result is cat, cat.image.path.is_file(), p.busy)") == (True, True, False)


def test_an_interrupt_while_a_copy_is_saved_leaves_the_panel_at_rest(notebook: Notebook) -> None:
    made(notebook, "cm.panel('a cat', source='offline', save='out/')")

    ran = notebook.run("""
from cometmagic.generation.result import ImageResult
real = ImageResult.save
def interrupted(*_): raise KeyboardInterrupt
ImageResult.save = interrupted
try: p.generate()
finally: ImageResult.save = real
""")

    assert ran.error is not None
    assert ran.error["ename"] == "Interrupted"
    assert "Its image is saved in" in ran.error["evalue"]
    assert (notebook.evaluate("p.busy"), standing(notebook)["state"]) == (False, "stopped")
    assert notebook.run("p.generate()").error is None


def test_an_interrupt_while_the_picture_is_shown_leaves_the_panel_at_rest(notebook: Notebook) -> None:
    made(notebook)
    notebook.run("def interrupt(_): raise KeyboardInterrupt\np.observe(interrupt, 'result')")

    ran = notebook.run("p.generate()")

    assert ran.error is not None
    assert ran.error["ename"] == "Interrupted"
    assert "saved in the library" in ran.error["evalue"]
    assert (notebook.evaluate("p.busy"), standing(notebook)["state"]) == (False, "stopped")


@pytest.mark.parametrize(
    "setting", ["p.prompt = '\\ud800'", "p.options = {'system': '\\ud800'}", "p.references = ('\\ud800',)"]
)
def test_what_no_message_can_carry_is_refused_in_one_line(notebook: Notebook, setting: str) -> None:
    made(notebook)

    ran = notebook.run(setting)

    assert ran.error is not None
    assert "broken character" in ran.error["evalue"]
    assert len(ran.error["traceback"]) == 1
    ran = notebook.run("r = p.generate()")
    assert ran.error is None, ran.error
    assert notebook.evaluate("p.busy") is False


def test_a_variable_with_another_picture_is_drawn_anew_when_it_is_added_again(notebook: Notebook) -> None:
    drawn = "p.children[0].children[0].references[0]['picture']"
    made(notebook)
    notebook.run("from PIL import Image\nphoto = Image.new('RGB', (30, 20), 'red')\np.references = ('photo',)")
    red = notebook.evaluate(drawn)

    notebook.run("photo = Image.new('RGB', (30, 20), 'blue')\np.references = ()\np.references = ('photo',)")

    assert notebook.evaluate(drawn) not in (red, b"")


def test_a_closed_panel_is_shown_as_its_picture_and_its_cell(notebook: Notebook) -> None:
    made(notebook)

    ran = notebook.run("r = p.generate()\np.close()\np")

    assert ran.error is None, ran.error
    data = ran.outputs[0]["data"]
    assert "application/vnd.jupyter.widget-view+json" not in data
    assert "data:image/jpeg;base64," in data["text/html"]


def test_closing_while_a_run_is_under_way_keeps_its_picture(notebook: Notebook, serve: Services, page: Page) -> None:
    held = Held()
    serve(held.steps(send(response(full()))))
    made(notebook, "cm.panel('a cat')")
    page("run", **form())
    wait_for(lambda: held.inside)

    notebook.run("p.close()")
    held.let_go.set()
    ran = notebook.run(WAIT)

    assert ran.error is None, ran.error
    assert notebook.evaluate("p.result.source") == "live"


def test_a_budget_is_kept_and_told_in_the_panel(notebook: Notebook, serve: Services, page: Page) -> None:
    server = serve(answering())
    made(notebook, "cm.panel('a cat', max_cost=0.001)")

    page("run", **form())
    notebook.run(WAIT)

    assert standing(notebook)["told"].startswith("BudgetError: ")
    assert server.posts == 0


@pytest.mark.parametrize("given", ["r", "None", "'bike'"])
def test_only_one_result_makes_a_panel(notebook: Notebook, given: str) -> None:
    made(notebook, "cm.panel('a cat', source='offline', count=2)")
    notebook.run("r = p.generate()")

    ran = notebook.run(f"Panel.from_result({given})")

    assert ran.error is not None
    assert "is no single result" in ran.error["evalue"]
    assert notebook.run("Panel.from_result(r[0])").error is None


def test_a_sent_text_with_double_braces_is_never_filled_again(notebook: Notebook) -> None:
    made(notebook, "cm.panel('{{said}}', source='offline')")
    notebook.run("said, secret = 'a {{secret}}', 'cat'\nr = p.generate()")

    ran = notebook.run("q = Panel.from_result(r)\nq.options |= {'source': 'offline'}\nagain = q.generate()")

    assert ran.error is None, ran.error
    assert notebook.evaluate("(q.prompt, r.request.prompt, again.request.prompt)") == (
        "{{text_1}}",
        "a {{secret}}",
        "a {{secret}}",
    )


def test_a_panel_s_own_variables_come_before_the_notebook_s_and_leave_them_alone(notebook: Notebook) -> None:
    made(notebook)
    call = 'get_ipython().run_cell_magic("gemini_image", "--into made --source offline", "{{mine}} {{ours}}")'
    cell = f'mine = "a cat"\n{call}'
    notebook.run("mine, ours = 'a dog', 'in a hat'")

    ran = notebook.run(f"q = Panel.from_cell({cell!r})\nr = q.generate()")

    assert ran.error is None, ran.error
    assert notebook.evaluate("(r.request.prompt, mine, made == r)") == ("a cat in a hat", "a dog", True)
    assert notebook.evaluate("q.as_cell()") == cell


def test_a_reference_is_shown_as_the_panel_s_own_variable(notebook: Notebook) -> None:
    made(notebook)
    notebook.run("from PIL import Image\nImage.new('RGB', (30, 20), 'red').save('red.png')\nphoto = 'nothing'")

    ran = notebook.run("""q = Panel.from_cell("photo = Path('red.png')\\n%gemini_image -i photo a cat")""")

    assert ran.error is None, ran.error
    told = notebook.evaluate("q.children[0].children[0].references")
    assert [(one["word"], one["told"], bool(one["picture"])) for one in told] == [("photo", "", True)]


def test_a_path_without_a_suffix_is_not_taken_for_a_variable_of_its_name(notebook: Notebook) -> None:
    made(notebook)
    (notebook.place / "photo").write_bytes(painted("PNG", 12, 12))
    notebook.run("from pathlib import Path\nphoto = 'another.png'")

    ran = notebook.run("p.references = [Path('photo')]\nr = p.generate()")

    assert ran.error is None, ran.error
    assert notebook.evaluate("r.request.last_turn_images[0].data") == (notebook.place / "photo").read_bytes()


def test_the_same_again_brings_its_variables_along(notebook: Notebook, page: Page) -> None:
    made(notebook)
    notebook.run("from PIL import Image\nImage.new('RGB', (30, 20), 'red').save('red.png')")
    ran = notebook.run(
        "red = open('red.png', 'rb').read()\nr = cm.generate(['put this', red, 'on {{that}}'])\np.result = r"
    )
    assert ran.error is None, ran.error

    page("again", part=1, id=notebook.evaluate("r.folder.name"))
    notebook.run(WAIT)

    assert notebook.evaluate("(p.prompt, p.result != r)") == ("put this{{image_2}}{{text_3}}", True)
    assert notebook.evaluate("p.result.request == r.request or p.result.request.prompt") == "put this\non {{that}}"
    assert notebook.evaluate("[part.data for part in p.result.request.last_turn_images] == [red]")


def test_the_key_is_refused_in_a_variable_too(notebook: Notebook) -> None:
    made(notebook)
    notebook.set(COMETAPI_KEY=CANARY)

    ran = notebook.run(f"q = Panel.from_cell('x = \"my {CANARY}\"\\n%gemini_image a {{{{x}}}}')", history=False)

    assert ran.error is not None
    assert "The variable x" in ran.error["evalue"]
    assert len(ran.error["traceback"]) == 1


@pytest.mark.parametrize("given", ["5", "None", "b'%%gemini_image'", "p", "'x = 5\\n%gemini_image a cat'"])
def test_what_is_no_cell_is_refused_in_one_line(notebook: Notebook, given: str) -> None:
    made(notebook)

    ran = notebook.run(f"Panel.from_cell({given})")

    assert ran.error is not None
    assert ran.error["ename"] == "OptionError"
    assert len(ran.error["traceback"]) == 1


def test_uploads_that_pages_left_unfinished_bar_no_others(notebook: Notebook, page: Page) -> None:
    made(notebook)
    for number in range(20):
        page("piece", id=str(number), name="left.png", last=False, pieces=(b"\x89PNG",))

    page("piece", id="whole", name="whole.png", last=True, pieces=(painted("PNG"),))

    assert len(notebook.evaluate("p.references")) == 1
    assert standing(notebook) == {}


def test_what_is_told_last_is_what_holds(notebook: Notebook) -> None:
    made(notebook)
    notebook.run(f"""
{IMPORTS}import threading
from cometmagic.widget import view_state
seen, go, real = threading.Event(), threading.Event(), view_state.build_hints
def slow(*given, **more):
    if threading.current_thread().name == "slow":
        seen.set(); go.wait(1)
    return real(*given, **more)
view_state.build_hints = slow
thread = threading.Thread(target=p._view_state.refresh, name="slow")
thread.start(); seen.wait(30)
other = threading.Thread(target=lambda: p.set_trait("busy", True))
other.start()
thread.join(); other.join()
view_state.build_hints = real
""")

    assert notebook.evaluate("seen.is_set()") is True
    assert notebook.evaluate(f"{STATE}['busy']") is True


@pytest.mark.parametrize("given", ["5", "'bike'", "type(r)(())"])
def test_what_is_no_result_is_refused_in_one_line(notebook: Notebook, given: str) -> None:
    made(notebook, "cm.panel('a cat', source='offline', count=2)")
    notebook.run("r = p.generate()")

    ran = notebook.run(f"p.result = {given}")

    assert ran.error is not None
    assert ran.error["traceback"][0].startswith("OptionError: ")
    assert notebook.evaluate("p.result == r") is True
