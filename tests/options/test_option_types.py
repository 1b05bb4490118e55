"""How what people write becomes a value, and how a wrong one is told."""

from __future__ import annotations

import contextlib
import re
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs, ValueLists
from cometmagic.options.option_types import Choice, Flag, Number, OptionType, Text, VariableName
from cometmagic.system.suggestions import suggest

SIZES = Choice(("512", "1K", "4K"))
WHERE = ChoiceList(Choice(("web", "image")))
LEVELS = Pairs({"hate": "HARM_HATE_SPEECH"}, {"none": "BLOCK_NONE", "off": "OFF"})
KINDS = (Text(), VariableName(), SIZES, WHERE, Number(0, 2), Number(0, 2, is_whole=True), Flag(), JsonObject(), LEVELS)

GOOD: list[tuple[OptionType, Any, Any]] = [
    (Text(), " two words ", "two words"),
    (Text(), 5, "5"),
    (Text(), PurePosixPath("a/b.png"), "a/b.png"),
    (SIZES, "4k", "4K"),
    (SIZES, 512, "512"),
    (WHERE, "image, web", ("web", "image")),
    (WHERE, ["web"], ("web",)),
    (Number(0, 2), "0.5", 0.5),
    (Number(0, 2), 1, 1.0),
    (Number(-9, 9, is_whole=True), "-7", -7),
    (Flag(), True, True),
    (Flag(), "off", False),
    (Flag(), "Yes", True),
    (Flag(), 0, False),
    (JsonObject(), '{"a": [1]}', {"a": [1]}),
    (JsonObject(), {"a": {"b": None}}, {"a": {"b": None}}),
    (LEVELS, "hate=none", {"HARM_HATE_SPEECH": "BLOCK_NONE"}),
    (LEVELS, ["HATE=block_none"], {"HARM_HATE_SPEECH": "BLOCK_NONE"}),
    (LEVELS, {"harm-hate-speech": "OFF"}, {"HARM_HATE_SPEECH": "OFF"}),
]
BAD: list[tuple[OptionType, Any, str]] = [
    (Text(), "  ", "is empty"),
    (Text(), ["x"], "['x'] is not a text"),
    (Text(), True, "True is not a text"),
    (VariableName(), 5, "5 is not a name for a variable"),
    (SIZES, ["1K"], "['1K'] is not one of 512, 1K, 4K"),
    (SIZES, "3K", "'3K' is not one of 512, 1K, 4K"),
    (WHERE, "wep", "'wep' is not one of web, image; did you mean web?"),
    (WHERE, "", "'' is not one of"),
    (WHERE, [], "is empty"),
    (WHERE, (), "is empty"),
    (WHERE, 5, "5 is not one of web, image"),
    (WHERE, True, "True is not one of web, image"),
    (WHERE, {"web": 1}, "{'web': 1} is not one of web, image"),
    (Number(0, 2), "warm", "'warm' is not a number"),
    (Number(0, 2), "nan", "nan is not between 0 and 2"),
    (Number(0, 2), "inf", "inf is not between"),
    (Number(1, 9, is_whole=True), "1.0", "'1.0' is not a whole number"),
    (Number(1, 9, is_whole=True), 10, "10 is not between 1 and 9"),
    (Number(1, 9), True, "True is not a number"),
    (Number(1, 9), [5], "[5] is not a number"),
    (Number(1, 9, is_whole=True), "9" * 5000, f"{'9' * 39}… is not between 1 and 9"),
    (Flag(), "perhaps", "'perhaps' is neither true nor false"),
    (JsonObject(), "{", "is not valid JSON"),
    (JsonObject(), "[" * 100_000, "is not valid JSON"),
    (JsonObject(), {"a": float("nan")}, "is not valid JSON"),
    (JsonObject(), '{"a": -Infinity}', "is not valid JSON (-Infinity is no JSON value)"),
    (JsonObject(), {"a": object()}, "is not valid JSON"),
    (JsonObject(), '{"a": 1e999}', "is not valid JSON (a number is too large)"),
    (JsonObject(), {"a": [-1e308 * 10]}, "is not valid JSON"),
    (JsonObject(), '{"a":' * 51 + "1" + "}" * 51, "is not valid JSON (it has more than 50 levels)"),
    (JsonObject(), f'{{"a": "{"x" * 1_000_000}"}}', "is not valid JSON (it has 1,000,009 characters"),
    (ValueLists(), "seed=[1e999]", "'[1e999]' is not a JSON list (a number is too large)"),
    (JsonObject(), "[1]", "is not a JSON object"),
    (JsonObject(), '{"a":' * 50 + "1", "is not valid JSON (Expecting"),
    (LEVELS, "hate", "'hate' is not of the form NAME=VALUE"),
    (LEVELS, 5, "5 is not of the form NAME=VALUE"),
    (LEVELS, [["hate", "none"]], "['hate', 'none'] is not of the form NAME=VALUE"),
    (LEVELS, "hat=none", "'hat' is not one of hate; did you mean hate?"),
    (LEVELS, "hate=nine", "'nine' is not one of none, off; did you mean none?"),
    (LEVELS, {"hate": 3}, "3 is not one of"),
]


class Mute:
    """A value that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__


DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize(("kind", "written", "value"), GOOD)
def test_what_is_read(kind: OptionType, written: Any, value: Any) -> None:
    assert kind.parse(written) == value
    assert type(kind.parse(written)) is type(value)


@pytest.mark.parametrize(("kind", "written", "told"), BAD)
def test_what_is_refused(kind: OptionType, written: Any, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}"):
        kind.parse(written)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_of_any_type_is_read_or_refused(kind: OptionType) -> None:
    for written in (5, 0.5, True, b"web", [], (), {}, [None], {1: object()}, object(), range(3), 10**5000, None,
                    DEEP, {"a": DEEP}, {"seed": [DEEP]}, Mute(), [Mute()], {Mute(): Mute()}):  # fmt: skip
        with contextlib.suppress(ValueError):
            kind.parse(written)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_value_is_told_in_short(kind: OptionType) -> None:
    for written in ("9" * 5000, "x" * 5000, ["x" * 5000], {"x" * 5000: "x"}):
        try:
            kind.parse(written)
        except ValueError as error:
            assert not re.search("[9x]{40}", str(error))  # noqa: PT017  # some kinds take some of them


@pytest.mark.parametrize(("kind", "_", "value"), GOOD)
def test_a_value_reads_as_itself(kind: OptionType, _: Any, value: Any) -> None:
    """Options read back from call.json are built again from their values."""
    assert kind.parse(value) == value


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for kind in KINDS:
        with contextlib.suppress(ValueError):
            kind.parse(text)


def test_a_suggestion_is_made_for_what_is_near() -> None:
    assert suggest("--ASPECT-RATION", ["--aspect-ratio", "--alt"]) == "; did you mean --aspect-ratio?"
    assert suggest("xyz", ["--aspect-ratio"]) == ""


@pytest.mark.parametrize("word", ["--help", "--nope", "-h"])
def test_dashes_alone_make_nothing_near(word: str) -> None:
    assert suggest(word, ["--model", "-m", "--into", "-o", "--alt"]) == ""
