"""What came is held beside what was asked for: pixels on a real socket, in a result, a table, a replay."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from cometmagic import ImageResult, generate, generate_many
from cometmagic.display.batch_output import build_sheet_caption
from cometmagic.display.caption import build_caption, list_warnings
from cometmagic.storage.call_folder import CallFolder
from cometmagic.widget.result_view import describe_result
from tests.image_samples import encoded, exif
from tests.notebook.answers import answering, body, full, image, painted, serving

IMAGE_CONFIG = {"aspectRatio": "16:9", "imageSize": "4K"}


def turned(kind: str, width: int, height: int, orientation: int = 6) -> bytes:
    """Return a picture that is stored lying and shown upright, or the other way round."""
    return encoded(Image.new("RGB", (width, height), "teal"), kind, exif=exif(orientation))


def animated(width: int, height: int) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("P", (width, height), color) for color in (1, 2)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


CASES: list[tuple[bytes, dict[str, Any], tuple[str, ...]]] = [
    (painted(width=1408, height=768), {"aspect_ratio": "16:9", "image_size": "1K"}, ()),
    (painted(width=1024, height=1024), {}, ()),
    (painted(width=64, height=64), {"temperature": 1}, ()),
    (painted(width=1024, height=1024), {"aspect_ratio": "16:9"}, ("1:1 instead of 16:9",)),
    (painted(width=1376, height=768), {"aspect_ratio": "16:9", "image_size": "4K"}, ("1K instead of 4K",)),
    (
        painted("PNG", width=1024, height=1024),
        {"aspect_ratio": "16:9", "image_size": "4k"},
        ("1:1 instead of 16:9", "1K instead of 4K"),
    ),
    (painted("WEBP", width=768, height=1376), {"aspect_ratio": "16:9"}, ("9:16 instead of 16:9",)),
    (animated(60, 40), {"aspect_ratio": "2:3"}, ("3:2 instead of 2:3",)),
    # What a viewer sees counts, not how the pixels lie in the file.
    (turned("JPEG", 768, 1376), {"aspect_ratio": "16:9", "image_size": "1K"}, ()),
    (turned("PNG", 768, 1376, 8), {"aspect_ratio": "16:9"}, ()),
    (turned("WEBP", 768, 1376, 5), {"aspect_ratio": "16:9"}, ()),
    (turned("JPEG", 768, 1376, 3), {"aspect_ratio": "9:16"}, ()),
    (turned("JPEG", 1376, 768), {"aspect_ratio": "16:9"}, ("9:16 instead of 16:9",)),
    # `--extra` has the last word.
    (painted(), {"extra": {"generationConfig": {"imageConfig": IMAGE_CONFIG}}}, ("64 × 36 pixels instead of 4K",)),
    (painted(), {"aspect_ratio": "1:1", "extra": {"generationConfig": {"imageConfig": {"aspectRatio": "16:9"}}}}, ()),
    (painted(), {"aspect_ratio": "1:1", "extra": {"generationConfig": {"imageConfig": {"aspectRatio": None}}}}, ()),
    (painted(), {"aspect_ratio": "1:1", "extra": {"generationConfig": {"imageConfig": None}}}, ()),
    (painted(), {"extra": {"generationConfig": {"imageConfig": {"aspectRatio": ["1:1"], "imageSize": 4}}}}, ()),
    (painted(), {"extra": {"generation_config": {"image_config": {"aspect_ratio": "1:1"}}}}, ("16:9 instead of 1:1",)),
    (
        painted(),
        {"extra": {"generationConfig": {"responseFormat": {"image": {"aspectRatio": "9:16"}}}}},
        ("16:9 instead of 9:16",),
    ),
]


@pytest.fixture
def square(monkeypatch: pytest.MonkeyPatch) -> ImageResult:
    """Return a square for which 16:9 at 4K was paid."""
    with serving(monkeypatch, answering(full(painted(width=1024, height=1024)))):
        return generate("a red bicycle", aspect_ratio="16:9", image_size="4K")


def test_what_came_is_compared_with_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering(body(image(content))) for content, _, _ in CASES]) as server:
        results = [generate("a red bicycle", source="live", **options) for _, options, _ in CASES]

    assert len(server.log) == len(CASES)
    assert [result.deviations for result in results] == [deviations for _, _, deviations in CASES]
    for result, (_, _, deviations) in zip(results, CASES, strict=True):
        expected = [f"Not as requested: {', '.join(deviations)}."] if deviations else []
        assert [line for line in list_warnings(result) if "requested" in line] == expected
        assert "requested" not in "".join(result.warnings)


def test_the_caption_and_the_panel_say_it_once(square: ImageResult) -> None:
    sentence = "Not as requested: 1:1 instead of 16:9, 1K instead of 4K."

    for shown in build_caption(square)[0].values():
        assert shown.count(sentence) == 1
    assert describe_result(square)["notes"] == [sentence]


def test_drafts_and_other_images_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = body(
        image(painted(width=30, height=30), thought=True), image(painted(width=9, height=90)), image(painted())
    )
    with serving(monkeypatch, answering(answer)):
        assert generate("a cat", aspect_ratio="16:9").deviations == ()


def test_an_edit_that_keeps_the_shape_of_its_input_is_told(
    monkeypatch: pytest.MonkeyPatch, square: ImageResult
) -> None:
    with serving(monkeypatch, *[answering(full(painted(width=1024, height=1024)))] * 2):
        assert square.edit("make it blue", aspect_ratio="4:5").deviations == ("1:1 instead of 4:5",)
        assert square.edit("make it blue").deviations == ()


def test_a_sheet_counts_and_its_table_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering(full(painted(width=1376, height=768)))] * 3):
        results = generate_many("a cat", sweep={"aspect_ratio": ["1:1", "16:9", "9:16"]})

    deviations = ["16:9 instead of 1:1", "", "16:9 instead of 9:16"]
    assert [row["deviations"] for row in results.rows()] == deviations
    table = results.table()
    assert list(pd.DataFrame(table)["deviations"]) == deviations
    for shown in build_sheet_caption(results)[0].values():
        assert "3 pictures · 2 not as requested · " in shown
        assert all(shown.count(f"1376 × 768 ({text})") == 1 for text in deviations if text)


def test_a_sheet_of_what_was_requested_says_nothing() -> None:
    results = generate_many("a cat", source="offline", sweep={"aspect_ratio": ["1:1", "16:9"]}, image_size="512")

    assert [row["deviations"] for row in results.rows()] == ["", ""]
    assert all("requested" not in shown for shown in build_sheet_caption(results)[0].values())


def test_a_replay_and_an_older_folder_tell_it_too(square: ImageResult, tmp_path: Path) -> None:
    replayed = generate("a red bicycle", aspect_ratio="16:9", image_size="4K", source="replay")
    older = ImageResult(shutil.copytree(square.folder, tmp_path / "20260101-000000-bike-abcdef"))
    for name in set(older.call) - {"state", "model", "prompt", "options", "request_hash", "planned", "source", "files"}:
        _drop(CallFolder(older.folder), name)

    assert (replayed.source, older.call.get("notes")) == ("replay", None)
    assert square.deviations == replayed.deviations == older.deviations
    assert len(square.deviations) == 2


def _drop(folder: CallFolder, name: str) -> None:
    call = {field: value for field, value in folder.read().items() if field != name}
    (folder.path / "call.json").write_text(json.dumps(call))


@pytest.mark.parametrize("name", ["request.json", "image.jpg"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\xd8\xff\xe1\x00", b'{"generationConfig": [1]}'])
def test_a_damaged_folder_never_stands_in_the_way(square: ImageResult, name: str, content: bytes | None) -> None:
    if content is None:
        (square.folder / name).unlink()
    else:
        (square.folder / name).write_bytes(content)

    assert len(square.deviations) == (2 if name == "image.jpg" else 0)  # of the image, call.json has the size
