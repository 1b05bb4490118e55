"""What is written on a sheet fits, whatever letters it is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.images import fonts as module
from cometmagic.images.fonts import MAX_DRAWN_LENGTH, LabelFont, format_label, load_label_font

SIZE = 18


@pytest.fixture
def only_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the system's fonts away."""
    monkeypatch.setattr(module, "FONT_FILES", ())


def check_fit(letters: LabelFont, lines: list[str], width: float, most: int) -> None:
    assert len(lines) <= most
    assert all(letters.font.getlength(line) <= width for line in lines)


def test_the_check_finds_what_does_not_fit() -> None:
    with pytest.raises(AssertionError):
        check_fit(load_label_font([], SIZE), ["aspect-ratio 16:9"], 60, 2)


@pytest.mark.parametrize("width", [60, 142, 420])
@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize("text", ["seed 7", "x" * 5000, "a red bicycle " * 400, "aspect-ratio 16:9 · image-size 4K"])
def test_a_text_fits(text: str, width: int, most: int) -> None:
    letters = load_label_font([text], SIZE)

    lines = letters.fit(format_label(text), width, most)

    assert lines
    check_fit(letters, lines, width, most)


@given(text=st.text(st.characters(codec=None), max_size=80), width=st.integers(50, 300))
def test_any_text_fits(text: str, width: int) -> None:
    told = format_label(text)
    letters = load_label_font([told], SIZE)

    check_fit(letters, letters.fit(letters.replace_missing_letters(told, 3), width, 2), width, 2)


def test_a_short_text_stays_whole_and_values_stand_on_lines_of_their_own() -> None:
    letters = load_label_font([], SIZE)

    assert letters.fit("seed 7", 142, 2) == ["seed 7"]
    assert letters.fit("temperature 0.05 · seed 12", 142, 2) == ["temperature 0.05", "seed 12"]


def test_of_a_long_text_both_ends_are_kept() -> None:
    letters = load_label_font([], SIZE)

    told = " ".join(letters.fit("system 'paint in the manner of a very old master' · #12", 142, 2))

    assert told.startswith("system 'paint")
    assert "…" in told
    assert told.endswith("#12")


def test_a_long_text_is_cut_before_it_is_measured() -> None:
    assert len(format_label("x" * 100_000)) <= MAX_DRAWN_LENGTH + 1


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
    assert load_label_font([text], SIZE).replace_missing_letters(text, 3) == spelled


def test_a_font_of_the_system_is_taken_only_when_it_has_more_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FONT_FILES", ("no such font.ttf",))

    assert load_label_font(["Größe"], SIZE).missing_letters == {"ö", "ß"}
    assert load_label_font(["seed 7"], SIZE).missing_letters == set()


def test_foreign_texts_are_cleaned() -> None:
    assert format_label("\x1b[31mred\x07\u202e\nline") == "red line"
