"""A panel's cell: to the text and back without loss."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.errors import OptionError
from cometmagic.notebook.panel.controls import normal
from cometmagic.notebook.panel.text import Settings, as_cell, from_cell
from tests.notebook.panel.values import TEXTS, options


@given(st.one_of(st.just(""), TEXTS), options(), st.lists(st.sampled_from(["photo", "a b.png", "it's.jpg", "Out[3]"])))
def test_a_cell_gives_back_the_settings_it_was_made_of(
    prompt: str, given_options: dict[str, Any], references: list[str]
) -> None:
    settings = Settings(prompt, normal(given_options), tuple(references))

    assert from_cell(as_cell(settings)) == settings


def test_a_plain_panel_is_a_plain_cell() -> None:
    settings = Settings("a red bicycle\nat noon", normal({"aspect_ratio": "16:9", "thoughts": True}), ("sketch.png",))

    assert as_cell(settings) == (
        "%%gemini_image --aspect-ratio 16:9 --thoughts --image sketch.png\na red bicycle\nat noon"
    )


def test_an_instruction_of_several_lines_makes_the_cell_a_call() -> None:
    cell = as_cell(Settings("a cat", {"system": "be brief\nbe kind"}))

    assert cell == 'get_ipython().run_cell_magic("gemini_image", "--system \'be brief\\nbe kind\'", "a cat")'


@pytest.mark.parametrize(
    ("cell", "prompt", "held"),
    [
        ("%gemini_image -a 1:1 a cat", "a cat", {"aspect_ratio": "1:1"}),
        ("\n\n%%gemini_image --edit -t\nmake it blue\n", "make it blue", {"thoughts": True, "edit": True}),
        ("%%gemini_image", "", {}),
        ("%%gemini_image --no-thoughts\n\n  a cat  \n\n", "\n  a cat  \n", {"thoughts": False}),
    ],
)
def test_cells_as_people_write_them(cell: str, prompt: str, held: dict[str, object]) -> None:
    assert from_cell(cell) == Settings(prompt, held)


@pytest.mark.parametrize(
    "cell", ["", "print(1)", "%%timeit\na cat", "%%gemini_images\na cat", "x = get_ipython().run_cell_magic('a', 'b')"]
)
def test_other_cells_are_refused(cell: str) -> None:
    with pytest.raises(OptionError, match=r"no cell of %%gemini_image"):
        from_cell(cell)


def test_words_on_the_first_line_are_refused() -> None:
    with pytest.raises(OptionError, match="below the first line"):
        from_cell("%%gemini_image a cat\nin a hat")


def test_a_wrong_option_is_refused_as_in_the_cell() -> None:
    with pytest.raises(OptionError, match=r"did you mean --thoughts\?"):
        from_cell("%%gemini_image --thougths\na cat")
