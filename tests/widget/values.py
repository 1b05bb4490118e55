"""Values of every declared option, of whatever kind it is, and prompts of every sort."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cometmagic.generation.exercise_stub import is_exercise_stub
from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs
from cometmagic.options.declaration import Options
from cometmagic.options.option_types import Choice, Flag, Number, OptionType
from cometmagic.options.template import render_template
from cometmagic.system.bounded_json import MAX_NUMBER

PIECES = (
    *("red", "bicycle", "é", "ß", "中", "🚲", " ", "\n", "\t", "'", '"', "\\", "{", "}", "$", "%", "#", "-", "="),
    *("--thoughts", ">>> ", "In [1]: ", "...", "?", "!ls", "\r", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u200b"),
)
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)
NUMBERS = st.integers(-MAX_NUMBER, MAX_NUMBER)  # larger ones are refused, as no call can record them


def is_literal(text: str) -> bool:
    """Whether the template leaves a text as it is."""
    return (
        bool(text.strip()) and "{{" not in text and "".join(piece.value for piece in render_template(text, {})) == text
    )


PROMPTS = TEXTS.filter(is_literal).filter(lambda text: not is_exercise_stub(text))


def of_kind(kind: OptionType) -> st.SearchStrategy[Any]:
    """Return values that a kind takes, as people write them."""
    found: st.SearchStrategy[Any] = TEXTS.filter(lambda text: bool(text.strip()))
    match kind:
        case Choice(choices=choices):
            found = st.sampled_from(choices)
        case ChoiceList(item_type=each):
            found = st.lists(st.sampled_from(each.choices), min_size=1, unique=True)
        case Flag():
            found = st.booleans()
        case Number(minimum=low, maximum=high, is_whole=whole):
            found = st.integers(int(low), int(high)) if whole else st.floats(low, high)
        case Pairs(key_table=left, value_table=right):
            found = st.dictionaries(st.sampled_from(list(left)), st.sampled_from(list(right)), min_size=1)
        case JsonObject():
            found = st.dictionaries(st.sampled_from(["labels", "it's"]), TEXTS | NUMBERS, max_size=2)
    return found


def options() -> st.SearchStrategy[dict[str, Any]]:
    """Return some options that go to the service; a model is one that the address takes."""
    declared = {name: of_kind(option.type) for name, option in Options.list_options().items()}
    declared["model"] = st.sampled_from(["gemini-3-pro-image", "models/some-model"])
    return st.fixed_dictionaries({}, optional=declared)
