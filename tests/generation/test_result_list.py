"""What several calls made: names that tell them apart, a sheet, and a row for each."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from cometmagic import generate, generate_many
from cometmagic.costs.ledger import Ledger
from cometmagic.display.batch_output import build_sheet_caption
from cometmagic.errors import APIError
from cometmagic.generation.result_list import MAX_ALT_LENGTH, ImageResults
from tests.notebook.answers import answering, serving


def test_prompts_tell_the_pictures_of_several_prompts_apart() -> None:
    results = generate_many(["a cat", "a dog"], source="offline", sweep={"seed": [1, 2]})

    assert results.sheet_labels == ["a cat · seed 1", "a cat · seed 2", "a dog · seed 1", "a dog · seed 2"]
    assert results.alt == f"contact sheet of 4 pictures, row by row: {'; '.join(results.sheet_labels)}"


def test_one_prompt_is_told_once() -> None:
    results = generate_many("a cat", source="offline", count=2)

    assert results.sheet_labels == ["#1", "#2"]
    assert results.alt == "a cat: contact sheet of 2 pictures, row by row: #1; #2"


def test_results_without_labels_are_called_by_their_prompts() -> None:
    results = ImageResults([generate("a cat", source="offline"), APIError("no")])

    assert results.sheet_labels == ["a cat", "#2"]
    assert results.alt.endswith("a cat; #2 (failed)")


def test_a_long_alternative_text_is_cut() -> None:
    results = ImageResults([APIError("no")] * 3, ["x" * 900] * 3)

    assert len(results.alt) <= MAX_ALT_LENGTH


def test_the_sheet_is_what_other_front_ends_show() -> None:
    results = generate_many("a cat", source="offline", count=2)

    shown, _ = results._repr_mimebundle_()

    assert shown["text/plain"].startswith("<cometmagic 2 images>\n2 pictures · ")
    assert Image.open(io.BytesIO(base64.b64decode(shown["image/jpeg"]))).format == "JPEG"


def test_without_a_picture_there_is_no_sheet() -> None:
    failed, _ = ImageResults([APIError("no")])._repr_mimebundle_()
    assert failed.keys() == {"text/html", "text/plain"}
    assert "#1: APIError: no" in failed["text/plain"]
    assert ImageResults([])._repr_mimebundle_() == ({"text/plain": "<cometmagic 0 images>"}, {})


def test_a_call_that_failed_keeps_its_id_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = answering(b'{"error": {"code": 400, "message": "no"}}', status="400 Bad")
    with serving(monkeypatch, answering(), refused):
        results = generate_many("a cat", count=2)

    rows = {row["error"] is None: row for row in results.rows()}

    assert rows[True]["width"] == 64
    assert set(rows[False]) == {"label", "id", "error", "uncertain_cost"}
    assert rows[False]["id"] != rows[True]["id"]


def test_what_failed_calls_may_have_cost_is_said(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    lost, refused = answering(b"", status="500 Broken"), answering(b"", status="400 Bad")
    with serving(monkeypatch, answering(), lost, refused, lost):
        results = generate_many("a cat", count=4, at_once=1)

    usd = [row["uncertain_cost"] for row in results.rows()]
    assert usd == [0.0, pytest.approx(0.067, abs=1e-4), 0.0, pytest.approx(0.067, abs=1e-4)]
    assert Ledger(library_folder).sum_spending().usd == pytest.approx(results.cost + sum(usd))
    caption = build_sheet_caption(results)[0]["text/plain"]
    assert "$0.134 more may have been charged" in caption
    assert caption.count("$0.067?") == 2


def test_a_folder_that_is_gone_is_told_in_its_row() -> None:
    result = generate("a cat", source="offline")
    (result.folder / "call.json").unlink()

    [row] = ImageResults([result]).rows()

    assert row["id"] == result.folder.name
    assert "cannot be read" in row["error"]
