"""Token counts in every shape that relays give them, and the fullest of a stream."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.gemini.response import Usage
from cometmagic.gemini.token_counts import merge_usage, parse_usage

IMAGE_ROW = {"modality": "IMAGE", "tokenCount": 1120}
TEXT_ROW = {"modality": "TEXT", "tokenCount": 40}


@pytest.mark.parametrize(
    ("rows", "image"),
    [
        ([IMAGE_ROW], 1120),
        ([IMAGE_ROW, TEXT_ROW, IMAGE_ROW], 2240),
        ([IMAGE_ROW | {"modality": " image "}], 1120),
        ([IMAGE_ROW | {"modality": 2}, TEXT_ROW | {"modality": 1}], 1120),
        ([IMAGE_ROW | {"tokenCount": "1120"}, IMAGE_ROW | {"tokenCount": 1120.0}], 2240),
        ([IMAGE_ROW, IMAGE_ROW | {"tokenCount": None}, IMAGE_ROW | {"tokenCount": [7]}], 1120),
        ([IMAGE_ROW | {"tokenCount": -1}, IMAGE_ROW | {"tokenCount": True}], None),
        ([IMAGE_ROW | {"tokenCount": 10**400}, IMAGE_ROW | {"tokenCount": "1e999"}], None),
        ([IMAGE_ROW | {"tokenCount": 10**12 - 1}] * 3, 10**12 - 1),
        ([TEXT_ROW, {"modality": None}, {}, "IMAGE", None], None),
        (IMAGE_ROW, 1120),
        ("1120", None),
    ],
    ids=range(12),
)
def test_the_rows_of_images_are_added_up(rows: Any, image: int | None) -> None:
    assert parse_usage({"candidatesTokensDetails": rows}).image == image


@pytest.mark.parametrize(
    ("value", "count"),
    [(7, 7), ("7", 7), (" 7 ", 7), (7.0, 7), (0, 0), (7.5, None), ("many", None), (float("nan"), None), ({}, None)],
    ids=range(9),
)
def test_a_count_of_another_type_is_read_if_it_is_a_whole_number(value: Any, count: int | None) -> None:
    counts = dict.fromkeys(("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"), value)
    assert parse_usage(counts) == Usage(count, count, count, count, is_readable=count is not None)


@pytest.mark.parametrize(
    ("usage", "is_readable"),
    [
        (None, True),
        ({}, True),
        ({"promptTokenCount": None, "serviceTier": "flex", "candidatesTokensDetails": None}, True),
        ({"promptTokenCount": 7, "candidatesTokensDetails": [IMAGE_ROW, None, {"modality": "TEXT"}]}, True),
        ([], False),
        ([7, 1120], False),
        ("1120 tokens", False),
        (0, False),
        ({"thoughtsTokenCount": -1}, False),
        ({"totalTokenCount": [1132]}, False),
        ({"candidatesTokenCount": True}, False),
        ({"candidatesTokensDetails": [IMAGE_ROW, TEXT_ROW | {"tokenCount": -1120}]}, False),
    ],
    ids=range(12),
)
def test_what_is_no_count_makes_the_counts_unreadable(usage: Any, is_readable: bool) -> None:
    assert parse_usage(usage).is_readable is is_readable


FULL = {"promptTokenCount": 12, "candidatesTokenCount": 1120, "candidatesTokensDetails": [IMAGE_ROW]}


@pytest.mark.parametrize(
    ("stream", "merged"),
    [
        ([FULL], FULL),
        ([{"promptTokenCount": 12, "candidatesTokenCount": 3}, FULL], FULL),
        ([FULL, {"promptTokenCount": 0, "candidatesTokenCount": 0, "candidatesTokensDetails": []}], FULL),
        ([FULL, {"promptTokenCount": 12, "candidatesTokenCount": 9, "candidatesTokensDetails": [TEXT_ROW]}], FULL),
        ([FULL, {}, None, "none", [], {"promptTokenCount": None, "candidatesTokensDetails": None}], FULL),
        ([{"promptTokenCount": 12}, {"totalTokenCount": "9"}], {"promptTokenCount": 12, "totalTokenCount": "9"}),
        ([{"serviceTier": "flex"}, {"serviceTier": ""}], {"serviceTier": "flex"}),
    ],
    ids=range(7),
)
def test_a_later_emptier_count_never_replaces_a_fuller_one(stream: list[Any], merged: dict[str, Any]) -> None:
    assert merge_usage({"usageMetadata": usage} for usage in stream) == merged
