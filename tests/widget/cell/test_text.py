"""A panel's cell: to the text and back without loss."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cometmagic
from cometmagic.codegen.magic_cell import is_literal
from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.widget.cell.text import PanelSettings, format_cell, parse_settings, restore_settings
from cometmagic.widget.controls import normalize_options
from tests.sample_requests import BLUE, RED
from tests.widget.values import TEXTS, options

NAMES = st.sampled_from(["text_1", "image_2", "µ", "日本", "_x"])
VALUES = st.one_of(st.just(""), TEXTS, TEXTS.map(Path))


@given(st.one_of(st.just(""), TEXTS), options(), st.lists(st.sampled_from(["photo", "a b.png", "it's.jpg", "Out[3]"])))
def test_a_cell_gives_back_the_settings_it_was_made_of(
    prompt: str, given_options: dict[str, Any], references: list[str]
) -> None:
    settings = PanelSettings(prompt, normalize_options(given_options), tuple(references))

    assert parse_settings(format_cell(settings)) == settings


@given(
    st.lists(st.tuples(TEXTS, NAMES, VALUES), min_size=1, max_size=4),
    st.sampled_from([{}, {"edit": True}, {"chat": "a1b2c3"}, {"system": "a\nb"}]),
)
def test_variables_come_back_too(said: list[tuple[str, str, str | Path]], given_options: dict[str, Any]) -> None:
    prompt = "".join(f"{text}{{{{{name}}}}}" for text, name, _ in said)
    read = parse_settings(
        format_cell(PanelSettings(prompt, given_options, (), {name: value for _, name, value in said}))
    )

    assert (read.prompt, read.options) == (prompt, normalize_options(given_options))
    # Python folds names as the template does: the micro sign is its Greek letter.
    assert read.variables == {name.replace("µ", "μ"): value for _, name, value in said}


def test_a_panel_with_variables_is_a_program() -> None:
    variables: dict[str, str | Path] = {"image_2": Path("gemini_images/a b.png"), "text_3": "a {{name}}\n", "gone": "x"}

    assert format_cell(PanelSettings("put {{image_2}} on {{text_3}}", {"seed": 1}, ("c.png",), variables)) == (
        "from pathlib import Path\n\n"
        'image_2 = Path("gemini_images/a b.png")\n'
        'text_3 = "a {{name}}\\n"\n'
        "get_ipython().run_cell_magic(\n"
        '    "gemini_image",\n'
        '    "--seed 1 --image c.png",\n'
        '    "put {{image_2}} on {{text_3}}",\n'
        ")"
    )


def test_a_variable_that_the_prompt_drops_is_gone_from_the_cell() -> None:
    variables: dict[str, str | Path] = {"image_2": Path("a.png"), "text_3": "b"}

    assert format_cell(PanelSettings("only {{text_3}}", {}, (), variables)) == (
        'text_3 = "b"\nget_ipython().run_cell_magic("gemini_image", "", "only {{text_3}}")'
    )
    assert format_cell(PanelSettings("nothing", {}, (), variables)) == "%%gemini_image\nnothing"


@pytest.mark.parametrize(
    ("given_options", "references"), [({}, ("image_2",)), ({"edit": "image_2"}, ()), ({"chat": "image_2"}, ())]
)
def test_a_variable_that_the_line_names_stays(given_options: dict[str, Any], references: tuple[str, ...]) -> None:
    settings = PanelSettings("a cat", given_options, references, {"image_2": Path("a.png")})

    assert parse_settings(format_cell(settings)) == settings


def test_a_plain_panel_is_a_plain_cell() -> None:
    settings = PanelSettings(
        "a red bicycle\nat noon", normalize_options({"aspect_ratio": "16:9", "thoughts": True}), ("sketch.png",)
    )

    assert format_cell(settings) == (
        "%%gemini_image --aspect-ratio 16:9 --thoughts --image sketch.png\na red bicycle\nat noon"
    )


def test_an_instruction_of_several_lines_makes_the_cell_a_call() -> None:
    cell = format_cell(PanelSettings("a cat", {"system": "be brief\nbe kind"}))

    assert cell == 'get_ipython().run_cell_magic("gemini_image", "--system \'be brief\\nbe kind\'", "a cat")'


@pytest.mark.parametrize(
    ("cell", "prompt", "held"),
    [
        ("%gemini_image -a 1:1 a cat", "a cat", {"aspect_ratio": "1:1"}),
        ("\n\n%%gemini_image --edit -t\nmake it blue\n", "make it blue", {"thoughts": True, "edit": True}),
        ("%%gemini_image", "", {}),
        ("%%gemini_image --no-thoughts\n\n  a cat  \n\n", "\n  a cat  \n", {"thoughts": False}),
        ("%gemini_image --edit make it blue", "make it blue", {"edit": True}),
        ("%gemini_image --edit bike make it blue", "make it blue", {"edit": "bike"}),
    ],
)
def test_cells_as_people_write_them(cell: str, prompt: str, held: dict[str, object]) -> None:
    assert parse_settings(cell, {"bike": SimpleNamespace(folder=None)}) == PanelSettings(prompt, held)


@pytest.mark.parametrize(
    "cell", ["", "print(1)", "%%timeit\na cat", "%%gemini_images\na cat", "x = get_ipython().run_cell_magic('a', 'b')"]
)
def test_other_cells_are_refused(cell: str) -> None:
    with pytest.raises(OptionError, match=r"no cell of %%gemini_image"):
        parse_settings(cell)


def test_words_on_the_first_line_are_refused() -> None:
    with pytest.raises(OptionError, match="below the first line"):
        parse_settings("%%gemini_image a cat\nin a hat")


def test_a_wrong_option_is_refused_as_in_the_cell() -> None:
    with pytest.raises(OptionError, match=r"did you mean --thoughts\?"):
        parse_settings("%%gemini_image --thougths\na cat")


def test_options_on_a_second_line_are_refused_in_one_line() -> None:
    with pytest.raises(OptionError, match=r"backslash does not continue the options\.[^\n]* all in the first line"):
        parse_settings("%%gemini_image -t \\\n-a 1:1\na cat")


def made_of(*prompt: Any, **more: Any) -> cometmagic.ImageResult:
    return cometmagic.generate(list(prompt), source="offline", **more)


def test_images_between_words_become_variables() -> None:
    found = restore_settings(made_of("put ", RED, " on {{this}} {", BLUE, "} now", images=[RED]))

    assert found.prompt == "put {{image_2}}{{text_3}}{{image_4}}} now"
    assert list(found.variables) == ["image_2", "text_3", "image_4"]
    assert found.variables["text_3"] == " on {{this}} {"
    assert [Path(path).read_bytes() for path in (found.variables["image_2"], *found.references)] == [RED, RED]


def test_what_as_code_prints_is_read_back_and_is_the_panel_s_own_cell() -> None:
    result = made_of("put ", RED, " on {{this}}", BLUE, "now", images=[RED], aspect_ratio="1:1")

    found, read = restore_settings(result), parse_settings(result.as_code("magic"))

    assert (read.prompt, list(read.variables)) == (found.prompt, list(found.variables))
    assert {**read.options, "source": "offline"} == {**found.options, "source": "offline"}
    assert parse_settings(format_cell(found)) == found


def test_a_variable_has_no_name_that_stands_in_the_words() -> None:
    found = restore_settings(made_of("{{text_1}} is not {{text_1_2}} ", RED, "and not {{image_2}}"))

    assert list(found.variables) == ["text_1_3", "image_2_2", "text_3"]
    assert is_literal(found.prompt) is False


def test_a_variable_hides_nothing_of_the_notebook() -> None:
    names = {"text_1": "something else", "image_2": 5}
    result = made_of("a {{name}}", RED)

    assert list(restore_settings(result, names).variables) == ["text_1_2"]
    assert list(restore_settings(result, {"text_1": "a {{name}}"}).variables) == ["text_1"]
    # Behind the words an image needs no variable.
    assert restore_settings(result, names).references != ()


def test_an_image_in_front_of_the_edited_one_stays_in_front() -> None:
    first = made_of("a red bicycle")
    found = restore_settings(made_of("like ", RED, images=[BLUE], edit=first))

    assert (found.prompt, list(found.variables)) == ("like {{image_2}}", ["image_2"])
    assert first.folder.name.endswith(found.options["edit"])
    assert [Path(path).read_bytes() for path in found.references] == [BLUE]


def test_texts_side_by_side_are_refused_in_one_line() -> None:
    with pytest.raises(OptionError, match="side by side") as refused:
        restore_settings(made_of("one", "two"))

    assert refused.value.charge_status is ChargeStatus.PAST
    assert "\n" not in str(refused.value)
