"""The help texts: every option, with its choices and its default."""

from __future__ import annotations

from cometmagic.options.declaration import list_options
from cometmagic.options.help_text import build_help_text, describe


def test_help_shows_every_option_with_its_choices_and_default() -> None:
    text = build_help_text()
    words = " ".join(text.split())

    assert max(map(len, text.splitlines())) <= 100
    for option in list_options().values():
        assert f"  {', '.join(option.flags)}" in text
        assert " ".join(describe(option).split()) in words
        assert describe(option).count(", ".join(option.type.choices)) == 1 or not option.type.choices
    assert "(default gemini-3.1-flash-image-preview)" in words
    assert "(default 1024)" in words


def test_help_says_choices_once() -> None:
    text = describe(list_options()["search"])

    assert text.count("web") == text.count("image)") == 1
