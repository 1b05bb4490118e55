"""Magics in functions: they see what Python would see there, and send that and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.faults.server import Exchange
from tests.gemini.answers import picture
from tests.notebook.answers import answering
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_namespace import sent

RED, BLUE = picture("PNG", "red"), picture("PNG", "blue")
GLOBALS = f"name, other, image = 'global', 'far', {RED!r}\n"
# What runs, and the prompts that are sent.
CODES: dict[str, tuple[str, list[str]]] = {
    "a function": ("def f():\n    name = 'local'\n    %gemini_image {{name}}\nf()", ["local"]),
    "a parameter": ("def f(name):\n    %gemini_image {{name}} {{other}}\nf('local')", ["local far"]),
    "a loop": ("def f():\n    for name in ('a', 'b'):\n        %gemini_image {{name}}\nf()", ["a", "b"]),
    "a value": ("def f(name):\n    made = %gemini_image {{name}}\n    return made\nf('local');", ["local"]),
    "a nested function": (
        "def f(name):\n    def g():\n        %gemini_image {{name}}\n    g()\nf('around')",
        ["around"],
    ),
    "two around": (
        ("def f(name):\n    def g(other):\n        def h():\n            %gemini_image {{name}} {{other}}\n"
        "        h()\n    g('near')\nf('around')"),
        ["around near"],
    ),
    "a comprehension": (
        ("def f(name):\n    return [get_ipython().run_line_magic('gemini_image', '{{name}} {{n}}') for n in (1, 2)]\n"
        "f('local');"),
        ["local 1", "local 2"],
    ),
    "a method": (
        "class A:\n    name = 'own'\n    def f(self, other):\n        %gemini_image {{name}} {{other}}\nA().f('near')",
        ["global near"],
    ),
    "another function's variable": (
        "def f():\n    name = 'hidden'\n    g()\ndef g():\n    %gemini_image {{name}}\nf()",
        ["global"],
    ),
    "a generator": (
        "def f(name):\n    made = %gemini_image {{name}}\n    yield made\nlist(f('local'));",
        ["local"],
    ),
    "a cell magic": (
        "def f(name):\n    get_ipython().run_cell_magic('gemini_image', '', '{{name}}')\nf('local')",
        ["local"],
    ),
    "a callback of a widget": (
        ("import ipywidgets\nbutton = ipywidgets.Button()\ndef f(name):\n    %gemini_image {{name}}\n"
        "button.on_click(lambda _: f('local'))\nbutton.click()"),
        ["local"],
    ),
    "a cell": ("%gemini_image {{name}}", ["global"]),
    "an if": ("if True:\n    %gemini_image {{name}}", ["global"]),
}  # fmt: skip


def prompt(exchange: Exchange) -> str:
    return "".join(part.get("text", "") for part in json.loads(exchange.body)["contents"][-1]["parts"])


@pytest.mark.parametrize("name", CODES)
def test_a_prompt_has_the_values_that_python_sees(notebook: Notebook, serve: Services, name: str) -> None:
    code, prompts = CODES[name]
    server = serve(*[answering()] * len(prompts))
    notebook.run(GLOBALS)

    ran = notebook.run(code)

    assert ran.error is None, ran.error
    assert list(map(prompt, server.log)) == prompts


def test_so_have_images_and_results(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 4)
    notebook.run(f"{GLOBALS}bike = %gemini_image a far bike")

    lines = "    bike = %gemini_image -i image a near bike\n    %gemini_image --edit bike a hat\n"
    ran = notebook.run(f"def f(image):\n{lines}f({BLUE!r})")

    assert ran.error is None, ran.error
    assert sent(server.log[1]) == [BLUE]
    calls = {folder.name: json.loads((folder / "call.json").read_text()) for folder in notebook.folders}
    [parent] = [call["parent"]["id"] for call in calls.values() if "parent" in call]
    assert calls[parent]["prompt"] == "a near bike"


def test_a_local_variable_is_not_set_in_its_place_and_nothing_is_sent(notebook: Notebook, serve: Services) -> None:
    server = serve(answering())

    ran = notebook.run("def f():\n    bike = 1\n    %gemini_image -o bike a cat\nf()")

    assert ran.error is not None
    assert "a variable of a function, which a magic cannot set" in ran.error["evalue"]
    assert server.log == []
    assert notebook.run("def f():\n    %gemini_image -o bike a cat\nf()").error is None
    assert notebook.evaluate("type(bike).__name__") == "ImageResult"
