"""What is written on a sheet fits, whatever letters it is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.images import fonts as module
from cometmagic.images.fonts import LONGEST, Lettering, lettering, readable

SIZE = 18


@pytest.fixture
def only_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the system's fonts away."""
    monkeypatch.setattr(module, "FONTS", ())


def check_fit(letters: Lettering, lines: list[str], width: float, most: int) -> None:
    assert len(lines) <= most
    assert all(letters.font.getlength(line) <= width for line in lines)


def test_the_check_finds_what_does_not_fit() -> None:
    with pytest.raises(AssertionError):
        check_fit(lettering([], SIZE), ["aspect-ratio 16:9"], 60, 2)


@pytest.mark.parametrize("width", [60, 142, 420])
@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize("text", ["seed 7", "x" * 5000, "a red bicycle " * 400, "aspect-ratio 16:9 · image-size 4K"])
def test_a_text_fits(text: str, width: int, most: int) -> None:
    letters = lettering([text], SIZE)

    lines = letters.fitted(readable(text), width, most)

    assert lines
    check_fit(letters, lines, width, most)


@given(text=st.text(st.characters(codec=None), max_size=80), width=st.integers(50, 300))
def test_any_text_fits(text: str, width: int) -> None:
    told = readable(text)
    letters = lettering([told], SIZE)

    check_fit(letters, letters.fitted(letters.spelled(told, 3), width, 2), width, 2)


def test_a_short_text_stays_whole_and_values_stand_on_lines_of_their_own() -> None:
    letters = lettering([], SIZE)

    assert letters.fitted("seed 7", 142, 2) == ["seed 7"]
    assert letters.fitted("temperature 0.05 · seed 12", 142, 2) == ["temperature 0.05", "seed 12"]


def test_of_a_long_text_both_ends_are_kept() -> None:
    letters = lettering([], SIZE)

    told = " ".join(letters.fitted("system 'paint in the manner of a very old master' · #12", 142, 2))

    assert told.startswith("system 'paint")
    assert "…" in told
    assert told.endswith("#12")


def test_a_long_text_is_cut_before_it_is_measured() -> None:
    assert len(readable("x" * 100_000)) <= LONGEST + 1


@pytest.mark.usefixtures("only_pillows")
@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("seed 7", "seed 7"),
        ("system Café", "system Cafe"),
        ("system 日本語", "#3 system"),
        ("שלום", "#3"),
        ("straße", "#3 strae"),
        ("a😀b", "#3 ab"),
    ],
)
def test_letters_that_cannot_be_drawn_lead_to_the_number(text: str, spelled: str) -> None:
    assert lettering([text], SIZE).spelled(text, 3) == spelled


def test_a_font_of_the_system_is_taken_only_when_it_has_more_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FONTS", ("no such font.ttf",))

    assert lettering(["Größe"], SIZE).lacking == {"ö", "ß"}
    assert lettering(["seed 7"], SIZE).lacking == set()


def test_foreign_texts_are_cleaned() -> None:
    assert readable("\x1b[31mred\x07\u202e\nline") == "red line"
