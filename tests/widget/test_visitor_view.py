"""Texts for visitors name files without their folders; addresses and other words with slashes stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from cometmagic.widget.visitor_view import hide_folders, name_reference_file

TEXTS = {
    "Cannot write /srv/some/out.png: no space.": "Cannot write out.png: no space.",
    "Saved as ~/pictures/a-cat.jpg.": "Saved as a-cat.jpg.",
    "'C:\\Users\\me\\cat.png' is no image": "'cat.png' is no image",
    "1024 × 1024 · course/2026/image.jpg": "1024 × 1024 · image.jpg",
    "See https://a.example/some/cat.png, or http://b.example/": "See https://a.example/some/cat.png, or http://b.example/",
    "image/png and/or 3/4 of 5 / 6": "image/png and/or 3/4 of 5 / 6",
    "a cat": "a cat",
}


@pytest.mark.parametrize("text", TEXTS)
def test_folders_are_hidden(text: str) -> None:
    assert hide_folders({"told": [text]}) == {"told": [TEXTS[text]]}


def test_known_folders_may_have_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my own course"
    folder.mkdir()
    monkeypatch.chdir(folder)

    assert hide_folders(f"Cannot read {folder}/photo.png.") == "Cannot read photo.png."


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("library/references/0f.png", "0f.png"),
        ("'/my course/library/0f.png'", "0f.png"),
        ("photo", "photo"),
        ("https://a.example/b/cat.png", "https://a.example/b/cat.png"),
    ],
)
def test_a_reference_is_named_without_its_folder(word: str, name: str) -> None:
    assert name_reference_file(word) == name
