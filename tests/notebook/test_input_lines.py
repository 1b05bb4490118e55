"""Lines that IPython would read otherwise: questions, comments above a cell's magic, tabs, line ends of Windows."""

from __future__ import annotations

import pytest

from tests.notebook.answers import answering
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_variable_scope import prompt

QUESTION = "what would a newt look like?"
PROMPTS: dict[str, tuple[str, str]] = {
    "a line": (f"%gemini_image {QUESTION}", QUESTION),
    "two marks": ("%gemini_image really??", "really??"),
    "with options": (f"%gemini_image -a 1:1 {QUESTION}", QUESTION),
    "with an apostrophe": ("%gemini_image what's a newt's colour?", "what's a newt's colour?"),
    "an assignment": (f"newt = %gemini_image {QUESTION}", QUESTION),
    "in an if": (f"if True:\n    newt = %gemini_image {QUESTION}", QUESTION),
    "after other lines": (f"x = 1\n%gemini_image {QUESTION}\ny = 2", QUESTION),
    "continued": ("%gemini_image what would \\\n  a newt be?", "what would    a newt be?"),
    "a tab": ("%gemini_image\ta newt", "a newt"),
    "a tab and a question": ("newt = %gemini_image\t a newt?", "a newt?"),
    "a cell": (f"%%gemini_image\n{QUESTION}", QUESTION),
    "comments above": ("# the first\n\n# picture\n%%gemini_image -a 1:1\na newt", "a newt"),
    "blank lines above": ("\n \n%%gemini_image\na newt", "a newt"),
    "a tab behind the cell's": ("%%gemini_image\t-a 1:1\na newt", "a newt"),
    "a comment in the cell": ("%%gemini_image\n# a heading\na newt", "# a heading\na newt"),
    "windows": ("%%gemini_image\r\na newt\r\non a stone", "a newt\non a stone"),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_the_prompt_is_what_stands_there(notebook: Notebook, serve: Services, name: str) -> None:
    code, words = PROMPTS[name]
    server = serve(answering())

    ran = notebook.run(code)

    assert ran.error is None, ran.error
    assert [prompt(exchange) for exchange in server.log] == [words]


@pytest.mark.parametrize("magic", ["%gemini_image", "%%gemini_image", "%gemini_panel", "%gemini_library"])
@pytest.mark.parametrize("mark", ["?", "??"])
def test_a_bare_question_is_still_help(notebook: Notebook, serve: Services, magic: str, mark: str) -> None:
    server = serve()

    ran = notebook.run(magic + mark)

    assert [page["source"] for page in ran.reply["payload"]] == ["page"]
    assert server.log == []


def test_a_question_of_the_library_is_an_action_of_it(notebook: Notebook) -> None:
    ran = notebook.run("%gemini_library show what?")

    assert ran.error is not None
    assert "what?" in ran.error["evalue"]


STRINGS = {
    "a string": "text = '''\n%gemini_image is it?\n'''\nprint(text)",
    "a comment": "# %gemini_image is it?\nprint('\\n%gemini_image is it?\\n')",
    "with a tab": "text = '''\n%gemini_image\tx\n'''\nprint(text.replace('\\tx', ' is it?'))",
    "a cell's": "text = '''\n%%gemini_image\n%gemini_image is it?\n'''\nprint(text.replace('%%gemini_image\\n', ''))",
}


@pytest.mark.parametrize("name", STRINGS)
def test_strings_and_comments_stay_as_they_are(notebook: Notebook, serve: Services, name: str) -> None:
    server = serve()

    assert notebook.run(STRINGS[name]).text.strip() == "%gemini_image is it?"
    assert server.log == []


def test_questions_of_others_are_help_and_so_are_ours_without_the_extension(notebook: Notebook) -> None:
    assert [page["source"] for page in notebook.run("len?").reply["payload"]] == ["page"]

    notebook.run("%unload_ext cometmagic")
    ran = notebook.run("%gemini_image what is it?")
    assert "not found" in ran.text or ran.error is not None
    notebook.run("%load_ext cometmagic")
    manager = "get_ipython().input_transformer_manager"
    names = notebook.evaluate(f"str({manager}.cleanup_transforms + {manager}.token_transformers)")
    assert names.count("clean_cell_magic") == names.count("PromptLine") == 1
