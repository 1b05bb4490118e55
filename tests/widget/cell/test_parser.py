"""A cell is read as IPython reads it, and what is more than a cell of the magic is refused in one line."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from cometmagic.errors import OptionError
from cometmagic.widget.cell.parser import CellProgram, parse_cell

CALL = 'get_ipython().run_cell_magic("gemini_image", "", "a cat")'
TEXTS = [
    "\n \n\n%%gemini_image -t\na cat",
    "%%gemini_image -t\r\na cat\r\n",
    "%%gemini_image -t \t \n\n\ta cat\n\n",
    "  %%gemini_image -t\n  a cat\n    in a hat",
    "%%gemini_image\n>>> a cat\n... in a hat",
    "%%gemini_image -a 1:1\x0b-t\na cat",
    "%%gemini_image",
    "%%gemini_image\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_cell_says_what_it_says_when_it_is_run(text: str) -> None:
    ran: list[str] = []
    shell = type("Shell", (), {"run_cell_magic": lambda _, *given: ran.extend(given)})()
    exec(TransformerManager().transform_cell(text), {"get_ipython": lambda: shell})  # noqa: S102  # as IPython does

    found = parse_cell(text)

    assert ["gemini_image", found.line, found.body] == ran


@pytest.mark.parametrize(
    "text",
    [
        f"# what it is for\nfrom pathlib import Path\n\na = 'b'\nc = Path('d e.png')\n\n{CALL}  # go\n",
        f"\n\n  from pathlib import Path\n  a = ('b'\n    '')\n  c = Path(\"d e.png\")\n  {CALL};",
        f"from pathlib import Path\r\na = 'x'\r\na = 'b'; c = Path('d e.png')\r\n{CALL}\r\n",
    ],
)
def test_a_program_is_read_with_its_variables(text: str) -> None:
    assert parse_cell(text) == CellProgram("", "a cat", {"a": "b", "c": Path("d e.png")})


def test_an_odd_escape_in_a_text_is_read_and_warns_of_nothing() -> None:
    with warnings.catch_warnings(action="error"):
        assert parse_cell(f"x = '\\d'\n{CALL}").variables == {"x": "\\d"}


def test_a_line_is_read_over_its_continuation() -> None:
    found = parse_cell("x = 'a'\n%gemini_image -a 1:1 \\\n  a {{x}}\n")

    assert (found.line.split(), found.body, found.variables) == (["-a", "1:1", "a", "{{x}}"], None, {"x": "a"})


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("x = 5", "x = 5"),
        ("x = f'{y}'", "x = f'{y}'"),
        ("x = y = 'a'", "x = y = 'a'"),
        ("x: str = 'a'", "x: str = 'a'"),
        ("x.y = 'a'", "x.y = 'a'"),
        ("x += 'a'", "x += 'a'"),
        ("x = Path(__import__('os').environ['HOME'])", "x = Path(__import__('os')"),
        ("x = Path('a', 'b')", "x = Path('a', 'b')"),
        ("x = open('a')", "x = open('a')"),
        ("Path = 'a'", "Path = 'a'"),
        ("get_ipython = 'a'", "get_ipython = 'a'"),
        ("from pathlib import Path as P", "from pathlib import Path as P"),
        ("import os", "import os"),
        ("!rm -r x", "get_ipython().system"),
        ("if x:\n    y = 'a'", "if x: y = 'a'"),
        (CALL, "run_cell_magic"),
        ("key = 'sk-0123456789abcdefgh'.lower()", "[key]"),
    ],
)
def test_a_statement_that_would_have_to_be_run_is_refused(before: str, told: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_cell(f"{before}\n{CALL}")

    assert refused.value.message.startswith("This cell does more than a panel can: ")
    assert told in refused.value.message
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("rest", ["'', prompt", "line, 'a cat'", "'', f'{x}'", "5, 'a'", "'', 'a' + 'b'"])
def test_a_call_whose_arguments_would_have_to_be_computed_is_refused(rest: str) -> None:
    with pytest.raises(OptionError, match="does more than a panel can: get_ipython"):
        parse_cell(f"get_ipython().run_cell_magic('gemini_image', {rest})")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a cat",
        "(",
        "'''",
        "x = 'a'",
        "# mine\n%%gemini_image\na cat",
        "%%gemini_image?\n",
        "%%gemini_images\na cat",
        "%%gemini_image_2\na cat",
        "%%timeit\na cat",
        "r = %gemini_image a cat",
        f"{CALL}\nx = 'a'",
        "f().run_cell_magic('gemini_image', '', 'a')",
        "run_cell_magic('gemini_image', '', 'a')",
        "get_ipython().run_cell_magic('timeit', '', 'a')",
        "get_ipython().run_cell_magic('gemini_image', '')",
        "get_ipython().run_cell_magic('gemini_image', '', cell='a')",
        "\ufeff%%gemini_image\na cat",
        "x = '\ud800'",
        "(" * 5000,
        "\0",
    ],
)
def test_other_cells_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"^This is no cell of %%gemini_image\.[^\n]*$"):
        parse_cell(text)


@pytest.mark.parametrize("behind", ["\t", "\u00a0", "\u3000", "\u200b", "-"])
def test_what_only_looks_like_a_space_is_told(behind: str) -> None:
    with pytest.raises(OptionError, match=rf"no plain space \(U\+{ord(behind):04X}\)") as refused:
        parse_cell(f"%%gemini_image{behind}-t\na cat")

    assert str(refused.value).isprintable()


@pytest.mark.parametrize("given", [5, None, b"%%gemini_image\na cat", Path("cell.txt"), ["%%gemini_image"]])
def test_what_is_no_text_is_refused_in_one_line(given: Any) -> None:
    with pytest.raises(OptionError, match=r"^\w+ is no text\.[^\n]*$"):
        parse_cell(given)
