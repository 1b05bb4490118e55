"""The session's key of any shape is quoted by no error, wherever it was put by mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cometmagic import CometError, Panel, generate, panel
from cometmagic.options.command_line import parse_first_line
from cometmagic.options.template import render_template
from tests.key_scan import KEYS, leaks

KEY = f"k{KEYS['hex']}"  # also a name
PLACES: dict[str, Callable[[str], Any]] = {
    "unknown flag": lambda key: parse_first_line(f"--{key}"),
    "unknown keyword": lambda key: generate("a cat", **dict[str, Any]({key: 1})),
    "preset": lambda key: generate("a cat", preset=key),
    "panel": lambda key: panel("a cat", aspect_ratio=key),
    "cell of a panel": lambda key: Panel.from_cell(f"%%gemini_image -a {key}\na cat"),
    "variable": lambda key: render_template(f"a {{{{{key}}}}}", {}),
    "table of options": lambda key: generate_with(f"{key} = 1"),
    "placeholder of a preset": lambda key: generate_with(
        f"[tool.cometmagic.presets.p]\nprompt = '{{{{prompt}}}} {{{{{key}}}}}'", preset="p"
    ),
}


def generate_with(text: str, **options: Any) -> None:
    """Generate where pyproject.toml has a text."""
    Path("pyproject.toml").write_text(f"[tool.cometmagic]\n{text}\n")
    generate("a cat", **options)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_error_quotes_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Callable[[str], Any]) -> None:
    monkeypatch.chdir(tmp_path)
    shown = []
    for key in ("", KEY):
        monkeypatch.setenv("COMETAPI_KEY", key)
        with pytest.raises(CometError) as caught:
            place(KEY)
        shown.append(str(caught.value))

    assert leaks(shown[0], KEY)  # the control
    assert leaks(shown[1], KEY) == []
    assert "[key]" in shown[1]


def test_a_key_that_replaces_another_is_masked_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in ("hex", "signs"):
        monkeypatch.setenv("COMETAPI_KEY", KEYS[shape])
        assert str(CometError(f"It said {KEYS[shape]}")).startswith("It said [key].")
    assert KEY in str(CometError(f"It said {KEY}"))


@pytest.mark.parametrize("text", ["", "short", "your-key-here"])
def test_what_is_no_key_leaves_errors_alone(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", text)

    assert str(CometError("Set your-key-here, in short")).startswith("Set your-key-here, in short.")
