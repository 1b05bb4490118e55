"""What is an exercise that nobody has done, and what is a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.generation.exercise_stub import is_exercise_stub
from cometmagic.generation.generate import generate
from tests.faults.leaks import KEY

STUBS = (
    "# YOUR CODE HERE",
    "# YOUR CODE HERE\nraise NotImplementedError()",
    "raise NotImplementedError",
    "...",
    "…",
    "pass",
    "YOUR PROMPT HERE",
    "### your prompt goes here ###",
    "<your prompt>",
    "[insert your prompt here]",
    "# TODO: describe a newt",
    "# Write your prompt below",
    "# BEGIN SOLUTION\n\n# END SOLUTION",
    "  # YOUR ANSWER HERE  \n\n",
)
PROMPTS = (
    "a TODO list on a fridge",
    "# Newts\na newt on a stone",
    "a mountain pass",
    "a sign that says YOUR CODE HERE",
    "<svg> of a newt, here and there",
    "...and then a newt appeared",
    "# YOUR CODE HERE\na newt",
    "your cat here, on a sofa",
    "",
)


def test_stubs_are_told_from_prompts() -> None:
    assert [stub for stub in STUBS if not is_exercise_stub(stub)] == []
    assert [prompt for prompt in PROMPTS if is_exercise_stub(prompt)] == []


@pytest.mark.parametrize("source", ["offline", "live"])
def test_a_stub_is_neither_drawn_nor_bought(monkeypatch: pytest.MonkeyPatch, library_folder: Path, source: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    with pytest.raises(OptionError, match="is the placeholder of an exercise") as raised:
        generate("# YOUR CODE HERE\nraise NotImplementedError()", source=source)

    assert raised.value.charge_status is ChargeStatus.UNSENT
    assert not list(library_folder.glob("*"))
