"""A magic's line: options first, then the prompt as it stands."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.errors import OptionError
from cometmagic.options.command_line import format_option, parse_line
from cometmagic.options.declaration import Options

LINES: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, ""),
    ("a red bicycle", {}, "a red bicycle"),
    ("  a  cat's   hat ", {}, "a  cat's   hat"),
    ('it\'s $5, {a} and {{b}}, 100% "silk"', {}, 'it\'s $5, {a} and {{b}}, 100% "silk"'),
    ("-a 16:9 -s 2K -t -o bike", {"aspect_ratio": "16:9", "image_size": "2K", "thoughts": True, "into": "bike"}, ""),
    ("--aspect-ratio=16:9 a cat", {"aspect_ratio": "16:9"}, "a cat"),
    ("--thoughts a cat's hat", {"thoughts": True}, "a cat's hat"),
    ("--no-thoughts a cat", {"thoughts": False}, "a cat"),
    ("--thoughts=no a cat", {"thoughts": "no"}, "a cat"),
    ("--seed -7 a cat", {"seed": "-7"}, "a cat"),
    ("--seed=-7 a cat", {"seed": "-7"}, "a cat"),
    ("--save C:\\Users\\me\\new.png a cat", {"save": "C:\\Users\\me\\new.png"}, "a cat"),
    ("--save '/my pictures/a.png' a cat", {"save": "/my pictures/a.png"}, "a cat"),
    ('--system="two words" a cat', {"system": "two words"}, "a cat"),
    ('--alt "it\'s a cat" a cat', {"alt": "it's a cat"}, "a cat"),
    ("--alt=-t a cat", {"alt": "-t"}, "a cat"),
    ("--alt a=b a cat", {"alt": "a=b"}, "a cat"),
    ('--extra \'{"a": {"b": [1, 2]}}\' a cat', {"extra": '{"a": {"b": [1, 2]}}'}, "a cat"),
    ("--safety hate=none --safety sexual=off a", {"safety": ["hate=none", "sexual=off"]}, "a"),
    ("-- --thoughts is a word", {}, "--thoughts is a word"),
    ("-t -- -5 degrees", {"thoughts": True}, "-5 degrees"),
    ("-t\ta cat", {"thoughts": True}, "a cat"),
    ("-a\xa01:1\xa0-t\xa0a\xa0cat", {"aspect_ratio": "1:1", "thoughts": True}, "a\xa0cat"),
    ("--alt 'a\xa0cat' on a hat", {"alt": "a\xa0cat"}, "on a hat"),
    ("a cat -t on a hat - and --more", {}, "a cat -t on a hat - and --more"),
    ("-", {}, "-"),
]
WRONG = [
    ("--bogus", "There is no option --bogus."),
    ("--help", "There is no option --help. "),
    ("-h", "There is no option -h. "),
    ("--image-size", "--image-size S needs a value (512, 1K, 2K, 4K)."),
    ("-s -t a", "-s S needs a value (512, 1K, 2K, 4K), and -t is an option."),
    ("--thougts a", "There is no option --thougts; did you mean --thoughts?"),
    ("--no-aspect-ratio a", "There is no option --no-aspect-ratio; did you mean --aspect-ratio?"),
    ("-5 degrees", "There is no option -5."),
    ("--alt", "--alt TEXT needs a value."),
    ("--alt -t a", "--alt TEXT needs a value, and -t is an option."),
    ("--alt 'a cat", "The quotation after --alt TEXT has no end."),
    ("--alt don't a", "The quotation after --alt TEXT has no end."),
    ("-t --thoughts a", "--thoughts is given twice."),
    ("--thoughts --no-thoughts a", "--thoughts is given twice."),
    ("--no-thoughts=yes a", "--no-thoughts takes no value."),
    ("a cat --aspect-ratio 16:9", "--aspect-ratio stands behind the prompt."),
    ("a cat --alt=x", "--alt=x stands behind the prompt."),
    ("a cat -n 4", "-n stands behind the prompt."),
    ("a cat -s 2K", "-s stands behind the prompt."),
    ("a cat --no-thoughts", "--no-thoughts stands behind the prompt."),
    ("\u2014thoughts a cat", "\u2014thoughts begins with a dash and not with hyphens. "),
    ("-t \u2013\u2013alt=x a cat", "\u2013\u2013alt=x begins with a dash and not with hyphens. "),
    ("-n4 cats", "There is no option -n4; did you mean -n 4?"),
    ("-a16:9 a cat", "There is no option -a16:9; did you mean -a 16:9?"),
    ("-s2K a cat", "There is no option -s2K; did you mean -s 2K?"),
]


@pytest.mark.parametrize(("text", "options", "prompt"), LINES, ids=[text for text, *_ in LINES])
def test_what_a_line_says(text: str, options: dict[str, Any], prompt: str) -> None:
    line = parse_line(text)

    assert line.options == options
    assert line.prompt == prompt


@pytest.mark.parametrize(("text", "told"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_with_a_line(text: str, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_line(text)
    assert str(caught.value).startswith(told)


@given(st.text())
def test_behind_two_dashes_all_is_prompt(text: str) -> None:
    assert parse_line(f"-- {text}").prompt == text.strip()


@given(st.text())
def test_any_line_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(OptionError):
        assert parse_line(text).prompt in text


@given(st.text(st.characters(exclude_characters='"')))
def test_any_value_can_be_quoted(value: str) -> None:
    assert parse_line(f'--alt="{value}" a cat').options == {"alt": value}


@pytest.mark.parametrize(
    "given_",
    [
        {"model": "a model", "aspect_ratio": "16:9", "image_size": "2K", "thinking": "high"},
        {"thoughts": True, "image_only": True},
        {"search": ("web", "image")},
        {"system": 'it\'s "brief", \\ 100% of ünique'},
        {"temperature": 0.0, "top_p": 0.25, "top_k": 5, "seed": -7, "max_output_tokens": 100_000},
        {"safety": {"hate": "none", "HARM_CATEGORY_HARASSMENT": "off"}},
        {"extra": {"generationConfig": {"a": ["it's", None, True, 1.5]}}},
    ],
)
def test_options_are_written_as_a_line_is_read(given_: dict[str, Any]) -> None:
    options = Options.build(given_)
    line = " ".join(format_option(name, value) for name, value in options.list_changes().items())

    assert Options.build(parse_line(f"{line} a cat").options) == options
    assert parse_line(f"{line} a cat").prompt == "a cat"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("thoughts", True, "--thoughts"),
        ("thoughts", False, "--no-thoughts"),
        ("temperature", 1.0, "--temperature 1"),
        ("safety", {"HARM_CATEGORY_HATE_SPEECH": "BLOCK_NONE", "other": "x"}, "--safety hate=none --safety other=x"),
        ("search", ["web", "image"], "--search web,image"),
        ("unknown_to_us", "a b", "--unknown-to-us 'a b'"),
    ],
)
def test_an_option_is_written_as_people_write_it(name: str, value: Any, expected: str) -> None:
    assert format_option(name, value) == expected
