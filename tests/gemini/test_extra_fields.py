"""What `--extra` adds is merged by what it holds; what it replaces is reported."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cometmagic.gemini.encode import encode_request, measure_request
from cometmagic.gemini.extra_fields import merge_extra, subtract_body
from cometmagic.generation.plan import plan
from tests.gemini.answers import picture

HARASSMENT, HATE = "HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH"
NONE_THEN_HIGH = [{"category": HARASSMENT, "threshold": "BLOCK_NONE"}, {"category": HATE, "threshold": "HIGH"}]

# A body, what is merged into it, the result, and what is reported.
MERGED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]] = [
    ({"a": 1}, {}, {"a": 1}, []),
    ({}, {"newField": {"any_name": [1]}, "other_field": 2}, {"newField": {"any_name": [1]}, "other_field": 2}, []),
    # tools: the same kind is merged, others are joined
    (
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"urlContext": {}}]},
        {"tools": [{"googleSearch": {}}, {"urlContext": {}}]},
        [],
    ),
    (
        {"tools": [{"googleSearch": {"searchTypes": {"webSearch": {}}}}]},
        {"tools": [{"google_search": {"search_types": {"image_search": {}}, "timeRangeFilter": {"a_b": 1}}}]},
        {
            "tools": [
                {
                    "googleSearch": {
                        "searchTypes": {"webSearch": {}, "imageSearch": {}},
                        "timeRangeFilter": {"a_b": 1},
                    }
                }
            ]
        },
        [],
    ),
    (
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"googleSearch": {}, "urlContext": {}}]},
        {"tools": [{"googleSearch": {}, "urlContext": {}}]},
        [],
    ),
    (
        {"tools": [{"googleSearch": {}}]},
        {"tools": {"codeExecution": {}}},
        {"tools": [{"googleSearch": {}}, {"codeExecution": {}}]},
        [],
    ),
    ({}, {"tools": [{"google_search": {}}]}, {"tools": [{"googleSearch": {}}]}, []),
    (
        {"tools": [{"googleSearch": {}}]},
        {"tools": None},
        {"tools": None},
        ['--extra replaces tools [{"googleSearch": {}}] with null.'],
    ),
    # safety settings: by category
    (
        {"safetySettings": NONE_THEN_HIGH},
        {"safetySettings": [{"category": HATE, "threshold": "OFF"}, {"category": "NEW", "threshold": "OFF"}]},
        {
            "safetySettings": [
                NONE_THEN_HIGH[0],
                {"category": HATE, "threshold": "OFF"},
                {"category": "NEW", "threshold": "OFF"},
            ]
        },
        ['--extra replaces safetySettings.threshold "HIGH" with "OFF".'],
    ),
    (
        {"safetySettings": NONE_THEN_HIGH},
        {"safety_settings": [{"category": HATE, "threshold": "HIGH", "method": "X"}, "odd"]},
        {"safetySettings": [NONE_THEN_HIGH[0], NONE_THEN_HIGH[1] | {"method": "X"}, "odd"]},
        [],
    ),
    # other lists and values are replaced
    (
        {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}},
        {"generation_config": {"response_modalities": ["IMAGE"], "stop_sequences": ["."]}},
        {"generationConfig": {"responseModalities": ["IMAGE"], "stop_sequences": ["."]}},
        ['--extra replaces generationConfig.responseModalities ["TEXT", "IMAGE"] with ["IMAGE"].'],
    ),
    (
        {"generationConfig": {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}}},
        {"generationConfig": {"image_config": {"aspect_ratio": "1:1", "imageSize": "2K"}}},
        {"generationConfig": {"imageConfig": {"aspectRatio": "1:1", "imageSize": "2K"}}},
        ['--extra replaces generationConfig.imageConfig.aspectRatio "16:9" with "1:1".'],
    ),
    (
        {"generationConfig": {"seed": 1}},
        {"generationConfig": {"image_config": {"aspect_ratio": "1:1"}}},
        {"generationConfig": {"seed": 1, "imageConfig": {"aspectRatio": "1:1"}}},
        [],
    ),
    (
        {"generationConfig": {"seed": 1}},
        {"generation_config": {"seed": 2}, "generationConfig": {"seed": 3}},
        {"generationConfig": {"seed": 3}},
        [
            "--extra replaces generationConfig.seed 1 with 2.",
            "--extra replaces generationConfig.seed 2 with 3.",
        ],
    ),
    (
        {"generationConfig": {"seed": 1}},
        {"generationConfig": "x" * 100},
        {"generationConfig": "x" * 100},
        [f'--extra replaces generationConfig {{"seed": 1}} with "{"x" * 58}….'],
    ),
    (
        {"systemInstruction": {"parts": [{"text": "a"}]}},
        {"system_instruction": {"parts": [{"text": "b"}], "role": "system"}},
        {"systemInstruction": {"parts": [{"text": "b"}], "role": "system"}},
        ['--extra replaces systemInstruction.parts [{"text": "a"}] with [{"text": "b"}].'],
    ),
    (
        {"contents": [{"parts": [{"text": "a"}]}]},
        {"contents": []},
        {"contents": []},
        ["--extra replaces contents: the prompt, its images and earlier turns are not sent."],
    ),
]


@pytest.mark.parametrize(("body", "extra", "merged", "report"), MERGED)
def test_a_merge_and_its_report(
    body: dict[str, Any], extra: dict[str, Any], merged: dict[str, Any], report: list[str]
) -> None:
    before = copy.deepcopy((body, extra))

    assert merge_extra(body, extra) == (merged, report)
    assert (body, extra) == before
    assert merge_extra(body, subtract_body(merged, body))[0] == merged


def test_the_report_is_among_the_warnings_of_a_plan() -> None:
    made = plan("a cat", aspect_ratio="16:9", extra={"generationConfig": {"imageConfig": {"aspectRatio": "1:1"}}})

    assert '--extra replaces generationConfig.imageConfig.aspectRatio "16:9" with "1:1".' in made.warnings
    assert not [text for text in plan("a cat", aspect_ratio="16:9", extra={"x": 1}).warnings if "--extra" in text]


def test_replaced_contents_are_sent_without_the_images_and_measured_without_them() -> None:
    contents = [{"parts": [{"text": "another prompt"}]}]
    made = plan("a cat", images=[picture()], extra={"contents": contents})

    assert encode_request(made.request)["contents"] == contents
    assert made.body_size == measure_request(plan("another prompt", extra={"contents": contents}).request)
    assert any("its images" in text for text in made.warnings)
